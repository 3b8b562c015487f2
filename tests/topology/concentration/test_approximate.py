"""Approximate concentration is what its formula says, and follows the exact one."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from graphlocal import CSRGraph, GraphError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology import approximate_topological_concentration as atc
from graphlocal.topology import topological_concentration
from tests.zoo import ZOO, each_zoo_graph, shared_data

from .reference import dense

ROOT = Path(__file__).parents[3]


def correlation(graph: CSRGraph, hops: int = 1, **options: object) -> float:
    there = graph.degree > 1
    exact = topological_concentration(graph, hops=hops)[there]
    return float(np.corrcoef(exact, atc(graph, hops=hops, **options)[there])[0, 1])


@each_zoo_graph
@pytest.mark.parametrize("norm", ["row", "sym"])
@pytest.mark.parametrize("similarity", ["cosine", "inner"])
@pytest.mark.parametrize("hops", [1, 3])
@pytest.mark.parametrize("own", [True, False])
def test_formula(name: str, norm: str, similarity: str, hops: int, own: bool) -> None:
    graph = CSRGraph.from_edge_index(*ZOO[name])
    n, dim, seed = graph.num_nodes, 8, 5
    rng = np.random.default_rng(0)
    targets = graph if own else CSRGraph.from_edges(rng.integers(0, max(n, 1), (20 * (n > 0), 2)),
                                                    n)
    got = atc(graph, None if own else targets, hops=hops, dim=dim, norm=norm,
              similarity=similarity, seed=seed, undefined=np.nan)

    train, to = dense(graph), dense(targets)
    degree = np.maximum(train.sum(axis=1), 1)
    walk = train / degree[:, None] if norm == "row" else train / np.sqrt(np.outer(degree, degree))
    beta = n / train.sum() if train.any() else 1.0
    features = np.random.default_rng(seed).standard_normal((n, dim), np.float32) / np.sqrt(dim)
    x = sum(beta ** (k - 1) * np.linalg.matrix_power(walk, k) for k in range(1, hops + 1))
    x = x @ features if n else np.zeros((0, dim))
    if similarity == "cosine":
        length = np.linalg.norm(x, axis=1, keepdims=True)
        x = x / np.where(length > 0, length, 1)
    alike = x @ x.T
    expected = [alike[i][to[i] > 0].mean() if train[i].any() and to[i].any() else np.nan
                for i in range(n)]
    np.testing.assert_allclose(got, np.array(expected, np.float64), rtol=2e-4, atol=2e-5)


def test_follows_the_exact_one_on_cora(tmp_path: Path) -> None:
    from graphlocal import datasets

    shutil.copytree(shared_data("pyg", "Planetoid", "Cora"), tmp_path / "pyg/Planetoid/Cora")
    cora = datasets.load("cora", tmp_path, download="no")[0]
    edges = CSRGraph.from_edge_index(cora.edge_index, cora.num_nodes).to_edges()
    train = np.random.RandomState(3).permutation(len(edges))[: int(0.7 * len(edges))]
    graph = CSRGraph.from_edges(edges[train], cora.num_nodes)
    assert topological_concentration(graph).mean() == pytest.approx(0.1216, abs=1e-3)
    assert correlation(graph, dim=1024) > 0.85
    assert correlation(graph, dim=64) < correlation(graph, dim=1024)
    assert correlation(graph, 2, dim=256, norm="sym") > 0.65


def test_follows_the_exact_one_on_digits(tmp_path: Path) -> None:
    from graphlocal import datasets

    digits = datasets.load("digits", tmp_path)[0]
    graph = CSRGraph.from_edge_index(digits.edge_index, digits.num_nodes)
    assert correlation(graph, dim=1024) > 0.85
    assert correlation(graph, 2, dim=1024) > 0.85


def test_inner_product_is_the_overlap_in_expectation() -> None:
    """On a graph of hubs, where cosines do not follow the exact concentration."""
    graph = CSRGraph.read(ROOT / "datasets" / "karate.csv")
    train, degree = dense(graph), graph.degree
    common = train @ train
    expected = [(common[i] / degree[i] / degree)[train[i] > 0].mean() for i in range(len(train))]
    draws = [atc(graph, dim=512, similarity="inner", seed=seed) for seed in range(40)]
    error = np.std(draws, axis=0) / np.sqrt(len(draws))
    assert (np.abs(np.mean(draws, axis=0) - expected) < 5 * error).all()


def test_seed_threads_and_mapped_files(tmp_path: Path) -> None:
    graph = CSRGraph.from_edge_index(np.random.default_rng(0).integers(0, 900, (2, 9000)), 900)
    graph.save(tmp_path / "graph")
    expected = atc(graph, dim=32, hops=2)
    try:
        for count in (1, 3):
            set_num_threads(count)
            for same in (graph, CSRGraph.open(tmp_path / "graph")):
                np.testing.assert_array_equal(atc(same, dim=32, hops=2), expected)
    finally:
        set_num_threads(None)
    assert not np.allclose(atc(graph, dim=32, hops=2, seed=1), expected)


def test_bad_input() -> None:
    graph = CSRGraph.from_edge_index(*ZOO["random"])
    for options in ({"hops": 0}, {"dim": 0}, {"norm": "col"}, {"similarity": "dot"}, {"seed": -1},
                    {"beta": np.inf}, {"targets": [(0, 99)]}):
        with pytest.raises(GraphError, match=next(iter(options))):
            atc(graph, **options)

"""Scores of pairs against networkx, against their definitions, and against themselves."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphlocal import CSRGraph, GraphError
from graphlocal.graph import GraphTypeError
from graphlocal.graph.lookup import find_nodes
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology import PAIR_SCORES, pair_scores, pair_table
from tests.zoo import ZOO, each_zoo_graph

from .brute import all_pairs, dense, graphs_and_pairs, hubs, score, to_networkx

ALL = list(PAIR_SCORES)
EPS = 1e-13


@pytest.fixture(autouse=True)
def _default_threads() -> Iterator[None]:
    yield
    set_num_threads(None)


@each_zoo_graph
def test_zoo_by_definition(name: str) -> None:
    graph = CSRGraph.from_edge_index(*ZOO[name])
    pairs = all_pairs(graph)[::7]  # self pairs are among them
    ours = pair_scores(graph, pairs, "all", beta=0.1, alpha=0.3, eps=EPS)
    assert ours.shape == (len(pairs), len(ALL)) and ours.dtype == np.float64
    for (u, v), row in zip(pairs.tolist(), ours.tolist(), strict=True):
        expected = score(graph, u, v, beta=0.1, alpha=0.3)
        assert dict(zip(ALL, row, strict=True)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(graphs_and_pairs())
def test_like_networkx(case: tuple[CSRGraph, NDArray[np.int64]]) -> None:
    graph, pairs = case
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    theirs, ends = to_networkx(graph), list(map(tuple, pairs.tolist()))
    expected = [
        [s for *_, s in index(theirs, ends)]
        for index in (nx.jaccard_coefficient, nx.adamic_adar_index, nx.resource_allocation_index,
                      nx.preferential_attachment)
    ]
    ours = pair_scores(graph, pairs, ["jaccard", "aa", "ra", "pa"])
    np.testing.assert_allclose(ours.T, np.array(expected).reshape(4, -1), rtol=1e-12)
    common = [len(list(nx.common_neighbors(theirs, u, v))) for u, v in ends]
    np.testing.assert_array_equal(pair_scores(graph, pairs, "cn")[:, 0], common)


@given(graphs_and_pairs())
def test_bounds_and_symmetry(case: tuple[CSRGraph, NDArray[np.int64]]) -> None:
    graph, pairs = case
    scores = dict(zip(ALL, pair_scores(graph, pairs, ALL).T, strict=True))
    np.testing.assert_array_equal(pair_scores(graph, pairs[:, ::-1], ALL),
                                  pair_scores(graph, pairs, ALL))
    assert (scores["cn"] <= graph.degree[pairs].min(axis=1)).all()
    for name in ("jaccard", "sorensen", "cosine"):
        assert ((scores[name] >= 0) & (scores[name] <= 1 + 1e-12)).all(), name
    assert (scores["jaccard"] <= scores["sorensen"] + 1e-12).all()
    adjacent = dense(graph)[pairs[:, 0], pairs[:, 1]]
    np.testing.assert_allclose(scores["katz2"], 0.005 * adjacent + 0.005**2 * scores["cn"])


@given(graphs_and_pairs(), st.randoms(use_true_random=False))
def test_relabelling_changes_nothing(
    case: tuple[CSRGraph, NDArray[np.int64]], random: Any
) -> None:
    graph, pairs = case
    order = list(range(graph.num_nodes))
    random.shuffle(order)
    new = np.array(order)
    source = np.repeat(np.arange(graph.num_nodes), graph.degree)
    moved = CSRGraph.from_edge_index(np.stack([new[source], new[graph.col]]), graph.num_nodes)
    # The push goes through nodes in their order: it ends elsewhere within its bound.
    np.testing.assert_allclose(pair_scores(moved, new[pairs], ALL, eps=EPS),
                               pair_scores(graph, pairs, ALL, eps=EPS), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("count", [0, 1, 300, 9000])
def test_order_batches_and_threads_do_not_matter(count: int) -> None:
    graph = hubs()
    rng = np.random.default_rng(1)
    pairs = graph.col[rng.integers(0, len(graph.col), (count, 2))].astype(np.int64)
    names = [name for name in ALL if name != "ppr"] if count > 300 else ALL
    whole = pair_scores(graph, pairs, names)
    order = rng.permutation(count)
    np.testing.assert_array_equal(pair_scores(graph, pairs[order], names), whole[order])
    cut = count // 3
    parts = [pair_scores(graph, part, names) for part in (pairs[:cut], pairs[cut:])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    for threads in (1, 3):
        set_num_threads(threads)
        np.testing.assert_array_equal(pair_scores(graph, pairs, names), whole)


def test_hubs_by_matrix_product() -> None:
    graph = hubs(2)
    rng = np.random.default_rng(2)
    pairs = np.stack([rng.choice([3, 7, 11, 12], 5000), rng.integers(0, graph.num_nodes, 5000)], 1)
    a = graph.to_scipy().astype(np.float64)
    weight = 1 / np.maximum(graph.degree, 1)
    rows, columns = a[pairs[:, 0]], a[pairs[:, 1]]
    expected = [rows.multiply(columns).sum(axis=1),
                rows.multiply(columns).multiply(weight[None, :]).sum(axis=1)]
    np.testing.assert_allclose(pair_scores(graph, pairs, "cn,ra").T, expected, rtol=1e-12)


def test_dense_graph_takes_bits_and_scores_alike() -> None:
    rng = np.random.default_rng(3)
    graph = CSRGraph.from_edge_index(rng.integers(0, 300, (2, 40_000)), 300)
    a = dense(graph)
    pairs = all_pairs(graph)
    ours = pair_scores(graph, pairs, "cn,aa")
    np.testing.assert_array_equal(ours[:, 0], (a @ a)[pairs[:, 0], pairs[:, 1]])
    weighted = a @ np.diag(1 / np.log(graph.degree)) @ a
    np.testing.assert_allclose(ours[:, 1], weighted[pairs[:, 0], pairs[:, 1]], rtol=1e-12)


def test_columns_come_in_the_order_of_the_names() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
    pairs = [(0, 3), (0, 1)]
    np.testing.assert_array_equal(pair_scores(graph, pairs, "ra,cn,ra , pa"),
                                  pair_scores(graph, pairs, ["cn", "ra", "pa"])[:, [1, 0, 2]])


def test_ids_and_tables() -> None:
    graph = CSRGraph.read(b"30 10\n10 20\n20 40\n40 30\n")
    assert pair_scores(graph, [(20, 30), (10, 40)], "cn", ids=True).tolist() == [[2], [2]]
    out = io.StringIO()
    pair_table(graph, [(30, 20)], "cn,jaccard,pa", ids=True).to_csv(out)
    assert out.getvalue() == "source,target,cn,jaccard,pa\n30,20,2,1.0,4\n"
    with pytest.raises(GraphError, match=r"'pairs': got id 99 at \(1, 0\)"):
        pair_scores(graph, [(10, 20), (99, 10)], "cn", ids=True)
    with pytest.raises(GraphTypeError, match="integer"):
        pair_scores(graph, [("10", "20")], "cn", ids=True)


def test_ids_in_any_order_are_found() -> None:
    graph = CSRGraph.from_edge_index(np.array([[0, 1], [1, 2]]), ids=np.array([7, 3, 5]))
    assert find_nodes(graph, [3, 7, 4, 5]).tolist() == [1, 0, -1, 2]
    mixed = CSRGraph.from_networkx(nx.Graph([("a", 1), (1, "b")]))
    assert find_nodes(mixed, np.array(["1", "b", "c"])).tolist() == [1, 2, -1]
    plain = CSRGraph.from_edges([(0, 1)])
    assert find_nodes(plain, [0, 2, -1]).tolist() == [0, -1, -1]


@pytest.mark.parametrize(("pairs", "said"), [
    ([(0, 4)], r"'pairs': got index 4"),
    ([(-1, 0)], r"'pairs': got index -1"),
    ([(0.0, 1.0)], "dtype float64"),
    ([(True, False)], "dtype bool"),
    (np.zeros((2, 5), int), r"pass pairs.T"),
    ([0, 1], r"shape \(2,\)"),
    (np.zeros((3, 3), int), r"shape \(P, 2\)"),
])
def test_bad_pairs_are_refused(pairs: Any, said: str) -> None:
    graph = CSRGraph.from_edges([(0, 1), (2, 3)])
    with pytest.raises(GraphError, match=said):
        pair_scores(graph, pairs)


def test_bad_arguments_are_refused() -> None:
    graph = CSRGraph.from_edges([(0, 1), (2, 3)])
    with pytest.raises(GraphError, match="did you mean 'jaccard'"):
        pair_scores(graph, [(0, 1)], "jacard")
    for options in ({"names": ""}, {"names": [3]}, {"names": 3}, {"beta": -1.0},
                    {"names": "ppr", "alpha": 2.0}, {"names": "ppr", "eps": 0.0}):
        with pytest.raises(GraphError):
            pair_scores(graph, [(0, 1)], **options)


def test_pairs_of_tensors_and_nothing() -> None:
    torch = pytest.importorskip("torch")
    graph = CSRGraph.from_edges([(0, 1), (1, 2)])
    assert pair_scores(graph, torch.tensor([[0, 2]]), "cn").tolist() == [[1.0]]
    for empty in ([], np.zeros((0, 2)), np.zeros((0, 2), np.int64)):
        assert pair_scores(graph, empty, "cn,ppr").shape == (0, 2)
    assert pair_scores(CSRGraph.from_edge_index(*ZOO["empty"]), []).shape == (0, 6)


def test_katz_of_a_huge_beta_and_nothing_is_nothing() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)], num_nodes=4)
    found = pair_scores(graph, [(0, 3), (0, 1), (0, 2)], "katz2", beta=1e200)
    assert found[:2, 0].tolist() == [0.0, 1e200]
    assert found[2, 0] == np.inf

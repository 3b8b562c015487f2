"""Every depth against the formula, one hop against networkx, and against itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlocal import CSRGraph, GraphError
from graphlocal.graph import GraphTypeError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology import (
    approximate_topological_concentration,
    clustering,
    topological_concentration,
)
from graphlocal.topology.concentration import two_hops
from tests.zoo import ZOO, each_zoo_graph

from .reference import concentration

each_hops = pytest.mark.parametrize("hops", [1, 2, 3])
#: No hubs, hubs only, and a mixture: whichever way the work is divided, the sums are the same.
HUBS = {
    "none": lambda degree: np.zeros(len(degree), np.bool_),
    "all": lambda degree: np.ones(len(degree), np.bool_),
    "some": lambda degree: degree > np.median(degree),
}


def zoo(name: str) -> CSRGraph:
    return CSRGraph.from_edge_index(*ZOO[name])


def some_pairs(num_nodes: int, count: int = 30, seed: int = 0) -> np.ndarray:
    if num_nodes == 0:
        return np.zeros((0, 2), np.int64)
    return np.random.default_rng(seed).integers(0, num_nodes, (count, 2))


@each_zoo_graph
@each_hops
def test_training_neighbors(name: str, hops: int) -> None:
    graph = zoo(name)
    got = topological_concentration(graph, hops=hops)
    assert got.shape == (graph.num_nodes,) and got.dtype == np.float64
    np.testing.assert_allclose(got, concentration(graph, None, hops), rtol=1e-12, atol=1e-14)


@each_zoo_graph
@each_hops
def test_targets(name: str, hops: int) -> None:
    graph = zoo(name)
    pairs = some_pairs(graph.num_nodes)
    targets = CSRGraph.from_edges(pairs, graph.num_nodes)
    expected = concentration(graph, targets, hops)
    for given_as in (pairs, pairs.tolist(), targets):
        np.testing.assert_allclose(topological_concentration(graph, given_as, hops), expected,
                                   rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("hubs", HUBS)
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("name", ["random", "hub", "complete", "bipartite", "star"])
def test_hubs_change_nothing(
    name: str, own: bool, hubs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = zoo(name)
    targets = None if own else CSRGraph.from_edges(some_pairs(graph.num_nodes), graph.num_nodes)
    monkeypatch.setattr(two_hops, "_hubs", lambda graph, *_: HUBS[hubs](graph.degree))
    np.testing.assert_allclose(topological_concentration(graph, targets, 2),
                               concentration(graph, targets, 2), rtol=1e-12)


def test_hubs_of_many_words() -> None:
    """A hub of more neighbours than one pass holds, against the same graph without hubs."""
    rng = np.random.default_rng(3)
    spokes = np.stack([np.zeros(1300, np.int64), np.arange(1, 1301)], axis=1)
    graph = CSRGraph.from_edges(np.concatenate([spokes, rng.integers(0, 1500, (1500, 2))]), 1500)
    own = two_hops.two_hop_overlaps(graph, graph, True)
    aslant = spokes[:700] + np.array([0, 150])
    other = CSRGraph.from_edges(np.concatenate([aslant, rng.integers(0, 1500, (500, 2))]), 1500)
    aside = two_hops.two_hop_overlaps(graph, other, False)
    with pytest.MonkeyPatch.context() as patch:
        for hubs in HUBS.values():
            patch.setattr(two_hops, "_hubs", lambda graph, *_, hubs=hubs: hubs(graph.degree))
            np.testing.assert_array_equal(two_hops.two_hop_overlaps(graph, graph, True), own)
            np.testing.assert_array_equal(two_hops.two_hop_overlaps(graph, other, False), aside)
    # The graph's own neighbours, taken as any targets, are found as often.
    np.testing.assert_array_equal(two_hops.two_hop_overlaps(graph, graph, False), own)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[CSRGraph, np.ndarray]:
    num_nodes = draw(st.integers(1, 12))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=40))
    pairs = draw(st.lists(st.tuples(node, node), max_size=12))
    return CSRGraph.from_edges(edges, num_nodes), np.array(pairs, np.int64).reshape(-1, 2)


@given(graphs(), st.sampled_from([1, 2, 3]), st.sampled_from([None, 0.0, 0.3, 2.0]))
@settings(max_examples=60)
def test_any_graph(
    drawn: tuple[CSRGraph, np.ndarray], hops: int, beta: float | None
) -> None:
    graph, pairs = drawn
    for targets in (None, CSRGraph.from_edges(pairs, graph.num_nodes)):
        np.testing.assert_allclose(topological_concentration(graph, targets, hops, beta),
                                   concentration(graph, targets, hops, beta), rtol=1e-11,
                                   atol=1e-14)


@each_zoo_graph
def test_one_hop_is_clustering(name: str) -> None:
    graph = zoo(name)
    np.testing.assert_array_equal(topological_concentration(graph), clustering(graph))
    if graph.num_nodes:
        theirs = nx.clustering(graph.to_networkx())
        np.testing.assert_allclose(topological_concentration(graph),
                                   [theirs[v] for v in range(graph.num_nodes)], rtol=1e-15)


def test_one_hop_of_targets_is_the_mean_share() -> None:
    graph = zoo("random")
    pairs = some_pairs(graph.num_nodes, 15)
    near = [set(graph.neighbors(v).tolist()) for v in range(graph.num_nodes)]
    targets = [{int(b) for a, b in np.concatenate([pairs, pairs[:, ::-1]]) if a == v and b != v}
               for v in range(graph.num_nodes)]
    expected = [np.mean([len(near[v] & near[j]) / len(near[v]) for j in targets[v]])
                if near[v] and targets[v] else 0.0 for v in range(graph.num_nodes)]
    np.testing.assert_allclose(topological_concentration(graph, pairs), expected, rtol=1e-14)


@each_hops
@pytest.mark.parametrize("own", [True, False])
def test_names_of_nodes_do_not_matter(hops: int, own: bool) -> None:
    graph = zoo("hub")
    place = np.random.default_rng(1).permutation(graph.num_nodes)
    moved = CSRGraph.from_edges(place[graph.to_edges()], graph.num_nodes)
    pairs = some_pairs(graph.num_nodes)
    there = topological_concentration(moved, None if own else place[pairs], hops)
    np.testing.assert_allclose(
        there[place], topological_concentration(graph, None if own else pairs, hops), rtol=1e-12)


@each_hops
@pytest.mark.parametrize("own", [True, False])
def test_threads_and_mapped_files(hops: int, own: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    ends = (rng.random((2, 6000)) ** 3 * 700).astype(np.int64)
    graph = CSRGraph.from_edge_index(ends, 700)
    pairs = None if own else some_pairs(700, 500)
    graph.save(tmp_path / "graph")
    mapped = CSRGraph.open(tmp_path / "graph")
    values = []
    try:
        for count in (1, 2, 5):
            set_num_threads(count)
            values += [topological_concentration(g, pairs, hops) for g in (graph, mapped)]
    finally:
        set_num_threads(None)
    for other in values[1:]:
        np.testing.assert_array_equal(other, values[0])


def test_undefined_is_told_apart() -> None:
    path = CSRGraph.from_edges([(0, 1), (1, 2)], num_nodes=4)
    nan = float("nan")
    np.testing.assert_array_equal(topological_concentration(path, undefined=nan),
                                  [nan, 0.0, nan, nan])
    np.testing.assert_array_equal(topological_concentration(path, [(0, 3), (0, 1)], undefined=nan),
                                  [0.0, 0.0, nan, nan])


def test_bad_input() -> None:
    graph = zoo("random")
    for arguments, message in [
        ({"hops": 4}, "hops"), ({"hops": True}, "hops"), ({"hops": 0}, "hops"),
        ({"hops": 2, "beta": -1.0}, "beta"), ({"beta": float("nan")}, "beta"),
        ({"targets": [(0, 99)]}, "index 99"), ({"targets": [(0, -1)]}, "index -1"),
        ({"targets": np.zeros((2, 5), np.int64)}, "shape"),
        ({"targets": [(0.5, 1.0)]}, "dtype"),
        ({"targets": CSRGraph.from_edges([(0, 1)])}, "nodes of 'graph'"),
    ]:
        with pytest.raises(GraphError, match=message):
            topological_concentration(graph, **arguments)


@pytest.mark.parametrize("hops", [0, 4, 2.0, "2", True, None, [1], np.array([1, 2])])
def test_hops_there_are_not(hops: Any) -> None:
    with pytest.raises(GraphError, match="argument 'hops': got"):
        topological_concentration(CSRGraph.from_edges([(0, 1)]), hops=hops)


@pytest.mark.parametrize("undefined", ["x", None, [0.0, 1.0], True])
def test_what_stands_for_undefined_is_a_number(undefined: Any) -> None:
    graph = CSRGraph.from_edges([(0, 1)])
    for metric in (topological_concentration, approximate_topological_concentration):
        with pytest.raises(GraphTypeError, match=r"'undefined': got .*expected a number"):
            metric(graph, undefined=undefined)


def test_a_beta_that_leaves_the_range_of_numbers() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])
    for metric in (topological_concentration, approximate_topological_concentration):
        with pytest.raises(GraphError, match=r"argument 'beta': got 1e\+200, expected at most"):
            metric(graph, hops=3, beta=1e200)
        assert np.isfinite(metric(graph, hops=3, beta=1e7)).all()


def test_a_graph_of_targets_has_the_nodes_in_the_same_order() -> None:
    graph = CSRGraph.read(b"a b\nb c\nc d\n")
    other = CSRGraph.read(b"d a\na b\nb c\n")
    with pytest.raises(GraphError, match="'targets': got a graph with other ids, or in another"):
        topological_concentration(graph, other)
    with pytest.raises(GraphError, match="'targets': got a graph with other ids, or in another"):
        topological_concentration(graph, CSRGraph.from_edges([(0, 2)], num_nodes=4))
    same = CSRGraph.read(b"a b\nb c\nc d\na c\n")
    assert same.ids.tolist() == graph.ids.tolist()
    # a knows b, as its new neighbour c does and its old one, b, does not.
    assert topological_concentration(graph, same)[0] == 0.5

"""Closeness and betweenness: exact against networkx, sampled within what they state."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import CSRGraph, GraphError, topology
from graphlocal.kernels.cpu.distances import count_bits
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology.betweenness import betweenness, betweenness_samples
from graphlocal.topology.closeness import (
    closeness,
    distances_from,
    draw_per_component,
)
from tests.topology.test_metrics import graphs, to_networkx
from tests.zoo import ZOO, each_zoo_graph

BOTH = pytest.mark.parametrize("centrality", [closeness, betweenness])


def assert_like_networkx(graph: CSRGraph) -> None:
    theirs = to_networkx(graph)
    for ours, reference in ((closeness, nx.closeness_centrality),
                            (betweenness, nx.betweenness_centrality)):
        expected = reference(theirs)
        found = ours(graph)
        np.testing.assert_allclose(found.values, [expected[v] for v in range(graph.num_nodes)],
                                   atol=1e-12, err_msg=ours.__name__)
        assert not found.error.any()
        assert found.samples is None


@each_zoo_graph
def test_zoo_like_networkx(name: str) -> None:
    assert_like_networkx(CSRGraph.from_edge_index(*ZOO[name]))


@given(graphs())
def test_any_graph_like_networkx(graph: CSRGraph) -> None:
    assert_like_networkx(graph)


@given(graphs(), st.integers(0, 5), st.lists(st.integers(0, 15), max_size=5))
def test_distances_from_some(graph: CSRGraph, seed: int, chosen: list[int]) -> None:
    sources = np.array(sorted({v % graph.num_nodes for v in chosen}), np.int64)
    furthest, total, squares, levels = distances_from(graph, sources)
    theirs = to_networkx(graph)
    paths = [nx.single_source_shortest_path_length(theirs, v) for v in sources.tolist()]
    assert furthest.tolist() == [max(path.values()) for path in paths]
    for v in range(graph.num_nodes):
        lengths = [path.get(v, 0) for path in paths]
        assert total[v] == sum(lengths)
        assert squares[v] == sum(x * x for x in lengths)
    every = [x for path in paths for x in path.values() if x]
    assert levels.tolist() == np.bincount(every, minlength=len(levels)).tolist()


def test_more_sources_than_one_word_holds() -> None:
    graph = CSRGraph.from_networkx(nx.connected_watts_strogatz_graph(300, 4, 0.2, seed=2))
    assert_like_networkx(graph)


@given(st.integers(0, 2**64 - 1))
def test_bits_are_counted(word: int) -> None:
    assert count_bits(np.uint64(word)) == word.bit_count()


@pytest.mark.parametrize("make", [
    lambda: nx.barabasi_albert_graph(400, 3, seed=1),
    lambda: nx.disjoint_union(nx.path_graph(120), nx.star_graph(60)),
    lambda: nx.random_geometric_graph(300, 0.08, seed=3),
])
def test_samples_keep_their_promise(make: Any) -> None:
    """Betweenness for all nodes at once, closeness for each node by itself."""
    graph = CSRGraph.from_networkx(make())
    exact = betweenness(graph).values
    for seed in range(5):
        found = betweenness(graph, 3000, seed=seed)
        assert (np.abs(found.values - exact) <= found.error).all()
        assert found.error.max() < 0.06
    exact = closeness(graph).values
    for confidence in (0.5, 0.95):
        tries = [closeness(graph, 40, seed=seed, confidence=confidence) for seed in range(40)]
        off = np.array([np.abs(found.values - exact) for found in tries])
        error = np.array([found.error for found in tries])
        assert np.mean(off > error + 1e-12) <= 1.2 * (1 - confidence)
        # Nor is what is stated so wide that nobody can use it.
        known = off.any(axis=0)
        assert np.median(error[:, known]) < 6 * np.sqrt(np.mean(off[:, known] ** 2))


def test_a_rare_distance_that_nobody_drew() -> None:
    """Leaves of a star see 2 everywhere unless the center is drawn; their error allows for it."""
    graph = CSRGraph.from_networkx(nx.star_graph(400))
    exact = closeness(graph).values
    for seed in range(20):
        found = closeness(graph, 40, seed=seed)
        assert (np.abs(found.values - exact) <= found.error + 1e-12)[1:].all()


def test_samples_come_closer() -> None:
    graph = CSRGraph.from_networkx(nx.barabasi_albert_graph(500, 3, seed=1))
    for centrality, few, many in ((closeness, 20, 320), (betweenness, 200, 20_000)):
        exact = centrality(graph).values
        rough, fine = (np.mean([np.abs(centrality(graph, samples, seed=seed).values - exact).mean()
                                for seed in range(5)]) for samples in (few, many))
        assert fine < rough / 2
        assert centrality(graph, many).error.max() < centrality(graph, few).error.max()


def test_paths_are_drawn_uniformly() -> None:
    """On a square each opposite pair has two paths: every corner gets its half of them."""
    graph = CSRGraph.from_networkx(nx.cycle_graph(4))
    found = betweenness(graph, 200_000, seed=1)
    np.testing.assert_allclose(found.values, 1 / 6, atol=5e-3)
    np.testing.assert_allclose(betweenness(graph).values, 1 / 6)


def test_as_many_samples_as_nodes_is_exact() -> None:
    graph = CSRGraph.from_networkx(nx.disjoint_union(nx.path_graph(9), nx.cycle_graph(30)))
    found = closeness(graph, 30)
    np.testing.assert_array_equal(found.values, closeness(graph).values)
    assert not found.error.any()
    # The path has fewer nodes than samples, so that only the ring is estimated.
    assert closeness(graph, 10).error[:9].max() == 0 < closeness(graph, 10).error[9:].min()


def test_every_component_is_drawn_from() -> None:
    component = np.array([0, 1, 0, 1, 0, 2, 0])
    for seed in range(10):
        drawn = draw_per_component(component, np.bincount(component), 2, seed)
        assert np.bincount(component[drawn]).tolist() == [2, 2, 1]
        assert len(set(drawn.tolist())) == 5


@BOTH
def test_seed_decides_and_threads_do_not(centrality: Any) -> None:
    graph = CSRGraph.from_networkx(nx.barabasi_albert_graph(600, 3, seed=1))
    found = []
    for count in (1, 2, 5):
        set_num_threads(count)
        try:
            found.append([centrality(graph, 100, seed=3).values, centrality(graph).values])
        finally:
            set_num_threads(None)
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])
    assert (centrality(graph, 100, seed=4).values != found[0][0]).any()


def test_samples_that_reach_an_error() -> None:
    graph = CSRGraph.from_networkx(nx.barabasi_albert_graph(500, 3, seed=1))
    samples = betweenness_samples(graph, 0.05)
    assert betweenness(graph, samples).error.max() <= 0.05
    assert betweenness(graph, samples - 1).error.max() > 0.05


def test_long_path() -> None:
    nodes = np.arange(3000)
    graph = CSRGraph.from_edge_index(np.stack([nodes[:-1], nodes[1:]]))
    inside = nodes * (len(nodes) - 1 - nodes)
    np.testing.assert_allclose(betweenness(graph).values, 2 * inside / (2999 * 2998))
    total = nodes * (nodes + 1) // 2 + nodes[::-1] * (nodes[::-1] + 1) // 2
    np.testing.assert_allclose(closeness(graph).values, 2999 / total)


@BOTH
@pytest.mark.parametrize(("arguments", "message"), [
    ({"samples": 0}, r"'samples': got 0, expected at least 1"),
    ({"samples": 2.5}, r"'samples': got 2.5, expected an integer"),
    ({"confidence": 1.0}, r"'confidence': got 1.0, expected a number between 0 and 1"),
    ({"confidence": 0}, r"'confidence': got 0"),
    ({"seed": -1}, r"'seed': got -1, expected at least 0"),
])
def test_bad_arguments(centrality: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        centrality(CSRGraph.from_edges([(0, 1), (1, 2)]), **arguments)


@pytest.mark.parametrize("error", [0, -0.1, float("nan")])
def test_bad_error(error: float) -> None:
    with pytest.raises(GraphError, match="'error'"):
        betweenness_samples(CSRGraph.from_edges([(0, 1), (1, 2)]), error)


def test_in_the_table() -> None:
    graph = CSRGraph.from_networkx(nx.karate_club_graph())
    table = topology.metrics(graph, "closeness,betweenness")
    expected = nx.closeness_centrality(nx.karate_club_graph())
    np.testing.assert_allclose(table["closeness"], list(expected.values()))  # 34 nodes: exact
    assert np.abs(table["betweenness"] - betweenness(graph).values).max() < 0.03


def diamonds(count: int) -> CSRGraph:
    """A row of squares that touch at corners 0, 3, 6, ...: the paths double with each."""
    corner = 3 * np.arange(count)[:, None]
    edges = corner + np.array([[0, 1], [0, 2], [1, 3], [2, 3]]).reshape(1, 8)
    return CSRGraph.from_edges(edges.reshape(-1, 2))


def test_more_paths_than_doubles_count() -> None:
    squares = 1200
    graph = diamonds(squares)
    with pytest.raises(GraphError, match="'graph': got one with over 1e308 shortest paths"):
        betweenness(graph)
    found = betweenness(graph, 4000)
    # Everything from the left of a square to its right takes each way half the time.
    i, n = np.arange(squares), graph.num_nodes
    half = (3 * i + 1) * (3 * (squares - 1 - i) + 1) / ((n - 1) * (n - 2))
    for way in (1, 2):
        assert np.abs(found.values[way::3] - half).max() < found.error[0]
    small = diamonds(12)
    np.testing.assert_allclose(betweenness(small).values,
                               list(nx.betweenness_centrality(to_networkx(small)).values()))


def test_as_many_samples_as_nobody_draws() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)])
    with pytest.raises(GraphError, match=r"'samples': got 10+, expected at most 1099511627776"):
        betweenness(graph, 10**30)
    with pytest.raises(GraphError, match=r"'error': got 1e-300, expected at least 1e-06 .*exact"):
        betweenness_samples(graph, 1e-300)

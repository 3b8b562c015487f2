"""PageRank against networkx, against the linear system it solves, and against itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphlocal import CSRGraph, GraphError, topology
from graphlocal.graph import GraphTypeError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology import METRICS, pagerank
from tests.zoo import ZOO, each_zoo_graph


def to_networkx(graph: CSRGraph) -> nx.Graph:
    other = nx.empty_graph(graph.num_nodes)
    source = np.repeat(np.arange(graph.num_nodes), graph.degree).tolist()
    weight = np.ones(len(graph.col)) if graph.weight is None else graph.weight
    other.add_weighted_edges_from(zip(source, graph.col.tolist(), weight.tolist(), strict=True))
    return other


def by_networkx(graph: CSRGraph, **options: Any) -> NDArray[np.float64]:
    # Its tolerance is multiplied by the number of nodes.
    found = nx.pagerank(to_networkx(graph), tol=1e-13, max_iter=10_000, **options)
    return np.array([found[v] for v in range(graph.num_nodes)])


def by_dense_solve(graph: CSRGraph, damping: float, p: NDArray[Any]) -> NDArray[np.float64]:
    """The definition: ranks are a fixed point, isolated nodes restart."""
    n = graph.num_nodes
    a = np.zeros((n, n))
    source = np.repeat(np.arange(n), graph.degree)
    a[source, graph.col] = 1.0 if graph.weight is None else graph.weight
    sums = a.sum(axis=1)
    step = np.where(sums[:, None] > 0, a / np.where(sums > 0, sums, 1)[:, None], p)
    return np.linalg.solve(np.eye(n) - damping * step.T, (1 - damping) * p)


@each_zoo_graph
def test_zoo_like_networkx(name: str) -> None:
    graph = CSRGraph.from_edge_index(*ZOO[name])
    found = pagerank(graph, tol=1e-13)
    assert found.dtype == np.float64 and found.shape == (graph.num_nodes,)
    if graph.num_nodes:
        np.testing.assert_allclose(found, by_networkx(graph), rtol=0, atol=1e-11)
        assert found.sum() == pytest.approx(1)


@st.composite
def problems(draw: st.DrawFn) -> tuple[CSRGraph, NDArray[np.float64] | None, float]:
    num_nodes = draw(st.integers(1, 14))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=40))
    weight = draw(st.one_of(st.none(), st.lists(
        st.floats(1e-3, 1e3), min_size=len(edges), max_size=len(edges))))
    share = st.one_of(st.just(0.0), st.floats(1e-3, 10))
    shares = draw(st.one_of(st.none(), st.lists(share, min_size=num_nodes, max_size=num_nodes)
                            .filter(any)))
    damping = draw(st.sampled_from([0.0, 0.3, 0.85, 0.95]))
    return (CSRGraph.from_edges(edges, num_nodes, weight),
            None if shares is None else np.array(shares), damping)


@given(problems())
def test_any_graph_like_networkx(problem: tuple[CSRGraph, NDArray[Any] | None, float]) -> None:
    graph, shares, damping = problem
    given_dict = None if shares is None else dict(enumerate(shares.tolist()))
    found = pagerank(graph, damping, shares, tol=1e-12)
    expected = by_networkx(graph, alpha=damping, personalization=given_dict)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    p = np.full(graph.num_nodes, 1 / graph.num_nodes) if shares is None else shares / shares.sum()
    np.testing.assert_allclose(found, by_dense_solve(graph, damping, p), rtol=0, atol=1e-10)
    if given_dict is not None:
        np.testing.assert_array_equal(pagerank(graph, damping, given_dict, tol=1e-12), found)


@pytest.mark.parametrize("tol", [1e-3, 1e-6, 1e-10])
def test_tolerance_is_what_another_step_changes(tol: float) -> None:
    graph = CSRGraph.from_edge_index(*ZOO["hub"])
    found = pagerank(graph, tol=tol)
    source = np.repeat(np.arange(graph.num_nodes), graph.degree)
    flow = np.bincount(source, (found / np.maximum(graph.degree, 1))[graph.col], graph.num_nodes)
    alone = found[graph.degree == 0].sum()
    step = 0.85 * flow + (0.15 + 0.85 * alone) / graph.num_nodes
    assert np.abs(step - found).sum() <= tol * (1 + 1e-9)
    exact = by_dense_solve(graph, 0.85, np.full(graph.num_nodes, 1 / graph.num_nodes))
    assert np.abs(found - exact).sum() <= tol / 0.15


def test_ids_name_the_restarts(tmp_path: Path) -> None:
    graph = CSRGraph.read(b"ann bob\nbob eve\neve ann\neve joe\n")
    found = pagerank(graph, personalization={"joe": 2})
    np.testing.assert_array_equal(found, pagerank(graph, personalization=[0, 0, 0, 1]))
    assert found.argmax() == graph.ids.tolist().index("eve")


def test_weights_are_followed_or_not() -> None:
    graph = CSRGraph.from_edges([(0, 1), (0, 2)], edge_weight=[3.0, 1.0])
    ranks = pagerank(graph)
    assert ranks[1] > ranks[2]
    np.testing.assert_array_equal(pagerank(graph, weight=True), ranks)
    plain = pagerank(graph, weight=False)
    assert plain[1] == plain[2]
    np.testing.assert_allclose(pagerank(CSRGraph.from_edges([(0, 1), (0, 2)])), plain)
    with pytest.raises(GraphError, match="'weight': got True, and a graph without weights"):
        pagerank(np.array([[0], [1]]), weight=True)


def big(weighted: bool = False) -> CSRGraph:
    rng = np.random.default_rng(5)
    ends = (60_000 * rng.random((2, 400_000)) ** 3).astype(np.int64)
    return CSRGraph.from_edge_index(ends, 61_000, rng.random(400_000) + 0.01 if weighted else None)


@pytest.fixture
def any_threads() -> Iterator[Callable[[int], None]]:
    yield set_num_threads
    set_num_threads(None)


@pytest.mark.parametrize("weighted", [False, True])
def test_threads_change_no_bit(weighted: bool, any_threads: Callable[[int], None]) -> None:
    graph = big(weighted)
    found = []
    for count in (1, 2, 5):
        any_threads(count)
        found.append(pagerank(graph))
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])
    np.testing.assert_allclose(found[0], by_networkx(graph), rtol=0, atol=1e-8)


def test_mapped_arrays_rank_the_same(tmp_path: Path) -> None:
    graph = CSRGraph.from_edge_index(*ZOO["hub"], np.arange(140) + 1.0)
    graph.save(tmp_path / "graph")
    np.testing.assert_array_equal(pagerank(CSRGraph.open(tmp_path / "graph")), pagerank(graph))


def test_long_path_and_high_damping() -> None:
    """Conjugate gradients need few passes where the power method needs thousands."""
    graph = CSRGraph.from_edges(np.stack([np.arange(499), np.arange(1, 500)], axis=1))
    p = np.zeros(500)
    p[0] = 1
    found = pagerank(graph, 0.999, p, tol=1e-12)
    np.testing.assert_allclose(found, by_dense_solve(graph, 0.999, p), rtol=0, atol=1e-9)


def test_in_the_table() -> None:
    graph = CSRGraph.from_edge_index(*ZOO["random"])
    assert METRICS["pagerank"].columns == ("pagerank",)
    table = topology.metrics(graph, "pagerank")
    np.testing.assert_array_equal(table["pagerank"], pagerank(graph))


@pytest.mark.parametrize(("options", "message"), [
    ({"damping": 1.0}, "'damping': got 1.0, expected a number of at least 0 and below 1"),
    ({"damping": float("nan")}, "'damping': got nan"),
    ({"damping": "0.5"}, "'damping': got '0.5', expected a number"),
    ({"tol": 0}, "'tol': got 0, expected a finite number > 0"),
    ({"max_iter": 0}, "'max_iter': got 0, expected at least 1"),
    ({"personalization": [1, 2]}, r"'personalization': got shape \(2,\), expected shape \(41,\)"),
    ({"personalization": np.zeros(41)}, "'personalization': got zeros only"),
    ({"personalization": -np.ones(41)}, "'personalization': got value -1"),
    ({"personalization": {99: 1}}, "'personalization': got id 99, expected ids of this graph"),
    ({"personalization": {3: "x"}}, "'personalization': got 'x' for id 3, expected a number"),
    ({"personalization": {3: np.inf}}, "'personalization': got NaN or infinite"),
    ({"personalization": {}}, "'personalization': got zeros only"),
    ({"weight": "weight"}, "'weight': got 'weight', expected True, False or None"),
    ({"max_iter": 2}, r"'max_iter': got 2 passes, .*at most tol=1e-08 \(allow more passes"),
])
def test_bad_arguments(options: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        pagerank(CSRGraph.from_edge_index(*ZOO["random"]), **options)


def test_weights_a_walk_cannot_follow() -> None:
    negative = CSRGraph.from_edges([(0, 1), (1, 2)], edge_weight=[1.0, -2.0])
    with pytest.raises(GraphError, match=r"'weight': got an edge of weight -2.0.*weight=False"):
        pagerank(negative)
    assert pagerank(negative, weight=False).sum() == pytest.approx(1)
    huge = CSRGraph.from_edges([(0, 1), (1, 2)], edge_weight=[1.5e308, 1.5e308])
    with pytest.raises(GraphError, match="add up to infinity"):
        pagerank(huge)
    with pytest.raises(GraphTypeError):
        pagerank(3)


@pytest.mark.parametrize("damping", [0.0, 0.85, 1 - 1e-10, 1 - 1e-16])
@pytest.mark.parametrize("tol", [1e-12, 1.0])
def test_ranks_add_up_to_one_whatever_the_tolerance(damping: float, tol: float) -> None:
    """Where restarts are rarer than the tolerance, they are still restarts of all there is."""
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)], num_nodes=5)
    for personalization in (None, [1, 0, 0, 2, 0], [1, 0, 0, 0, 1]):
        found = pagerank(graph, damping, personalization, tol=tol)
        assert found.sum() == pytest.approx(1, abs=1e-12)


def test_a_walk_that_hardly_restarts_is_where_edges_are() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])
    np.testing.assert_allclose(pagerank(graph, 1 - 1e-14), graph.degree / 6, atol=1e-9)


def test_numbers_that_are_too_small_or_too_large() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)])
    with pytest.raises(GraphError, match="'tol': got 1e-300, expected at least 1e-16"):
        pagerank(graph, tol=1e-300)
    with pytest.raises(GraphTypeError, match="'personalization': got 1000"):
        pagerank(graph, personalization={0: 10**400})

"""Personalised PageRank against a dense solve, networkx and PyG, within what it promises."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import CSRGraph, GraphError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology import pair_scores, personalized_pagerank
from tests.zoo import ZOO, each_zoo_graph

from .brute import all_pairs, graphs, hubs, pagerank, to_networkx


@pytest.fixture(autouse=True)
def _default_threads() -> Iterator[None]:
    yield
    set_num_threads(None)


def assert_within(graph: CSRGraph, ours: np.ndarray, exact: np.ndarray, eps: float) -> None:
    error = exact - ours
    assert (error >= -1e-12).all()
    assert (error <= eps * graph.degree + 1e-12).all()


@each_zoo_graph
@pytest.mark.parametrize("eps", [0.3, 1e-3, 1e-10])
def test_zoo_within_the_bound(name: str, eps: float) -> None:
    graph = CSRGraph.from_edge_index(*ZOO[name])
    ours = personalized_pagerank(graph, eps=eps)
    assert ours.shape == (graph.num_nodes, graph.num_nodes)
    assert_within(graph, ours.toarray(), pagerank(graph, 0.15), eps)


@given(graphs(), st.floats(0.01, 1.0), st.floats(1e-8, 0.5))
def test_any_graph_within_the_bound(graph: CSRGraph, alpha: float, eps: float) -> None:
    ours = personalized_pagerank(graph, alpha=alpha, eps=eps).toarray()
    assert_within(graph, ours, pagerank(graph, alpha), eps)
    pairs = all_pairs(graph)
    exact = pagerank(graph, alpha)
    error = (exact + exact.T)[pairs[:, 0], pairs[:, 1]] - pair_scores(
        graph, pairs, "ppr", alpha=alpha, eps=eps)[:, 0]
    assert (error >= -1e-12).all()
    assert (error <= eps * graph.degree[pairs].sum(axis=1) + 1e-12).all()


def test_like_networkx() -> None:
    graph = hubs(num_nodes=400)
    for source in (3, 20):
        theirs = nx.pagerank(to_networkx(graph), alpha=0.85, personalization={source: 1.0},
                             tol=1e-13, max_iter=1000)
        ours = personalized_pagerank(graph, [source], eps=1e-12).toarray()[0]
        np.testing.assert_allclose(ours, [theirs[v] for v in range(400)], atol=1e-9)


def test_like_pyg() -> None:
    torch = pytest.importorskip("torch")
    utils = pytest.importorskip("torch_geometric.utils")
    graph, eps = hubs(num_nodes=300), 1e-5
    edge_index = torch.as_tensor(np.stack([np.repeat(np.arange(300), graph.degree), graph.col]))
    (row, col), weight = utils.get_ppr(edge_index.long(), 0.2, eps, num_nodes=300)
    theirs = np.zeros((300, 300))
    theirs[row, col] = weight
    ours = personalized_pagerank(graph, alpha=0.2, eps=eps).toarray()
    alone = graph.degree == 0  # there PyG's walk is lost
    assert (np.abs(ours - theirs)[~alone] <= eps * graph.degree + 1e-12).all()


def test_largest_values_are_kept_ties_by_node() -> None:
    graph = hubs(num_nodes=500)
    whole = personalized_pagerank(graph, [3, 9, 9, 100]).toarray()
    for top in (1, 2, 17, 10_000):
        kept = personalized_pagerank(graph, [3, 9, 9, 100], top_k=top)
        for row, full in zip(kept.toarray(), whole, strict=True):
            order = np.lexsort([np.arange(500), -full])[:top]
            expected = np.zeros(500)
            expected[order] = full[order]
            np.testing.assert_array_equal(row, expected)
        assert kept.has_sorted_indices and kept.has_canonical_format
    star = CSRGraph.from_edge_index(*ZOO["star"])
    assert personalized_pagerank(star, [0], top_k=3).indices.tolist() == [0, 1, 2]


def test_same_for_any_threads_and_batches() -> None:
    graph = hubs()
    sources = np.arange(0, graph.num_nodes, 100)
    whole = personalized_pagerank(graph, sources).toarray()
    for threads in (1, 3):
        set_num_threads(threads)
        np.testing.assert_array_equal(personalized_pagerank(graph, sources).toarray(), whole)
    one = np.concatenate([personalized_pagerank(graph, [s]).toarray() for s in sources[:5]])
    np.testing.assert_array_equal(one, whole[:5])


def test_edges_of_the_range() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)], num_nodes=4)
    # Going home at once: nobody is met elsewhere.
    np.testing.assert_array_equal(personalized_pagerank(graph, alpha=1).toarray(), np.eye(4))
    assert personalized_pagerank(graph, []).shape == (0, 4)
    assert personalized_pagerank(graph, 2).shape == (1, 4)
    assert personalized_pagerank(CSRGraph.from_edge_index(*ZOO["empty"])).shape == (0, 0)
    # The strictest there is comes to an end.
    strict = personalized_pagerank(graph, alpha=1e-3, eps=1e-15).toarray()
    np.testing.assert_allclose(strict, pagerank(graph, 1e-3), atol=1e-10)


@pytest.mark.parametrize("options", [
    {"sources": [4]}, {"sources": [-1]}, {"sources": [0.5]}, {"sources": [[0]]}, {"alpha": 0},
    {"alpha": 1.5}, {"alpha": 1e-9}, {"alpha": "a"}, {"eps": 0}, {"eps": 1e-20}, {"eps": np.nan},
    {"top_k": 0}, {"top_k": 1.5},
])
def test_bad_arguments_are_refused(options: dict) -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)], num_nodes=4)
    with pytest.raises(GraphError):
        personalized_pagerank(graph, **options)


def test_an_error_of_more_than_all_there_is() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)])
    with np.errstate(all="raise"):
        found = personalized_pagerank(graph, [0], eps=1e300)
    assert found.toarray().tolist() == [[pytest.approx(0.15), 0, 0]]

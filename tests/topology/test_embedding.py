from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

from graphlocal.graph import CSRGraph, GraphError, GraphTypeError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology import embedding
from graphlocal.topology.embedding import concatenate_embeddings, gopmi, ppmi, rwpmi
from graphlocal.topology.orbit_adjacency import OrbitAdjacency, orbit_adjacency
from graphlocal.topology.svd import truncated_svd
from tests.zoo import ZOO, each_zoo_graph


def graph_of(name: str) -> CSRGraph:
    edge_index, num_nodes = ZOO[name]
    return CSRGraph.from_edge_index(edge_index, num_nodes)


@pytest.fixture(scope="module")
def large() -> CSRGraph:
    """Past the size up to which decompositions are dense."""
    return CSRGraph.from_networkx(nx.powerlaw_cluster_graph(700, 4, 0.3, seed=0))


def ppmi_by_definition(counts: np.ndarray) -> np.ndarray:
    total, rows, columns = counts.sum(), counts.sum(1), counts.sum(0)
    result = np.zeros(counts.shape)
    for u, v in zip(*np.nonzero(counts), strict=True):
        result[u, v] = max(0.0, np.log(counts[u, v] * total / (rows[u] * columns[v])))
    return result


def test_ppmi_is_its_formula() -> None:
    counts = np.random.default_rng(0).integers(0, 4, (9, 7))
    counts[3], counts[:, 2] = 0, 0
    for given in (counts, sp.csr_array(counts), sp.coo_array(counts)):
        np.testing.assert_allclose(ppmi(given).toarray(), ppmi_by_definition(counts), atol=1e-12)
    # Products of such counts leave 64 bits.
    large = counts * 10**17
    np.testing.assert_allclose(ppmi(large).toarray(), ppmi_by_definition(counts), atol=1e-12)


def test_ppmi_leaves_its_input() -> None:
    counts = sp.csr_array(np.array([[0, 2], [1, 0]]))
    ppmi(counts)
    assert counts.toarray().tolist() == [[0, 2], [1, 0]]


@pytest.mark.parametrize("bad", [np.array([[-1, 2], [2, 0]]), np.array([[np.nan]]),
                                 np.array([["a"]]), None])
def test_ppmi_refuses_what_is_no_count(bad) -> None:
    with pytest.raises(GraphError, match="argument 'counts'"):
        ppmi(bad)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("size", [30, 600])
def test_truncated_svd_is_the_start_of_the_whole(size: int, symmetric: bool) -> None:
    matrix = sp.random_array((size, size), density=0.1, rng=np.random.default_rng(0)).tocsr()
    if symmetric:
        matrix = (matrix + matrix.T).tocsr()
    whole = np.linalg.svd(matrix.toarray())
    u, values, v = truncated_svd(matrix, 5, symmetric=symmetric)
    np.testing.assert_allclose(values, whole.S[:5])
    best = (whole.U[:, :5] * whole.S[:5]) @ whole.Vh[:5]
    np.testing.assert_allclose((u * values) @ v.T, best, atol=1e-8)
    assert (u[np.abs(u).argmax(axis=0), range(5)] > 0).all()


def test_truncated_svd_past_the_rank() -> None:
    outer = np.outer(np.arange(600.0), np.ones(600))
    for matrix, symmetric in ((outer, False), (outer @ outer.T, True), (np.zeros((3, 3)), True)):
        u, values, v = truncated_svd(sp.csr_array(matrix), 4, symmetric=symmetric)
        assert u.shape == (len(matrix), 4) and v.shape == u.shape
        assert not values[1:].any() and not u[:, 1:].any() and not v[:, 1:].any()
        np.testing.assert_allclose((u * values) @ v.T, matrix, rtol=1e-9, atol=1e-9)
    u, values, v = truncated_svd(sp.csr_array((0, 0)), 3)
    assert u.shape == (0, 3) and values.tolist() == [0.0] * 3


def test_symmetric_vectors_where_a_value_and_its_negative_meet() -> None:
    # A bipartite graph's spectrum is symmetric; u and v must still differ by signs only.
    matrix = sp.csr_array(nx.to_numpy_array(nx.complete_bipartite_graph(3, 4)))
    u, values, v = truncated_svd(matrix, 2, symmetric=True)
    np.testing.assert_allclose(np.abs(u), np.abs(v), atol=1e-12)
    np.testing.assert_allclose((u * values) @ v.T, matrix.toarray(), atol=1e-12)


def test_gopmi_reproduces_the_matrix() -> None:
    """With all of the rank, u u^T is the PPMI where its eigenvalues are not negative."""
    graph = graph_of("random")
    n = graph.num_nodes
    counts = orbit_adjacency(graph, 1, 1, 2)
    found = gopmi(graph, 2 * n, orbits=(1, 1, 2))
    np.testing.assert_allclose(found[:, :n] @ found[:, n:].T, ppmi(counts).toarray(), atol=1e-9)
    symmetric = gopmi(graph, n, orbits=(2, 1, 1))
    values, vectors = np.linalg.eigh(ppmi(orbit_adjacency(graph, 2, 1, 1)).toarray())
    np.testing.assert_allclose(symmetric @ symmetric.T, (vectors * np.abs(values)) @ vectors.T,
                               atol=1e-9)


@pytest.mark.parametrize("orbits", [(1, 1, 2), (2, 1, 1)])
def test_gopmi_of_graph_operator_and_matrix(large: CSRGraph, orbits) -> None:
    first = gopmi(large, 16, orbits=orbits)
    assert first.shape == (700, 16) and np.isfinite(first).all() and first.any(axis=0).all()
    for source in (OrbitAdjacency(large, *orbits), orbit_adjacency(large, *orbits)):
        np.testing.assert_array_equal(gopmi(source, 16), first)
    np.testing.assert_array_equal(gopmi(large, 16, orbits=orbits), first)
    # Another first vector finds the same space.
    other = gopmi(large, 16, orbits=orbits, seed=1)
    np.testing.assert_allclose(other @ other.T, first @ first.T, atol=1e-6)


def test_odd_dimensions_of_an_asymmetric_adjacency() -> None:
    assert gopmi(graph_of("random"), 7, orbits=(1, 1, 2)).shape == (41, 7)
    assert gopmi(graph_of("random"), 1, orbits=(1, 1, 2)).shape == (41, 1)


@each_zoo_graph
def test_embeddings_of_every_zoo_graph(name: str) -> None:
    graph = graph_of(name)
    for found in (gopmi(graph, 6, orbits=(1, 0, 0)), gopmi(graph, 6, orbits=(3, 4, 4)),
                  gopmi(graph, 6, orbits=(1, 6, 7)), rwpmi(graph, 6), rwpmi(graph, 6, rank=3)):
        assert found.shape == (graph.num_nodes, 6) and found.dtype == np.float64
        assert np.isfinite(found).all()
        assert not found[graph.degree == 0].any()


def walk_matrix_by_definition(graph: CSRGraph, window: int, negative: float) -> np.ndarray:
    n = graph.num_nodes
    adjacency = orbit_adjacency(graph, 1, 0, 0).toarray().astype(float)
    inverse = np.diag([1 / d if d else 0.0 for d in adjacency.sum(1)])
    step = inverse @ adjacency
    total = sum(np.linalg.matrix_power(step, r) for r in range(1, window + 1))
    whole = adjacency.sum() / (negative * window) * total @ inverse
    return np.log(np.maximum(whole, 1.0)).reshape(n, n)


@pytest.mark.parametrize(("window", "negative"), [(1, 1.0), (3, 5), (10, 1.0)])
@pytest.mark.parametrize("name", ["random", "hub", "bipartite", "isolated_tail"])
def test_rwpmi_factorises_the_closed_form(
    name: str, window: int, negative: float, monkeypatch
) -> None:
    graph = graph_of(name)
    expected = walk_matrix_by_definition(graph, window, negative)
    monkeypatch.setattr(embedding, "_BLOCK", 7)
    n = graph.num_nodes
    for rank in (None, n):  # all eigenvectors are no approximation
        found = embedding._walk_matrix(graph, window, negative, rank, 0)
        np.testing.assert_allclose(found.toarray(), expected, atol=1e-9)
    values, vectors = np.linalg.eigh(expected)
    whole = rwpmi(graph, n, window=window, negative=negative)
    np.testing.assert_allclose(whole @ whole.T, (vectors * np.abs(values)) @ vectors.T, atol=1e-8)


def test_few_eigenvectors_come_close(large: CSRGraph) -> None:
    exact = embedding._walk_matrix(large, 10, 1.0, None, 0).toarray()
    errors = [np.abs(embedding._walk_matrix(large, 10, 1.0, rank, 0).toarray() - exact).mean()
              for rank in (16, 128, 512)]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.25 * exact.mean()


def test_large_graphs_are_approximated(large: CSRGraph, monkeypatch) -> None:
    monkeypatch.setattr(embedding, "EXACT_NODES", 100)
    np.testing.assert_array_equal(rwpmi(large, 8), rwpmi(large, 8, rank=256))


def test_threads_change_nothing(large: CSRGraph) -> None:
    results = []
    for threads in (1, 2, 5):
        set_num_threads(threads)
        try:
            results.append(embedding._walk_matrix(large, 5, 1.0, None, 0).toarray())
        finally:
            set_num_threads(None)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_communities_show() -> None:
    """Two cliques joined by an edge: nodes are nearer to their own, on walks and on orbits."""
    graph = nx.barbell_graph(12, 0)
    side = np.arange(24) < 12
    same = (side[:, None] == side) & ~np.eye(24, dtype=bool)
    other = side[:, None] != side
    for found in (gopmi(graph, 4, orbits=(1, 14, 14)), rwpmi(graph, 4)):
        unit = concatenate_embeddings(found)
        cosine = unit @ unit.T
        assert cosine[same].min() > cosine[other].max()


@pytest.mark.parametrize("arguments", [{"dim": 0}, {"dim": 2.5}, {"seed": -1}, {"window": 0},
                                       {"negative": 0}, {"negative": "1"}, {"rank": 0},
                                       {"negative": float("nan")}])
def test_bad_numbers(arguments: dict) -> None:
    with pytest.raises(GraphError, match=f"argument '{next(iter(arguments))}'"):
        rwpmi(graph_of("star"), **arguments)


def test_bad_sources() -> None:
    graph = graph_of("star")
    with pytest.raises(GraphError, match="argument 'orbits'"):
        gopmi(graph, 4)
    with pytest.raises(GraphTypeError, match="argument 'orbits'"):
        gopmi(graph, 4, orbits="edges")
    with pytest.raises(GraphError, match="one of the 28"):
        gopmi(graph, 4, orbits=(2, 3, 3))
    with pytest.raises(GraphError, match="square"):
        gopmi(sp.csr_array(np.ones((2, 3))), 4)
    with pytest.raises(GraphError, match="argument 'dim'"):
        gopmi(graph, 0, orbits=(1, 0, 0))


def test_concatenation() -> None:
    a, b = np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[2], [-5]])
    assert concatenate_embeddings(a, b).tolist() == [[0.6, 0.8, 1.0], [0.0, 0.0, -1.0]]
    assert concatenate_embeddings(a, b, normalize=False).tolist() == [[3, 4, 2], [0, 0, -5]]
    for bad in ((), (a, b[:1]), (a[0],)):
        with pytest.raises(GraphError, match="argument 'embeddings'"):
            concatenate_embeddings(*bad)

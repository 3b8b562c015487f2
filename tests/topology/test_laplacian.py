"""Eigenvectors of the Laplacian and returns of walks against their definitions and peers."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlocal import CSRGraph, GraphError
from graphlocal.graph.checks import GraphTypeError
from graphlocal.topology import connected_components, laplacian_eigenvectors, return_probabilities
from tests.zoo import ZOO, each_zoo_graph


def _zoo(name: str) -> CSRGraph:
    return CSRGraph.from_edge_index(*ZOO[name])


def _walk(graph: CSRGraph) -> np.ndarray:
    """D^-1 A, dense; rows of isolated nodes are 0."""
    dense = graph.to_scipy().toarray().astype(float)
    return dense / np.maximum(dense.sum(1, keepdims=True), 1)


def _laplacian(graph: CSRGraph) -> np.ndarray:
    dense = graph.to_scipy().toarray().astype(float)
    scale = 1 / np.sqrt(np.maximum(dense.sum(1), 1))
    return np.eye(len(dense)) - scale[:, None] * dense * scale


def _check(graph: CSRGraph, k: int) -> None:
    """Each component's vectors are orthonormal, solve the equation and belong to the smallest."""
    values, vectors = laplacian_eigenvectors(graph, k)
    assert values.shape == vectors.shape == (graph.num_nodes, k)
    matrix, label = _laplacian(graph), connected_components(graph)
    for component in np.unique(label):
        nodes = label == component
        part = matrix[np.ix_(nodes, nodes)]
        found = min(k, nodes.sum() - 1)
        mine, basis = values[nodes], vectors[nodes]
        assert not mine[:, found:].any() and not basis[:, found:].any()
        if found == 0:
            continue
        assert (mine == mine[0]).all()
        np.testing.assert_allclose(mine[0, :found], np.linalg.eigvalsh(part)[1:found + 1],
                                   atol=1e-9)
        basis = basis[:, :found]
        np.testing.assert_allclose(part @ basis, basis * mine[0, :found], atol=1e-7)
        np.testing.assert_allclose(basis.T @ basis, np.eye(found), atol=1e-7)


@each_zoo_graph
@pytest.mark.parametrize("k", [1, 3, 50])
def test_eigenvectors_solve_their_equation(name: str, k: int) -> None:
    _check(_zoo(name), k)


@pytest.mark.parametrize("graph", [
    nx.barabasi_albert_graph(700, 3, seed=0),
    nx.disjoint_union(nx.grid_2d_graph(25, 26), nx.cycle_graph(7)),
    nx.path_graph(900),  # the iteration gives up on it
], ids=["hubs", "grid", "path"])
def test_large_components(graph: nx.Graph) -> None:
    _check(CSRGraph.from_networkx(graph), 4)


def test_large_and_small_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = CSRGraph.from_networkx(nx.barabasi_albert_graph(80, 2, seed=1))
    dense = laplacian_eigenvectors(graph, 5)
    monkeypatch.setattr("graphlocal.topology.laplacian._DENSE", 20)
    for a, b in zip(dense, laplacian_eigenvectors(graph, 5), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)


def test_large_spaces_of_one_eigenvalue_have_one_basis() -> None:
    pytest.importorskip("scipy", minversion="1.17")  # before, it goes by what ran earlier
    graph = CSRGraph.from_networkx(nx.star_graph(700))
    values, vectors = laplacian_eigenvectors(graph, 4)
    np.testing.assert_allclose(values[0], [1, 1, 1, 1])
    assert np.array_equal(vectors, laplacian_eigenvectors(graph, 4)[1])
    assert not np.array_equal(vectors, laplacian_eigenvectors(graph, 4, seed=1)[1])


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_renaming_nodes_renames_rows(data) -> None:
    """Where the cubes tell the sign and eigenvalues differ, nothing depends on the numbering."""
    n = data.draw(st.integers(2, 12))
    node = st.integers(0, n - 1)
    edges = data.draw(st.lists(st.tuples(node, node), min_size=1, max_size=30))
    names = np.array(data.draw(st.permutations(range(n))))
    graph = CSRGraph.from_edges(edges, num_nodes=n)
    other = CSRGraph.from_edges(names[np.array(edges)], num_nodes=n)
    np.testing.assert_allclose(return_probabilities(other, 5)[names],
                               return_probabilities(graph, 5), atol=1e-12)
    values, vectors = laplacian_eigenvectors(graph, 4)
    values_, vectors_ = laplacian_eigenvectors(other, 4)
    np.testing.assert_allclose(values_[names], values, atol=1e-9)
    label = connected_components(graph)
    for component in np.unique(label):
        nodes = label == component
        spectrum = np.linalg.eigvalsh(_laplacian(graph)[np.ix_(nodes, nodes)])
        for c in range(min(4, nodes.sum() - 1)):
            alone = np.abs(np.delete(spectrum, c + 1) - spectrum[c + 1]).min() > 1e-3
            if alone and abs((vectors[nodes, c] ** 3).sum()) > 1e-3:
                np.testing.assert_allclose(vectors_[names][nodes, c], vectors[nodes, c], atol=1e-6)


def test_sign() -> None:
    for name in ("random", "hub", "star", "two_components"):
        graph = _zoo(name)
        vectors = laplacian_eigenvectors(graph, 6)[1]
        label = connected_components(graph)
        for component in np.unique(label):
            assert ((vectors[label == component] ** 3).sum(0) > -1e-6).all()
        assert np.array_equal(vectors, laplacian_eigenvectors(graph, 6)[1])


@each_zoo_graph
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_returns_are_diagonals_of_powers(name: str, steps: int) -> None:
    graph = _zoo(name)
    walk = _walk(graph)
    want = [np.diag(np.linalg.matrix_power(walk, t)) for t in range(1, steps + 1)]
    got = return_probabilities(graph, steps)
    np.testing.assert_allclose(got, np.stack(want, axis=1), atol=1e-13)


def test_returns_of_many_and_of_large_components() -> None:
    rng = np.random.default_rng(0)
    parts = [nx.gnp_random_graph(int(n), 0.2, seed=i)
             for i, n in enumerate(rng.integers(1, 90, 20))]
    graph = CSRGraph.from_networkx(nx.disjoint_union_all(parts))
    shuffled = rng.permutation(graph.num_nodes)
    walk = _walk(graph)
    want = np.stack([np.diag(np.linalg.matrix_power(walk, t)) for t in range(1, 6)], axis=1)
    np.testing.assert_allclose(return_probabilities(graph, 5), want, atol=1e-13)
    moved = CSRGraph.from_edges(shuffled[np.array(graph.to_networkx().edges)],
                                num_nodes=graph.num_nodes)
    np.testing.assert_allclose(return_probabilities(moved, 5)[shuffled], want, atol=1e-13)


@pytest.mark.parametrize("value", [0, -1, 2.5, "3", True])
def test_bad_input(value) -> None:
    for function in (laplacian_eigenvectors, return_probabilities):
        with pytest.raises((GraphError, GraphTypeError), match=r"argument '(k|steps)'"):
            function(nx.path_graph(3), value)

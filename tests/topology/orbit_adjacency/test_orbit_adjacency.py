from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal.graph import CSRGraph, GraphError, GraphTypeError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology.orbit_adjacency import (
    ORBIT_ADJACENCIES,
    OrbitAdjacency,
    edges,
    graphlet_adjacency,
    operator,
    orbit_adjacencies,
    orbit_adjacency,
    product,
    rows,
)
from tests.topology.orbit_adjacency.brute import GRAPHLETS, brute_force
from tests.zoo import ZOO, each_zoo_graph

NAMES = [tuple(name) for name in ORBIT_ADJACENCIES]


def graph_of(name: str) -> CSRGraph:
    edge_index, num_nodes = ZOO[name]
    return CSRGraph.from_edge_index(edge_index, num_nodes)


def dense(graph: CSRGraph) -> dict[tuple[int, int, int], np.ndarray]:
    return {name: matrix.toarray() for name, matrix in orbit_adjacencies(graph).items()}


def assert_equal_to_brute_force(graph: CSRGraph) -> None:
    source = np.repeat(np.arange(graph.num_nodes), graph.degree)
    expected = brute_force(graph.num_nodes, list(zip(source, graph.col, strict=True)))
    assert set(expected) <= set(NAMES)
    for name, matrix in dense(graph).items():
        zeros = np.zeros((graph.num_nodes,) * 2, np.int64)
        np.testing.assert_array_equal(matrix, expected.get(name, zeros), str(name))


@st.composite
def random_graphs(draw) -> CSRGraph:
    """Sparse to dense, with isolated nodes, perhaps a hub and perhaps a clique."""
    n = draw(st.integers(1, 24))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = [rng.integers(0, n, (draw(st.integers(0, 3 * n)), 2))]
    if draw(st.booleans()):
        found.append(np.array([(0, v) for v in range(n) if rng.random() < 0.8]).reshape(-1, 2))
    if draw(st.booleans()):
        clique = rng.permutation(n)[: draw(st.integers(2, 8))]
        found.append(np.array([(u, v) for u in clique for v in clique]))
    return CSRGraph.from_edges(np.concatenate(found).astype(np.int64), n + draw(st.integers(0, 3)))


def test_every_graph_of_the_atlas_equals_brute_force() -> None:
    # One union of all of them: the adjacencies of its parts are blocks on its diagonal.
    parts = nx.graph_atlas_g()
    first = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    together = [(first[k] + u, first[k] + v) for k, p in enumerate(parts) for u, v in p.edges]
    found = orbit_adjacencies(CSRGraph.from_edges(together, int(first[-1])))
    by_name = {name: (np.repeat(np.arange(first[-1]), np.diff(m.indptr)), m.indices, m.data)
               for name, m in found.items()}
    expected: dict = {name: [] for name in NAMES}
    for k, part in enumerate(parts):
        for name, matrix in brute_force(len(part), list(part.edges)).items():
            u, v = np.nonzero(matrix)
            expected[name].append((first[k] + u, first[k] + v, matrix[u, v]))
    for name in NAMES:
        for ours, theirs in zip(by_name[name], zip(*expected[name], strict=True), strict=True):
            np.testing.assert_array_equal(ours, np.concatenate(theirs), str(name))


@each_zoo_graph
def test_zoo_equals_brute_force(name: str) -> None:
    graph = graph_of(name)
    if graph.num_nodes > 30:
        pytest.skip("too many sets of four nodes; the identities cover it")
    assert_equal_to_brute_force(graph)


@given(random_graphs().filter(lambda graph: graph.num_nodes <= 14))
def test_random_graphs_equal_brute_force(graph: CSRGraph) -> None:
    assert_equal_to_brute_force(graph)


@given(random_graphs())
def test_powers_of_the_adjacency_matrix(graph: CSRGraph) -> None:
    matrices = dense(graph)
    a, degree = matrices[1, 0, 0], graph.degree
    off = ~np.eye(len(a), dtype=bool)
    np.testing.assert_array_equal((a @ a)[off], (matrices[2, 1, 1] + matrices[1, 3, 3])[off])
    walks = ((degree[:, None] + degree - 1) * a + matrices[3, 4, 4] + matrices[1, 8, 8]
             + matrices[2, 9, 10] + matrices[2, 10, 9] + matrices[1, 12, 13] + matrices[1, 13, 12]
             + 2 * matrices[2, 12, 12] + 2 * matrices[1, 14, 14])
    np.testing.assert_array_equal((a @ a @ a)[off], walks[off])


@given(random_graphs())
def test_supports_and_transposes(graph: CSRGraph) -> None:
    matrices = dense(graph)
    a = matrices[1, 0, 0]
    two = (a @ a > 0) & (a == 0) & ~np.eye(len(a), dtype=bool)
    for (hop, i, j), matrix in matrices.items():
        np.testing.assert_array_equal(matrix, matrices[hop, j, i].T)
        assert (matrix >= 0).all()
        if hop == 1:
            assert not matrix[a == 0].any()
        elif hop == 2:
            assert not matrix[~two].any()
        else:
            assert not matrix[a > 0].any() and not np.diag(matrix).any()


@given(random_graphs())
def test_row_sums_count_partners(graph: CSRGraph) -> None:
    """A node on orbit i of a graphlet has a fixed number of partners on orbit j at a hop."""
    matrices = dense(graph)
    sums = {name: matrix.sum(1) for name, matrix in matrices.items()}
    partners = {}
    for links, orbits in GRAPHLETS:
        distance = dict(nx.all_pairs_shortest_path_length(nx.Graph(links)))
        for u, i in enumerate(orbits):
            for v, j in enumerate(orbits):
                if u != v:
                    partners.setdefault((distance[u][v], i, j), {}).setdefault(u, set()).add(v)
    each = {name: len(next(iter(p.values()))) for name, p in partners.items()}
    assert set(each) == set(NAMES)
    for hop, i, j in NAMES:
        for other in NAMES:
            if other[1] == i:
                np.testing.assert_array_equal(sums[hop, i, j] * each[other],
                                              sums[other] * each[hop, i, j])
    # Redundancies between the counts of a node.
    o = {i: sums[hop, i, j] // each[hop, i, j] for hop, i, j in NAMES}
    np.testing.assert_array_equal(o[0] * (o[0] - 1) // 2, o[2] + o[3])
    np.testing.assert_array_equal(o[2] * (o[0] - 2), 3 * o[7] + 2 * o[11] + o[13])
    np.testing.assert_array_equal(o[1] * (o[0] - 1), o[5] + 2 * o[8] + o[10] + 2 * o[12])
    np.testing.assert_array_equal(o[3] * (o[0] - 2), o[11] + 2 * o[13] + 3 * o[14])


@pytest.mark.parametrize("k", range(9))
def test_graphlet_adjacency_counts_meetings(k: int) -> None:
    graph = graph_of("random")
    _, orbits = GRAPHLETS[k]
    matrix = graphlet_adjacency(graph, k).toarray()
    np.testing.assert_array_equal(matrix, matrix.T)
    small = graph_of("complete" if k in (2, 8) else "directed")
    source = np.repeat(np.arange(small.num_nodes), small.degree)
    expected = sum(m for (_, i, _), m in brute_force(
        small.num_nodes, list(zip(source, small.col, strict=True))).items() if i in orbits)
    np.testing.assert_array_equal(graphlet_adjacency(small, k).toarray(), expected)


def test_graphlet_adjacency_refuses_other_graphlets() -> None:
    for k in (9, -1, "4", True):
        with pytest.raises(GraphError, match="argument 'k'"):
            graphlet_adjacency(graph_of("star"), k)


def test_matrices_are_canonical() -> None:
    for name, matrix in orbit_adjacencies(graph_of("random")).items():
        assert matrix.dtype == np.int64 and matrix.shape == (41, 41), name
        assert (matrix.data != 0).all()
        matrix.has_canonical_format = False
        before = matrix.indices.copy()
        matrix.sum_duplicates()
        np.testing.assert_array_equal(matrix.indices, before)


def test_the_graph_is_not_touched() -> None:
    graph = graph_of("random")
    before = graph.col.copy()
    matrix = orbit_adjacency(graph, 1, 0, 0)
    matrix.data[:] = 7
    matrix.indices[:] = 0
    np.testing.assert_array_equal(graph.col, before)


def test_counts_past_32_bits() -> None:
    """K(2, b): squares and stars that a 32-bit count could not hold."""
    b = 5000
    links = [(side, 2 + v) for side in (0, 1) for v in range(b)]
    graph = CSRGraph.from_edges(links)
    assert orbit_adjacency(graph, 2, 8, 8)[[0], [1]].tolist() == [b * (b - 1) // 2]
    assert OrbitAdjacency(graph, 1, 7, 6).sum(axis=1)[:2].tolist() == [
        b * (b - 1) * (b - 2) // 2] * 2
    assert OrbitAdjacency(graph, 1, 8, 8).sum() == 8 * (b * (b - 1) // 2)
    assert OrbitAdjacency(graph, 3, 4, 4).sum() == 0
    star = CSRGraph.from_edges([(0, v) for v in range(1, 200_001)])
    leaves = 200_000
    claws = OrbitAdjacency(star, 2, 6, 6).sum(axis=1)
    assert claws[0] == 0 and (claws[1:] == (leaves - 1) * (leaves - 2)).all()
    ones = np.ones(leaves + 1, np.int64)
    np.testing.assert_array_equal(OrbitAdjacency(star, 2, 6, 6) @ ones, claws)


@pytest.mark.parametrize("orbits", NAMES, ids=str)
@pytest.mark.parametrize("name", ["no_edges", "isolated_tail", "complete", "random", "hub"])
def test_operator_is_the_matrix(name: str, orbits: tuple[int, int, int]) -> None:
    graph = graph_of(name)
    n = graph.num_nodes
    adjacency = OrbitAdjacency(graph, *orbits)
    matrix = adjacency.toarray()
    np.testing.assert_array_equal(orbit_adjacency(graph, *orbits).toarray(), matrix)
    rng = np.random.default_rng(0)
    for x in (rng.integers(-9, 9, n), rng.integers(-9, 9, (n, 3)), np.zeros((n, 0), np.int64),
              rng.random(n) < 0.5):
        np.testing.assert_array_equal(adjacency @ x, matrix @ x.astype(np.int64))
        np.testing.assert_array_equal(x.T @ adjacency, x.T.astype(np.int64) @ matrix)
    x = rng.standard_normal((n, 2))
    scale = np.abs(graph.degree).max(initial=1) ** 3
    np.testing.assert_allclose(adjacency @ x, matrix @ x, atol=1e-13 * scale)
    np.testing.assert_array_equal(adjacency.T.toarray(), matrix.T)
    for axis in (0, 1, -1, -2):
        np.testing.assert_array_equal(adjacency.sum(axis=axis), matrix.sum(axis=axis))
    assert adjacency.sum() == matrix.sum()
    for start, stop in ((0, n), (0, 0), (n, n), (n // 3, n // 2), (n - 1, n)):
        np.testing.assert_array_equal(adjacency.rows(start, stop).toarray(), matrix[start:stop])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_and_blocks_change_nothing(threads: int, monkeypatch) -> None:
    graph = graph_of("hub")
    x = np.arange(graph.num_nodes)
    expected = orbit_adjacencies(graph)
    products = {name: OrbitAdjacency(graph, *name) @ x for name in NAMES}
    for module in (edges, rows):
        monkeypatch.setattr(module, "_MIN_BLOCK_WORK", 7)
    monkeypatch.setattr(product, "_ROOM", 50)
    set_num_threads(threads)
    try:
        found = orbit_adjacencies(graph)
        for name in NAMES:
            for part in ("indptr", "indices", "data"):
                np.testing.assert_array_equal(getattr(found[name], part),
                                              getattr(expected[name], part))
            np.testing.assert_array_equal(OrbitAdjacency(graph, *name) @ x, products[name])
    finally:
        set_num_threads(None)


@given(random_graphs(), st.randoms())
def test_node_order_changes_nothing(graph: CSRGraph, random) -> None:
    order = np.array(random.sample(range(graph.num_nodes), graph.num_nodes))
    source = np.repeat(np.arange(graph.num_nodes), graph.degree)
    other = CSRGraph.from_edges(np.stack([order[source], order[graph.col]], 1), graph.num_nodes)
    matrices, moved = dense(graph), dense(other)
    for name in NAMES:
        np.testing.assert_array_equal(moved[name][np.ix_(order, order)], matrices[name])


@pytest.mark.parametrize("orbits", [(1, 4, 4), (2, 1, 2), (3, 4, 5), (0, 0, 0), (4, 4, 4),
                                    (1, 15, 15), (2, -1, -1)])
def test_unknown_orbits_list_the_known(orbits: tuple[int, int, int]) -> None:
    for make in (orbit_adjacency, OrbitAdjacency):
        with pytest.raises(GraphError, match=r"one of the 28 .*\(1; 12,13\).*\(3; 4,4\)"):
            make(graph_of("star"), *orbits)


@pytest.mark.parametrize("orbits", [("1", 0, 0), (1, 0.0, 0), (1, 0, None), (True, 0, 0)])
def test_orbits_are_integers(orbits: tuple) -> None:
    with pytest.raises(GraphTypeError, match="an integer"):
        orbit_adjacency(graph_of("star"), *orbits)


def test_bad_operands() -> None:
    adjacency = OrbitAdjacency(graph_of("star"), 3, 4, 4)
    for x in (np.ones(8), np.ones((3, 9)), np.ones((9, 1, 1)), np.full(9, np.nan),
              np.array(["a"] * 9), np.ones(9, complex)):
        with pytest.raises(GraphError, match="argument 'x'"):
            adjacency @ x
    for start, stop in ((0, 10), (5, 2), (-1, 3)):
        with pytest.raises(GraphError):
            adjacency.rows(start, stop)
    with pytest.raises(GraphError, match="axis"):
        adjacency.sum(axis=2)
    with pytest.raises(TypeError):
        adjacency @ adjacency
    with pytest.raises(GraphError, match="argument 'graph'"):
        orbit_adjacencies([(0, 1)])


@pytest.mark.parametrize("source", ["networkx", "scipy", "coo", "upper", "edge_index"])
def test_whatever_holds_a_graph(source: str) -> None:
    """What other programs count wrongly without a word: a triangle in COO, an upper half."""
    import scipy.sparse as sp

    expected = dense(graph_of("random"))
    simple = nx.from_numpy_array(expected[1, 0, 0])
    matrix = sp.coo_array(expected[1, 0, 0])
    given_as = {"networkx": simple, "scipy": matrix.tocsc(), "coo": matrix,
                "upper": sp.triu(matrix), "edge_index": np.stack(matrix.coords)}[source]
    for name, found in orbit_adjacencies(given_as).items():
        np.testing.assert_array_equal(found.toarray(), expected[name][: found.shape[0],
                                                                     : found.shape[0]])


def test_a_matrix_past_all_memory_is_announced(monkeypatch, caplog) -> None:
    monkeypatch.setattr(rows, "_MANY", 100)
    orbit_adjacency(graph_of("random"), 3, 4, 4)
    assert "OrbitAdjacency" in caplog.text


def test_operator_names_itself() -> None:
    assert repr(OrbitAdjacency(graph_of("star"), 3, 4, 4)).startswith("OrbitAdjacency((3; 4,4)")
    assert operator.OrbitAdjacency(graph_of("star"), 1, 1, 2).T.orbits == (1, 2, 1)

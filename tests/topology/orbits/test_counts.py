"""Orbit counts against a count of every set of nodes, closed forms and identities."""

from __future__ import annotations

import math
import warnings

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal.graph import CSRGraph, GraphError
from graphlocal.kernels.cpu import parallel
from graphlocal.topology.orbits import edge_orbit_counts, graphlet_counts, orbit_counts
from graphlocal.topology.orbits.graphlets import GRAPHLETS, orbit_sizes
from tests.topology.orbits import brute
from tests.zoo import ZOO, each_zoo_graph

SIZES = pytest.mark.parametrize("size,nodes,edges", [(4, 15, 12), (5, 73, 68)])


@SIZES
def test_every_graph_of_up_to_seven_nodes(size: int, nodes: int, edges: int) -> None:
    graphs, counts = brute.atlas()
    made = [CSRGraph.from_edges(e, n) for n, e in graphs]
    np.testing.assert_array_equal(orbit_counts(made, size),
                                  np.concatenate([c[0] for c in counts])[:, :nodes])
    np.testing.assert_array_equal(edge_orbit_counts(made, size),
                                  np.concatenate([c[1] for c in counts])[:, :edges])


@st.composite
def knotty_graphs(draw):
    """Up to 13 nodes with a hub, a clique and isolated nodes among random edges."""
    n = draw(st.integers(1, 13))
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    edges = set(draw(st.lists(st.sampled_from(pairs), max_size=40)) if pairs else [])
    clique = draw(st.integers(0, min(6, n)))
    edges |= {(i, j) for i, j in pairs if j < clique}
    hub = draw(st.integers(0, n - 1))
    edges |= {(min(hub, v), max(hub, v)) for v in range(draw(st.integers(0, n))) if v != hub}
    return n, sorted(edges)


@given(knotty_graphs())
def test_random_graphs(graph) -> None:
    n, edges = graph
    nodes, at_edges = brute.count(n, edges)
    made = CSRGraph.from_edges(edges, n)
    np.testing.assert_array_equal(orbit_counts(made, 5), nodes)
    np.testing.assert_array_equal(orbit_counts(made, 4), nodes[:, :15])
    np.testing.assert_array_equal(edge_orbit_counts(made, 5), at_edges)
    np.testing.assert_array_equal(edge_orbit_counts(made, 4), at_edges[:, :12])


@each_zoo_graph
@SIZES
def test_multigraphs_count_as_the_simple_graph(name, size, nodes, edges) -> None:
    edge_index, n = ZOO[name]
    simple = nx.Graph(edge_index.T.tolist())
    simple.add_nodes_from(range(n))
    simple.remove_edges_from(list(nx.selfloop_edges(simple)))
    graph = CSRGraph.from_edge_index(edge_index, n)
    counts = orbit_counts(graph, size)
    assert counts.shape == (n, nodes) and counts.dtype == np.int64
    assert edge_orbit_counts(graph, size).shape == (simple.number_of_edges(), edges)
    np.testing.assert_array_equal(counts[:, 0], [simple.degree[v] for v in range(n)])
    triangles = nx.triangles(simple)
    np.testing.assert_array_equal(counts[:, 3], [triangles[v] for v in range(n)])
    if n <= 20:
        expected = brute.count(n, list(simple.edges))
        np.testing.assert_array_equal(counts, expected[0][:, :nodes])
        np.testing.assert_array_equal(edge_orbit_counts(graph, size), expected[1][:, :edges])


@st.composite
def larger_graphs(draw):
    """A power-law-like graph of up to 150 nodes with a clique and pendant nodes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(5, 150))
    weight = (np.arange(n) + 1.0) ** -draw(st.floats(0, 1))
    edges = rng.choice(n, (draw(st.integers(0, 6 * n)), 2), p=weight / weight.sum())
    clique = rng.choice(n, draw(st.integers(0, min(n, 20))), replace=False)
    edges = np.concatenate([edges, [(a, b) for a in clique for b in clique if a < b]
                            or np.zeros((0, 2), int)])
    return CSRGraph.from_edges(edges[edges[:, 0] != edges[:, 1]].astype(np.int64), n)


@given(larger_graphs())
def test_identities(graph: CSRGraph) -> None:
    counts, at_edges = orbit_counts(graph, 5), edge_orbit_counts(graph, 5)
    assert (counts >= 0).all() and (at_edges >= 0).all()
    np.testing.assert_array_equal(orbit_counts(graph, 4), counts[:, :15])
    np.testing.assert_array_equal(edge_orbit_counts(graph, 4), at_edges[:, :12])
    o = counts.T
    np.testing.assert_array_equal(o[0] * (o[0] - 1) // 2, o[2] + o[3])
    np.testing.assert_array_equal(o[2] * (o[0] - 2), 3 * o[7] + 2 * o[11] + o[13])
    np.testing.assert_array_equal(o[1] * (o[0] - 1), o[5] + 2 * o[8] + o[10] + 2 * o[12])
    np.testing.assert_array_equal(o[3] * (o[0] - 2), o[11] + 2 * o[13] + 3 * o[14])
    # Every orbit of a graphlet tells how often the graphlet occurs.
    total = graphlet_counts(graph, 5)
    node_share, edge_share = orbit_sizes("node", 5), orbit_sizes("edge", 5)
    for number, shape in enumerate(GRAPHLETS):
        for orbit in set(shape.node_orbits):
            assert counts[:, orbit].sum() == total[number] * node_share[orbit]
        for orbit in set(shape.edge_orbits) - {-1}:
            assert at_edges[:, orbit].sum() == total[number] * edge_share[orbit]
    # A node's share of an orbit follows from its edges where orbits of edges tell its ends apart.
    ends = graph.to_edges()
    for orbit, edge_orbit, degree in [(3, 1, 2), (8, 5, 2), (14, 11, 3), (34, 28, 2), (72, 67, 4)]:
        sums = np.zeros(graph.num_nodes, np.int64)
        np.add.at(sums, ends, at_edges[:, [edge_orbit]])
        np.testing.assert_array_equal(sums, degree * counts[:, orbit])
    # Walks of length two and three, by the orbits they are made of.
    A = graph.to_scipy().astype(np.int64)
    closed = (A @ A @ A).diagonal()
    np.testing.assert_array_equal(closed, 2 * o[3])
    walks = np.asarray((A @ A).sum(axis=1)).ravel()
    np.testing.assert_array_equal(walks, o[0] + o[1] + 2 * o[3])


@given(larger_graphs(), st.integers(0, 2**32))
def test_order_of_nodes_does_not_matter(graph: CSRGraph, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(graph.num_nodes)
    edges = graph.to_edges()
    moved = CSRGraph.from_edges(order[edges], graph.num_nodes)
    np.testing.assert_array_equal(orbit_counts(moved, 5)[order], orbit_counts(graph, 5))
    np.testing.assert_array_equal(edge_orbit_counts(moved, 5, edges=order[edges].T),
                                  edge_orbit_counts(graph, 5))


@pytest.mark.parametrize("block_work", [1, 50, 1 << 15])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_and_blocks_do_not_matter(threads, block_work, monkeypatch) -> None:
    from graphlocal.topology.orbits import ordered

    rng = np.random.default_rng(0)
    edges = np.concatenate([rng.integers(0, 300, (1500, 2)), rng.integers(0, 25, (250, 2))])
    graph = CSRGraph.from_edges(edges, 310)
    expected = [f(graph, s) for f in (orbit_counts, edge_orbit_counts) for s in (4, 5)]
    cut = parallel.row_blocks
    monkeypatch.setattr(ordered, "row_blocks", lambda work, **kw: cut(work, min_work=block_work))
    parallel.set_num_threads(threads)
    try:
        got = [f(graph, s) for f in (orbit_counts, edge_orbit_counts) for s in (4, 5)]
    finally:
        parallel.set_num_threads(None)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@given(larger_graphs())
def test_lists_and_bits_count_the_same(graph: CSRGraph) -> None:
    from graphlocal.topology.orbits import node

    expected = orbit_counts(graph, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node, "MOST_WORDS", 0)  # no neighbourhood fits: lists everywhere
        np.testing.assert_array_equal(orbit_counts(graph, 5), expected)


def test_star_of_200000_leaves() -> None:
    leaves = 200_000
    graph = CSRGraph.from_edges(np.stack([np.zeros(leaves, np.int64), np.arange(1, leaves + 1)], 1))
    counts = orbit_counts(graph, 4)
    assert counts[0, [0, 2, 7]].tolist() == [leaves, math.comb(leaves, 2), math.comb(leaves, 3)]
    assert counts[0].sum() == counts[0, [0, 2, 7]].sum()
    leaf = [1, leaves - 1, math.comb(leaves - 1, 2)]
    assert (counts[1:, [0, 1, 6]] == leaf).all() and (counts[1:].sum(axis=1) == sum(leaf)).all()
    with pytest.warns(RuntimeWarning, match="64 bits"):
        counts = orbit_counts(graph, 5)
    assert (counts[1:, [0, 1, 6, 22]] == [*leaf, math.comb(leaves - 1, 3)]).all()
    assert counts[0, 23] == 2**63 - 1 < math.comb(leaves, 4)
    at_edges = edge_orbit_counts(graph, 5)
    star = [leaves - 1, math.comb(leaves - 1, 2), math.comb(leaves - 1, 3)]
    assert (at_edges[:, [0, 4, 17]] == star).all() and (at_edges.sum(axis=1) == sum(star)).all()
    with pytest.warns(RuntimeWarning, match="64 bits"):
        assert graphlet_counts(graph, 5)[[0, 1, 4, 11]].tolist() == [
            leaves, math.comb(leaves, 2), math.comb(leaves, 3), 2**63 - 1]


def test_largest_star_that_fits() -> None:
    leaves = 121_000
    graph = CSRGraph.from_edges(np.stack([np.zeros(leaves, np.int64), np.arange(1, leaves + 1)], 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert orbit_counts(graph, 5)[0, 23] == math.comb(leaves, 4)


def test_two_hubs_of_5000_shared_neighbours() -> None:
    k = 5000
    edges = [(hub, 2 + i) for i in range(k) for hub in (0, 1)]
    counts = orbit_counts(CSRGraph.from_edges(edges), 5)
    hub, leaf = counts[0], counts[2]
    assert (counts[1] == hub).all() and (counts[2:] == leaf).all()
    # Induced subgraphs of a complete bipartite graph are complete bipartite.
    choose = math.comb
    expected_hub = {0: k, 1: k, 2: choose(k, 2), 7: choose(k, 3), 8: choose(k, 2), 23: choose(k, 4),
                    50: choose(k, 3)}
    expected_hub[1] = k
    expected_leaf = {0: 2, 1: 2 * (k - 1), 2: 1, 6: 2 * choose(k - 1, 2), 8: k - 1,
                     22: 2 * choose(k - 1, 3), 49: choose(k - 1, 2)}
    for row, expected in ((hub, expected_hub), (leaf, expected_leaf)):
        assert {int(i): int(row[i]) for i in np.flatnonzero(row)} == expected


@pytest.mark.parametrize("size", [3, 6, True, 4.0, "5", None])
@pytest.mark.parametrize("function", [orbit_counts, edge_orbit_counts, graphlet_counts])
def test_size_is_4_or_5(function, size) -> None:
    with pytest.raises(GraphError, match="size"):
        function(np.array([[0], [1]]), size)


@pytest.mark.parametrize("bad", [
    np.array([[0.5], [1.0]]), np.array([[0], [-1]]), np.array([0, 1, 2]), object(), 7, "no such",
    np.array([[0, 1], [1, 2], [2, 3]]),
])
def test_what_is_no_graph_is_refused(bad) -> None:
    for function in (orbit_counts, edge_orbit_counts, graphlet_counts):
        with pytest.raises((GraphError, OSError)):
            function(bad)


def test_adjacencies_of_every_kind_count_the_same() -> None:
    graph = nx.karate_club_graph()
    expected = orbit_counts(graph, 5)
    matrix = nx.to_scipy_sparse_array(graph, format="csr")
    import scipy.sparse as sp

    upper = sp.triu(matrix)
    twice = sp.coo_array((np.ones(2 * upper.nnz), (np.tile(upper.row, 2), np.tile(upper.col, 2))),
                         shape=upper.shape)
    for source in (matrix, upper, twice, CSRGraph.from_scipy(matrix)):
        np.testing.assert_array_equal(orbit_counts(source, 5), expected)


def test_rows_of_given_edges() -> None:
    edges = np.array([[3, 0, 1, 2, 0], [2, 1, 2, 0, 2]])
    every = edge_orbit_counts(edges)
    listed = CSRGraph.from_edge_index(edges).to_edges().tolist()
    got = edge_orbit_counts(edges, edges=edges)
    for row, pair in zip(got, edges.T, strict=True):
        assert row.tolist() == every[listed.index(sorted(pair.tolist()))].tolist()
    for wrong in ([[0], [3]], [[1], [1]], [[0], [9]], [[0.5], [1]], [0, 1]):
        with pytest.raises(GraphError, match="edges"):
            edge_orbit_counts(edges, edges=np.array(wrong))


def test_progress_is_reported() -> None:
    seen = []
    graph = CSRGraph.from_edges(np.random.default_rng(0).integers(0, 3000, (40000, 2)))
    with parallel.on_progress(lambda *said: seen.append(said)):
        orbit_counts(graph, 5)
    assert len({name for name, *_ in seen}) > 10
    assert len(seen) > 50 and all(0 < done <= total for _, done, total in seen)

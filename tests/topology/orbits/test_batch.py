"""Many graphs in one call are counted as each alone."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from graphlocal.graph import CSRGraph, GraphError
from graphlocal.topology.orbits import GraphBatch, edge_orbit_counts, graphlet_counts, orbit_counts


def small_graphs() -> list[CSRGraph]:
    rng = np.random.default_rng(0)
    sizes = [5, 0, 9, 1, 12, 3]
    return [CSRGraph.from_edges(rng.integers(0, n, (3 * n, 2)) if n else np.zeros((0, 2), int), n)
            for n in sizes]


@pytest.mark.parametrize("size", [4, 5])
def test_each_graph_counts_as_alone(size: int) -> None:
    graphs = small_graphs()
    batch = GraphBatch.from_graphs(graphs)
    nodes, edges = orbit_counts(graphs, size), edge_orbit_counts(batch, size)
    totals = graphlet_counts(graphs, size)
    for i, graph in enumerate(graphs):
        np.testing.assert_array_equal(nodes[batch.ptr[i] : batch.ptr[i + 1]],
                                      orbit_counts(graph, size))
        np.testing.assert_array_equal(edges[batch.edge_ptr[i] : batch.edge_ptr[i + 1]],
                                      edge_orbit_counts(graph, size))
        np.testing.assert_array_equal(totals[i], graphlet_counts(graph, size))


def test_every_way_to_give_a_batch() -> None:
    torch = pytest.importorskip("torch")
    from torch_geometric.data import Batch, Data

    graphs = small_graphs()
    expected = orbit_counts(graphs)
    data = [Data(edge_index=torch.from_numpy(g.to_edge_index()), num_nodes=g.num_nodes)
            for g in graphs]
    joined = Batch.from_data_list(data)
    for given in (data, tuple(data), joined, GraphBatch.from_graphs(graphs),
                  [g.to_networkx() if i % 2 else g for i, g in enumerate(graphs)]):
        np.testing.assert_array_equal(orbit_counts(given), expected)
        assert graphlet_counts(given).shape == (6, 9)
    np.testing.assert_array_equal(orbit_counts(joined.edge_index, batch=joined.batch), expected)
    np.testing.assert_array_equal(orbit_counts(joined.edge_index, ptr=joined.ptr), expected)
    np.testing.assert_array_equal(graphlet_counts(joined.edge_index, ptr=joined.ptr),
                                  graphlet_counts(graphs))


def test_an_edge_index_that_knows_its_size_keeps_its_isolated_nodes() -> None:
    torch = pytest.importorskip("torch")
    from torch_geometric import EdgeIndex

    edges = EdgeIndex(torch.tensor([[0, 1], [1, 2]]), sparse_size=(6, 6))
    assert orbit_counts([edges, edges]).shape == (12, 15)


def test_a_batch_of_nothing() -> None:
    assert orbit_counts([], 5).shape == (0, 73)
    assert edge_orbit_counts([], 5).shape == (0, 68)
    assert graphlet_counts([], 5).shape == (0, 30)


def test_the_input_is_not_changed() -> None:
    graph = CSRGraph.from_networkx(nx.path_graph(4))
    index = np.array([[0, 1], [1, 2]])
    before = index.copy()
    orbit_counts([graph, graph])
    orbit_counts([index, index])
    np.testing.assert_array_equal(index, before)
    assert graph.col.tolist() == [1, 0, 2, 1, 3, 2]


@pytest.mark.parametrize("graphs", [
    [(0, 1), (1, 2)], [np.array([[0], [1]]), np.array([[0.5], [1]])],
    [np.array([[0], [1]]), np.array([[0], [-1]])], [np.array([[0], [1]]), None],
    [np.array([[0], [1]]), np.array([0, 1, 2])], [np.array([[0], [2**33]])],
])
def test_a_list_with_what_is_no_graph_is_refused(graphs) -> None:
    with pytest.raises(GraphError):
        orbit_counts(graphs)


@pytest.mark.parametrize("arguments,name", [
    ({"batch": [0, 1, 0]}, "batch"), ({"batch": [0, 1]}, "edge_index"),
    ({"batch": [-1, 0, 0]}, "batch"), ({"batch": [0, 0, 1]}, "edge_index"),
    ({"batch": [0, 0, 10**12]}, "batch"), ({"batch": [0.0, 0.0, 0.0]}, "batch"),
    ({"batch": [[0, 0, 0]]}, "batch"),
    ({"ptr": [0, 2, 3]}, "edge_index"), ({"ptr": [1, 3]}, "ptr"), ({"ptr": [0, 4, 3]}, "ptr"),
    ({"ptr": []}, "ptr"), ({"ptr": [0, 3], "batch": [0, 0, 0]}, "batch"),
])
def test_wrong_borders_are_refused(arguments, name) -> None:
    with pytest.raises(GraphError, match=name):
        orbit_counts(np.array([[0, 1], [1, 2]]), **arguments)

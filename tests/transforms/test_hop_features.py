"""Hop features against dense matrices, on every kind of graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data

from graphlocal import CSRGraph, GraphError
from graphlocal.ops import as_adjacency
from graphlocal.transforms import AddHopFeatures, AddRandomProjection, hop_features
from tests.zoo import ZOO, each_zoo_graph


def dense_propagation(edges: np.ndarray, num_nodes: int, direction: str) -> np.ndarray:
    """P, written down as the formulas have it; A has a row per source here."""
    adjacency = np.zeros((num_nodes, num_nodes))
    np.add.at(adjacency, (edges[0], edges[1]), 1.0)
    if direction == "undirected":
        adjacency = ((adjacency + adjacency.T) > 0).astype(float)
        np.fill_diagonal(adjacency, 0.0)
    looped = adjacency + np.eye(num_nodes)
    out_degree, in_degree = looped.sum(axis=1), looped.sum(axis=0)
    if direction == "incoming":
        return in_degree[:, None] ** -0.5 * looped.T * out_degree[None, :] ** -0.5
    # The published code: column sums on the left, row sums on the right, rows are sources.
    return in_degree[:, None] ** -0.5 * looped * out_degree[None, :] ** -0.5


@each_zoo_graph
@pytest.mark.parametrize("direction", ["undirected", "incoming", "reference"])
def test_hops_are_powers_of_the_matrix(name: str, direction: str) -> None:
    edges, num_nodes = ZOO[name]
    x = torch.randn(num_nodes, 3, dtype=torch.float64)
    matrix = torch.from_numpy(dense_propagation(edges, num_nodes, direction))
    once, twice = hop_features(x, torch.from_numpy(edges), direction=direction)
    torch.testing.assert_close(once, matrix @ x)
    torch.testing.assert_close(twice, matrix @ (matrix @ x))


def test_a_graph_may_come_in_any_form() -> None:
    edges, num_nodes = ZOO["random"]
    edge_index = torch.from_numpy(edges)
    x = torch.randn(num_nodes, 4)
    adjacency = as_adjacency(edge_index, num_nodes)
    expected = hop_features(x, edge_index)[1]
    sparse = torch.sparse_coo_tensor(edge_index.flip(0), torch.ones(edges.shape[1]),
                                     (num_nodes, num_nodes), check_invariants=True).coalesce()
    for graph in (CSRGraph.from_edge_index(edge_index, num_nodes), adjacency, sparse):
        torch.testing.assert_close(hop_features(x, graph)[1], expected)


def test_degrees_may_pass_what_half_precision_holds() -> None:
    leaves = torch.arange(1, 70_001)
    star = torch.stack([leaves, torch.zeros_like(leaves)])
    x = torch.full((70_001, 1), 2.0**-8)
    for value, exact in zip(hop_features(x.half(), star, 1), hop_features(x, star, 1), strict=True):
        torch.testing.assert_close(value.float(), exact, rtol=0.02, atol=0)


def test_symmetric_graphs_have_one_direction() -> None:
    edges, num_nodes = ZOO["bipartite"]
    x, edge_index = torch.randn(num_nodes, 2), torch.from_numpy(edges)
    first, *others = (hop_features(x, edge_index, 1, direction)[0]
                      for direction in ("undirected", "incoming", "reference"))
    for other in others:
        torch.testing.assert_close(other, first)


def test_a_batch_gets_what_its_graphs_get() -> None:
    graphs = [Data(x=torch.randn(n, 2), edge_index=torch.from_numpy(edges))
              for edges, n in (ZOO["directed"], ZOO["star"])]
    batch = AddHopFeatures(num_hops=3)(Batch.from_data_list(graphs))
    for alone, within in zip(graphs, batch.to_data_list(), strict=True):
        torch.testing.assert_close(within.x3, AddHopFeatures(num_hops=3)(alone).x3)


def test_bad_input() -> None:
    edge_index = torch.tensor([[0, 1], [1, 0]])
    with pytest.raises(GraphError, match=r"'x'.*floating"):
        hop_features(torch.ones(2, 1, dtype=torch.long), edge_index)
    with pytest.raises(GraphError, match=r"'x'.*dense"):
        hop_features(torch.ones(2, 1).to_sparse(), edge_index)
    with pytest.raises(GraphError, match="edge_index"):
        hop_features(torch.ones(1, 1), edge_index)
    with pytest.raises(GraphError, match="direction"):
        hop_features(torch.ones(2, 1), edge_index, direction="both")
    with pytest.raises(GraphError, match=r"data\.x'.*None"):
        AddHopFeatures()(Data(edge_index=edge_index, num_nodes=2))
    with pytest.raises(GraphError, match="x1"):
        AddHopFeatures()(Data(x=torch.ones(2, 1), x1=torch.ones(2, 1), edge_index=edge_index))


def test_positions_of_near_nodes_are_alike() -> None:
    """Two cliques joined by one edge: a node is nearer to its own clique in every column set."""
    clique = [(i, j) for i in range(8) for j in range(8) if i != j]
    edges = [*clique, *((i + 8, j + 8) for i, j in clique), (0, 8), (8, 0)]
    data = Data(edge_index=torch.tensor(edges).t().contiguous(), num_nodes=16)
    position = AddRandomProjection(32)(data).pos_enc
    torch.testing.assert_close(position.mean(dim=0), torch.zeros(32), atol=1e-5, rtol=0)
    distance = torch.cdist(position, position)
    assert distance[1:8, 1:8].max() < distance[1:8, 9:].min()
    for weights in ((0.0,), 1.0):
        with pytest.raises(GraphError, match="weights"):
            AddRandomProjection(weights=weights)
    with pytest.raises(GraphError, match="seed"):
        AddRandomProjection(seed=2**64)
    with pytest.raises(GraphError, match="pos_enc"):
        AddRandomProjection()(AddRandomProjection()(data))


@each_zoo_graph
def test_positions_exist_for_every_graph(name: str) -> None:
    edges, num_nodes = ZOO[name]
    data = Data(edge_index=torch.from_numpy(edges), num_nodes=num_nodes)
    assert AddRandomProjection(4)(data).pos_enc.isfinite().all()

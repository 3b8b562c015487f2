from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch

from graphlocal import CSRGraph, GraphError
from graphlocal.loader import common_neighbor_graph, induced_edges, k_hop_nodes
from tests.zoo import ZOO, each_zoo_graph


@each_zoo_graph
@pytest.mark.parametrize("num_hops", [0, 1, 2, 3])
def test_neighbourhoods_are_those_of_networkx(name: str, num_hops: int) -> None:
    graph = CSRGraph.from_edge_index(*ZOO[name])
    other = nx.Graph()
    other.add_nodes_from(range(graph.num_nodes))
    other.add_edges_from(graph.to_edges().tolist())
    for start in ([], [0], [graph.num_nodes - 1, 0])[: graph.num_nodes + 1]:
        nodes = k_hop_nodes(graph, start, num_hops)
        expected = set().union(*(nx.single_source_shortest_path_length(other, s, num_hops)
                                 for s in start))
        assert set(nodes.tolist()) == expected and len(nodes) == len(expected)
        assert nodes[: len(start)].tolist() == start
        edges = induced_edges(graph, nodes)
        got = sorted(map(tuple, nodes[edges].T.tolist()))
        inside = other.subgraph(expected)
        assert got == sorted([*inside.edges, *((b, a) for a, b in inside.edges)])
        assert (np.diff(edges[1]) >= 0).all()


def test_a_common_neighbour_outside_is_an_error() -> None:
    graph = CSRGraph.from_networkx(nx.karate_club_graph(), weight=None)
    rng = np.random.default_rng(0)
    pairs = np.stack([rng.integers(0, 6, 8), rng.integers(6, 12, 8)])
    ends = np.unique(pairs)
    local = torch.from_numpy(np.searchsorted(ends, pairs))
    with pytest.raises(GraphError, match=r"'n_id': got \d+ nodes without node \d+, a common nei"):
        common_neighbor_graph(graph, ends, local)
    # With every common neighbour there is no error, though other neighbours are missing.
    common = {u for i, j in pairs.T for u in np.intersect1d(graph.neighbors(i), graph.neighbors(j))}
    nodes = np.concatenate([ends, np.setdiff1d(list(common), ends)])
    edges = common_neighbor_graph(graph, nodes, local).numpy()
    assert len(nodes) < graph.num_nodes
    for (i, j), (a, b) in zip(pairs.T, local.numpy().T, strict=True):
        expected = set(np.intersect1d(graph.neighbors(i), graph.neighbors(j)).tolist())
        near = [set(nodes[edges[0, edges[1] == end]].tolist()) for end in (a, b)]
        assert near[0] & near[1] == expected


def test_bad_nodes() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)])
    for nodes, message in (([0, 0], "distinct"), ([3], "index 3"), ([[0]], "one dimension")):
        with pytest.raises(GraphError, match=f"'nodes'.*{message}"):
            k_hop_nodes(graph, nodes, 1)
        with pytest.raises(GraphError, match=f"'n_id'.*{message}"):
            common_neighbor_graph(graph, nodes, torch.tensor([[0], [0]]))
    with pytest.raises(GraphError, match="'edge_label_index': got index 2"):
        common_neighbor_graph(graph, [0, 1], torch.tensor([[0], [2]]))

"""Induced subgraphs around links, in which no common neighbour is cut off."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..graph.checks import check_count, check_nodes, fail
from ..graph.csr import CSRGraph
from .pairs import pair_columns


def k_hop_nodes(graph: CSRGraph, nodes: Any, num_hops: int) -> NDArray[np.int64]:
    """Nodes within some steps of given ones: those first, in their order, then the others sorted.

    Args:
        graph: The graph.
        nodes: Distinct nodes to start from.
        num_hops: Most steps.

    Shapes:
        - **nodes:** :math:`(S)`
        - **output:** :math:`(K)`

    Raises:
        GraphError: If a node is out of range or listed twice.

    Example:
        >>> path = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])
        >>> k_hop_nodes(path, [2], 1).tolist()
        [2, 1, 3]
    """
    num_hops = check_count(num_hops, "num_hops")
    start = _check_distinct(nodes, "nodes", graph.num_nodes)
    reached = np.zeros(graph.num_nodes, bool)
    reached[start] = True
    frontier, found = start, []
    for _ in range(num_hops):
        near = np.unique(_neighbors(graph, frontier)[1])
        frontier = near[~reached[near]].astype(np.int64)
        reached[frontier] = True
        found.append(frontier)
    return np.concatenate([start, np.sort(np.concatenate(found))]) if found else start


def induced_edges(graph: CSRGraph, nodes: Any) -> NDArray[np.int64]:
    """Edges among some nodes, in both directions, numbered by the places of the nodes.

    Args:
        graph: The graph.
        nodes: Distinct nodes.

    Shapes:
        - **nodes:** :math:`(K)`
        - **output:** :math:`(2, E)`, sorted by the second row, which an edge leads to

    Raises:
        GraphError: If a node is out of range or listed twice.

    Example:
        >>> path = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])
        >>> induced_edges(path, [2, 1]).tolist()
        [[1, 0], [0, 1]]
    """
    nodes = _check_distinct(nodes, "nodes", graph.num_nodes)
    place = np.full(graph.num_nodes, -1, np.int64)
    place[nodes] = np.arange(len(nodes))
    row, col = _neighbors(graph, nodes)
    col = place[col]
    inside = col >= 0
    return np.stack([col[inside], row[inside]])


def common_neighbor_graph(graph: CSRGraph, n_id: Any, edge_label_index: Any) -> Tensor:
    """Edges of a mini-batch's nodes in which its pairs have all the neighbours they share.

    A sampled mini-batch lacks edges. What this returns is an ``edge_index`` in the batch's own node
    numbers for the predictor to look common neighbours up in, whatever the encoder saw: batches of
    PyG's ``LinkNeighborLoader`` have the nodes they need when the first hop is not sampled
    (``num_neighbors=[-1, ...]``).

    Args:
        graph: The whole graph.
        n_id: Node in ``graph`` of each of the batch's nodes.
        edge_label_index: Pairs of the batch, in the batch's numbers.

    Shapes:
        - **n_id:** :math:`(K)`
        - **edge_label_index:** :math:`(2, P)`
        - **output:** :math:`(2, E)`

    Raises:
        GraphError: If a common neighbour of a pair is not among ``n_id``, where it has no
            embedding; or an index is out of range.

    Example:
        >>> square = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3), (3, 0)])
        >>> pair = torch.tensor([[0], [1]])
        >>> common_neighbor_graph(square, [0, 2, 1, 3], pair).shape
        torch.Size([2, 8])
        >>> common_neighbor_graph(square, [0, 2, 1], pair)
        Traceback (most recent call last):
        ...
        graphlocal.graph.errors.GraphError: argument 'n_id': got 3 nodes without node 3, a common \
neighbour of nodes 0 and 2, expected every common neighbour of every pair (do not sample the first \
hop: num_neighbors=[-1, ...], or use LinkLoader)
    """
    nodes = _check_distinct(n_id, "n_id", graph.num_nodes)
    pairs = pair_columns(edge_label_index, "edge_label_index", len(nodes)).numpy()
    inside = np.zeros(graph.num_nodes, bool)
    inside[nodes] = True
    # Only neighbours outside can be missing, and a batch has few: they are looked at alone.
    ends = np.unique(pairs)
    row, col = _neighbors(graph, nodes[ends])
    outside = ~inside[col]
    row, col = row[outside], col[outside].astype(np.int64)
    if len(row):
        from scipy.sparse import csr_array

        missing = csr_array((np.ones(len(row), np.int32), (row, col)),
                            shape=(len(ends), graph.num_nodes))
        left, right = (missing[np.searchsorted(ends, pairs[side])] for side in (0, 1))
        shared = left.multiply(right).tocoo()
        if shared.nnz:
            pair, node = shared.coords[0][0], shared.coords[1][0]
            i, j = nodes[pairs[:, pair]]
            fail("n_id", f"{len(nodes)} nodes without node {node}, a common neighbour of nodes {i} "
                 f"and {j}", "every common neighbour of every pair",
                 "do not sample the first hop: num_neighbors=[-1, ...], or use LinkLoader")
    return torch.from_numpy(induced_edges(graph, nodes))


def _neighbors(
    graph: CSRGraph, nodes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
    """Rows of the nodes, one after the other: (place of the node, neighbour)."""
    start, count = graph.rowptr[nodes], graph.degree[nodes]
    before = np.cumsum(count) - count
    slot = np.arange(count.sum()) + np.repeat(start - before, count)
    return np.repeat(np.arange(len(nodes)), count), graph.col[slot]


def _check_distinct(nodes: Any, argument: str, num_nodes: int) -> NDArray[np.int64]:
    array = check_nodes(nodes, num_nodes, argument)
    if len(np.unique(array)) < len(array):
        fail(argument, f"{len(array)} nodes of which some are the same", "distinct nodes")
    return array

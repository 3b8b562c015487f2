"""Self loops for the nodes that have none."""

from __future__ import annotations

import torch
from torch import Tensor

from ..graph import checks
from .adjacency import Adjacency, as_adjacency
from .memory import remember
from .operator import operator


def add_missing_loops(adjacency: Adjacency) -> Adjacency:
    """The adjacency with a self loop at every node without one, numbered behind its edges.

    In eager mode it is remembered while the adjacency lives unchanged.

    Args:
        adjacency: With as many sources as targets.

    Raises:
        GraphError: If it is bipartite.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [0, 0]])
        >>> looped = add_missing_loops(as_adjacency(edge_index, 3))
        >>> looped.col.tolist(), looped.perm.tolist()
        ([0, 1, 1, 2], [0, 1, 2, 3])
    """
    if adjacency.num_src != adjacency.num_dst:
        checks.fail("edge_index", f"{adjacency.num_src} sources and {adjacency.num_dst} targets",
                    "one set of nodes", "a bipartite graph has no self loops: pass "
                    "self_loops=False")
    return remember(tuple(adjacency), "with self loops", lambda: as_adjacency(
        looped_edges(adjacency.rowptr, adjacency.col, adjacency.perm), adjacency.num_dst))


def _looped_edges(rowptr: Tensor, col: Tensor, perm: Tensor) -> Tensor:
    num_nodes, device = len(rowptr) - 1, col.device
    nodes = torch.arange(num_nodes, device=device)
    target = nodes.repeat_interleave(rowptr.diff(), output_size=len(col))
    source, perm = col.long(), perm.long()
    missing = torch.ones(num_nodes, dtype=torch.bool, device=device)
    missing[target[source == target]] = False
    loops = nodes[missing]
    edge_index = torch.zeros((2, len(col) + len(loops)), dtype=torch.long, device=device)
    edge_index[0, perm], edge_index[1, perm] = source, target
    edge_index[:, len(col):] = loops
    return edge_index


def _looped_edges_fake(rowptr: Tensor, col: Tensor, perm: Tensor) -> Tensor:
    return rowptr.new_empty((2, torch.library.get_ctx().new_dynamic_size()))


looped_edges = operator("looped_edges", _looped_edges, _looped_edges_fake)

"""Which edge joins two nodes, for many pairs at once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...ops import Adjacency, as_adjacency, remember


def find_edges(graph: Any, source: Tensor, target: Tensor, *, num_nodes: int | None = None,
               repeat: Tensor | None = None) -> Tensor:
    """Number of the edge from each source to each target, as ``edge_index`` counts; -1 for none.

    Args:
        graph: What :func:`~graphlocal.ops.as_adjacency` takes.
        source: Where the edges start.
        target: Where they end.
        num_nodes: Number of nodes, where the graph does not say it. Default: ``None``.
        repeat: Which of parallel edges, counted from 0. Default: ``None``, the first.

    Shapes:
        - **source, target, repeat, output:** any, the same

    Raises:
        GraphError: If the graph is malformed.

    Example:
        >>> path = torch.tensor([[0, 1, 1], [1, 0, 2]])
        >>> find_edges(path, torch.tensor([1, 2]), torch.tensor([2, 1])).tolist()
        [2, -1]
    """
    adjacency = as_adjacency(graph, num_nodes)
    keys, number = remember((adjacency.rowptr, adjacency.col), "edges by their ends",
                            lambda: _sorted_keys(adjacency))
    if keys.numel() == 0:
        return torch.full_like(source, -1)
    key = target * adjacency.num_src + source
    place = torch.searchsorted(keys, key.contiguous())
    if repeat is not None:
        place = place + repeat
    place = place.clamp(max=keys.numel() - 1)
    return torch.where(keys[place] == key, number[place], -1)


def _sorted_keys(adjacency: Adjacency) -> tuple[Tensor, Tensor]:
    row = torch.arange(adjacency.num_dst, device=adjacency.col.device).repeat_interleave(
        adjacency.degree, output_size=adjacency.num_edges)
    keys, order = (row * adjacency.num_src + adjacency.col.long()).sort(stable=True)
    return keys, adjacency.perm[order].long()

"""Product of an adjacency and node features, as its definition reads."""

from __future__ import annotations

from torch import Tensor

from ..adjacency import Adjacency
from ..segment_reduce import reference as segments


def spmm(adjacency: Adjacency, x: Tensor, edge_weight: Tensor | None, reduce: str) -> Tensor:
    """Gathers a message per edge, weighs it, and reduces the rows: ``[num_src, F]`` to
    ``[num_dst, F]``.

    Example:
        >>> import torch
        >>> adjacency = Adjacency.from_edge_index(torch.tensor([[0, 1], [2, 2]]), 3)
        >>> spmm(adjacency, torch.tensor([[1.0], [2.0], [4.0]]), None, "mean").tolist()
        [[0.0], [0.0], [1.5]]
    """
    message = x.index_select(0, adjacency.col)
    if edge_weight is not None:
        message = message * edge_weight.index_select(0, adjacency.perm).unsqueeze(-1)
    segment = segments.segment_index(adjacency.rowptr, adjacency.num_edges)
    return segments.segment_reduce(message, segment, adjacency.num_dst, reduce)

"""Common neighbours, as their definition reads: sets of pairs (pair, node) in plain torch."""

from __future__ import annotations

import torch
from torch import Tensor


def common_neighbors(
    rowptr: Tensor, col: Tensor, visible: Tensor | None, pairs: Tensor, part: str,
    hops: tuple[int, int] = (1, 1),
) -> tuple[Tensor, Tensor]:
    """``(ptr, node)``: for every pair the sorted nodes of its part.

    Example:
        >>> rowptr, col = torch.tensor([0, 2, 4, 6]), torch.tensor([1, 2, 0, 2, 0, 1])  # a triangle
        >>> common_neighbors(rowptr, col, None, torch.tensor([[0], [1]]), "both")
        (tensor([0, 1]), tensor([2]))
        >>> common_neighbors(rowptr, col, None, torch.tensor([[0], [1]]), "left")
        (tensor([0, 1]), tensor([1]))
    """
    left, right = pairs.long()
    first = _reach(rowptr, col, visible, left, hops[0])
    second = _reach(rowptr, col, visible, right, hops[1])
    if part == "right":
        first, second = second, first
    key = first[torch.isin(first, second) == (part == "both")]
    num_nodes = max(rowptr.shape[0] - 1, 1)
    border = torch.arange(pairs.shape[1] + 1, device=col.device) * num_nodes
    return torch.searchsorted(key, border), (key % num_nodes).to(col.dtype)


def _reach(
    rowptr: Tensor, col: Tensor, visible: Tensor | None, node: Tensor, hops: int
) -> Tensor:
    """Sorted ``pair * N + node`` of the nodes at the end of walks of so many hops."""
    pair = torch.arange(node.shape[0], device=col.device)
    for _ in range(hops):
        degree = rowptr.diff()[node]
        at = torch.repeat_interleave(degree)
        entry = torch.arange(at.shape[0], device=col.device)
        entry += (rowptr[node] - degree.cumsum(0) + degree)[at]
        if visible is not None:
            seen = visible[entry]
            at, entry = at[seen], entry[seen]
        pair, node = pair[at], col[entry].long()
    key = pair * max(rowptr.shape[0] - 1, 1) + node
    return key if hops == 1 else torch.unique(key)

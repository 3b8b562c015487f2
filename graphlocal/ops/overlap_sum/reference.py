"""Sums over lists of nodes, as their definition reads."""

from __future__ import annotations

from torch import Tensor

from ..segment_reduce import reference as segments


def ragged_sum(x: Tensor, ptr: Tensor, node: Tensor, weight: Tensor | None) -> Tensor:
    """Sum of ``weight[l] * x[node[l]]`` over the entries of each segment: ``[P, F]``.

    Example:
        >>> import torch
        >>> ragged_sum(torch.eye(2), torch.tensor([0, 2]), torch.tensor([1, 1]), None).tolist()
        [[0.0, 2.0]]
    """
    message = x.index_select(0, node)
    if weight is not None:
        message = message * weight.unsqueeze(-1)
    segment = segments.segment_index(ptr, node.shape[0])
    return segments.segment_reduce(message, segment, ptr.shape[0] - 1, "sum")

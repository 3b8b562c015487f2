"""Reduction of contiguous segments, as its definition reads."""

from __future__ import annotations

import torch
from torch import Tensor

_SHORT = (torch.float16, torch.bfloat16)


def segment_index(ptr: Tensor, length: int) -> Tensor:
    """Number of the segment of every row, from checked borders.

    Example:
        >>> segment_index(torch.tensor([0, 2, 2, 3]), 3).tolist()
        [0, 0, 2]
    """
    number = torch.arange(ptr.shape[0] - 1, device=ptr.device)
    return torch.repeat_interleave(number, ptr.diff(), output_size=length)


def segment_reduce(x: Tensor, segment: Tensor, num_segments: int, reduce: str) -> Tensor:
    """Sum, mean, max or min of the rows of ``x`` that share a segment; 0 for an empty one.

    Example:
        >>> x = torch.tensor([[1.0], [3.0], [5.0]])
        >>> segment_reduce(x, torch.tensor([0, 0, 2]), 3, "max").tolist()
        [[3.0], [0.0], [5.0]]
    """
    if reduce in ("max", "min"):
        return _segment_extreme(x, segment, num_segments, reduce)
    wide = x.float() if x.dtype in _SHORT else x  # half precision loses small terms of long sums
    out = wide.new_zeros((num_segments, *x.shape[1:])).index_add(0, segment, wide)
    if reduce == "mean":
        count = _count(segment, num_segments).clamp(min=1)
        count = count.view(-1, *[1] * (x.dim() - 1))
        exact = x.is_floating_point() or x.is_complex()
        out = out / count if exact else out // count
    return out.to(x.dtype)


def _count(segment: Tensor, num_segments: int) -> Tensor:
    return segment.new_zeros(num_segments).index_add(0, segment, torch.ones_like(segment))


def _segment_extreme(x: Tensor, segment: Tensor, num_segments: int, reduce: str) -> Tensor:
    """The first row of each segment that holds its extreme value is taken, gradient and all."""
    shape = (num_segments, *x.shape[1:])
    wide_segment = segment.view(-1, *[1] * (x.dim() - 1)).expand_as(x)
    value = x.detach()
    how = "amax" if reduce == "max" else "amin"
    extreme = value.new_zeros(shape).scatter_reduce(
        0, wide_segment, value, how, include_self=False)
    hit = value == extreme.index_select(0, segment)
    if value.is_floating_point():  # the first NaN of a segment is its extreme value
        is_nan = torch.isnan(value)
        has_nan = is_nan.new_zeros(shape, dtype=torch.int8).scatter_reduce(
            0, wide_segment, is_nan.to(torch.int8), "amax")
        hit = torch.where(has_nan.index_select(0, segment).bool(), is_nan, hit)
    row = torch.arange(x.shape[0], device=x.device).view_as(segment)
    row = row.view(-1, *[1] * (x.dim() - 1)).expand_as(x)
    first = row.new_full(shape, x.shape[0]).scatter_reduce(
        0, wide_segment, torch.where(hit, row, x.shape[0]), "amin")
    empty = first == x.shape[0]
    if x.shape[0] == 0:
        return x.new_zeros(shape)
    return x.gather(0, first.masked_fill(empty, 0)).masked_fill(empty, 0)

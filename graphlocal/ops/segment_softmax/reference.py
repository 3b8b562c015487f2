"""Softmax within contiguous segments, as its definition reads."""

from __future__ import annotations

from torch import Tensor

from ..segment_reduce import reference as segments


def segment_softmax(x: Tensor, segment: Tensor, num_segments: int) -> Tensor:
    """Exponentials below the maximum of their segment, over their sum.

    Example:
        >>> import torch
        >>> segment_softmax(torch.zeros(3), torch.tensor([0, 0, 2]), 3).tolist()
        [0.5, 0.5, 1.0]
    """
    peak = segments.segment_reduce(x.detach(), segment, num_segments, "max")
    # Where all is -inf, nothing was said: 0 each, as for an empty segment, rather than NaN.
    peak = peak.masked_fill(peak == -float("inf"), 0)
    weight = (x - peak.index_select(0, segment)).exp()
    total = segments.segment_reduce(weight, segment, num_segments, "sum")
    total = total.masked_fill(total == 0, 1)
    return weight / total.index_select(0, segment)

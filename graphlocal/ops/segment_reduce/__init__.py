"""Reduction of contiguous segments: pooling of graphs that stand one after another."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from ...graph import checks
from . import reference

Reduce = Literal["sum", "mean", "max", "min"]


def segment_reduce(x: Tensor, ptr: Tensor, reduce: Reduce = "sum") -> Tensor:
    """Reduces the rows ``x[ptr[b]:ptr[b + 1]]`` of every segment ``b``.

    An empty segment gives 0 whatever the reduction; of equal maxima (minima) the first row takes
    the gradient; ``inf`` and ``NaN`` propagate.

    Args:
        x: Rows, those of a segment one after another.
        ptr: Borders of the segments, from 0 to the number of rows.
        reduce: ``"sum"``, ``"mean"``, ``"max"`` or ``"min"``. (default: ``"sum"``)

    Shapes:
        - **x:** :math:`(N, *)`
        - **ptr:** :math:`(B + 1)`
        - **output:** :math:`(B, *)`

    Raises:
        GraphError: If ``ptr`` does not cut ``x`` into segments, or ``reduce`` is unknown.

    Example:
        >>> import torch
        >>> segment_reduce(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0, 2, 2, 3]), "mean")
        tensor([1.5000, 0.0000, 4.0000])
    """
    checks.check_choice(reduce, "reduce", ("sum", "mean", "max", "min"))
    checks.check_ptr(ptr, x.shape[0])
    segment = reference.segment_index(ptr, x.shape[0])
    return reference.segment_reduce(x, segment, ptr.shape[0] - 1, reduce)

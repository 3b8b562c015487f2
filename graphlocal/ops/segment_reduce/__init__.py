"""Reduction of contiguous segments: pooling of graphs that stand one after another."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor

from ...graph import checks
from ..dispatch import choose
from . import binding, reference

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
    check_segments(x, ptr)
    backend = choose("segment_reduce", x.device.type, x.dtype, reduce)
    if backend == "reference":
        segment = binding.segment_index(ptr, x.shape[0])
        return reference.segment_reduce(x, segment, ptr.shape[0] - 1, reduce)
    rows = x.reshape(x.shape[0], math.prod(x.shape[1:]))
    if reduce in ("sum", "mean"):
        out = binding.segment_sum(rows, ptr, reduce == "mean", backend)
    else:
        out, _ = binding.segment_extreme(rows, ptr, 1 if reduce == "max" else -1)
    return out.reshape(ptr.shape[0] - 1, *x.shape[1:])


def check_segments(x: Tensor, ptr: Tensor) -> None:
    """Shapes, dtype and device; the values of ``ptr`` are checked where an op runs.

    Example:
        >>> check_segments([1.0], None)
        Traceback (most recent call last):
        ...
        graphlocal.graph.errors.GraphTypeError: argument 'x': got list, expected a tensor with rows
    """
    if not isinstance(x, Tensor) or x.dim() == 0:
        checks.fail("x", "a scalar" if isinstance(x, Tensor) else type(x).__name__,
                    "a tensor with rows", kind=checks.GraphTypeError)
    if not isinstance(ptr, Tensor):
        checks.fail("ptr", type(ptr).__name__, "a tensor of borders", "pass torch.tensor(ptr)",
                    kind=checks.GraphTypeError)
    if ptr.dim() != 1 or ptr.shape[0] == 0:
        checks.fail("ptr", f"shape {tuple(ptr.shape)}", "shape (B + 1,), the borders of B segments")
    checks.check_integer_dtype(ptr.dtype, "ptr")
    if ptr.device != x.device:
        checks.fail("ptr", f"a tensor on {ptr.device}", f"one on {x.device}, as 'x'",
                    "move one of them with .to(device)")

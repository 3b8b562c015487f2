"""The fast versions as operators of torch. Each checks the borders when it runs, so that they are
checked inside a compiled graph too."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...graph import checks
from ...kernels.cpu import segment as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ..arrays import array, empty, flat
from ..dispatch import probe_scatter
from ..operator import operator
from . import reference


def _segment_index(ptr: Tensor, length: int) -> Tensor:
    """Number of the segment of every row, ``[length]``."""
    checks.check_ptr(ptr, length)
    return reference.segment_index(ptr, length)


def _segment_index_fake(ptr, length):
    return ptr.new_empty(length, dtype=torch.int64)


segment_index = operator("segment_index", _segment_index, _segment_index_fake)


def _segment_sum(x: Tensor, ptr: Tensor, mean: bool, backend: str) -> Tensor:
    """Sum or mean of the rows of every segment, ``[B, F]``."""
    checks.check_ptr(ptr, x.shape[0])
    ptr = ptr.long()
    if backend == "scatter":
        scatter, _ = probe_scatter()
        return scatter.segment_csr(x.contiguous(), ptr, reduce="mean" if mean else "sum")
    out = empty((ptr.shape[0] - 1, x.shape[1]), x.dtype)
    if out.numel():
        borders = array(ptr)
        run_blocks(kernel.sum_segments, row_blocks(borders), borders, mean, flat(x), x.shape[1],
                   flat(out))
    return out


def _segment_sum_fake(x, ptr, mean, backend):
    return x.new_empty(ptr.shape[0] - 1, x.shape[1])


def _save_sum(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, ptr, ctx.mean, _ = inputs
    ctx.length = x.shape[0]
    ctx.save_for_backward(ptr)


def _sum_backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    (ptr,) = ctx.saved_tensors
    if ctx.mean:
        grad = grad / ptr.diff().clamp(min=1).unsqueeze(-1)
    return grad.index_select(0, segment_index(ptr, ctx.length)), None, None, None


segment_sum = operator("segment_sum", _segment_sum, _segment_sum_fake, _save_sum, _sum_backward)


def _segment_extreme(x: Tensor, ptr: Tensor, sign: int) -> tuple[Tensor, Tensor]:
    """Maximum (``sign`` 1) or minimum (-1) of every segment, and the row it came from or -1."""
    checks.check_ptr(ptr, x.shape[0])
    shape = (ptr.shape[0] - 1, x.shape[1])
    out, argument = empty(shape, x.dtype), empty(shape, torch.int64)
    if out.numel():
        borders, values = array(ptr.long()), flat(x)
        run_blocks(kernel.extreme_segments, row_blocks(borders), borders,
                   values.dtype.type(sign), values, x.shape[1], flat(out), flat(argument))
    return out, argument


def _segment_extreme_fake(x, ptr, sign):
    shape = (ptr.shape[0] - 1, x.shape[1])
    return x.new_empty(shape), x.new_empty(shape, dtype=torch.int64)


def _save_extreme(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)
    ctx.length = inputs[0].shape[0]
    ctx.save_for_backward(output[1])


def _extreme_backward(ctx: Any, grad: Tensor | None, _: Any) -> tuple[Any, ...]:
    (argument,) = ctx.saved_tensors
    if grad is None:
        return None, None, None
    out = grad.new_zeros(ctx.length, grad.shape[1])
    if ctx.length:  # an empty segment adds its zero to row 0
        grad = grad.masked_fill(argument < 0, 0)
        out = out.scatter_add(0, argument.clamp(min=0), grad)
    return out, None, None


segment_extreme = operator("segment_extreme", _segment_extreme, _segment_extreme_fake,
                           _save_extreme, _extreme_backward)

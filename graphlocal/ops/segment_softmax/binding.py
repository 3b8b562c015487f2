"""The fast version as an operator of torch; see :mod:`..segment_reduce.binding`."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ...graph import checks
from ...kernels.cpu import segment as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ..arrays import array, empty, flat
from ..operator import operator
from ..segment_reduce.binding import segment_index, segment_sum


def _softmax(x: Tensor, ptr: Tensor) -> Tensor:
    """Softmax within every segment, column by column, ``[N, F]``."""
    checks.check_ptr(ptr, x.shape[0])
    out = empty(x.shape, x.dtype)
    if out.numel():
        borders = array(ptr.long())
        blocks, width = row_blocks(borders), x.shape[1]

        def scratch() -> tuple[Any, ...]:
            return (array(empty((width,), x.dtype)),)

        run_blocks(kernel.shift_segments, blocks, borders, flat(x), width, flat(out),
                   scratch=scratch)
        out.exp_()  # torch's is vectorised, the kernels' compiler has none that is
        run_blocks(kernel.normalize_segments, blocks, borders, width, flat(out), scratch=scratch)
    return out


def _softmax_fake(x, ptr):
    return x.new_empty(x.shape)


def _jacobian(y: Tensor, grad: Tensor, ptr: Tensor) -> Tensor:
    """``y * (grad - sum of y * grad over the segment)``, ``[N, F]``."""
    out = empty(y.shape, y.dtype)
    if out.numel():
        borders, width = array(ptr.long()), y.shape[1]
        run_blocks(kernel.softmax_segments_backward, row_blocks(borders), borders, flat(y),
                   flat(grad), width, flat(out),
                   scratch=lambda: (array(empty((width,), y.dtype)),))
    return out


def _jacobian_fake(y, grad, ptr):
    return y.new_empty(y.shape)


def _save_softmax(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(output, inputs[1])


def _softmax_backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    y, ptr = ctx.saved_tensors
    return softmax_backward(y, grad, ptr), None


softmax = operator("segment_softmax", _softmax, _softmax_fake, _save_softmax, _softmax_backward)


def _save_tensors(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _jacobian_backward(ctx: Any, upper: Tensor) -> tuple[Any, ...]:
    y, grad, ptr = ctx.saved_tensors
    segment = segment_index(ptr, y.shape[0])

    def total(value: Tensor) -> Tensor:
        return segment_sum(value, ptr, False, "cpu").index_select(0, segment)

    to_y = to_grad = None
    if ctx.needs_input_grad[0]:
        to_y = upper * (grad - total(y * grad)) - grad * total(upper * y)
    if ctx.needs_input_grad[1]:  # the Jacobian is symmetric
        to_grad = softmax_backward(y, upper, ptr)
    return to_y, to_grad, None


softmax_backward = operator("segment_softmax_backward", _jacobian, _jacobian_fake, _save_tensors,
                            _jacobian_backward)

"""The convolution as an operator of torch: what it returns, and how gradients flow back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...graph import checks
from ...kernels.cpu import causal_conv as kernel
from ...kernels.cpu.lanes import WIDTH
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ..arrays import array, empty, flat
from ..operator import operator, partial_leaf
from ..strided import rows_of
from . import reference

#: Rows times blocks of lanes below which a block of rows is not worth a thread's while.
_LEAST_WORK = 1 << 15


def _lanes(values: NDArray[np.float32], blocks: NDArray[np.int64]) -> NDArray[np.float32]:
    """Values of channels ``[D, *]`` as ``[K, *, 16]``, flat, 0 where a block has no channel."""
    index = blocks[:, :1] + np.arange(WIDTH)
    beyond = np.arange(WIDTH) >= blocks[:, 1:2]
    found = values[np.where(beyond, 0, index)] * ~beyond[..., None]  # [K, 16, *]
    return np.ascontiguousarray(found.swapaxes(1, 2), np.float32).reshape(-1)


class _Arguments:
    """What the kernels take first; ``flipped`` is the transposed convolution."""

    def __init__(self, x: Tensor, weight: Tensor, bias: Tensor | None, ptr: Tensor,
                 reverse: tuple[bool, bool], flipped: bool = False) -> None:
        if flipped:
            reverse = not reverse[0], not reverse[1]
        channels, self.width = weight.shape
        self.blocks = kernel.cut_channels(channels, reverse)
        per_row = max(1, len(self.blocks))
        self.borders = row_blocks(np.zeros(x.shape[0] + 1, np.int64),
                                  min_work=max(1, _LEAST_WORK // per_row), max_blocks=256)
        self.count = len(self.borders) - 1
        none = np.zeros((channels, 1), np.float32)
        self.values = (
            self.borders, array(ptr), self.blocks, *rows_of(x),
            _lanes(array(weight)[:, ::-1], self.blocks), self.width,
            _lanes(none if bias is None else array(bias)[:, None], self.blocks))


def _conv(
    x: Tensor, weight: Tensor, bias: Tensor | None, ptr: Tensor, first: bool, second: bool,
    silu: bool, backend: str,
) -> Tensor:
    """The convolution ``[T, D]``."""
    checks.check_ptr(ptr, x.shape[0])
    if backend != "cpu":
        return reference.causal_conv(x, weight, bias, ptr, (first, second), silu)
    given = _Arguments(x, weight, bias, ptr, (first, second))
    y = empty(x.shape, x.dtype)
    run_blocks(kernel.conv_rows, range(given.count + 1), *given.values, silu, flat(y), x.shape[1])
    return y


def _conv_fake(x, weight, bias, ptr, first, second, silu, backend):
    return x.new_empty(x.shape)


def _save(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *tensors, ctx.first, ctx.second, ctx.silu, ctx.backend = inputs
    ctx.save_for_backward(*tensors)


def _backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    x, weight, bias, ptr = ctx.saved_tensors
    to_x, to_weight, to_bias = conv_backward(
        x, weight, bias, ptr, grad, ctx.first, ctx.second, ctx.silu, ctx.backend)
    return to_x, to_weight, None if bias is None else to_bias, None, *(None,) * 4


conv = operator("causal_conv", _conv, _conv_fake, _save, _backward)


def _conv_backward(
    x: Tensor, weight: Tensor, bias: Tensor | None, ptr: Tensor, grad: Tensor, first: bool,
    second: bool, silu: bool, backend: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of ``x``, ``weight`` and ``bias``."""
    if backend != "cpu":
        # An operator is called where gradients are not followed; another thread follows them.
        with ThreadPoolExecutor(1) as apart:
            return apart.submit(_differentiate, x, weight, bias, ptr, grad, (first, second),
                                silu).result()
    given = _Arguments(x, weight, bias, ptr, (first, second))
    blocks, width = given.blocks, given.width
    slope, to_x = empty(x.shape, x.dtype), empty(x.shape, x.dtype)
    sums = np.zeros((given.count, len(blocks), width + 1, WIDTH), np.float32)
    run_blocks(kernel.conv_rows_backward, range(given.count + 1), *given.values, silu,
               *rows_of(grad), flat(slope), x.shape[1], sums.reshape(-1))
    total = sums.sum(axis=0).swapaxes(1, 2)  # [K, 16, w + 1]
    total = np.concatenate([own[:count] for own, count in zip(total, blocks[:, 1], strict=True)])
    back = _Arguments(slope, weight, None, ptr, (first, second), flipped=True)
    run_blocks(kernel.conv_rows, range(back.count + 1), *back.values, False, flat(to_x),
               x.shape[1])
    return (to_x, torch.from_numpy(total[:, width - 1 :: -1].copy()),
            torch.from_numpy(total[:, width].copy()))


def _conv_backward_fake(x, weight, bias, ptr, grad, first, second, silu, backend):
    return x.new_empty(x.shape), x.new_empty(weight.shape), x.new_empty(weight.shape[0])


def _differentiate(
    x: Tensor, weight: Tensor, bias: Tensor | None, ptr: Tensor, grad: Tensor,
    directions: tuple[bool, bool], silu: bool, again: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by the definition, themselves differentiable if ``again``."""
    with torch.enable_grad():
        shift = weight.new_zeros(weight.shape[0]) if bias is None else bias
        leaves = [x, weight, shift] if again else [
            value.detach().requires_grad_() for value in (x, weight, shift)]
        if bias is None:
            leaves[2] = leaves[2].detach().requires_grad_()
        y = reference.causal_conv(*leaves, ptr, directions, silu)
        return torch.autograd.grad(y, leaves, grad, create_graph=again)


def _save_backward(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    *tensors, ctx.first, ctx.second, ctx.silu, _ = inputs
    ctx.save_for_backward(*tensors)


def _backward_twice(ctx: Any, *upper: Tensor) -> tuple[Any, ...]:
    x, weight, bias, ptr, grad = ctx.saved_tensors
    more = torch.is_grad_enabled()
    with torch.enable_grad():
        leaves = [partial_leaf(value, more) for value in (x, weight, bias, grad)]
        once = _differentiate(leaves[0], leaves[1], leaves[2], ptr, leaves[3],
                              (ctx.first, ctx.second), ctx.silu, again=True)
        asked = [leaf for leaf in leaves if leaf is not None]
        pairs = [(o, u) for o, u in zip(once, upper, strict=True) if o.requires_grad]
        found = iter(torch.autograd.grad([o for o, _ in pairs], asked, [u for _, u in pairs],
                                         create_graph=more, allow_unused=True)
                     if pairs else [None] * len(asked))
    to_x, to_weight, to_bias, to_grad = (None if leaf is None else next(found) for leaf in leaves)
    return to_x, to_weight, to_bias, None, to_grad, *(None,) * 4


conv_backward = operator("causal_conv_backward", _conv_backward, _conv_backward_fake,
                         _save_backward, _backward_twice)

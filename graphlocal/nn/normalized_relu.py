"""Layer norm, dropout and ReLU as one step: what stands between two linear maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..kernels.cpu import normalized_relu as kernel
from ..kernels.cpu.parallel import run_blocks
from ..ops.arrays import array, empty, flat
from ..ops.mode import PLAIN, is_eager, is_transformed
from .dropout import dropout

_LEVELS = 2**16
#: How many elements make the detour worth it, and how many rows times columns a kernel tells apart.
_FEWEST, _MOST = 4096, 2**32


def normalized_relu(
    x: Tensor, norm: nn.LayerNorm | None = None, p: float = 0.0, training: bool = True
) -> Tensor:
    r"""Computes :math:`\mathrm{relu}(\mathrm{dropout}(\mathrm{norm}(\mathbf{x})))`.

    On the CPU it is one pass over memory, and one back, where its three parts take six and keep
    three intermediate results; which elements are dropped follows from their place, as in
    :func:`~graphlocal.nn.dropout.dropout`. Everywhere else, and for few elements, the parts run
    one after another.

    Args:
        x: Values.
        norm: A layer norm of the last dimension, or ``None`` for none.
        p: Probability of dropout.
        training: Whether to drop at all.

    Shapes:
        - **x, output:** :math:`(N, F)`

    Example:
        >>> x = torch.randn(100, 64)
        >>> norm = nn.LayerNorm(64)
        >>> torch.allclose(normalized_relu(x, norm), norm(x).relu(), atol=1e-6)
        True
    """
    keep = round((1 - p) * _LEVELS) if training else _LEVELS
    if not _is_fast(x, norm) or keep == 0:
        return dropout(x if norm is None else norm(x), p, training).relu()
    low, high = torch.randint(2**32, (2,)).tolist() if keep < _LEVELS else (0, 0)
    weight, bias, eps = (None, None, 0.0) if norm is None else (norm.weight, norm.bias, norm.eps)
    return _NormalizedRelu.apply(x, weight, bias, eps, low, high, keep)


def _is_fast(x: Tensor, norm: nn.LayerNorm | None) -> bool:
    if (x.dim() != 2 or x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64)
            or not _FEWEST <= x.numel() < _MOST or type(x) not in PLAIN
            or not is_eager() or is_transformed() or torch.is_autocast_enabled("cpu")):
        return False
    return norm is None or (
        type(norm) is nn.LayerNorm and tuple(norm.normalized_shape) == (x.size(1),)
        and norm.weight is not None and norm.bias is not None and norm.weight.dtype == x.dtype
        and not norm._forward_hooks and not norm._forward_pre_hooks)


class _NormalizedRelu(torch.autograd.Function):

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float,
                low: int, high: int, keep: int) -> Tensor:
        rows, width = x.shape
        values, out = flat(x), empty(x.shape, x.dtype)
        kind = values.dtype.type
        mean, rstd = x.new_empty(2, 0 if weight is None else rows)
        nothing = values[:0]
        scale = kind(_LEVELS / keep)
        run_blocks(
            kernel.forward_rows, _borders(rows), values, width,
            nothing if weight is None else array(weight),
            nothing if bias is None else array(bias), kind(eps), np.uint32(low), np.uint32(high),
            np.uint32(keep), scale, array(mean), array(rstd), flat(out))
        ctx.save_for_backward(None if weight is None else x, weight, mean, rstd, out)
        ctx.scale, ctx.eps = scale, eps
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, rstd, out = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody wants the gradient of the gradient
            return *_plain_backward(x, weight, ctx.eps, out, grad, float(ctx.scale)), *(None,) * 4
        rows, width = out.shape
        grad_x, values = empty(out.shape, out.dtype), flat(grad)
        count = 0 if weight is None else -(-rows // kernel.ROWS)
        grad_weight, grad_bias = out.new_zeros(2, count, width)
        nothing = values[:0]
        run_blocks(
            kernel.backward_rows, _borders(rows), values, flat(out),
            nothing if weight is None else flat(x), width,
            nothing if weight is None else array(weight), array(mean), array(rstd), ctx.scale,
            flat(grad_weight), flat(grad_bias), flat(grad_x))
        sums = (None, None) if weight is None else (grad_weight.sum(0), grad_bias.sum(0))
        return grad_x, *sums, *(None,) * 4


def _borders(rows: int) -> np.ndarray:
    return np.append(np.arange(0, rows, kernel.ROWS), rows)


def _plain_backward(
    x: Tensor | None, weight: Tensor | None, eps: float, out: Tensor, grad: Tensor, scale: float
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """The same of torch's own operators, which know the gradients of what they compute."""
    grad = grad * (scale * ~(out.detach() <= 0))
    if x is None:
        return grad, None, None
    center = x - x.mean(1, keepdim=True)
    factor = (center.square().mean(1, keepdim=True) + eps).rsqrt()
    normal = center * factor
    back = grad * weight
    along = back - back.mean(1, keepdim=True) - normal * (back * normal).mean(1, keepdim=True)
    return factor * along, (grad * normal).sum(0), grad.sum(0)


class Branch(nn.Sequential):
    """A ``torch.nn.Sequential`` that runs (layer norm,) dropout and ReLU in a row as one step.

    Example:
        >>> Branch(nn.Linear(8, 4), nn.LayerNorm(4), nn.Dropout(0.5), nn.ReLU())(
        ...     torch.zeros(3, 8)).shape
        torch.Size([3, 4])
    """

    def forward(self, input: Tensor) -> Tensor:
        x, modules = input, list(self)
        while modules:
            step = _step(modules)
            if step:
                norm = modules[0] if step == 3 else None
                drop = modules[step - 2]
                x = normalized_relu(x, norm, drop.p, drop.training)
                modules = modules[step:]
            else:
                x = modules.pop(0)(x)
        return x


def _step(modules: list[nn.Module]) -> int:
    """How many of the next modules are one step: 3 with a norm, 2 without, else 0."""
    kinds = modules[:3]
    if any(m._forward_hooks or m._forward_pre_hooks for m in kinds):
        return 0
    if len(kinds) == 3 and isinstance(kinds[0], nn.LayerNorm) and _is_drop_relu(kinds[1:]):
        return 3
    return 2 if _is_drop_relu(kinds[:2]) else 0


def _is_drop_relu(pair: list[nn.Module]) -> bool:
    return len(pair) == 2 and isinstance(pair[0], nn.Dropout) and isinstance(pair[1], nn.ReLU)

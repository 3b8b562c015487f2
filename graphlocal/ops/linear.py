"""Linear maps whose outputs lie where later passes over a graph read them fastest."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .arrays import empty
from .mode import PLAIN, is_eager, is_transformed

#: Outputs smaller than this, in bytes, come out of ``torch.nn.functional.linear``.
_LARGE = 1 << 22
_DTYPES = (torch.float32, torch.float64)


def linear(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, onto: Tensor | None = None
) -> Tensor:
    r"""``torch.nn.functional.linear``, whose output and gradient of ``x`` lie on large pages.

    .. math::
        \mathbf{Y} = \mathbf{X} \mathbf{W}^{\top} + \mathbf{b} + \mathbf{Z}

    Kernels that read rows here and there wait for translations of addresses more than for
    anything else, and torch's own memory has small pages. It serves float32 and float64 on the CPU
    in eager mode; small outputs and everything else are torch's own.

    Args:
        x: Rows of features.
        weight: As in ``torch.nn.Linear``.
        bias: Added to every row. (default: ``None``)
        onto: Rows the output is added to, without a pass of its own. (default: ``None``)

    Shapes:
        - **x:** :math:`(N, F_{in})`
        - **weight:** :math:`(F_{out}, F_{in})`
        - **bias:** :math:`(F_{out})`
        - **onto:** :math:`(N, F_{out})`
        - **output:** :math:`(N, F_{out})`

    Example:
        >>> linear(torch.ones(2, 3), torch.ones(4, 3), onto=torch.ones(2, 4)).shape
        torch.Size([2, 4])
    """
    if onto is None:
        return linears(x, [(weight, bias)])[0]
    given = [t for t in (x, weight, bias, onto) if t is not None]
    rows = (len(x), len(weight)) if x.dim() == weight.dim() == 2 else None
    if onto.shape == rows and _serves(given, x, (weight,)):
        return _Linear.apply(x, weight, bias, onto)
    return onto + functional.linear(x, weight, bias)


def linears(x: Tensor, maps: Sequence[tuple[Tensor, Tensor | None]]) -> tuple[Tensor, ...]:
    """:func:`linear` with several weights and biases, whose gradients of ``x`` are one sum.

    Example:
        >>> y, z = linears(torch.ones(2, 3), [(torch.ones(4, 3), None), (torch.ones(5, 3), None)])
        >>> y.shape, z.shape
        (torch.Size([2, 4]), torch.Size([2, 5]))
    """
    flat = tuple(itertools.chain.from_iterable(maps))
    if _serves([x, *(t for t in flat if t is not None)], x, flat[::2]):
        return _Linears.apply(x, *flat)
    return tuple(functional.linear(x, weight, bias) for weight, bias in maps)


def _serves(given: Sequence[Tensor], x: Tensor, weights: Sequence[Tensor]) -> bool:
    return (x.dim() == 2 and x.dtype in _DTYPES
            and all(type(t) in PLAIN and t.dtype == x.dtype and t.device.type == "cpu"
                    and t.layout is torch.strided for t in given)
            and all(w.dim() == 2 and w.shape[1] == x.shape[1]
                    and x.shape[0] * w.shape[0] * x.itemsize >= _LARGE for w in weights)
            and all(t.dim() < 2 or t.shape[1] for t in given)
            and is_eager() and not is_transformed() and not torch.is_autocast_enabled("cpu"))


def _map(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    out = empty((x.shape[0], weight.shape[0]), x.dtype)
    if bias is None:
        return torch.mm(x, weight.t(), out=out)
    return torch.addmm(bias, x, weight.t(), out=out)


def _to_input(grads: Sequence[Tensor | None], weights: Sequence[Tensor]) -> Tensor | None:
    """Gradient of ``x``."""
    pairs = [(g, w) for g, w in zip(grads, weights, strict=True) if g is not None]
    if torch.is_grad_enabled():  # somebody asks for the gradient of a gradient
        return sum(g @ w for g, w in pairs) if pairs else None
    total = None
    for g, w in pairs:
        if total is None:
            total = torch.mm(g, w, out=empty((g.shape[0], w.shape[1]), w.dtype))
        else:
            total.addmm_(g, w)
    return total


def _to_map(
    needs: Sequence[bool], grad: Tensor | None, x: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients of a weight and a bias."""
    if grad is None:
        return None, None
    return grad.t() @ x if needs[0] else None, grad.sum(0) if needs[1] else None


class _Linears(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, *maps: Tensor | None) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        weights, biases = maps[::2], maps[1::2]
        ctx.save_for_backward(x, *weights)
        return tuple(_map(x, *pair) for pair in zip(weights, biases, strict=True))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        x, *weights = ctx.saved_tensors
        needs = ctx.needs_input_grad
        found = [_to_map(needs[2 * i + 1 : 2 * i + 3], grad, x) for i, grad in enumerate(grads)]
        return (_to_input(grads, weights) if needs[0] else None,
                *itertools.chain.from_iterable(found))


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, onto: Tensor
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        out = empty(onto.shape, onto.dtype)
        if bias is None:
            return torch.addmm(onto, x, weight.t(), out=out)
        return torch.add(onto, bias, out=out).addmm_(x, weight.t())

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        needs = ctx.needs_input_grad
        return (_to_input([grad], [weight]) if needs[0] else None,
                *_to_map(needs[1:3], grad, x), grad if needs[3] else None)

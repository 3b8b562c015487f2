"""The scan as an operator of torch: what it returns, and how gradients flow back.

The first ten arguments of the operators are those of :func:`.reference.selective_scan`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from ...graph import checks
from ..operator import operator, partial_leaf
from . import cpu, reference


def _scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
    z: Tensor | None, delta_bias: Tensor | None, ptr: Tensor, initial_state: Tensor | None,
    softplus: bool, first: bool, second: bool, last: bool, keep: bool, backend: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Output ``[T, D]``, last states ``[S, D, N]`` if ``last``, states kept for the gradient."""
    checks.check_ptr(ptr, u.shape[0], rows="u")
    if backend == "cpu":
        return cpu.forward(u, delta, A, B, C, D, z, delta_bias, ptr, initial_state, softplus,
                           (first, second), last, keep)
    if backend == "gpu":
        from ...kernels.gpu import selective_scan as device

        return device.scan(u, delta, A, B, C, D, z, delta_bias, ptr, initial_state, softplus,
                           (first, second), last, keep)
    with torch.no_grad():
        y, state = reference.selective_scan(
            u, delta, A, B, C, D, z, delta_bias, ptr, initial_state, softplus, (first, second))
    return y, state if last else state.new_empty(0), u.new_empty(0)


def _scan_fake(u, delta, A, B, C, D, z, delta_bias, ptr, initial_state, softplus, first, second,
               last, keep, backend):
    state = u.new_empty(ptr.shape[0] - 1, *A.shape) if last else u.new_empty(0)
    kept = u.new_empty(0)
    if keep and backend == "cpu":
        groups = next((value.shape[1] for value in (B, C) if value.dim() == 3), 1)
        kept = u.new_empty(cpu.kept_size(u.shape, A.shape[1], groups, first != second))
    elif keep and backend == "gpu":
        from ...kernels.gpu import selective_scan as device

        kept = u.new_empty(device.kept_size(u.shape[0], *A.shape))
    return u.new_empty(u.shape), state, kept


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    *tensors, ctx.softplus, ctx.first, ctx.second, ctx.last, _, ctx.backend = inputs
    ctx.mark_non_differentiable(output[2])
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, output[2])


def _backward(ctx: Any, grad: Tensor | None, grad_state: Tensor | None, _: Any) -> tuple[Any, ...]:
    *tensors, kept = ctx.saved_tensors
    if not ctx.last:
        grad_state = None
    if grad is None:
        grad = torch.zeros_like(tensors[0])
    found = scan_backward(*tensors, kept, grad, grad_state, ctx.softplus, ctx.first, ctx.second,
                          ctx.backend)
    found = *found[:8], None, found[8]  # borders have no gradient
    return *(g if needed else None
             for g, needed in zip(found, ctx.needs_input_grad, strict=False)), *(None,) * 6


scan = operator("selective_scan", _scan, _scan_fake, _save, _backward)


_Nine = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def _scan_backward(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
    z: Tensor | None, delta_bias: Tensor | None, ptr: Tensor, initial_state: Tensor | None,
    kept: Tensor, grad: Tensor, grad_state: Tensor | None, softplus: bool, first: bool,
    second: bool, backend: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of all inputs but ``ptr``, in their order; empty for what was not given."""
    inputs = (u, delta, A, B, C, D, z, delta_bias, ptr, initial_state)
    if backend == "cpu":
        found = cpu.backward(*inputs, kept, grad, grad_state, softplus, (first, second))
    elif backend == "gpu":
        from ...kernels.gpu import selective_scan_backward as device

        found = device.scan_backward(*inputs, kept, grad, grad_state, softplus, (first, second))
    else:
        # An operator is called where gradients are not followed; another thread follows them.
        with ThreadPoolExecutor(1) as apart:
            found = apart.submit(_differentiate, inputs, grad, grad_state, softplus,
                                 (first, second), False).result()
    return tuple(u.new_empty(0) if g is None else g for g in (*found[:8], found[9]))


def _scan_backward_fake(u, delta, A, B, C, D, z, delta_bias, ptr, initial_state, kept, grad,
                        grad_state, softplus, first, second, backend):
    return tuple(u.new_empty(0 if value is None else value.shape)
                 for value in (u, delta, A, B, C, D, z, delta_bias, initial_state))


def _differentiate(
    inputs: tuple[Any, ...], grad: Tensor, grad_state: Tensor | None, softplus: bool,
    directions: tuple[bool, bool], again: bool,
) -> list[Tensor | None]:
    """Gradients of the ten inputs by the definition, themselves differentiable if ``again``."""
    with torch.enable_grad():
        leaves = [value if again or value is None or not value.is_floating_point()
                  else value.detach().requires_grad_() for value in inputs]
        y, state = reference.selective_scan(*leaves, softplus, directions)
        asked = [leaf for leaf in leaves if leaf is not None and leaf.is_floating_point()]
        outputs, grads = [y], [grad]
        if grad_state is not None and state.requires_grad:
            outputs, grads = [y, state], [grad, grad_state]
        found = iter(torch.autograd.grad(outputs, asked, grads, create_graph=again,
                                         allow_unused=True, materialize_grads=True))
    return [next(found) if leaf is not None and leaf.is_floating_point() else None
            for leaf in leaves]


def _save_backward(ctx: Any, inputs: tuple[Any, ...], output: _Nine) -> None:
    *tensors, ctx.softplus, ctx.first, ctx.second, _ = inputs
    ctx.save_for_backward(*tensors)


def _backward_twice(ctx: Any, *upper: Tensor) -> tuple[Any, ...]:
    *inputs, _, grad, grad_state = ctx.saved_tensors
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        leaves = [partial_leaf(value, again) for value in (*inputs, grad, grad_state)]
        once = _differentiate(tuple(leaves[:10]), leaves[10], leaves[11], ctx.softplus,
                              (ctx.first, ctx.second), True)
        once = *once[:8], once[9]
        # Of no rows at all the gradients are zeros that depend on nothing.
        pairs = [(o, g) for o, g in zip(once, upper, strict=True)
                 if o is not None and o.requires_grad]
        asked = [leaf for leaf in leaves if leaf is not None and leaf.requires_grad]
        found = iter(torch.autograd.grad(
            [o for o, _ in pairs], asked, [g for _, g in pairs], create_graph=again,
            allow_unused=True)
            if pairs else [None] * len(asked))
    twice = [next(found) if leaf is not None and leaf.requires_grad else None for leaf in leaves]
    return *twice[:10], None, *twice[10:], *(None,) * 4


scan_backward = operator("selective_scan_backward", _scan_backward, _scan_backward_fake,
                         _save_backward, _backward_twice)

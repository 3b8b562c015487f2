"""The scan as an operator of torch: what it returns, and how gradients flow back.

The first ten arguments of the operators are those of :func:`.reference.selective_scan`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...graph import checks
from ..operator import operator
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
    wanted = [int(needed) for needed in ctx.needs_input_grad[:10]]
    found = scan_backward(*tensors, kept, grad, grad_state, ctx.softplus, ctx.first, ctx.second,
                          wanted, ctx.backend)
    grads = iter(found)
    return *(next(grads) if needed else None for needed in wanted), *(None,) * 6


scan = operator("selective_scan", _scan, _scan_fake, _save, _backward)


def _scan_backward(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
    z: Tensor | None, delta_bias: Tensor | None, ptr: Tensor, initial_state: Tensor | None,
    kept: Tensor, grad: Tensor, grad_state: Tensor | None, softplus: bool, first: bool,
    second: bool, wanted: list[int], backend: str,
) -> list[Tensor]:
    """Gradients of the inputs that ``wanted`` marks, in their order."""
    inputs = (u, delta, A, B, C, D, z, delta_bias, ptr, initial_state)
    if backend == "cpu":
        found = cpu.backward(*inputs, kept, grad, grad_state, softplus, (first, second))
        return [g for g, needed in zip(found, wanted, strict=True) if needed]
    return _differentiate(inputs, grad, grad_state, softplus, (first, second), wanted, False)


def _scan_backward_fake(u, delta, A, B, C, D, z, delta_bias, ptr, initial_state, kept, grad,
                        grad_state, softplus, first, second, wanted, backend):
    inputs = (u, delta, A, B, C, D, z, delta_bias, ptr, initial_state)
    return [value.new_empty(value.shape)
            for value, needed in zip(inputs, wanted, strict=True) if needed]


def _differentiate(
    inputs: tuple[Any, ...], grad: Tensor, grad_state: Tensor | None, softplus: bool,
    directions: tuple[bool, bool], wanted: list[int], again: bool,
) -> list[Tensor]:
    """Gradients by the definition, themselves differentiable if ``again``."""
    with torch.enable_grad():
        leaves = list(inputs) if again else [
            value.detach().requires_grad_() if needed else value
            for value, needed in zip(inputs, wanted, strict=True)]
        y, state = reference.selective_scan(*leaves, softplus, directions)
        asked = [leaf for leaf, needed in zip(leaves, wanted, strict=True) if needed]
        outputs, grads = ([y], [grad]) if grad_state is None else ([y, state], [grad, grad_state])
        found = torch.autograd.grad(outputs, asked, grads, create_graph=again, allow_unused=True)
    return [torch.zeros_like(leaf) if g is None else g
            for g, leaf in zip(found, asked, strict=True)]


def _save_backward(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    *tensors, ctx.softplus, ctx.first, ctx.second, ctx.wanted, ctx.backend = inputs
    ctx.save_for_backward(*tensors)


def _backward_twice(ctx: Any, grads: list[Tensor]) -> tuple[Any, ...]:
    *inputs, _, grad, grad_state = ctx.saved_tensors
    upper = [torch.zeros(()) if g is None else g for g in grads]
    leaves = [None if value is None else value.detach().requires_grad_(value.is_floating_point())
              for value in (*inputs, grad, grad_state)]
    with torch.enable_grad():
        once = _differentiate(tuple(leaves[:10]), leaves[10], leaves[11], ctx.softplus,
                              (ctx.first, ctx.second), ctx.wanted, True)
        asked = [leaf for leaf in leaves if leaf is not None and leaf.requires_grad]
        twice = iter(torch.autograd.grad(once, asked, upper, allow_unused=True))
    found = [next(twice) if leaf is not None and leaf.requires_grad else None for leaf in leaves]
    return *found[:10], None, *found[10:], *(None,) * 5


scan_backward = operator("selective_scan_backward", _scan_backward, _scan_backward_fake,
                         _save_backward, _backward_twice)

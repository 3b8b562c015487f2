"""The fast version as operators of torch: what they return, and how gradients flow back.

The first six arguments are those of an :class:`Adjacency`, followed by queries, keys, values, the
bias, what is added to keys and values edge by edge, the seed of the dropout, the scale and the
probability of the dropout.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from ...kernels.cpu import attention as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ..adjacency import Adjacency
from ..arrays import array, array_or_nothing, empty, flat
from ..attention_dropout import kernel_arguments
from ..operator import operator
from . import reference

#: Of the operands after the adjacency, those that have a gradient.
_DIFFERENTIABLE = 6


def _on_device(q: Tensor) -> bool:
    """Whether triton's kernels are to run; the choice of the backend has seen that they can."""
    return q.device.type != "cpu"


def _number(dtype: torch.dtype) -> Any:
    return array_or_nothing(None, dtype).dtype.type


def _arrays(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, edge_key: Tensor | None,
    edge_value: Tensor | None, seed: Tensor | None, scale: float, dropout: float,
) -> tuple[Any, ...]:
    """Operands as the kernels of the rows take them."""
    heads, width = q.shape[1:]
    number = _number(q.dtype)
    optional = (array_or_nothing(x, q.dtype).reshape(-1) for x in (bias, edge_key, edge_value))
    return (flat(q), flat(k), flat(v), *optional, heads, width, v.shape[2], number(scale),
            *kernel_arguments(seed, dropout, number))


def _scratch(dtype: torch.dtype, *sizes: int) -> tuple[NDArray[Any], ...]:
    return tuple(np.empty(size, _number(dtype)) for size in sizes)


def _attention(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, edge_key: Tensor | None,
    edge_value: Tensor | None, seed: Tensor | None, scale: float, dropout: float,
) -> tuple[Tensor, Tensor]:
    """Attention ``[num_dst, H, Dv]``, and the largest score and one over the sum of exponentials
    of every row ``[num_dst, 2, H]``."""
    if _on_device(q):
        from ...kernels.gpu import attention as device

        return device.attend(rowptr, col, perm, q, k, v, bias, scale)
    num_dst, heads = q.shape[:2]
    out = empty((num_dst, heads, v.shape[2]), q.dtype)
    base = empty((num_dst, 2, heads), q.dtype)
    if base.numel():
        ptr = array(rowptr)
        run_blocks(kernel.attend_rows, row_blocks(ptr), ptr, array(col), array(perm),
                   *_arrays(q, k, v, bias, edge_key, edge_value, seed, scale, dropout),
                   flat(out), flat(base),
                   scratch=lambda: _scratch(q.dtype, heads * kernel.RUN, heads, heads))
    return out, base


def _attention_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, q, k, v, bias, edge_key,
                    edge_value, seed, scale, dropout):
    num_dst, heads = q.shape[:2]
    return q.new_empty(num_dst, heads, v.shape[2]), q.new_empty(num_dst, 2, heads)


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    *tensors, ctx.scale, ctx.dropout = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.save_for_backward(*tensors, *output)


def _backward(ctx: Any, grad: Tensor, _: Any) -> tuple[Any, ...]:
    *tensors, out, base = ctx.saved_tensors
    needs = list(ctx.needs_input_grad[6:6 + _DIFFERENTIABLE])
    grads = attention_backward(*tensors, out, base, grad, ctx.scale, ctx.dropout, needs)
    chosen = (g if needed else None for g, needed in zip(grads, needs, strict=True))
    return *(None,) * 6, *chosen, None, None, None


attention = operator("neighbor_attention", _attention, _attention_fake, _save, _backward)


def _attention_backward(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, edge_key: Tensor | None,
    edge_value: Tensor | None, seed: Tensor | None, out: Tensor, base: Tensor, grad: Tensor,
    scale: float, dropout: float, needs: list[bool],
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of the six operands from ``q`` on; tensors of no size for those nobody needs."""
    if _on_device(q):
        from ...kernels.gpu import attention as device

        found = device.attend_backward(
            rowptr, col, perm, t_rowptr, t_col, t_perm, q, k, v, bias, out, base, grad, scale,
            needs[1] or needs[2], needs[3])
        return *found, q.new_empty(0), q.new_empty(0)
    num_edges, heads = col.shape[0], q.shape[1]
    grad_q = empty(q.shape, q.dtype)
    # Each one of its own: what an operator returns shares no memory.
    grad_k, grad_v, grad_bias, grad_key, grad_value = (q.new_empty(0) for _ in range(5))
    if needs[4]:
        grad_key = empty((num_edges, heads, q.shape[2]), q.dtype)
    if needs[5]:
        grad_value = empty((num_edges, heads, v.shape[2]), q.dtype)
    weights = empty((num_edges, 2, heads), q.dtype)

    def scratch() -> tuple[NDArray[Any], ...]:
        return _scratch(q.dtype, heads * kernel.RUN, heads * kernel.RUN)

    if q.shape[0] and heads:
        operands = _arrays(q, k, v, bias, edge_key, edge_value, seed, scale, dropout)
        ptr, upper = array(rowptr), flat(grad)
        run_blocks(kernel.attend_rows_backward, row_blocks(ptr), ptr, array(col), array(perm),
                   *operands, flat(out), flat(base), upper, flat(grad_q), flat(grad_key),
                   flat(grad_value), flat(weights), scratch=scratch)
    if needs[3]:
        grad_bias = weights[:, 1].contiguous()
    if needs[1] or needs[2]:
        grad_k, grad_v = empty(k.shape, q.dtype), empty(v.shape, q.dtype)
        if k.shape[0] and heads:
            ptr = array(t_rowptr)
            run_blocks(kernel.attend_columns_backward, row_blocks(ptr), ptr, array(t_col),
                       array(t_perm), flat(q), flat(grad), flat(weights), heads, q.shape[2],
                       v.shape[2], _number(q.dtype)(scale), flat(grad_k), flat(grad_v),
                       scratch=scratch)
    return grad_q, grad_k, grad_v, grad_bias, grad_key, grad_value


def _attention_backward_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, q, k, v, bias, edge_key,
                             edge_value, seed, out, base, grad, scale, dropout, needs):
    num_edges, sources = col.shape[0], needs[1] or needs[2]
    shapes = ((True, q.shape), (sources, k.shape), (sources, v.shape),
              (needs[3], (num_edges, *q.shape[1:2])), (needs[4], (num_edges, *q.shape[1:])),
              (needs[5], (num_edges, *v.shape[1:])))
    return tuple(q.new_empty(shape if wanted else (0,)) for wanted, shape in shapes)


def _save_backward(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, _, _, grad, ctx.scale, ctx.dropout, ctx.needs = inputs
    ctx.save_for_backward(*tensors, grad)


@once_differentiable
def _backward_twice(ctx: Any, *upper: Tensor) -> tuple[Any, ...]:
    """By the definition: what came out and its logarithms are functions of the operands there."""
    *tensors, seed, grad = ctx.saved_tensors
    adjacency, operands = Adjacency(*tensors[:6]), [*tensors[6:], grad]
    wanted = [*ctx.needs_input_grad[6:6 + _DIFFERENTIABLE], ctx.needs_input_grad[15]]
    with torch.enable_grad():
        *leaves, grad = (None if x is None else x.detach().requires_grad_() for x in operands)
        out = reference.neighbor_attention(adjacency, *leaves, seed, ctx.scale, ctx.dropout)
        first = torch.autograd.grad(
            out, [x for x, needed in zip(leaves, ctx.needs, strict=True) if needed], grad,
            create_graph=True)
        second = iter(torch.autograd.grad(
            first, [x for x, asked in zip([*leaves, grad], wanted, strict=True) if asked],
            [g for g, needed in zip(upper, ctx.needs, strict=True) if needed], allow_unused=True))
    *found, to_grad = (next(second) if asked else None for asked in wanted)
    return *(None,) * 6, *found, None, None, None, to_grad, None, None, None


attention_backward = operator(
    "neighbor_attention_backward", _attention_backward, _attention_backward_fake, _save_backward,
    _backward_twice)

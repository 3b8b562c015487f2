"""The fast versions as operators of torch: what they return, and how gradients flow back.

The first six arguments of every operator are those of an :class:`Adjacency`. Beside the output
they return the highest score and one over the sum of exponentials of every row and head, from which
the backward pass computes weights again. A gradient of a gradient is that of the definition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...kernels.cpu import additive_attention as one
from ...kernels.cpu import additive_attention_rows as rows
from ...kernels.cpu import additive_attention_v2 as two
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ..adjacency import Adjacency
from ..arrays import array, array_or_nothing, empty, flat
from ..attention_dropout import kernel_arguments, weight_factors
from ..operator import operator
from . import reference

_NO_GRADIENT = (None,) * 6


def _flat_or_nothing(tensor: Tensor | None, dtype: torch.dtype) -> Any:
    return array_or_nothing(None if tensor is None else tensor.reshape(-1), dtype)


def _scratch(dtype: torch.dtype, *sizes: int) -> Callable[[], tuple[Any, ...]]:
    return lambda: tuple(array(empty((size,), dtype)) for size in sizes)


def _inner(left: Tensor, right: Tensor) -> Tensor:
    """Inner product of every row and head, ``[N, H]``."""
    out = empty(left.shape[:2], left.dtype)
    num_rows, heads, width = left.shape
    if out.numel():
        blocks = row_blocks(np.arange(num_rows + 1) * heads)
        run_blocks(rows.dot_rows, blocks, heads, width, flat(left), flat(right), flat(out))
    return out


def _gat(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    source: Tensor, target: Tensor | None, v: Tensor, score: Tensor | None, seed: Tensor | None,
    slope: float, dropout: float,
) -> tuple[Tensor, Tensor]:
    """Output ``[num_dst, H, C]``, and of every row the highest score and one over the sum of
    exponentials ``[num_dst, 2, H]``."""
    dtype, (_, heads, width) = v.dtype, v.shape
    count = rowptr.shape[0] - 1
    out, base = empty((count, heads, width), dtype), empty((count, 2, heads), dtype)
    if base.numel():
        ptr, values = array(rowptr), flat(v)
        run_blocks(
            one.gat_rows, row_blocks(ptr), ptr, array(col), array(perm), heads, width,
            flat(source), _flat_or_nothing(target, dtype), _flat_or_nothing(score, dtype),
            values.dtype.type(slope), values, *kernel_arguments(seed, dropout, values.dtype.type),
            flat(out), flat(base), scratch=_scratch(dtype, rows.TILE * heads, heads, heads))
    return out, base


def _gat_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, source, target, v, score, seed, slope,
              dropout):
    shape = (rowptr.shape[0] - 1, *v.shape[1:])
    return v.new_empty(shape), v.new_empty(shape[0], 2, shape[1])


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    *tensors, ctx.slope, ctx.dropout = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, *output)


def _gat_gradient(ctx: Any, grad: Tensor | None, _: Any) -> tuple[Any, ...]:
    *graph, source, target, v, score, seed, out, base = ctx.saved_tensors
    if grad is None:
        return (None,) * 13
    adjacency = Adjacency(*graph)
    if torch.is_grad_enabled():
        found = _of_definition(
            lambda factors, *tensors: reference.gat_attention(
                adjacency, *tensors, ctx.slope, factors),
            (source, target, v, score), grad, _factors(ctx, adjacency, seed, v))
    else:
        found = gat_backward(*graph, source, target, v, score, seed, out, base, grad, ctx.slope,
                             ctx.dropout)
    return *_NO_GRADIENT, *_wanted(ctx, found), None, None, None


gat = operator("gat_attention", _gat, _gat_fake, _save, _gat_gradient)


def _gat_backward(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    source: Tensor, target: Tensor | None, v: Tensor, score: Tensor | None, seed: Tensor | None,
    out: Tensor, base: Tensor, grad: Tensor, slope: float, dropout: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of the scores of sources and targets, of values, and of the scores of edges."""
    dtype, (_, heads, width) = v.dtype, v.shape
    count = rowptr.shape[0] - 1
    grad_source, grad_v = empty(source.shape, dtype), empty(v.shape, dtype)
    grad_target, grad_score = empty((count, heads), dtype), empty((len(col), heads), dtype)
    if heads == 0:
        return grad_source, grad_target, grad_v, grad_score
    own = torch.zeros_like(base[:, 0]) if target is None else target
    state = torch.stack([own, *base.unbind(1), _inner(grad, out)], dim=1)  # [num_dst, 4, H]
    ptr, t_ptr, values = array(rowptr), array(t_rowptr), flat(v)
    run_blocks(
        one.gat_columns, row_blocks(t_ptr), t_ptr, array(t_col), array(t_perm), heads, width,
        flat(source), _flat_or_nothing(score, dtype), values.dtype.type(slope), values,
        *kernel_arguments(seed, dropout, values.dtype.type), flat(state), flat(grad),
        flat(grad_source), flat(grad_v), flat(grad_score),
        scratch=_scratch(dtype, rows.TILE * heads, rows.TILE * heads))
    run_blocks(rows.sum_edges, row_blocks(ptr), ptr, array(perm), heads, flat(grad_score),
               flat(grad_target))
    return grad_source, grad_target, grad_v, grad_score


def _gat_backward_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, source, target, v, score, seed,
                       out, base, grad, slope, dropout):
    return (v.new_empty(source.shape), v.new_empty(base.shape[0], v.shape[1]), v.new_empty(v.shape),
            v.new_empty(col.shape[0], v.shape[1]))


gat_backward = operator("gat_attention_backward", _gat_backward, _gat_backward_fake)


def _gatv2(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    source: Tensor, target: Tensor, att: Tensor, edge: Tensor | None, value: Tensor | None,
    seed: Tensor | None, slope: float, dropout: float,
) -> tuple[Tensor, Tensor]:
    """Output ``[num_dst, H, C_v]``, and of every row the highest score and one over the sum of
    exponentials ``[num_dst, 2, H]``."""
    dtype, (count, heads, width) = source.dtype, target.shape
    v = source if value is None else value
    out, base = empty((count, heads, v.shape[2]), dtype), empty((count, 2, heads), dtype)
    if base.numel():
        ptr, weights = array(rowptr), flat(att)
        run_blocks(
            two.gatv2_rows, row_blocks(ptr), ptr, array(col), array(perm), heads, width,
            v.shape[2], weights, weights.dtype.type(slope), flat(source), flat(target),
            _flat_or_nothing(edge, dtype), flat(v),
            *kernel_arguments(seed, dropout, weights.dtype.type), flat(out), flat(base),
            scratch=_scratch(dtype, rows.TILE * heads, heads, heads))
    return out, base


def _gatv2_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, source, target, att, edge, value, seed,
                slope, dropout):
    v = source if value is None else value
    shape = (rowptr.shape[0] - 1, *v.shape[1:])
    return v.new_empty(shape), v.new_empty(shape[0], 2, shape[1])


def _gatv2_gradient(ctx: Any, grad: Tensor | None, _: Any) -> tuple[Any, ...]:
    *graph, source, target, att, edge, value, seed, out, base = ctx.saved_tensors
    if grad is None:
        return (None,) * 14
    adjacency = Adjacency(*graph)
    if torch.is_grad_enabled():
        found = _of_definition(
            lambda factors, source, target, att, edge, value: reference.gatv2_attention(
                adjacency, source, target, att, edge, source if value is None else value,
                ctx.slope, factors),
            (source, target, att, edge, value), grad, _factors(ctx, adjacency, seed, source))
    else:
        found = gatv2_backward(
            *graph, source, target, att, edge, value, seed, out, base, grad,
            edge is not None and ctx.needs_input_grad[9], ctx.slope, ctx.dropout)
    return *_NO_GRADIENT, *_wanted(ctx, found), None, None, None


gatv2 = operator("gatv2_attention", _gatv2, _gatv2_fake, _save, _gatv2_gradient)


def _gatv2_backward(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    source: Tensor, target: Tensor, att: Tensor, edge: Tensor | None, value: Tensor | None,
    seed: Tensor | None, out: Tensor, base: Tensor, grad: Tensor, of_edge: bool, slope: float,
    dropout: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of sources, targets, ``att``, the features of edges and values; of length 0 for
    those that are not there."""
    dtype, (_, heads, width) = source.dtype, source.shape
    shared = value is None
    v = source if shared else value
    grad_target = empty(target.shape, dtype)
    grad_source = empty((0,) if shared else source.shape, dtype)
    grad_value = empty(v.shape, dtype)
    grad_edge = empty(edge.shape if of_edge else (0,), dtype)
    ptr, t_ptr, weights = array(rowptr), array(t_rowptr), flat(att)
    blocks = row_blocks(ptr)
    grad_att = empty((len(blocks) - 1, heads * width), dtype)
    if heads:
        change = empty((len(col), 2, heads), dtype)
        slope_, sources, targets = weights.dtype.type(slope), flat(source), flat(target)
        edges, gradients = _flat_or_nothing(edge, dtype), flat(grad)
        run_blocks(
            two.gatv2_rows_backward, np.arange(len(blocks)), blocks, ptr, array(col), array(perm),
            heads, width, v.shape[2], weights, slope_, sources, targets, edges, flat(v),
            *kernel_arguments(seed, dropout, weights.dtype.type), flat(base),
            flat(_inner(grad, out)), gradients, flat(change), flat(grad_target), flat(grad_edge),
            array(grad_att), scratch=_scratch(dtype, rows.TILE * heads))
        run_blocks(
            two.gatv2_columns, row_blocks(t_ptr), t_ptr, array(t_col), array(t_perm), heads, width,
            v.shape[2], weights, slope_, sources, targets, edges, flat(change), gradients, shared,
            flat(grad_source), flat(grad_value),
            scratch=_scratch(dtype, rows.TILE * heads, heads * width))
    total = grad_att.sum(0).view(heads, width)
    if shared:
        grad_source, grad_value = grad_value, grad_source
    return grad_source, grad_target, total, grad_edge, grad_value


def _gatv2_backward_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, source, target, att, edge,
                         value, seed, out, base, grad, of_edge, slope, dropout):
    return (source.new_empty(source.shape), source.new_empty(target.shape),
            source.new_empty(att.shape), source.new_empty(edge.shape if of_edge else (0,)),
            source.new_empty((0,) if value is None else value.shape))


gatv2_backward = operator("gatv2_attention_backward", _gatv2_backward, _gatv2_backward_fake)


def _factors(
    ctx: Any, adjacency: Adjacency, seed: Tensor | None, like: Tensor
) -> Tensor | None:
    if seed is None:
        return None
    return weight_factors(seed, ctx.dropout, adjacency.num_edges, like.shape[1], like.dtype)


def _of_definition(
    definition: Callable[..., Tensor], tensors: tuple[Tensor | None, ...], grad: Tensor,
    factors: Tensor | None,
) -> list[Tensor | None]:
    """Gradients that can be differentiated again."""
    # Views, so that a tensor in two places gets the gradient of each.
    tensors = tuple(None if t is None else t.view_as(t) for t in tensors)
    wanted = [t for t in tensors if t is not None and t.requires_grad]
    out = definition(factors, *tensors)
    found = iter(torch.autograd.grad(out, wanted, grad, create_graph=True, allow_unused=True))
    return [next(found) if t is not None and t.requires_grad else None for t in tensors]


def _wanted(ctx: Any, gradients: Any) -> list[Tensor | None]:
    """Gradients of the tensors after the adjacency that want one."""
    return [gradient if wanted else None
            for gradient, wanted in zip(gradients, ctx.needs_input_grad[6:], strict=False)]

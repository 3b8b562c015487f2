"""The fast versions as operators of torch: what they return, and how gradients flow back.

The first six arguments of every operator are those of an :class:`Adjacency`. ``mode`` says by
which degree a sum is divided: ``"sum"`` by none, ``"mean"`` by that of the row, ``"mean_t"`` by
that of the column, which is what the transpose of a mean needs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...kernels.cpu import spmm as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ..adjacency import Adjacency
from ..arrays import array, array_or_nothing, empty, flat
from ..dispatch import probe_scatter
from ..operator import operator

_TRANSPOSED = {"sum": "sum", "mean": "mean_t", "mean_t": "mean"}
_NO_GRADIENT = (None,) * 6


def _inverse_degree(rowptr: Tensor, dtype: torch.dtype) -> Tensor:
    return rowptr.diff().clamp_(min=1).to(dtype).reciprocal_()


def _slot_weight(
    adjacency: Adjacency, edge_weight: Tensor | None, mode: str, dtype: torch.dtype
) -> Tensor | None:
    """Weights in the order of the slots, over the degree of the column where the mode says so."""
    weight = None if edge_weight is None else edge_weight.detach().index_select(0, adjacency.perm)
    if mode == "mean_t":
        scale = _inverse_degree(adjacency.t_rowptr, dtype).index_select(0, adjacency.col)
        weight = scale if weight is None else weight.mul_(scale)
    return weight


def _weighted_sum(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    x: Tensor, edge_weight: Tensor | None, mode: str, backend: str,
) -> Tensor:
    """Weighted sum or mean of the features of the in-edges, ``[num_dst, F]``."""
    adjacency = Adjacency(rowptr, col, perm, t_rowptr, t_col, t_perm)
    weight = _slot_weight(adjacency, edge_weight, mode, x.dtype)
    if backend == "scatter":
        message = x.index_select(0, col)
        if weight is not None:
            message *= weight.unsqueeze(-1)
        scatter, _ = probe_scatter()
        return scatter.segment_csr(message, rowptr, reduce="mean" if mode == "mean" else "sum")
    out = empty((adjacency.num_dst, x.shape[1]), x.dtype)
    if out.numel():
        ptr = array(rowptr)
        run_blocks(kernel.sum_rows, row_blocks(ptr), ptr, array(col),
                   array_or_nothing(weight, x.dtype), mode == "mean", flat(x), x.shape[1],
                   flat(out))
    return out


def _weighted_sum_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, x, edge_weight, mode, backend):
    return x.new_empty(rowptr.shape[0] - 1, x.shape[1])


def _save_sum(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *adjacency, x, edge_weight, ctx.mode, ctx.backend = inputs
    # Features are needed for the gradient of weights alone: without one they may be freed.
    ctx.save_for_backward(*adjacency, x if ctx.needs_input_grad[7] else None, edge_weight)


def _sum_backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    *tensors, x, edge_weight = ctx.saved_tensors
    adjacency = Adjacency(*tensors)
    grad_x = grad_weight = None
    if ctx.needs_input_grad[6]:
        grad_x = weighted_sum(
            *adjacency.t(), grad, edge_weight, _TRANSPOSED[ctx.mode], ctx.backend)
    if ctx.needs_input_grad[7]:
        grad_weight = edge_dot(*adjacency, grad, x, ctx.mode, ctx.backend)
    return *_NO_GRADIENT, grad_x, grad_weight, None, None


weighted_sum = operator("spmm", _weighted_sum, _weighted_sum_fake, _save_sum, _sum_backward)


def _edge_dot(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    left: Tensor, right: Tensor, mode: str, backend: str,
) -> Tensor:
    """Inner product of the two ends of every edge, ``[E]``: the gradient of its weight."""
    adjacency = Adjacency(rowptr, col, perm, t_rowptr, t_col, t_perm)
    scale = _slot_weight(adjacency, None, mode, left.dtype)
    if mode == "mean" or backend == "scatter":
        row = torch.repeat_interleave(rowptr.diff(), output_size=col.shape[0])
        if mode == "mean":
            scale = _inverse_degree(rowptr, left.dtype).index_select(0, row)
    if backend == "scatter":
        dot = (left.index_select(0, row) * right.index_select(0, col)).sum(-1)
        if scale is not None:
            dot *= scale
        return torch.empty_like(dot).index_copy_(0, perm.long(), dot)
    out = empty((col.shape[0],), left.dtype)
    if left.shape[1] == 0:
        return out.zero_()
    ptr = array(rowptr)
    run_blocks(kernel.dot_rows, row_blocks(ptr), ptr, array(col), array(perm),
               array_or_nothing(scale, left.dtype), flat(left), flat(right), left.shape[1],
               array(out))
    return out


def _edge_dot_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, left, right, mode, backend):
    return left.new_empty(col.shape[0])


def _save_dot(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *tensors, ctx.mode, ctx.backend = inputs
    ctx.save_for_backward(*tensors)


def _dot_backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    *tensors, left, right = ctx.saved_tensors
    adjacency = Adjacency(*tensors)
    grad_left = grad_right = None
    if ctx.needs_input_grad[6]:
        grad_left = weighted_sum(*adjacency, right, grad, ctx.mode, ctx.backend)
    if ctx.needs_input_grad[7]:
        grad_right = weighted_sum(
            *adjacency.t(), left, grad, _TRANSPOSED[ctx.mode], ctx.backend)
    return *_NO_GRADIENT, grad_left, grad_right, None, None


edge_dot = operator("sddmm", _edge_dot, _edge_dot_fake, _save_dot, _dot_backward)


def _extreme(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    x: Tensor, edge_weight: Tensor | None, sign: int,
) -> tuple[Tensor, Tensor]:
    """Maximum (``sign`` 1) or minimum (-1) over in-edges, and the edge it came from or -1."""
    adjacency = Adjacency(rowptr, col, perm, t_rowptr, t_col, t_perm)
    weight = _slot_weight(adjacency, edge_weight, "sum", x.dtype)
    shape = (adjacency.num_dst, x.shape[1])
    out, argument = empty(shape, x.dtype), empty(shape, perm.dtype)
    if out.numel():
        ptr, values = array(rowptr), flat(x)
        run_blocks(kernel.extreme_rows, row_blocks(ptr), ptr, array(col), array(perm),
                   array_or_nothing(weight, x.dtype), values.dtype.type(sign), values, x.shape[1],
                   flat(out), flat(argument))
    return out, argument


def _extreme_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, x, edge_weight, sign):
    shape = (rowptr.shape[0] - 1, x.shape[1])
    return x.new_empty(shape), x.new_empty(shape, dtype=perm.dtype)


def _save_extreme(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    *adjacency, x, edge_weight, _ = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(
        *adjacency, output[1], x if ctx.needs_input_grad[7] else None, edge_weight)


def _extreme_backward(ctx: Any, grad: Tensor | None, _: Any) -> tuple[Any, ...]:
    *adjacency, argument, x, edge_weight = ctx.saved_tensors
    grad_x = grad_weight = None
    if grad is not None and ctx.needs_input_grad[6]:
        grad_x = extreme_to_source(*adjacency, argument, grad, edge_weight)
    if grad is not None and ctx.needs_input_grad[7]:
        grad_weight = extreme_to_edge(*adjacency, argument, grad, x)
    return *_NO_GRADIENT, grad_x, grad_weight, None


extreme = operator("spmm_extreme", _extreme, _extreme_fake, _save_extreme, _extreme_backward)


def _extreme_to_source(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    argument: Tensor, grad: Tensor, edge_weight: Tensor | None,
) -> Tensor:
    """Sum over the places ``(i, f)`` an edge won of ``weight * grad[i, f]``, at its source."""
    transposed = Adjacency(t_rowptr, t_col, t_perm, rowptr, col, perm)
    weight = _slot_weight(transposed, edge_weight, "sum", grad.dtype)
    out = empty((transposed.num_dst, grad.shape[1]), grad.dtype)
    if out.numel():
        ptr = array(t_rowptr)
        run_blocks(kernel.extreme_rows_backward, row_blocks(ptr), ptr, array(t_col), array(t_perm),
                   array_or_nothing(weight, grad.dtype), flat(argument), flat(grad),
                   grad.shape[1], flat(out))
    return out


def _extreme_to_source_fake(
    rowptr, col, perm, t_rowptr, t_col, t_perm, argument, grad, edge_weight
):
    return grad.new_empty(t_rowptr.shape[0] - 1, grad.shape[1])


def _extreme_to_edge(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    argument: Tensor, grad: Tensor, x: Tensor,
) -> Tensor:
    """Sum over the places ``(i, f)`` an edge won of ``grad[i, f] * x[source, f]``, ``[E]``."""
    out = empty((col.shape[0],), grad.dtype)
    if x.shape[1] == 0:
        return out.zero_()
    ptr = array(rowptr)
    run_blocks(kernel.extreme_rows_weight_backward, row_blocks(ptr), ptr, array(col), array(perm),
               flat(argument), flat(grad), flat(x), x.shape[1], array(out))
    return out


def _extreme_to_edge_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, argument, grad, x):
    return grad.new_empty(col.shape[0])


def _save_tensors(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _take(adjacency: Adjacency, argument: Tensor, x: Tensor, weight: Tensor | None) -> Tensor:
    """``weight[e] * x[source of e]`` for the edge ``e`` that won each place, 0 where none did."""
    if adjacency.num_edges == 0:
        return x.new_zeros(argument.shape)
    edge = argument.clamp(min=0).long()
    source = torch.empty_like(adjacency.col).index_copy(0, adjacency.perm.long(), adjacency.col)
    value = x.gather(0, source.long()[edge])
    if weight is not None:
        value = value * weight[edge]
    return value.masked_fill(argument < 0, 0)


def _to_source_backward(ctx: Any, grad_out: Tensor) -> tuple[Any, ...]:
    *tensors, argument, grad, weight = ctx.saved_tensors
    adjacency = Adjacency(*tensors)
    to_grad = to_weight = None
    if ctx.needs_input_grad[7]:
        to_grad = _take(adjacency, argument, grad_out, weight)
    if ctx.needs_input_grad[8]:
        to_weight = extreme_to_edge(*adjacency, argument, grad, grad_out)
    return *_NO_GRADIENT, None, to_grad, to_weight


def _to_edge_backward(ctx: Any, grad_out: Tensor) -> tuple[Any, ...]:
    *tensors, argument, grad, x = ctx.saved_tensors
    adjacency = Adjacency(*tensors)
    to_grad = to_x = None
    if ctx.needs_input_grad[7]:
        to_grad = _take(adjacency, argument, x, grad_out)
    if ctx.needs_input_grad[8]:
        to_x = extreme_to_source(*adjacency, argument, grad, grad_out)
    return *_NO_GRADIENT, None, to_grad, to_x


extreme_to_source = operator("spmm_extreme_to_source", _extreme_to_source, _extreme_to_source_fake,
                             _save_tensors, _to_source_backward)
extreme_to_edge = operator("spmm_extreme_to_edge", _extreme_to_edge, _extreme_to_edge_fake,
                           _save_tensors, _to_edge_backward)

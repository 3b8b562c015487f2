"""The fast versions as operators of torch: what they return, and how gradients flow back.

Three operators make a family that is closed under gradients: the sum over a list, its transpose,
and the inner products of what belongs to the two ends of an entry.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...graph import checks
from ...kernels.cpu import overlap_sum as kernel
from ...kernels.cpu import spmm as spmm_kernel
from ...kernels.cpu.common_neighbors import CHUNK
from ...kernels.cpu.parallel import num_threads, row_blocks, run_blocks
from ..arrays import array, array_or_nothing, empty, flat
from ..common_neighbors import binding as lists
from ..links import check_range
from ..memory import remember
from ..operator import operator

#: Columns of a float32 that fill a line of memory: two threads never write into one.
_COLUMNS = 16
#: Additions below which a second thread costs more than it brings.
_ALONE = 1 << 17


def _overlap_sum(
    rowptr: Tensor, col: Tensor, visible: Tensor | None, pairs: Tensor, part: str, x: Tensor,
    node_weight: Tensor | None,
) -> Tensor:
    """Sum over the nodes of each pair, which are listed nowhere: ``[P, F]``."""
    check_range(pairs, rowptr.shape[0] - 1)
    out = empty((pairs.shape[1], x.shape[1]), x.dtype)
    if out.numel():
        plan = lists.plan(rowptr, col, visible, pairs, part)
        length = np.zeros(pairs.shape[1] + 1, np.int64)
        weight = array_or_nothing(node_weight, x.dtype)

        def scratch(room: int) -> tuple[Any, ...]:
            return np.empty(CHUNK + 1, np.int64), np.empty(room if len(weight) else 0, weight.dtype)

        plan.run(kernel.sum_block, weight, flat(x), x.shape[1], length, flat(out), scratch=scratch)
    return out


def _overlap_sum_fake(rowptr, col, visible, pairs, part, x, node_weight):
    return x.new_empty(pairs.shape[1], x.shape[1])


#: Without a gradient: where one is wanted, the list is made first and summed.
overlap_sum = operator("overlap_sum", _overlap_sum, _overlap_sum_fake)


def check_lists(ptr: Tensor, node: Tensor, num_nodes: int) -> bool:
    """Borders and nodes of lists that nobody vouched for.

    Example:
        >>> check_lists(torch.tensor([0, 2]), torch.tensor([0, 1]), 2)
        True
    """
    checks.check_ptr(ptr, node.shape[0])
    if node.numel():
        low, high = torch.aminmax(node)
        checks.check_bounds(int(low), int(high), "node", num_nodes, "num_nodes")
    return True


def look_through(ptr: Tensor, node: Tensor, num_nodes: int) -> None:
    """:func:`check_lists`, once for the same unchanged tensors.

    Example:
        >>> look_through(torch.tensor([0, 2]), torch.tensor([0, 1]), 2)
    """
    remember((node, ptr), ("lists", num_nodes), lambda: check_lists(ptr, node, num_nodes))


def _ragged_sum(x: Tensor, ptr: Tensor, node: Tensor, weight: Tensor | None) -> Tensor:
    """Sum of ``weight[l] * x[node[l]]`` over each list: ``[P, F]``."""
    look_through(ptr, node, x.shape[0])
    out = empty((ptr.shape[0] - 1, x.shape[1]), x.dtype)
    if out.numel():
        borders = array(ptr)
        run_blocks(spmm_kernel.sum_rows, row_blocks(borders), borders, array(node),
                   array_or_nothing(weight, x.dtype), False, flat(x), x.shape[1], flat(out))
    return out


def _ragged_sum_fake(x, ptr, node, weight):
    return x.new_empty(ptr.shape[0] - 1, x.shape[1])


def _save_sum(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, ptr, node, weight = inputs
    ctx.num_nodes = x.shape[0]
    # Features are needed for the gradient of weights alone: without one they may be freed.
    ctx.save_for_backward(x if ctx.needs_input_grad[3] else None, ptr, node, weight)


def _sum_backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    x, ptr, node, weight = ctx.saved_tensors
    to_x = to_weight = None
    if ctx.needs_input_grad[0]:
        to_x = ragged_spread(grad, ptr, node, weight, ctx.num_nodes)
    if ctx.needs_input_grad[3]:
        to_weight = ragged_dot(grad, x, ptr, node)
    return to_x, None, None, to_weight


ragged_sum = operator("ragged_sum", _ragged_sum, _ragged_sum_fake, _save_sum, _sum_backward)


def _ragged_spread(
    grad: Tensor, ptr: Tensor, node: Tensor, weight: Tensor | None, num_nodes: int
) -> Tensor:
    """Sum over the entries ``l`` with node ``u`` of ``weight[l] * grad[p]``: ``[N, F]``."""
    look_through(ptr, node, num_nodes)
    width = grad.shape[1]
    # Zeros that the system gives on first touch: of a large graph few nodes are ever in a list.
    out = torch.from_numpy(np.zeros((num_nodes, width), array_or_nothing(None, grad.dtype).dtype))
    if out.numel() and node.numel():
        parts = 1
        if node.shape[0] * width > _ALONE:
            parts = max(1, min(num_threads(), width // _COLUMNS))
        borders = np.arange(parts) * (width // parts // _COLUMNS * _COLUMNS)
        run_blocks(kernel.spread_columns, [*borders.tolist(), width], array(ptr), array(node),
                   array_or_nothing(weight, grad.dtype), flat(grad), width, flat(out))
    return out


def _ragged_spread_fake(grad, ptr, node, weight, num_nodes):
    return grad.new_empty(num_nodes, grad.shape[1])


def _save_spread(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    grad, ptr, node, weight, _ = inputs
    ctx.save_for_backward(grad if ctx.needs_input_grad[3] else None, ptr, node, weight)


def _spread_backward(ctx: Any, grad_out: Tensor) -> tuple[Any, ...]:
    grad, ptr, node, weight = ctx.saved_tensors
    to_grad = to_weight = None
    if ctx.needs_input_grad[0]:
        to_grad = ragged_sum(grad_out, ptr, node, weight)
    if ctx.needs_input_grad[3]:
        to_weight = ragged_dot(grad, grad_out, ptr, node)
    return to_grad, None, None, to_weight, None


ragged_spread = operator("ragged_spread", _ragged_spread, _ragged_spread_fake, _save_spread,
                         _spread_backward)


def _ragged_dot(left: Tensor, right: Tensor, ptr: Tensor, node: Tensor) -> Tensor:
    """``<left[p], right[node[l]]>`` for every entry ``l`` of list ``p``: ``[L]``."""
    look_through(ptr, node, right.shape[0])
    out = empty((node.shape[0],), left.dtype)
    if left.shape[1] == 0:
        return out.zero_()
    borders = array(ptr)
    run_blocks(kernel.dot_entries, row_blocks(borders), borders, array(node), flat(left),
               flat(right), left.shape[1], array(out))
    return out


def _ragged_dot_fake(left, right, ptr, node):
    return left.new_empty(node.shape[0])


def _save_dot(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    left, right, ptr, node = inputs
    ctx.num_nodes = right.shape[0]
    ctx.save_for_backward(left if ctx.needs_input_grad[1] else None,
                          right if ctx.needs_input_grad[0] else None, ptr, node)


def _dot_backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    left, right, ptr, node = ctx.saved_tensors
    to_left = to_right = None
    if ctx.needs_input_grad[0]:
        to_left = ragged_sum(right, ptr, node, grad)
    if ctx.needs_input_grad[1]:
        to_right = ragged_spread(left, ptr, node, grad, ctx.num_nodes)
    return to_left, to_right, None, None


ragged_dot = operator("ragged_dot", _ragged_dot, _ragged_dot_fake, _save_dot, _dot_backward)

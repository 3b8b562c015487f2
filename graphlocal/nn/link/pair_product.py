"""Elementwise product of the features of a pair's two nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...kernels.cpu import pair_product as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ...ops import Adjacency
from ...ops.arrays import array, empty, flat
from ...ops.mode import PLAIN, is_eager, is_transformed

#: How many elements make the detour worth it, and pairs in a block of the forward pass.
_FEWEST = 4096
_BLOCK = 4096


def pair_product(x: Tensor, pairs: Tensor) -> Tensor:
    r"""Computes :math:`\mathbf{x}_i \odot \mathbf{x}_j` of each pair :math:`(i, j)`.

    On the CPU neither pass gathers the rows it multiplies, and the way back adds up the pairs of
    each node in one place; elsewhere it is torch's own indexing.

    Args:
        x: Features of the nodes.
        pairs: Pairs of positions in ``x``, checked, int64.

    Shapes:
        - **x:** :math:`(N, F)`
        - **pairs:** :math:`(2, P)`
        - **output:** :math:`(P, F)`

    Example:
        >>> pair_product(torch.tensor([[2.0], [3.0]]), torch.tensor([[0, 0], [1, 0]]))
        tensor([[6.],
                [4.]])
    """
    size = pairs.size(1) * x.size(1)
    if (x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64) or size < _FEWEST
            or type(x) not in PLAIN or type(pairs) not in PLAIN or not is_eager()
            or is_transformed()):
        return x[pairs[0]] * x[pairs[1]]
    return _PairProduct.apply(x, pairs)


class _PairProduct(torch.autograd.Function):

    @staticmethod
    def forward(ctx: Any, x: Tensor, pairs: Tensor) -> Tensor:
        ctx.save_for_backward(x, pairs)
        count, width = pairs.size(1), x.size(1)
        out = empty((count, width), x.dtype)
        left, right = array(pairs[0]), array(pairs[1])
        run_blocks(kernel.product_rows, np.append(np.arange(0, count, _BLOCK), count), left, right,
                   flat(x), width, flat(out))
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        x, pairs = ctx.saved_tensors
        if torch.is_grad_enabled():  # somebody wants the gradient of the gradient
            left, right = pairs
            out = torch.zeros_like(x).index_add(0, left, grad * x[right])
            return out.index_add(0, right, grad * x[left]), None
        width, adjacency = x.size(1), Adjacency.from_edge_index(pairs, x.size(0))
        out = empty(x.shape, x.dtype)
        arrays = [array(tensor) for tensor in adjacency]
        blocks = row_blocks(arrays[0] + arrays[3])
        run_blocks(kernel.product_rows_backward, blocks, *arrays, flat(grad), flat(x), width,
                   flat(out))
        return out, None

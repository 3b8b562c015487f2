"""Dropout that costs a pass over memory, not a random number and a mask for every element."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..kernels.cpu.dropout import drop_pairs
from ..kernels.cpu.parallel import run_blocks
from ..ops.mode import is_eager

#: What a 16-bit number can tell apart, how many elements make the detour worth it, and how many a
#: kernel can tell apart.
_LEVELS = 2**16
_FEWEST, _MOST = 4096, 2**32
_BLOCK = 2**16


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    r"""Zeroes elements with probability ``p`` and scales the others by :math:`1/(1-p)`.

    On the CPU torch draws a number for each element, which takes longer than the linear map before
    it, and keeps a mask. Here two seeds are drawn from torch's generator, 16 bits for each element
    follow from them and its place, and the backward pass finds them again: ``p`` is rounded to a
    multiple of :math:`2^{-16}`, and the others are scaled for what it was rounded to, so that means
    are kept. Everywhere else, and for few elements, it is torch's own.

    Args:
        x: Values.
        p: Probability.
        training: Whether to drop at all.

    Shapes:
        - **x, output:** any

    Example:
        >>> x = torch.ones(100, 100)
        >>> torch.equal(dropout(x, 0.3, training=False), x)
        True
        >>> sorted(set(dropout(x, 0.5).flatten().tolist()))
        [0.0, 2.0]
    """
    if not training or p == 0:
        return x
    keep = round((1 - p) * _LEVELS)
    if (x.device.type != "cpu" or x.dtype not in (torch.float32, torch.float64)
            or not _FEWEST <= x.numel() < _MOST or not 0 < keep < _LEVELS
            or type(x) not in (Tensor, nn.Parameter) or not is_eager()):
        return F.dropout(x, p, training)
    low, high = torch.randint(2**32, (2,)).tolist()
    return _Drop.apply(x, low, high, keep)


class _Drop(torch.autograd.Function):
    """Linear in its input: the gradient is the same function of the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, low: int, high: int, keep: int) -> Tensor:
        ctx.draw = (low, high, keep)
        flat = x.detach().contiguous()
        out = torch.empty_like(flat)
        values = flat.view(-1).numpy()
        scale = values.dtype.type(_LEVELS / keep)
        half = -(-len(values) // 2)
        borders = np.append(np.arange(0, half, _BLOCK), half)
        run_blocks(drop_pairs, borders, values, np.uint32(low), np.uint32(high), np.uint32(keep),
                   scale, out.view(-1).numpy())
        return out

    @staticmethod
    def jvp(ctx: Any, x: Tensor, *_: None) -> Tensor:
        return _Drop.apply(x, *ctx.draw)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        return _Drop.apply(grad, *ctx.draw), None, None, None


class Dropout(nn.Dropout):
    """:func:`dropout` as a module, in place of ``torch.nn.Dropout``.

    Args:
        p: Probability. Default: ``0.5``.

    Shapes:
        - **input, output:** any

    Example:
        >>> Dropout(0.3).eval()(torch.ones(2))
        tensor([1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout(input, self.p, self.training)

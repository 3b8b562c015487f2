"""Dropout that costs a memory pass, not a random number of its own for every element."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: What a 16-bit number can tell apart, and how many elements make the detour worth it.
_LEVELS = 2**16
_FEWEST = 4096


def dropout(x: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    r"""Zeroes elements with probability ``p`` and scales the others by :math:`1/(1-p)`.

    On the CPU torch draws a floating-point number for each element, which takes ten times as long
    as reading it. Here four elements share the bits of one 64-bit draw: ``p`` is rounded to a
    multiple of :math:`2^{-16}`, and the others are scaled for what it was rounded to, so that means
    are kept exactly. Everywhere else, and for few elements, it is torch's own.

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
    keep = round((1 - p) * _LEVELS)
    if not training or p == 0:
        return x
    if (x.device.type != "cpu" or x.numel() < _FEWEST or not 0 < keep < _LEVELS
            or not x.is_floating_point() or torch.compiler.is_compiling()):
        return F.dropout(x, p, training)
    bits = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-2**63, None)
    kept = bits.view(torch.int16)[:x.numel()] < keep - _LEVELS // 2
    return x * kept.view(x.shape).to(x.dtype).mul_(_LEVELS / keep)


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

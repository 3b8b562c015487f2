"""Dropout of attention weights by bits that are computed anew wherever they are needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..graph import checks

_BITS = 2**32 - 1


def draw_seed(
    dropout: float, training: bool, generator: torch.Generator | None = None
) -> Tensor | None:
    """Two seeds from torch's generator, ``None`` where nothing drops out.

    A tensor, so that a compiled pass draws them in its graph.

    Raises:
        GraphError: If ``dropout`` is no probability.

    Example:
        >>> draw_seed(0.5, training=True).shape
        torch.Size([2])
    """
    if checks.check_number(dropout, "dropout") < 0 or dropout > 1:
        checks.fail("dropout", str(dropout), "a probability from 0 to 1")
    if not training or dropout == 0:
        return None
    return torch.randint(2**32, (2,), generator=generator)


def kernel_arguments(seed: Tensor | None, dropout: float, dtype: Any) -> tuple[Any, ...]:
    """``dropping, low, high, keep, scale`` as kernels take them.

    Example:
        >>> kernel_arguments(None, 0.0, np.float32)[0]
        False
    """
    low, high = (0, 0) if seed is None else seed.tolist()
    share = 0.0 if seed is None else 1.0 - dropout
    return (seed is not None, np.uint32(low), np.uint32(high), np.uint32(_threshold(share)),
            dtype(1.0 / share if share else 0.0))


def _threshold(share: float) -> int:
    return min(round(share * 2.0**32), _BITS)


def weight_factors(
    seed: Tensor, dropout: float, num_edges: int, heads: int, dtype: torch.dtype
) -> Tensor:
    """What the weight of each edge and head is multiplied by: 0 or ``1 / (1 - dropout)``.

    The same bits as :func:`graphlocal.kernels.cpu.attention_dropout.is_kept`, by torch.

    Shapes:
        - **seed:** :math:`(2)`
        - **output:** :math:`(E, H)`

    Example:
        >>> weight_factors(torch.tensor([1, 2]), 1.0, 2, 1, torch.float32).tolist()
        [[0.0], [0.0]]
    """
    low, high = seed.unbind()
    place = torch.arange(num_edges * heads, device=seed.device)
    bits = _mix(_mix((place & _BITS) ^ low ^ _mix(place >> 32)) + high & _BITS)
    share = 1.0 - dropout
    kept = bits < _threshold(share)
    return (kept.to(dtype) * (1.0 / share if share else 0.0)).view(num_edges, heads)


def _mix(x: Tensor) -> Tensor:
    """:func:`graphlocal.kernels.cpu.dropout.mix` of 32-bit numbers held in 64 bits."""
    x = x ^ (x >> 16)
    x = x * 0x7FEB352D & _BITS  # what overflows is cut off anyway
    x = x ^ (x >> 15)
    x = x * 0x846CA68B & _BITS
    return x ^ (x >> 16)

"""Causal convolution as its definition reads."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def causal_conv(
    x: Tensor, weight: Tensor, bias: Tensor | None, ptr: Tensor, reverse: tuple[bool, bool],
    silu: bool,
) -> Tensor:
    """Adds up shifted rows ``[T, D]``; what would come from another sequence is 0.

    ``reverse`` is the direction of the first and of the second half of the channels.

    Example:
        >>> causal_conv(torch.ones(3, 1), torch.ones(1, 2), None, torch.tensor([0, 2, 3]),
        ...             (False, False), False).flatten().tolist()
        [1.0, 2.0, 1.0]
    """
    rows, channels = x.shape
    row = torch.arange(rows, device=x.device)
    sequence = torch.bucketize(row, ptr[1:], right=True)
    parts = []
    for part, backwards in zip(_halves(channels, reverse), reverse, strict=False):
        out = x[:, part] * weight[part, -1]
        for shift in range(1, weight.shape[1]):
            source = row + shift if backwards else row - shift
            inside = (source < ptr[sequence + 1]) if backwards else (source >= ptr[sequence])
            shifted = x[:, part][source.clamp(0, max(rows - 1, 0))]
            out = out + torch.where(inside.unsqueeze(-1), shifted, 0) * weight[part, -1 - shift]
        parts.append(out)
    out = parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
    if bias is not None:
        out = out + bias
    return functional.silu(out) if silu else out


def _halves(channels: int, reverse: tuple[bool, bool]) -> list[slice]:
    if reverse[0] == reverse[1]:
        return [slice(0, channels)]
    return [slice(0, channels // 2), slice(channels // 2, channels)]

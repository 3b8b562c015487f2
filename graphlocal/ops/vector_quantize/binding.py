"""The search in blocks of rows as an operator of torch, which a compiler does not look into."""

from __future__ import annotations

import torch
from torch import Tensor

from ...graph import checks
from ..operator import operator
from . import reference

#: Distances that exist at once: they stay in a processor's cache.
_BLOCK = 1 << 20


def _quantize(
    x: Tensor, codebook: Tensor, mask: Tensor | None, exact: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Nearest centroids ``[N]``, counts ``[B]``, sums ``[B, F]``, squared distances ``[N]``.

    With ``exact`` the definition searches each block, else a product of matrices.
    """
    for rows, name in ((x, "x"), (codebook if mask is None else codebook[mask], "codebook")):
        checks.check_finite_rows(rows, name, "they are nearest to no centroid")
    if mask is not None and not bool(mask.any()):
        checks.fail("mask", "no centroid", "at least one that may be taken")
    rows, size = x.shape[0], codebook.shape[0]
    index = torch.zeros(rows, dtype=torch.long, device=x.device)
    error = x.new_zeros(rows)
    with torch.no_grad(), torch.autocast(x.device.type, enabled=False):
        if not exact:
            # Distances do not change when everything is moved, but their rounding does.
            center = (codebook if mask is None else codebook[mask]).mean(dim=0)
            moved = codebook - center
            half = moved.square().sum(dim=1) / -2
            if mask is not None:
                moved = moved.masked_fill(~mask[:, None], 0)
                half = half.masked_fill(~mask, -float("inf"))
        block = max(1, _BLOCK // size)
        for start in range(0, rows, block):
            part = x[start : start + block]
            if exact:
                found = reference.nearest(part, codebook, mask)
            else:
                found = torch.addmm(half, part - center, moved.t()).argmax(dim=1)
            index[start : start + block] = found
            error[start : start + block] = (part - codebook[found]).square().sum(dim=1)
        # In float32 at least: counts of a half stop at 2048.
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        count = torch.bincount(index, minlength=size).to(wide.dtype)
        total = wide.new_zeros(codebook.shape).index_add_(0, index, wide)
    return index, count, total, error


def _quantize_fake(x, codebook, mask, exact):
    wide = torch.float32 if x.dtype in (torch.float16, torch.bfloat16) else x.dtype
    size = codebook.shape[0]
    return (x.new_empty(x.shape[0], dtype=torch.long), x.new_empty(size, dtype=wide),
            x.new_empty(codebook.shape, dtype=wide), x.new_empty(x.shape[0]))


quantize = operator("vector_quantize", _quantize, _quantize_fake)

"""Nearest centroids, as their definition reads."""

from __future__ import annotations

import torch
from torch import Tensor


def nearest(x: Tensor, codebook: Tensor, mask: Tensor | None) -> Tensor:
    """Index of the centroid at the smallest distance from each row.

    Example:
        >>> nearest(torch.tensor([[0.9]]), torch.tensor([[0.0], [1.0]]), None).tolist()
        [1]
    """
    if x.dtype not in (torch.float32, torch.float64):  # differences of halves lose the distance
        x, codebook = x.float(), codebook.float()
    # Not by products, whose rounding grows with the length of the vectors.
    distance = torch.cdist(x, codebook, compute_mode="donot_use_mm_for_euclid_dist")
    if mask is not None:
        distance = distance.masked_fill(~mask, float("inf"))
    return distance.argmin(dim=1)


def quantize(
    x: Tensor, codebook: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Nearest centroids, counts, sums and squared distances.

    Example:
        >>> quantize(torch.tensor([[0.5], [0.75]]), torch.tensor([[0.0], [1.0]]), None)[3].tolist()
        [0.25, 0.0625]
    """
    index = nearest(x, codebook, mask)
    member = torch.nn.functional.one_hot(index, codebook.shape[0]).to(x.dtype)  # [N, B]
    error = (x - codebook[index]).square().sum(dim=1)
    return index, member.sum(dim=0), member.t() @ x, error

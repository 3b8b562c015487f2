"""Nearest centroids of rows, and what each centroid got: a step of vector quantisation."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ...graph import checks
from ..dispatch import choose
from . import binding


class Quantized(NamedTuple):
    """What :func:`vector_quantize` finds.

    Shapes:
        - **index:** :math:`(N)`, the nearest centroid of each row
        - **count:** :math:`(B)`, how many rows each centroid got, in the dtype of
          the rows, float32 for halves
        - **total:** :math:`(B, F)`, their sum, likewise
        - **error:** :math:`(N)`, squared distance of each row to its centroid

    Example:
        >>> x = torch.tensor([[0.0], [1.0], [5.0]])
        >>> vector_quantize(x, torch.tensor([[0.0], [4.0]])).total.tolist()
        [[1.0], [5.0]]
    """

    index: Tensor
    count: Tensor
    total: Tensor
    error: Tensor


def vector_quantize(x: Tensor, codebook: Tensor, mask: Tensor | None = None) -> Quantized:
    r"""Nearest centroid of each row, with counts and sums of the rows each centroid got.

    .. math::
        i_n = \arg\min_b \lVert \mathbf{x}_n - \mathbf{e}_b \rVert, \qquad
        c_b = |\{n : i_n = b\}|, \qquad \mathbf{t}_b = \sum_{n : i_n = b} \mathbf{x}_n

    These are what k-means needs, and its moving average over batches. Distances are made a block
    of rows at a time: the :math:`N \times B` of them never exist at once, and the memory beyond
    the results is a few megabytes. Nothing of it has a gradient. Between centroids that are
    equally near up to rounding, either may be taken.

    Args:
        x: Rows.
        codebook: Centroids, of the same dtype.
        mask: Which centroids may be taken. Default: ``None``, all.

    Shapes:
        - **x:** :math:`(N, F)`
        - **codebook:** :math:`(B, F)`
        - **mask:** :math:`(B)`
        - **output:** see :class:`Quantized`

    Raises:
        GraphError: If shapes or dtypes do not fit, there is no centroid to take, or a row or a
            centroid that may be taken is not finite.

    Example:
        >>> x = torch.tensor([[0.0, 0.1], [1.0, 1.0], [0.9, 1.1]])
        >>> found = vector_quantize(x, torch.tensor([[0.0, 0.0], [1.0, 1.0]]))
        >>> found.index.tolist(), found.count.tolist()
        ([0, 1, 1], [1.0, 2.0])
    """
    checks.check_features(x, None)
    checks.check_features(codebook, x.shape[1], "codebook")
    if codebook.dtype != x.dtype or codebook.device != x.device:
        checks.fail("codebook", f"{codebook.dtype} on {codebook.device}",
                    f"{x.dtype} on {x.device}, as 'x'", "convert with .to(x)")
    if codebook.shape[0] == 0:
        checks.fail("codebook", "no centroid", "at least one")
    if mask is not None:
        _check_mask(mask, codebook)
    exact = choose("vector_quantize", x.device.type, x.dtype, "nearest") == "reference"
    return Quantized(*binding.quantize(x.detach(), codebook.detach(), mask, exact))


def _check_mask(mask: Tensor, codebook: Tensor) -> None:
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        got = str(mask.dtype) if isinstance(mask, Tensor) else type(mask).__name__
        checks.fail("mask", got, "a boolean tensor", kind=checks.GraphTypeError)
    if mask.shape != codebook.shape[:1] or mask.device != codebook.device:
        checks.fail("mask", f"shape {tuple(mask.shape)} on {mask.device}",
                    f"shape ({codebook.shape[0]},) on {codebook.device}, one for each centroid")

"""Rows of tensors as kernels read them, without a copy where rows are parts of wider ones."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .arrays import array_or_nothing, flat


def rows_of(tensor: Tensor | None) -> tuple[NDArray[np.float32], int]:
    """Memory of the rows of a matrix, flat, and the distance from one row to the next.

    Example:
        >>> memory, step = rows_of(torch.arange(6.0).reshape(2, 3)[:, 1:])
        >>> memory.tolist(), step
        ([1.0, 2.0, 3.0, 4.0, 5.0], 3)
    """
    if tensor is None or tensor.numel() == 0:
        return array_or_nothing(None, torch.float32), 0
    tensor = tensor.detach()
    rows, channels = tensor.shape
    step = tensor.stride(0) if rows > 1 else channels
    if (channels > 1 and tensor.stride(1) != 1) or step < channels:
        return flat(tensor), channels
    return tensor.as_strided(((rows - 1) * step + channels,), (1,)).numpy(), step

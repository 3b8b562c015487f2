"""Tensors for kernels to write, and arrays for kernels to read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import buffers

#: From this size on numpy asks the system for large pages, and torch does not.
_LARGE = 1 << 22
_DTYPES: dict[torch.dtype, type[np.generic]] = {
    torch.float32: np.float32, torch.float64: np.float64,
    torch.int32: np.int32, torch.int64: np.int64,
}
#: Stands for "no weights" in a kernel, so that both cases are one compiled function.
_NOTHING = {dtype: np.zeros(0, _DTYPES[dtype]) for dtype in (torch.float32, torch.float64)}


def empty(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Uninitialised tensor on the CPU, which writes where an earlier one lay if it is large.

    The first touch of 100 MB of new memory takes a third of the time it takes in ``torch.empty``,
    and none where the memory was used before; see :mod:`~graphlocal.ops.buffers`. Passes over it
    miss fewer page translations.

    Example:
        >>> empty((2, 3), torch.float32).shape
        torch.Size([2, 3])
    """
    if math.prod(shape) * dtype.itemsize < _LARGE:
        return torch.empty(shape, dtype=dtype)
    return torch.from_numpy(buffers.take(shape, _DTYPES[dtype]))


def array(tensor: Tensor) -> NDArray[Any]:
    """Contiguous array of a tensor on the CPU, sharing its memory where it can.

    Example:
        >>> array(torch.ones(2, requires_grad=True)).tolist()
        [1.0, 1.0]
    """
    return tensor.detach().contiguous().numpy()


def flat(tensor: Tensor) -> NDArray[Any]:
    """:func:`array` without its shape: rows one after another.

    Example:
        >>> flat(torch.ones(2, 3)).shape
        (6,)
    """
    return array(tensor).reshape(-1)


def array_or_nothing(tensor: Tensor | None, dtype: torch.dtype) -> NDArray[Any]:
    """:func:`array`, or one of length 0 where there is no tensor.

    Example:
        >>> array_or_nothing(None, torch.float32).shape
        (0,)
    """
    return _NOTHING[dtype] if tensor is None else array(tensor)

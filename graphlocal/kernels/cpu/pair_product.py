"""Products of the features of two nodes, one row per pair, and the way back to the nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .parallel import jit


@jit
def product_rows(
    start: int, stop: int, left: NDArray[np.integer], right: NDArray[np.integer],
    x: NDArray[np.floating], width: int, out: NDArray[np.floating]
) -> None:
    """``out[p] = x[left[p]] * x[right[p]]``."""
    for p in range(start, stop):
        a, b = x[left[p] * width:][:width], x[right[p] * width:][:width]
        result = out[p * width:][:width]
        for c in range(width):
            result[c] = a[c] * b[c]


@jit
def product_rows_backward(
    start: int, stop: int, rowptr: NDArray[np.int64], col: NDArray[np.integer],
    perm: NDArray[np.integer], t_rowptr: NDArray[np.int64], t_col: NDArray[np.integer],
    t_perm: NDArray[np.integer], grad: NDArray[np.floating], x: NDArray[np.floating], width: int,
    out: NDArray[np.floating]
) -> None:
    """Sum over a node's pairs of the pair's gradient times the features of its other node."""
    for i in range(start, stop):
        total = out[i * width:][:width]
        total[:] = 0
        for slot in range(rowptr[i], rowptr[i + 1]):
            above, other = grad[perm[slot] * width:][:width], x[col[slot] * width:][:width]
            for c in range(width):
                total[c] += above[c] * other[c]
        for slot in range(t_rowptr[i], t_rowptr[i + 1]):
            above, other = grad[t_perm[slot] * width:][:width], x[t_col[slot] * width:][:width]
            for c in range(width):
                total[c] += above[c] * other[c]

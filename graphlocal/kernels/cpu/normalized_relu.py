"""Layer norm, dropout and ReLU of rows in one pass over memory, and back in one more."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from .dropout import draw
from .parallel import jit

#: Rows whose gradients of scale and shift are summed before they meet those of other rows.
ROWS = 2048


@partial(jit, fastmath={"reassoc", "contract"})  # sums of a row may be added up in any order
def forward_rows(
    start: int, stop: int, x: NDArray[np.floating], width: int, weight: NDArray[np.floating],
    bias: NDArray[np.floating], eps: np.floating, low: np.uint32, high: np.uint32,
    keep: np.uint32, scale: np.floating, mean: NDArray[np.floating],
    rstd: NDArray[np.floating], out: NDArray[np.floating]
) -> None:
    """``out = relu(dropout(norm(x)))``; without a ``weight`` there is no norm.

    Of ``width`` elements the first and the second half share numbers of 32 bits, 16 for each; an
    element stays where its bits are below ``keep``.
    """
    zero = scale - scale
    half = (width + 1) // 2
    for i in range(start, stop):
        row, result = x[i * width:(i + 1) * width], out[i * width:(i + 1) * width]
        if len(weight):
            total = zero
            for c in range(width):
                total += row[c]
            center = total / x.dtype.type(width)
            total = zero
            for c in range(width):
                total += (row[c] - center) * (row[c] - center)
            factor = x.dtype.type(1) / np.sqrt(total / x.dtype.type(width) + eps)
            mean[i], rstd[i] = center, factor
            for c in range(width):
                result[c] = (row[c] - center) * factor * weight[c] + bias[c]
        else:
            result[:] = row
        first = np.uint32(i * half)
        left, right = result[:width - width // 2], result[half:]
        for c in range(width // 2):
            bits = draw(np.uint32(first + np.uint32(c)), low, high)
            # Products, not choices: NaN stays NaN, as in torch.
            a = left[c] * (scale if np.uint32(bits & np.uint32(0xFFFF)) < keep else zero)
            b = right[c] * (scale if np.uint32(bits >> np.uint32(16)) < keep else zero)
            left[c] = zero if a <= zero else a
            right[c] = zero if b <= zero else b
        if width % 2:
            bits = draw(np.uint32(first + np.uint32(half - 1)), low, high)
            a = left[half - 1] * (scale if np.uint32(bits & np.uint32(0xFFFF)) < keep else zero)
            left[half - 1] = zero if a <= zero else a


@partial(jit, fastmath={"reassoc", "contract"})
def backward_rows(
    start: int, stop: int, grad: NDArray[np.floating], out: NDArray[np.floating],
    x: NDArray[np.floating], width: int, weight: NDArray[np.floating],
    mean: NDArray[np.floating], rstd: NDArray[np.floating], scale: np.floating,
    grad_weight: NDArray[np.floating], grad_bias: NDArray[np.floating],
    grad_x: NDArray[np.floating]
) -> None:
    """Gradient of ``x``; those of weight and bias for every :data:`ROWS` rows, ``[..., width]``.

    An element passes its gradient on where ``out`` is positive: it stayed, and was above zero.
    """
    zero = scale - scale
    for i in range(start, stop):
        place = slice(i * width, (i + 1) * width)
        above, result, back = grad[place], out[place], grad_x[place]
        for c in range(width):
            back[c] = above[c] * (zero if result[c] <= zero else scale)
        if len(weight) == 0:
            continue
        row, slot = x[place], i // ROWS * width
        to_weight, to_bias = grad_weight[slot:slot + width], grad_bias[slot:slot + width]
        center, factor = mean[i], rstd[i]
        plain, along = zero, zero
        for c in range(width):
            normal = (row[c] - center) * factor
            to_weight[c] += back[c] * normal
            to_bias[c] += back[c]
            plain += back[c] * weight[c]
            along += back[c] * weight[c] * normal
        plain /= x.dtype.type(width)
        along /= x.dtype.type(width)
        for c in range(width):
            normal = (row[c] - center) * factor
            back[c] = factor * (back[c] * weight[c] - plain - normal * along)

"""Dropout in one pass over memory: whether an element stays is computed from its place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .parallel import jit


@jit
def mix(x: np.uint32) -> np.uint32:
    """A bijection of 32-bit numbers whose output bits look like coin tosses."""
    # Arithmetic on 32 bits yields 64: it is cut back after every step.
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x = np.uint32(x ^ (x >> np.uint32(15)))
    x = np.uint32(x * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


@jit
def draw(place: np.uint32, low: np.uint32, high: np.uint32) -> np.uint32:
    """Number of a place in the draw that two seeds name."""
    return mix(np.uint32(mix(np.uint32(place ^ low)) + high))


@jit
def drop_pairs(
    start: int, stop: int, x: NDArray[np.floating], low: np.uint32, high: np.uint32,
    keep: np.uint32, scale: np.floating, out: NDArray[np.floating]
) -> None:
    """``out = x * scale`` where 16 bits drawn for the place are below ``keep``, else 0.

    Elements are taken in pairs ``[start, stop)``, one of the first half and one of the second, that
    share a number of 32 bits. Two seeds name the draw; the backward pass names it again, where a
    mask would have to be kept and read.
    """
    zero = scale - scale
    half = len(x) // 2
    count = max(min(stop, half) - start, 0)
    # Slices, whose places are plainly not negative: the loop is then done in vectors.
    x_first, x_second = x[start:start + count], x[half + start:half + start + count]
    out_first, out_second = out[start:start + count], out[half + start:half + start + count]
    first = np.uint32(start)
    for i in range(count):
        bits = draw(np.uint32(first + np.uint32(i)), low, high)
        # Products, not choices: NaN stays NaN, as in torch.
        out_first[i] = x_first[i] * (scale if np.uint32(bits & np.uint32(0xFFFF)) < keep else zero)
        out_second[i] = x_second[i] * (scale if np.uint32(bits >> np.uint32(16)) < keep else zero)
    if stop > half and len(x) % 2:
        bits = draw(np.uint32(half), low, high)
        out[2 * half] = x[2 * half] * (scale if np.uint32(bits & 0xFFFF) < keep else zero)

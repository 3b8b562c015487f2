"""Short depthwise convolutions along packed sequences, sixteen channels at a time.

Arrays are flat. ``blocks [K, 3]`` are first channel, number of channels (at most 16) and whether
the future is seen instead of the past; ``taps [K, w, 16]`` the weights, that of the present first;
``bias [K, 16]``; ``borders`` cut the rows into blocks of their own, wherever sequences end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .lanes import WIDTH, fill, load, load_some, sigmoid, store, store_some
from .parallel import jit

_one = np.float32(1.0)


def cut_channels(channels: int, reverse: tuple[bool, bool]) -> NDArray[np.int64]:
    """Blocks of lanes; ``reverse`` is the direction of the first and the second half.

    Example:
        >>> cut_channels(40, (False, True)).tolist()
        [[0, 16, 0], [16, 4, 0], [20, 16, 1], [36, 4, 1]]
    """
    middle = channels if reverse[0] == reverse[1] else channels // 2
    return np.array([
        [channel, min(WIDTH, stop - channel), int(backwards)]
        for start, stop, backwards in ((0, middle, reverse[0]), (middle, channels, reverse[1]))
        for channel in range(start, stop, WIDTH)], np.int64).reshape(-1, 3)


@jit
def _sequence_of(ptr, row):
    """Last sequence that starts at or before a row."""
    low, high = 0, len(ptr) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if ptr[middle] <= row:
            low = middle
        else:
            high = middle
    return low


@jit
def _response(x, x_row, row, low, high, channel, count, backwards, taps, at, width, total):
    for k in range(width):
        source = row + k if backwards else row - k
        if low <= source < high:
            total = total + load_some(x, source * x_row + channel, count) * load(
                taps, at + k * WIDTH)
    return total


@jit
def conv_rows(start, stop, borders, ptr, blocks, x, x_row, taps, width, bias, silu, y, y_row):
    """Writes the convolution ``y``."""
    row, end = borders[start], borders[stop]
    s = _sequence_of(ptr, row)
    while row < end:
        while ptr[s + 1] <= row:
            s += 1
        for block in range(len(blocks)):
            channel, count, backwards = blocks[block, 0], blocks[block, 1], blocks[block, 2]
            total = _response(x, x_row, row, ptr[s], ptr[s + 1], channel, count, backwards, taps,
                              block * width * WIDTH, width, load(bias, block * WIDTH))
            if silu:
                total = total * sigmoid(total)
            store_some(y, row * y_row + channel, total, count)
        row += 1
    return 0


@jit
def conv_rows_backward(
    start, stop, borders, ptr, blocks, x, x_row, taps, width, bias, silu, grad, grad_row, slope,
    slope_row, sums,
):
    """Writes the gradient before the SiLU, ``slope``, and adds up those of taps and bias in
    ``sums [J, K, w + 1, 16]``, 0 at first, which has a part for every block of rows."""
    one = fill(_one)
    for part in range(start, stop):
        row, end = borders[part], borders[part + 1]
        s = _sequence_of(ptr, row)
        while row < end:
            while ptr[s + 1] <= row:
                s += 1
            low, high = ptr[s], ptr[s + 1]
            for block in range(len(blocks)):
                channel, count, backwards = blocks[block, 0], blocks[block, 1], blocks[block, 2]
                g = load_some(grad, row * grad_row + channel, count)
                if silu:
                    total = _response(x, x_row, row, low, high, channel, count, backwards, taps,
                                      block * width * WIDTH, width, load(bias, block * WIDTH))
                    share = sigmoid(total)
                    g = g * share * (one + total * (one - share))
                store_some(slope, row * slope_row + channel, g, count)
                own = (part * len(blocks) + block) * (width + 1) * WIDTH
                for k in range(width):
                    source = row + k if backwards else row - k
                    if low <= source < high:
                        at = own + k * WIDTH
                        store(sums, at, load(sums, at) + g * load_some(
                            x, source * x_row + channel, count))
                at = own + width * WIDTH
                store(sums, at, load(sums, at) + g)
            row += 1
    return 0

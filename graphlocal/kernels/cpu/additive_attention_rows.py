"""What the kernels of additive attention share: a few edges of a row at a time.

A tile holds one number per edge and head, heads next to each other. Features and gradients come
as flat arrays of rows of ``heads * width``.
"""

from __future__ import annotations

import numpy as np

from .attention_dropout import is_kept
from .exponential import exponential
from .head_sums import dot
from .leaky_sums import add_scaled
from .parallel import jit
from .prefetch import prefetch_row

#: Edges of a tile: their features stay in the nearest cache between two passes.
TILE = 32
#: How many edges ahead features are asked for.
AHEAD = 12

_unsigned = np.uint64


@jit
def ask(x, row, size):
    """Requests a row of ``size`` features."""
    prefetch_row(x, _unsigned(row) * size, size)


@jit
def add_rows(tile, count, heads, width, col, slot, x, out, o):
    """Adds to ``out[o:]`` the rows of ``x`` the slots from ``slot`` on point to, times the tile."""
    size = heads * width
    for k in range(_unsigned(count)):
        a = _unsigned(col[slot + np.int64(k)]) * size
        for h in range(heads):
            add_scaled(tile[k * heads + h], out, o + h * width, x, a + h * width, width)


@jit
def absorb(tile, count, heads, width, peak, total, out, o):
    """Turns the scores of a tile into exponentials below the highest score of the row so far.

    What was summed up to now is scaled where a higher score came.
    """
    zero, lowest = tile.dtype.type(0), tile.dtype.type(-np.inf)
    for h in range(heads):
        old = peak[h]
        new = old
        for k in range(_unsigned(count)):
            score = tile[k * heads + h]
            new = score if score > new else new
        if new > old:
            peak[h] = new
            if old > lowest:
                shrink = exponential(old - new)
                total[h] *= shrink
                for f in range(h * width, h * width + width):
                    out[o + f] *= shrink
        base = new if new > lowest else zero
        for k in range(_unsigned(count)):
            tile[k * heads + h] -= base
    for n in range(_unsigned(count) * heads):
        tile[n] = exponential(tile[n])
    for k in range(_unsigned(count)):
        for h in range(heads):
            total[h] += tile[k * heads + h]


@jit
def drop(tile, count, heads, perm, slot, low, high, keep, scale):
    """Drops weights out of a tile and scales the others."""
    zero = tile.dtype.type(0)
    for k in range(_unsigned(count)):
        edge = perm[slot + k]
        for h in range(heads):
            stays = is_kept(edge, h, heads, low, high, keep)
            tile[k * heads + h] *= scale if stays else zero


@jit
def finish(heads, width, peak, total, out, o, base, n):
    """Divides a row by its sums. The highest scores are kept, and one over the sums: 0 where all
    of them are. A logarithm of a sum would be lost beside a score of -1e9."""
    one = out.dtype.type(1)
    for h in range(heads):
        at = n + n + h
        if total[h] == 0:
            base[at] = base[at + heads] = 0
        else:
            share = one / total[h]
            base[at], base[at + heads] = peak[h], share
            for f in range(h * width, h * width + width):
                out[o + f] *= share


@jit
def start_row(heads, width, peak, total, out, o):
    """A row before its first edge."""
    for h in range(heads):
        peak[h] = -np.inf
        total[h] = 0
    for f in range(heads * width):
        out[o + f] = 0


@jit
def dot_rows(start, stop, heads, width, left, right, out):
    """``out[i, h] = <left[i, h], right[i, h]>``."""
    heads, width = _unsigned(heads), _unsigned(width)
    for n in range(_unsigned(start) * heads, _unsigned(stop) * heads):
        out[n] = dot(left, n * width, right, n * width, width)


@jit
def sum_edges(start, stop, rowptr, perm, heads, x, out):
    """Sum over the edges of each row of their numbers ``x[edge, h]``."""
    heads = _unsigned(heads)
    for i in range(start, stop):
        o = _unsigned(i) * heads
        for h in range(heads):
            out[o + h] = 0
        for slot in range(rowptr[i], rowptr[i + 1]):
            a = _unsigned(perm[slot]) * heads
            for h in range(heads):
                out[o + h] += x[a + h]

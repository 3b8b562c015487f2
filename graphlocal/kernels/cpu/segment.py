"""Reductions of contiguous segments of rows; features come as flat arrays of rows of ``width``."""

from __future__ import annotations

import numpy as np

from .parallel import jit

_unsigned = np.uint64


@jit
def sum_segments(start, stop, ptr, mean, x, width, out):
    """Sum (or mean) of the rows of each segment, 0 for an empty one."""
    width = _unsigned(width)
    for b in range(start, stop):
        o = _unsigned(b) * width
        for f in range(width):
            out[o + f] = 0
        for row in range(ptr[b], ptr[b + 1]):
            a = _unsigned(row) * width
            for f in range(width):
                out[o + f] += x[a + f]
        if mean and ptr[b + 1] > ptr[b]:
            count = x.dtype.type(ptr[b + 1] - ptr[b])
            for f in range(width):
                out[o + f] /= count


@jit
def extreme_segments(start, stop, ptr, sign, x, width, out, argument):
    """Largest (``sign`` 1) or smallest (-1) row of each segment and column, 0 in an empty one.

    ``argument`` gets the row: the first of equals, the first NaN where there is one, -1 if empty.
    """
    width = _unsigned(width)
    for b in range(start, stop):
        o = _unsigned(b) * width
        if ptr[b] == ptr[b + 1]:
            for f in range(width):
                out[o + f] = 0
                argument[o + f] = -1
            continue
        first = _unsigned(ptr[b]) * width
        for f in range(width):
            out[o + f] = sign * x[first + f]
            argument[o + f] = ptr[b]
        for row in range(ptr[b] + 1, ptr[b + 1]):
            a = _unsigned(row) * width
            for f in range(width):
                value, new = out[o + f], sign * x[a + f]
                better = (new > value) | ((new != new) & (value == value))
                out[o + f] = new if better else value
                argument[o + f] = row if better else argument[o + f]
        for f in range(width):
            out[o + f] *= sign


@jit
def shift_segments(start, stop, ptr, x, width, out, peak):
    """Each row less the maximum of its segment, so that no exponential overflows.

    ``peak`` is scratch of one row. Where all of a segment is -inf nothing is subtracted.
    """
    width = _unsigned(width)
    for b in range(start, stop):
        for f in range(width):
            peak[f] = -np.inf
        for row in range(ptr[b], ptr[b + 1]):
            a = _unsigned(row) * width
            for f in range(width):
                value, new = peak[f], x[a + f]
                peak[f] = value if (new <= value) | (value != value) else new
        for f in range(width):
            peak[f] = 0 if peak[f] == -np.inf else peak[f]
        for row in range(ptr[b], ptr[b + 1]):
            a = _unsigned(row) * width
            for f in range(width):
                out[a + f] = x[a + f] - peak[f]


@jit
def normalize_segments(start, stop, ptr, width, out, total):
    """Divides each row by the sum of its segment, in place; a sum of 0 divides by 1."""
    width = _unsigned(width)
    for b in range(start, stop):
        for f in range(width):
            total[f] = 0
        for row in range(ptr[b], ptr[b + 1]):
            a = _unsigned(row) * width
            for f in range(width):
                total[f] += out[a + f]
        for f in range(width):
            total[f] = 1 if total[f] == 0 else total[f]
        for row in range(ptr[b], ptr[b + 1]):
            a = _unsigned(row) * width
            for f in range(width):
                out[a + f] /= total[f]


@jit
def softmax_segments_backward(start, stop, ptr, y, grad, width, out, total):
    """``y * (grad - <y, grad>)`` within each segment; ``total`` is scratch of one row."""
    width = _unsigned(width)
    for b in range(start, stop):
        for f in range(width):
            total[f] = 0
        for row in range(ptr[b], ptr[b + 1]):
            a = _unsigned(row) * width
            for f in range(width):
                total[f] += y[a + f] * grad[a + f]
        for row in range(ptr[b], ptr[b + 1]):
            a = _unsigned(row) * width
            for f in range(width):
                out[a + f] = y[a + f] * (grad[a + f] - total[f])

"""Products of a compressed sparse matrix and rows of features.

All of them walk the rows of a CSR, several slots at a time so that several streams of features
are under way at once, and ask for the features of later slots while they use earlier ones.
Features come as flat arrays of rows of ``width``. ``weight`` is in the order of the slots; one of
length 0 stands for all ones.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from .parallel import jit
from .prefetch import LINE, prefetch

#: How far ahead features are asked for: so many slots, while they fit in so many bytes.
AHEAD_SLOTS, AHEAD_BYTES = 12, 1 << 14
#: Features smaller than this stay in the nearer caches by themselves.
NEAR_BYTES = 1 << 20
# Unsigned positions need no test for counting from the end, which lets loops over columns be
# vectorised.
_unsigned = np.uint64


@jit
def _ahead(x, width):
    """Slots to look ahead; 0 where there is no need to."""
    if x.size * x.itemsize < NEAR_BYTES:
        return 0
    return max(2, min(AHEAD_SLOTS, AHEAD_BYTES // (width * x.itemsize)))


@jit
def _ask(x, row, width):
    """Requests a row of features."""
    start = _unsigned(row) * width
    for f in range(_unsigned(0), width, _unsigned(LINE // x.itemsize)):
        prefetch(x, start + f)


@jit
def sum_rows(start, stop, rowptr, col, weight, mean, x, width, out):
    """``out[i]`` is the sum (or mean) of ``weight[s] * x[col[s]]`` over the slots of row ``i``."""
    slots = len(col)
    ahead = _ahead(x, width)
    width = _unsigned(width)
    weighted = len(weight) > 0
    one = x.dtype.type(1)
    for i in range(start, stop):
        o = _unsigned(i) * width
        slot, end = rowptr[i], rowptr[i + 1]
        if slot == end:
            for f in range(width):
                out[o + f] = 0
            continue
        wa = weight[slot] if weighted else one
        a = _unsigned(col[slot]) * width
        if ahead and slot + ahead < slots:
            _ask(x, col[slot + ahead], width)
        for f in range(width):
            out[o + f] = wa * x[a + f]
        slot += 1
        while slot + 4 <= end:
            if ahead:
                for s in range(slot + ahead, min(slot + ahead + 4, slots)):
                    _ask(x, col[s], width)
            a, b = _unsigned(col[slot]) * width, _unsigned(col[slot + 1]) * width
            c, d = _unsigned(col[slot + 2]) * width, _unsigned(col[slot + 3]) * width
            wa = wb = wc = wd = one
            if weighted:
                wa, wb, wc, wd = weight[slot], weight[slot + 1], weight[slot + 2], weight[slot + 3]
            for f in range(width):
                out[o + f] += (wa * x[a + f] + wb * x[b + f]) + (wc * x[c + f] + wd * x[d + f])
            slot += 4
        while slot < end:
            if ahead and slot + ahead < slots:
                _ask(x, col[slot + ahead], width)
            a = _unsigned(col[slot]) * width
            wa = weight[slot] if weighted else one
            for f in range(width):
                out[o + f] += wa * x[a + f]
            slot += 1
        if mean:
            count = x.dtype.type(end - rowptr[i])
            for f in range(width):
                out[o + f] /= count


@jit
def extreme_rows(start, stop, rowptr, col, perm, weight, sign, x, width, out, argument):
    """Largest (``sign`` 1) or smallest (-1) ``weight[s] * x[col[s]]`` of every row and column.

    ``argument`` gets the number of the edge: the first of equals, the first NaN where there is one,
    -1 in an empty row.
    """
    slots = len(col)
    ahead = _ahead(x, width)
    width = _unsigned(width)
    weighted = len(weight) > 0
    for i in range(start, stop):
        o = _unsigned(i) * width
        slot, end = rowptr[i], rowptr[i + 1]
        if slot == end:
            for f in range(width):
                out[o + f] = 0
                argument[o + f] = -1
            continue
        if ahead and slot + ahead < slots:
            _ask(x, col[slot + ahead], width)
        a = _unsigned(col[slot]) * width
        wa = sign * weight[slot] if weighted else sign
        first = perm[slot]
        for f in range(width):
            out[o + f] = wa * x[a + f]
            argument[o + f] = first
        slot += 1
        while slot + 2 <= end:
            if ahead:
                for s in range(slot + ahead, min(slot + ahead + 2, slots)):
                    _ask(x, col[s], width)
            a, b = _unsigned(col[slot]) * width, _unsigned(col[slot + 1]) * width
            wa = wb = sign
            if weighted:
                wa, wb = sign * weight[slot], sign * weight[slot + 1]
            first, second = perm[slot], perm[slot + 1]
            for f in range(width):
                value, where = out[o + f], argument[o + f]
                new = wa * x[a + f]
                better = (new > value) | ((new != new) & (value == value))
                value = new if better else value
                where = first if better else where
                new = wb * x[b + f]
                better = (new > value) | ((new != new) & (value == value))
                out[o + f] = new if better else value
                argument[o + f] = second if better else where
            slot += 2
        if slot < end:
            if ahead and slot + ahead < slots:
                _ask(x, col[slot + ahead], width)
            a = _unsigned(col[slot]) * width
            wa = sign * weight[slot] if weighted else sign
            first = perm[slot]
            for f in range(width):
                value, where = out[o + f], argument[o + f]
                new = wa * x[a + f]
                better = (new > value) | ((new != new) & (value == value))
                out[o + f] = new if better else value
                argument[o + f] = first if better else where
        for f in range(width):
            out[o + f] *= sign


@jit
def extreme_rows_backward(
    start, stop, t_rowptr, t_col, t_perm, weight, argument, grad, width, out
):
    """Gradient of the sources, over the transpose: what their edges won, and nothing else."""
    slots = len(t_col)
    ahead = _ahead(grad, width)
    width = _unsigned(width)
    weighted = len(weight) > 0
    one, zero = grad.dtype.type(1), grad.dtype.type(0)
    for j in range(start, stop):
        o = _unsigned(j) * width
        for f in range(width):
            out[o + f] = 0
        for slot in range(t_rowptr[j], t_rowptr[j + 1]):
            if ahead and slot + ahead < slots:
                _ask(grad, t_col[slot + ahead], width)
                _ask(argument, t_col[slot + ahead], width)
            edge = t_perm[slot]
            a = _unsigned(t_col[slot]) * width
            wa = weight[slot] if weighted else one
            for f in range(width):
                value = wa * grad[a + f]
                out[o + f] += value if argument[a + f] == edge else zero


# Reassociation alone, so that the sum over columns is split into lanes: it is one fixed order
# in place of another, and inf and NaN keep their meaning.
_reassociating = partial(jit, fastmath={"reassoc", "contract"})


@_reassociating
def dot_rows(start, stop, rowptr, col, perm, scale, left, right, width, out):
    """``out[perm[s]]`` is ``scale[s] * <left[i], right[col[s]]>`` for the slots of row ``i``."""
    slots = len(col)
    ahead = _ahead(right, width)
    width = _unsigned(width)
    scaled = len(scale) > 0
    for i in range(start, stop):
        o = _unsigned(i) * width
        for slot in range(rowptr[i], rowptr[i + 1]):
            if ahead and slot + ahead < slots:
                _ask(right, col[slot + ahead], width)
            a = _unsigned(col[slot]) * width
            total = right.dtype.type(0)
            for f in range(width):
                total += left[o + f] * right[a + f]
            out[perm[slot]] = total * scale[slot] if scaled else total


@_reassociating
def extreme_rows_weight_backward(
    start, stop, rowptr, col, perm, argument, grad, x, width, out
):
    """Gradient of every weight: what the features of its source gave where its edge won."""
    slots = len(col)
    ahead = _ahead(x, width)
    width = _unsigned(width)
    zero = x.dtype.type(0)
    for i in range(start, stop):
        o = _unsigned(i) * width
        for slot in range(rowptr[i], rowptr[i + 1]):
            if ahead and slot + ahead < slots:
                _ask(x, col[slot + ahead], width)
            edge = perm[slot]
            a = _unsigned(col[slot]) * width
            total = zero
            for f in range(width):
                value = grad[o + f] * x[a + f]
                total += value if argument[o + f] == edge else zero
            out[edge] = total

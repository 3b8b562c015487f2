"""Products of a compressed sparse matrix and rows of features.

All of them walk the rows of a CSR, four slots at a time so that four streams of features are
under way at once, and ask for the features of later slots while they add up earlier ones.
``weight`` is in the order of the slots; one of length 0 stands for all ones.
"""

from __future__ import annotations

from numba import njit

from .parallel import jit
from .prefetch import LINE, prefetch

#: How far ahead features are asked for: so many slots, while they fit in so many bytes.
AHEAD_SLOTS, AHEAD_BYTES = 12, 1 << 14


@jit
def _ahead(x):
    return max(2, min(AHEAD_SLOTS, AHEAD_BYTES // max(1, x.shape[1] * x.itemsize)))


@jit
def sum_rows(start, stop, rowptr, col, weight, mean, x, out):
    """``out[i]`` is the sum (or mean) of ``weight[s] * x[col[s]]`` over the slots of row ``i``."""
    width = x.shape[1]
    step = LINE // x.itemsize
    ahead = _ahead(x)
    weighted = len(weight) > 0
    one = x.dtype.type(1)
    for i in range(start, stop):
        total = out[i]
        total[:] = 0
        slot, end = rowptr[i], rowptr[i + 1]
        while slot + 4 <= end:
            for s in range(slot + ahead, min(slot + ahead + 4, len(col))):
                j = col[s]
                for f in range(0, width, step):
                    prefetch(x, j, f)
            a, b, c, d = x[col[slot]], x[col[slot + 1]], x[col[slot + 2]], x[col[slot + 3]]
            wa = wb = wc = wd = one
            if weighted:
                wa, wb, wc, wd = weight[slot], weight[slot + 1], weight[slot + 2], weight[slot + 3]
            for f in range(width):
                total[f] += (wa * a[f] + wb * b[f]) + (wc * c[f] + wd * d[f])
            slot += 4
        while slot < end:
            if slot + ahead < len(col):
                j = col[slot + ahead]
                for f in range(0, width, step):
                    prefetch(x, j, f)
            a = x[col[slot]]
            wa = weight[slot] if weighted else one
            for f in range(width):
                total[f] += wa * a[f]
            slot += 1
        if mean and end > rowptr[i]:
            count = x.dtype.type(end - rowptr[i])
            for f in range(width):
                total[f] /= count


@jit
def extreme_rows(start, stop, rowptr, col, perm, weight, sign, x, out, argument):
    """Largest (``sign`` 1) or smallest (-1) ``weight[s] * x[col[s]]`` of every row and column.

    ``argument`` gets the number of the edge: the first of equals, the first NaN where there is one,
    -1 in an empty row.
    """
    width = x.shape[1]
    step = LINE // x.itemsize
    ahead = _ahead(x)
    weighted = len(weight) > 0
    for i in range(start, stop):
        best, at = out[i], argument[i]
        slot, end = rowptr[i], rowptr[i + 1]
        if slot == end:
            best[:] = 0
            at[:] = -1
            continue
        a = x[col[slot]]
        wa = sign * weight[slot] if weighted else sign
        first = perm[slot]
        for f in range(width):
            best[f] = wa * a[f]
            at[f] = first
        slot += 1
        while slot + 2 <= end:
            for s in range(slot + ahead, min(slot + ahead + 2, len(col))):
                j = col[s]
                for f in range(0, width, step):
                    prefetch(x, j, f)
            a, b = x[col[slot]], x[col[slot + 1]]
            wa = wb = sign
            if weighted:
                wa, wb = sign * weight[slot], sign * weight[slot + 1]
            first, second = perm[slot], perm[slot + 1]
            for f in range(width):
                value, where = best[f], at[f]
                new = wa * a[f]
                better = (new > value) | ((new != new) & (value == value))
                value = new if better else value
                where = first if better else where
                new = wb * b[f]
                better = (new > value) | ((new != new) & (value == value))
                best[f] = new if better else value
                at[f] = second if better else where
            slot += 2
        while slot < end:
            if slot + ahead < len(col):
                j = col[slot + ahead]
                for f in range(0, width, step):
                    prefetch(x, j, f)
            a = x[col[slot]]
            wa = sign * weight[slot] if weighted else sign
            first = perm[slot]
            for f in range(width):
                value, where = best[f], at[f]
                new = wa * a[f]
                better = (new > value) | ((new != new) & (value == value))
                best[f] = new if better else value
                at[f] = first if better else where
            slot += 1
        for f in range(width):
            best[f] *= sign


@jit
def extreme_rows_backward(start, stop, t_rowptr, t_col, t_perm, weight, argument, grad, out):
    """Gradient of the sources, over the transpose: what their edges won, and nothing else."""
    width = grad.shape[1]
    step = LINE // grad.itemsize
    ahead = _ahead(grad)
    weighted = len(weight) > 0
    one, zero = grad.dtype.type(1), grad.dtype.type(0)
    for j in range(start, stop):
        total = out[j]
        total[:] = 0
        for slot in range(t_rowptr[j], t_rowptr[j + 1]):
            if slot + ahead < len(t_col):
                i = t_col[slot + ahead]
                for f in range(0, width, step):
                    prefetch(grad, i, f)
                    prefetch(argument, i, f)
            edge = t_perm[slot]
            won, given = argument[t_col[slot]], grad[t_col[slot]]
            w = weight[slot] if weighted else one
            for f in range(width):
                total[f] += w * given[f] if won[f] == edge else zero


# Reassociation alone, so that the sum over columns is split into lanes: it is one fixed order
# in place of another, and inf and NaN keep their meaning.
_reassociating = njit(nogil=True, cache=True, fastmath={"reassoc", "contract"})


@_reassociating
def dot_rows(start, stop, rowptr, col, perm, scale, left, right, out):
    """``out[perm[s]]`` is ``scale[s] * <left[i], right[col[s]]>`` for the slots of row ``i``."""
    width = right.shape[1]
    step = LINE // right.itemsize
    ahead = _ahead(right)
    scaled = len(scale) > 0
    for i in range(start, stop):
        a = left[i]
        for slot in range(rowptr[i], rowptr[i + 1]):
            if slot + ahead < len(col):
                j = col[slot + ahead]
                for f in range(0, width, step):
                    prefetch(right, j, f)
            b = right[col[slot]]
            total = right.dtype.type(0)
            for f in range(width):
                total += a[f] * b[f]
            out[perm[slot]] = total * scale[slot] if scaled else total


@_reassociating
def extreme_rows_weight_backward(start, stop, rowptr, col, perm, argument, grad, x, out):
    """Gradient of every weight: what the features of its source gave where its edge won."""
    width = x.shape[1]
    step = LINE // x.itemsize
    ahead = _ahead(x)
    zero = x.dtype.type(0)
    for i in range(start, stop):
        won, given = argument[i], grad[i]
        for slot in range(rowptr[i], rowptr[i + 1]):
            if slot + ahead < len(col):
                j = col[slot + ahead]
                for f in range(0, width, step):
                    prefetch(x, j, f)
            edge = perm[slot]
            a = x[col[slot]]
            total = zero
            for f in range(width):
                total += given[f] * a[f] if won[f] == edge else zero
            out[edge] = total

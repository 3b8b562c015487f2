"""Attention of every node over its in-edges: a pass forward and, backward, one over the rows and
one over the rows of the transpose.

Features are flat arrays of rows of ``heads * width`` numbers, a head after the other. An array
that is absent has length 0. Edges of a row are taken in runs of ``RUN``, whose numbers stand a head
after the other: what a run leaves unused is filled up to whole vectors, so that exponentials are
always computed in vectors. A key or a value comes from memory once for all heads.

Only ``base``, the largest score of a row and one over the sum of its exponentials, is kept for the
backward pass, which finds the weights again from it. Not the logarithm of the sum: beside a score
of -1e9, which stands for a mask, it is nothing. Both are 0 where no score is above ``-inf``.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from .attention_dropout import is_kept
from .exponential import exponential
from .head_sums import (
    LANES,
    add_weighted,
    dot,
    exponentials,
    fill,
    largest,
    multiply,
    multiply_above,
    put_dots,
)
from .parallel import jit
from .prefetch import prefetch_row

#: Edges of a row that are taken at a time, a multiple of the lanes of a vector.
RUN = 64  # a multiple of 4: put_dots takes four edges at once, also past the last
#: How far ahead rows of features are asked for: so many slots, while they fit in so many bytes.
AHEAD_SLOTS, AHEAD_BYTES = 12, 1 << 14
#: Features smaller than this stay in the nearer caches by themselves.
NEAR_BYTES = 1 << 20
_unsigned = np.uint64


@jit
def _ahead(x, row):
    """Slots to look ahead; 0 where there is no need to."""
    if x.size * x.itemsize < NEAR_BYTES:
        return 0
    return max(2, min(AHEAD_SLOTS, AHEAD_BYTES // max(1, row * x.itemsize)))


# Inlined before anything is compiled: the call of a function counts the references to all arrays
# it is given, which at every row of a graph takes longer than what it does.
_inlined = partial(jit, inline="always")


@_inlined
def _ask(ahead, first, count, share, shares, rows, x, width):
    """Requests rows of features ``ahead`` of ``count`` slots, one of several shares of them.

    A processor that is asked for more lines than it can wait for does nothing else meanwhile.
    """
    if ahead:
        begin = first + ahead
        stop = min(begin + count * (share + 1) // shares, len(rows))
        for slot in range(begin + count * share // shares, stop):
            prefetch_row(x, _unsigned(rows[slot]) * _unsigned(width), _unsigned(width))


@_inlined
def _scores(first, count, i, col, perm, q, k, bias, edge_key, heads, width, scale, score, ahead):
    """Scores of ``count`` slots from ``first`` on, ``-inf`` after them up to a whole vector."""
    row, wide = _unsigned(heads * width), _unsigned(width)
    slot, edges = _unsigned(first), _unsigned(count)
    vectors = _unsigned((count + LANES - 1) // LANES)
    for h in range(heads):
        at, part = _unsigned(h * RUN), _unsigned(h) * wide
        here = _unsigned(i) * row + part
        _ask(ahead, first, count, h, heads, col, k, heads * width)
        fill(score, at, vectors, -np.inf)
        put_dots(score, at, False, scale, q, here, k, col, slot, row, part, edges, wide)
        if len(edge_key) > 0:
            put_dots(score, at, True, scale, q, here, edge_key, perm, slot, row, part, edges, wide)
        if len(bias) > 0:
            for c in range(count):
                score[h * RUN + c] += bias[perm[first + c] * heads + h]
    return vectors


@jit
def attend_rows(
    start, stop, rowptr, col, perm, q, k, v, bias, edge_key, edge_value, heads, width, value_width,
    scale, dropping, low, high, keep, factor, out, base, score, peak, sums
):
    """``out[i]``, the values of the in-edges of ``i`` weighted by the softmax of their scores, and
    ``base[i]`` of every head."""
    ahead, value_ahead = _ahead(k, heads * width), _ahead(v, heads * value_width)
    row, wide = _unsigned(heads * value_width), _unsigned(value_width)
    zero = scale - scale
    for i in range(start, stop):
        begin, end = rowptr[i], rowptr[i + 1]
        here = _unsigned(i) * row
        for f in range(row):
            out[here + f] = zero
        for h in range(heads):
            peak[h], sums[h] = -np.inf, zero
        for first in range(begin, end, RUN):
            count = min(RUN, end - first)
            vectors = _scores(
                first, count, i, col, perm, q, k, bias, edge_key, heads, width, scale, score,
                ahead)
            slot, edges = _unsigned(first), _unsigned(count)
            for h in range(heads):
                at, part = h * RUN, _unsigned(h) * wide
                _ask(value_ahead, first, count, h, heads, col, v, heads * value_width)
                top = largest(score, _unsigned(at), vectors, peak[h])
                # Nothing is taken off where all is -inf: weights of 0 rather than NaN.
                shift = zero if top == -np.inf else top
                if first > begin:
                    fade = exponential(peak[h] - shift)
                    sums[h] *= fade
                    multiply(out, here + part, fade, wide)
                peak[h] = top
                sums[h] += exponentials(score, _unsigned(at), vectors, shift)
                if dropping:
                    for c in range(count):
                        kept = is_kept(perm[first + c], h, heads, low, high, keep)
                        score[at + c] *= factor if kept else zero
                add_weighted(out, here + part, score, _unsigned(at), v, col, slot, row, part,
                             edges, wide)
                if len(edge_value) > 0:
                    add_weighted(out, here + part, score, _unsigned(at), edge_value, perm, slot,
                                 row, part, edges, wide)
        for h in range(heads):
            at = 2 * i * heads + h
            if sums[h] == zero:  # no edges, or all of them masked
                base[at] = base[at + heads] = zero
                continue
            base[at], base[at + heads] = peak[h], exponential(zero) / sums[h]
            multiply(out, here + _unsigned(h) * wide, base[at + heads], wide)


@jit
def attend_rows_backward(
    start, stop, rowptr, col, perm, q, k, v, bias, edge_key, edge_value, heads, width, value_width,
    scale, dropping, low, high, keep, factor, out, base, grad, grad_q, grad_key, grad_value,
    weights, score, change
):
    """Gradients of the queries, and of what belongs to edges where there is room for them.

    ``weights[e]`` gets, for every head, the weight of the edge's value and then the gradient of
    its score: the pass over the transpose needs nothing else of the edge.
    """
    ahead, value_ahead = _ahead(k, heads * width), _ahead(v, heads * value_width)
    row, wide = _unsigned(heads * width), _unsigned(width)
    value_row, value_wide = _unsigned(heads * value_width), _unsigned(value_width)
    zero = scale - scale
    one = exponential(zero)
    edge_ahead = _ahead(weights, 2 * heads)
    pair = _unsigned(2 * heads)
    for i in range(start, stop):
        here, value_here = _unsigned(i) * row, _unsigned(i) * value_row
        for f in range(row):
            grad_q[here + f] = zero
        end = rowptr[i + 1]
        for first in range(rowptr[i], end, RUN):
            count = min(RUN, end - first)
            vectors = _scores(
                first, count, i, col, perm, q, k, bias, edge_key, heads, width, scale, score,
                ahead)
            slot, edges = _unsigned(first), _unsigned(count)
            _ask(edge_ahead, first, count, 0, 1, perm, weights, 2 * heads)
            for h in range(heads):
                at = h * RUN
                _ask(value_ahead, first, count, h, heads, col, v, heads * value_width)
                part, value_part = _unsigned(h) * wide, _unsigned(h) * value_wide
                upper = value_here + value_part
                inner = dot(grad, upper, out, upper, value_wide)
                exponentials(score, _unsigned(at), vectors, base[2 * i * heads + h])
                multiply(score, _unsigned(at), base[(2 * i + 1) * heads + h], edges)
                put_dots(change, _unsigned(at), False, one, grad, upper, v, col, slot, value_row,
                         value_part, edges, value_wide)
                if len(edge_value) > 0:
                    put_dots(change, _unsigned(at), True, one, grad, upper, edge_value, perm,
                             slot, value_row, value_part, edges, value_wide)
                if dropping:
                    for c in range(count):
                        weight = score[at + c]
                        kept = is_kept(perm[first + c], h, heads, low, high, keep)
                        gain = factor if kept else zero
                        change[at + c] = weight * (gain * change[at + c] - inner)
                        score[at + c] = weight * gain
                else:
                    multiply_above(change, _unsigned(at), score, inner, vectors)
            for c in range(count):
                place = _unsigned(perm[first + c]) * pair
                for h in range(_unsigned(heads)):
                    at = h * _unsigned(RUN) + _unsigned(c)
                    weights[place + h] = score[at]
                    weights[place + _unsigned(heads) + h] = change[at]
            for h in range(heads):
                at = h * RUN
                part, value_part = _unsigned(h) * wide, _unsigned(h) * value_wide
                upper = value_here + value_part
                multiply(change, _unsigned(at), scale, edges)
                add_weighted(grad_q, here + part, change, _unsigned(at), k, col, slot, row, part,
                             edges, wide)
                if len(edge_key) > 0:
                    add_weighted(grad_q, here + part, change, _unsigned(at), edge_key, perm, slot,
                                 row, part, edges, wide)
                if len(grad_key) > 0:
                    for c in range(count):
                        to = _unsigned(perm[first + c]) * row + part
                        for f in range(wide):
                            grad_key[to + f] = change[at + c] * q[here + part + f]
                if len(grad_value) > 0:
                    for c in range(count):
                        to = _unsigned(perm[first + c]) * value_row + value_part
                        for f in range(value_wide):
                            grad_value[to + f] = score[at + c] * grad[upper + f]


@jit
def attend_columns_backward(
    start, stop, t_rowptr, t_col, t_perm, q, grad, weights, heads, width, value_width, scale,
    grad_k, grad_v, score, change
):
    """Gradients of keys and values, over the rows of the transpose."""
    ahead, value_ahead = _ahead(q, heads * width), _ahead(grad, heads * value_width)
    edge_ahead = _ahead(weights, 2 * heads)
    pair = _unsigned(2 * heads)
    row, wide = _unsigned(heads * width), _unsigned(width)
    value_row, value_wide = _unsigned(heads * value_width), _unsigned(value_width)
    for j in range(start, stop):
        here, value_here = _unsigned(j) * row, _unsigned(j) * value_row
        for f in range(row):
            grad_k[here + f] = 0
        for f in range(value_row):
            grad_v[value_here + f] = 0
        end = t_rowptr[j + 1]
        for first in range(t_rowptr[j], end, RUN):
            count = min(RUN, end - first)
            _ask(edge_ahead, first, count, 0, 1, t_perm, weights, 2 * heads)
            for c in range(count):
                place = _unsigned(t_perm[first + c]) * pair
                for h in range(_unsigned(heads)):
                    at = h * _unsigned(RUN) + _unsigned(c)
                    score[at] = weights[place + h]
                    change[at] = scale * weights[place + _unsigned(heads) + h]
            slot, edges = _unsigned(first), _unsigned(count)
            for h in range(heads):
                at, part, value_part = _unsigned(h * RUN), _unsigned(h) * wide, (
                    _unsigned(h) * value_wide)
                _ask(ahead, first, count, h, heads, t_col, q, heads * width)
                _ask(value_ahead, first, count, h, heads, t_col, grad, heads * value_width)
                add_weighted(grad_k, here + part, change, at, q, t_col, slot, row, part, edges,
                             wide)
                add_weighted(grad_v, value_here + value_part, score, at, grad, t_col, slot,
                             value_row, value_part, edges, value_wide)

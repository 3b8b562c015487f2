"""Attention of every node over its in-edges: a pass forward and, backward, one over the rows and
one over the rows of the transpose.

Features are flat arrays of rows of ``heads * width`` numbers, a head after the other. An array
that is absent has length 0. Edges of a row are taken in runs of ``RUN``, whose scores stand in
``score``, a head after the other: what a run leaves unused is filled up to whole vectors, so that
exponentials are always computed in vectors. A key or a value is read once for all heads.

Only ``lse``, the logarithm of the sum of exponentials of a row's scores, is kept for the backward
pass, which finds the weights again from it. Where a row has no score above ``-inf``, it is 0.
"""

from __future__ import annotations

import numpy as np

from .attention_dropout import is_kept
from .exponential import exponential
from .head_sums import add_scaled, dot
from .parallel import jit
from .prefetch import LINE, prefetch

#: Edges of a row whose scores are held at a time, a multiple of the lanes of a vector.
RUN = 64
_LANES = 16
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


@jit
def _ask(x, row, width):
    """Requests a row of features."""
    start = _unsigned(row) * _unsigned(width)
    for f in range(_unsigned(0), _unsigned(width), _unsigned(LINE // x.itemsize)):
        prefetch(x, start + f)


@jit
def _fill_scores(first, count, i, col, perm, q, k, bias, edge_key, heads, width, scale, ahead,
                 score):
    """Scores of ``count`` slots from ``first`` on, ``-inf`` after them up to a whole vector."""
    row = _unsigned(heads * width)
    wide = _unsigned(width)
    here = _unsigned(i) * row
    slots = len(col)
    for c in range(count):
        slot = first + c
        if ahead and slot + ahead < slots:
            _ask(k, col[slot + ahead], heads * width)
        there = _unsigned(col[slot]) * row
        edge = _unsigned(perm[slot])
        for h in range(heads):
            part = _unsigned(h) * wide
            total = dot(q, here + part, k, there + part, wide)
            if len(edge_key) > 0:
                total += dot(q, here + part, edge_key, edge * row + part, wide)
            total *= scale
            if len(bias) > 0:
                total += bias[edge * _unsigned(heads) + _unsigned(h)]
            score[h * RUN + c] = total
    filled = (count + _LANES - 1) // _LANES * _LANES
    for h in range(heads):
        for c in range(count, filled):
            score[h * RUN + c] = -np.inf
    return filled


@jit
def attend_rows(
    start, stop, rowptr, col, perm, q, k, v, bias, edge_key, edge_value, heads, width, value_width,
    scale, dropping, low, high, keep, factor, out, lse, score, peak, total
):
    """``out[i]``, the values of the in-edges of ``i`` weighted by the softmax of their scores, and
    ``lse[i]`` of every head."""
    slots = len(col)
    ahead = _ahead(k, heads * width)
    value_row, wide = _unsigned(heads * value_width), _unsigned(value_width)
    zero = scale - scale
    for i in range(start, stop):
        here = _unsigned(i) * value_row
        for f in range(value_row):
            out[here + f] = zero
        for h in range(heads):
            peak[h] = -np.inf
            total[h] = zero
        begin, end = rowptr[i], rowptr[i + 1]
        for first in range(begin, end, RUN):
            count = min(RUN, end - first)
            if ahead:
                for slot in range(first, first + count):
                    if slot + ahead < slots:
                        _ask(v, col[slot + ahead], heads * value_width)
            filled = _fill_scores(first, count, i, col, perm, q, k, bias, edge_key, heads, width,
                                  scale, ahead, score)
            for h in range(heads):
                at = h * RUN
                largest = peak[h]
                for c in range(at, at + count):
                    if score[c] > largest:
                        largest = score[c]
                # Nothing is taken off where all is -inf, or NaN: 0 rather than NaN for the first.
                shift = zero if largest == -np.inf else largest
                if first > begin:
                    fade = exponential(peak[h] - shift)
                    total[h] *= fade
                    for f in range(wide):
                        out[here + _unsigned(h) * wide + f] *= fade
                peak[h] = largest
                sums = zero
                for block in range(at, at + filled, _LANES):
                    for lane in range(_LANES):
                        score[block + lane] = exponential(score[block + lane] - shift)
                for c in range(at, at + count):
                    sums += score[c]
                total[h] += sums
            for c in range(count):
                slot = first + c
                there = _unsigned(col[slot]) * value_row
                edge = perm[slot]
                for h in range(heads):
                    weight = score[h * RUN + c]
                    if dropping:
                        weight *= factor if is_kept(edge, h, heads, low, high, keep) else zero
                    part = _unsigned(h) * wide
                    add_scaled(out, here + part, weight, v, there + part, wide)
                    if len(edge_value) > 0:
                        add_scaled(out, here + part, weight, edge_value,
                                   _unsigned(edge) * value_row + part, wide)
        for h in range(heads):
            if total[h] == zero:  # no edges, or all of them masked
                lse[i * heads + h] = zero
                continue
            share = exponential(zero) / total[h]
            lse[i * heads + h] = peak[h] + np.log(total[h])
            for f in range(wide):
                out[here + _unsigned(h) * wide + f] *= share


@jit
def attend_rows_backward(
    start, stop, rowptr, col, perm, q, k, v, bias, edge_key, edge_value, heads, width, value_width,
    scale, dropping, low, high, keep, factor, out, lse, grad, grad_q, grad_key, grad_value,
    weights, score, inner
):
    """Gradients of the queries, and of what belongs to edges where there is room for them.

    ``weights[e]`` gets, for every head, the weight of the edge's value and then the gradient of
    its score: the pass over the transpose needs nothing else of the edge.
    """
    slots = len(col)
    ahead = _ahead(k, heads * width)
    row, wide = _unsigned(heads * width), _unsigned(width)
    value_row, value_wide = _unsigned(heads * value_width), _unsigned(value_width)
    zero = scale - scale
    for i in range(start, stop):
        here, value_here = _unsigned(i) * row, _unsigned(i) * value_row
        for f in range(row):
            grad_q[here + f] = zero
        begin, end = rowptr[i], rowptr[i + 1]
        if begin == end:
            continue
        for h in range(heads):
            part = value_here + _unsigned(h) * value_wide
            inner[h] = dot(grad, part, out, part, value_wide)
        for first in range(begin, end, RUN):
            count = min(RUN, end - first)
            if ahead:
                for slot in range(first, first + count):
                    if slot + ahead < slots:
                        _ask(v, col[slot + ahead], heads * value_width)
            filled = _fill_scores(first, count, i, col, perm, q, k, bias, edge_key, heads, width,
                                  scale, ahead, score)
            for h in range(heads):
                at = h * RUN
                shift = lse[i * heads + h]
                for block in range(at, at + filled, _LANES):
                    for lane in range(_LANES):
                        score[block + lane] = exponential(score[block + lane] - shift)
            for c in range(count):
                slot = first + c
                there = _unsigned(col[slot]) * row
                value_there = _unsigned(col[slot]) * value_row
                edge = _unsigned(perm[slot])
                for h in range(heads):
                    part, value_part = _unsigned(h) * wide, _unsigned(h) * value_wide
                    weight = score[h * RUN + c]
                    change = dot(grad, value_here + value_part, v, value_there + value_part,
                                 value_wide)
                    if len(edge_value) > 0:
                        change += dot(grad, value_here + value_part, edge_value,
                                      edge * value_row + value_part, value_wide)
                    kept = weight
                    if dropping:
                        gain = factor if is_kept(edge, h, heads, low, high, keep) else zero
                        change *= gain
                        kept *= gain
                    change = weight * (change - inner[h])
                    place = edge * _unsigned(2 * heads) + _unsigned(h)
                    weights[place] = kept
                    weights[place + _unsigned(heads)] = change
                    change *= scale
                    add_scaled(grad_q, here + part, change, k, there + part, wide)
                    if len(edge_key) > 0:
                        add_scaled(grad_q, here + part, change, edge_key, edge * row + part, wide)
                    if len(grad_key) > 0:
                        for f in range(wide):
                            grad_key[edge * row + part + f] = change * q[here + part + f]
                    if len(grad_value) > 0:
                        for f in range(value_wide):
                            grad_value[edge * value_row + value_part + f] = (
                                kept * grad[value_here + value_part + f])


@jit
def attend_columns_backward(
    start, stop, t_rowptr, t_col, t_perm, q, grad, weights, heads, width, value_width, scale,
    grad_k, grad_v
):
    """Gradients of keys and values, over the rows of the transpose."""
    slots = len(t_col)
    ahead = _ahead(q, heads * width)
    row, wide = _unsigned(heads * width), _unsigned(width)
    value_row, value_wide = _unsigned(heads * value_width), _unsigned(value_width)
    zero = scale - scale
    for j in range(start, stop):
        here, value_here = _unsigned(j) * row, _unsigned(j) * value_row
        for f in range(row):
            grad_k[here + f] = zero
        for f in range(value_row):
            grad_v[value_here + f] = zero
        for slot in range(t_rowptr[j], t_rowptr[j + 1]):
            if ahead and slot + ahead < slots:
                _ask(q, t_col[slot + ahead], heads * width)
                _ask(grad, t_col[slot + ahead], heads * value_width)
                _ask(weights, t_perm[slot + ahead], 2 * heads)
            there = _unsigned(t_col[slot]) * row
            value_there = _unsigned(t_col[slot]) * value_row
            place = _unsigned(t_perm[slot]) * _unsigned(2 * heads)
            for h in range(heads):
                part, value_part = _unsigned(h) * wide, _unsigned(h) * value_wide
                add_scaled(grad_v, value_here + value_part, weights[place + _unsigned(h)], grad,
                           value_there + value_part, value_wide)
                add_scaled(grad_k, here + part,
                           scale * weights[place + _unsigned(heads + h)], q, there + part, wide)

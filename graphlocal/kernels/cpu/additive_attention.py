"""Attention with scores that are added up: a leaky ReLU of those of both ends and of the edge.

``score`` of the edges, and ``target`` of the nodes that attend, may have length 0 for "none". All
arrays are flat.
"""

from __future__ import annotations

import numpy as np

from .additive_attention_rows import (
    AHEAD,
    TILE,
    absorb,
    add_rows,
    ask,
    drop,
    finish,
    start_row,
)
from .attention_dropout import is_kept
from .exponential import exponential
from .head_sums import dot
from .parallel import jit
from .prefetch import prefetch

_unsigned = np.uint64
_four = np.uint64(4)


@jit
def gat_rows(start, stop, rowptr, col, perm, heads, width, source, target, score, slope, v,
             dropping, low, high, keep, scale, out, base, tile, peak, total):
    """The weighted sum of every row, its highest score, and one over the sum of exponentials."""
    slots = len(col)
    heads, width = _unsigned(heads), _unsigned(width)
    size = heads * width
    for i in range(start, stop):
        n = _unsigned(i) * heads
        o = n * width
        start_row(heads, width, peak, total, out, o)
        slot, end = rowptr[i], rowptr[i + 1]
        while slot < end:
            count = min(TILE, end - slot)
            for k in range(_unsigned(count)):
                s = slot + np.int64(k)
                if s + AHEAD < slots:
                    prefetch(source, _unsigned(col[s + AHEAD]) * heads)
                    ask(v, col[s + AHEAD], size)
                a = _unsigned(col[s]) * heads
                for h in range(heads):
                    z = source[a + h]
                    if len(target):
                        z += target[n + h]
                    if len(score):
                        z += score[_unsigned(perm[s]) * heads + h]
                    tile[k * heads + h] = z if z > 0 else slope * z
            absorb(tile, count, heads, width, peak, total, out, o)
            if dropping:
                drop(tile, count, heads, perm, slot, low, high, keep, scale)
            add_rows(tile, count, heads, width, col, slot, v, out, o)
            slot += count
        finish(heads, width, peak, total, out, o, base, n)


@jit
def gat_columns(start, stop, t_rowptr, t_col, t_perm, heads, width, source, score, slope, v,
                dropping, low, high, keep, scale, state, grad, grad_source, grad_v, grad_score,
                tile, leak):
    """Gradients of the sources, over the transpose, and of the score of every edge.

    ``state`` holds, for each target and next to each other, its scores, the highest of its row, one
    over the sums, and the inner products of its gradient and its output.
    """
    slots = len(t_col)
    heads, width = _unsigned(heads), _unsigned(width)
    size = heads * width
    zero, one = v.dtype.type(0), v.dtype.type(1)
    for j in range(start, stop):
        n = _unsigned(j) * heads
        o = n * width
        for f in range(size):
            grad_v[o + f] = 0
        for h in range(heads):
            grad_source[n + h] = 0
        slot, end = t_rowptr[j], t_rowptr[j + 1]
        while slot < end:
            count = min(TILE, end - slot)
            for k in range(_unsigned(count)):
                s = slot + np.int64(k)
                if s + AHEAD < slots:
                    ask(state, t_col[s + AHEAD], _four * heads)
                    ask(grad, t_col[s + AHEAD], size)
                    prefetch(grad_score, _unsigned(t_perm[s + AHEAD]) * heads)
                i = _four * heads * _unsigned(t_col[s])
                for h in range(heads):
                    z = source[n + h] + state[i + h]
                    if len(score):
                        z += score[_unsigned(t_perm[s]) * heads + h]
                    tile[k * heads + h] = (z if z > 0 else slope * z) - state[i + heads + h]
                    leak[k * heads + h] = one if z > 0 else slope
            for m in range(_unsigned(count) * heads):
                tile[m] = exponential(tile[m])
            for k in range(_unsigned(count)):
                s = slot + np.int64(k)
                a = _unsigned(t_col[s]) * heads
                i = _four * a + heads + heads
                edge = _unsigned(t_perm[s])
                for h in range(heads):
                    change = dot(grad, (a + h) * width, v, o + h * width, width)
                    weight = tile[k * heads + h] * state[i + h]
                    tile[k * heads + h] = weight
                    if dropping:
                        factor = scale if is_kept(edge, h, heads, low, high, keep) else zero
                        change *= factor
                        tile[k * heads + h] = weight * factor
                    change = weight * (change - state[i + heads + h]) * leak[k * heads + h]
                    grad_score[edge * heads + h] = change
                    grad_source[n + h] += change
            add_rows(tile, count, heads, width, t_col, slot, grad, grad_v, o)
            slot += count

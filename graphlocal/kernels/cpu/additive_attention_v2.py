"""Attention with a leaky ReLU of what both ends add up to, channel by channel, and a weighted sum
of that.

``edge``, the features of edges, and ``grad_edge`` may have length 0 for "none". All arrays are
flat.
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
from .leaky_sums import (
    leaky_add,
    leaky_add_edge,
    leaky_dot,
    leaky_dot_edge,
    leaky_spread,
    leaky_spread_edge,
)
from .parallel import jit

_unsigned = np.uint64


@jit
def score_tile(count, slot, col, perm, heads, width, att, slope, source, target, o, edge, tile):
    """Scores of a few edges of a row."""
    for k in range(_unsigned(count)):
        s = slot + np.int64(k)
        a, e = _unsigned(col[s]) * heads * width, _unsigned(perm[s]) * heads * width
        for h in range(heads):
            p = h * width
            if len(edge):
                tile[k * heads + h] = leaky_dot_edge(
                    slope, att, p, source, a + p, target, o + p, edge, e + p, width)
            else:
                tile[k * heads + h] = leaky_dot(
                    slope, att, p, source, a + p, target, o + p, width)


@jit
def gatv2_rows(start, stop, rowptr, col, perm, heads, width, value_width, att, slope, source,
               target, edge, value, dropping, low, high, keep, scale, out, base, tile, peak,
               total):
    """The weighted sum of every row, its highest score, and one over the sum of exponentials."""
    slots = len(col)
    heads, width, value_width = _unsigned(heads), _unsigned(width), _unsigned(value_width)
    size = heads * width
    for i in range(start, stop):
        n = _unsigned(i) * heads
        o = n * value_width
        start_row(heads, value_width, peak, total, out, o)
        slot, end = rowptr[i], rowptr[i + 1]
        while slot < end:
            count = min(TILE, end - slot)
            for s in range(slot + AHEAD, min(slot + AHEAD + count, slots)):
                ask(source, col[s], size)
            score_tile(count, slot, col, perm, heads, width, att, slope, source, target, n * width,
                       edge, tile)
            absorb(tile, count, heads, value_width, peak, total, out, o)
            if dropping:
                drop(tile, count, heads, perm, slot, low, high, keep, scale)
            add_rows(tile, count, heads, value_width, col, slot, value, out, o)
            slot += count
        finish(heads, value_width, peak, total, out, o, base, n)


@jit
def write_edge(change, slope, att, p, source, a, target, b, edge, e, width, grad_edge):
    """What a change of the score means for the features of its edge."""
    one, zero = source.dtype.type(1), source.dtype.type(0)
    for f in range(width):
        z = source[a + f] + target[b + f] + edge[e + f]
        grad_edge[e + f] = change * att[p + f] * (one if z > zero else slope)


@jit
def gatv2_rows_backward(block, _stop, borders, rowptr, col, perm, heads, width, value_width, att,
                        slope, source, target, edge, value, dropping, low, high, keep, scale,
                        base, inner, grad, change, grad_target, grad_edge, grad_att, tile):
    """Gradients of the targets, of the features of edges, and a block's share of that of ``att``.

    ``inner`` is the inner product of each gradient and its output. ``change`` gets two numbers for
    each edge and head: the gradient of the score, and the weight.
    """
    slots = len(col)
    heads, width, value_width = _unsigned(heads), _unsigned(width), _unsigned(value_width)
    size = heads * width
    zero = source.dtype.type(0)
    own = grad_att[block]
    for f in range(size):
        own[f] = 0
    for i in range(borders[block], borders[block + 1]):
        n = _unsigned(i) * heads
        o = n * width
        for f in range(size):
            grad_target[o + f] = 0
        slot, end = rowptr[i], rowptr[i + 1]
        while slot < end:
            count = min(TILE, end - slot)
            for s in range(slot + AHEAD, min(slot + AHEAD + count, slots)):
                ask(source, col[s], size)
                ask(change, perm[s], heads + heads)
            score_tile(count, slot, col, perm, heads, width, att, slope, source, target, o, edge,
                       tile)
            for k in range(_unsigned(count)):
                for h in range(heads):
                    tile[k * heads + h] -= base[n + n + h]
            for m in range(_unsigned(count) * heads):
                tile[m] = exponential(tile[m])
            for k in range(_unsigned(count)):
                s = slot + np.int64(k)
                a, e = _unsigned(col[s]) * heads, _unsigned(perm[s]) * heads
                for h in range(heads):
                    weight = tile[k * heads + h] * base[n + n + heads + h]
                    product = dot(grad, (n + h) * value_width, value, (a + h) * value_width,
                                  value_width)
                    factor = source.dtype.type(1)
                    if dropping:
                        stays = is_kept(perm[s], h, heads, low, high, keep)
                        factor = scale if stays else zero
                    by = weight * (factor * product - inner[n + h])
                    at = e + e + h
                    change[at] = by
                    change[at + heads] = weight * factor
                    p = h * width
                    left, right, third = a * width + p, o + p, e * width + p
                    if len(edge):
                        leaky_spread_edge(slope, by, grad_target, right, own, p, source, left,
                                          target, right, edge, third, width)
                    else:
                        leaky_spread(slope, by, grad_target, right, own, p, source, left,
                                     target, right, width)
                    if len(grad_edge):
                        write_edge(by, slope, att, p, source, left, target, right, edge, third,
                                   width, grad_edge)
            slot += count
        for f in range(size):
            grad_target[o + f] *= att[f]


@jit
def gatv2_columns(start, stop, t_rowptr, t_col, t_perm, heads, width, value_width, att, slope,
                  source, target, edge, change, grad, shared, grad_source, grad_value, tile, row):
    """Gradients of the sources and of their values, over the transpose.

    Where values are the sources themselves, both add up in ``grad_value``.
    """
    slots = len(t_col)
    heads, width, value_width = _unsigned(heads), _unsigned(width), _unsigned(value_width)
    size, value_size = heads * width, heads * value_width
    for j in range(start, stop):
        o, v = _unsigned(j) * size, _unsigned(j) * value_size
        for f in range(size):
            row[f] = 0
        for f in range(value_size):
            grad_value[v + f] = 0
        slot, end = t_rowptr[j], t_rowptr[j + 1]
        while slot < end:
            count = min(TILE, end - slot)
            for s in range(slot + AHEAD, min(slot + AHEAD + count, slots)):
                ask(target, t_col[s], size)
                ask(grad, t_col[s], value_size)
                ask(change, t_perm[s], heads + heads)
            for k in range(_unsigned(count)):
                s = slot + np.int64(k)
                b, e = _unsigned(t_col[s]) * size, _unsigned(t_perm[s]) * heads
                for h in range(heads):
                    at = e + e + h
                    tile[k * heads + h] = change[at + heads]
                    p = h * width
                    if len(edge):
                        leaky_add_edge(slope, change[at], row, p, source, o + p, target, b + p,
                                       edge, e * width + p, width)
                    else:
                        leaky_add(slope, change[at], row, p, source, o + p, target, b + p,
                                  width)
            add_rows(tile, count, heads, value_width, t_col, slot, grad, grad_value, v)
            slot += count
        if shared:
            for f in range(size):
                grad_value[v + f] += att[f] * row[f]
        else:
            for f in range(size):
                grad_source[o + f] = att[f] * row[f]

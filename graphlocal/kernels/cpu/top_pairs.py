"""The best pairs of nodes two steps apart, by what lies between them.

From each node all paths of two edges are walked once; what is not a neighbour at their ends is
scored. ``total`` is scratch of zeros ``[N]`` and ``touched`` scratch ``[N + 1]``. Best means: the
larger score, of equal ones the smaller nodes, so that which pairs are kept does not depend on the
order in which they are met. The worst pair kept is the root of a heap.
"""

from __future__ import annotations

import numpy as np

from .pair_scores import COSINE, JACCARD, SORENSEN
from .parallel import jit


@jit
def _expand(u, upper, rowptr, col, weight, total, touched):
    """Adds up weights of what lies between ``u`` and others; returns how many were touched.

    ``upper`` looks at larger nodes only. Neighbours and ``u`` itself are at minus infinity, where
    no addition moves them; :func:`_clear` brings them back.
    """
    total[u] = -np.inf
    for e in range(rowptr[u], rowptr[u + 1]):
        total[col[e]] = -np.inf
    count = 0
    for e in range(rowptr[u], rowptr[u + 1]):
        w = col[e]
        low, high = rowptr[w], rowptr[w + 1]
        if upper:
            stop = high
            while low < stop:
                middle = (low + stop) >> 1
                if col[middle] <= u:
                    low = middle + 1
                else:
                    stop = middle
        between = weight[w]
        for f in range(low, high):
            v = col[f]
            before = total[v]
            touched[count] = v
            count += before == 0.0
            total[v] = before + between
    return count


@jit
def _clear(u, rowptr, col, total):
    total[u] = 0.0
    for e in range(rowptr[u], rowptr[u + 1]):
        total[col[e]] = 0.0


@jit
def _value(kind, shared, first, second):
    if kind == JACCARD:
        return shared / (first + second - shared)
    if kind == SORENSEN:
        return 2.0 * shared / (first + second)
    if kind == COSINE:
        return shared / np.sqrt(float(first) * float(second))
    return shared


@jit
def _better(score, u, v, other, x, y):
    if score != other:
        return score > other
    return u < x or (u == x and v < y)


@jit
def _swap(scores, firsts, seconds, i, j):
    scores[i], scores[j] = scores[j], scores[i]
    firsts[i], firsts[j] = firsts[j], firsts[i]
    seconds[i], seconds[j] = seconds[j], seconds[i]


@jit
def _sink(scores, firsts, seconds, size):
    """Puts the root where it belongs."""
    i = 0
    while 2 * i + 1 < size:
        j = 2 * i + 1
        if j + 1 < size and _better(scores[j], firsts[j], seconds[j],
                                    scores[j + 1], firsts[j + 1], seconds[j + 1]):
            j += 1
        if not _better(scores[i], firsts[i], seconds[i], scores[j], firsts[j], seconds[j]):
            return
        _swap(scores, firsts, seconds, i, j)
        i = j


@jit
def _offer(score, u, v, scores, firsts, seconds, size):
    """Keeps a pair if it is among the best there is room for; returns how many are kept."""
    if size < len(scores):
        scores[size], firsts[size], seconds[size] = score, u, v
        i = size
        while i > 0:
            j = (i - 1) >> 1
            if not _better(scores[j], firsts[j], seconds[j], scores[i], firsts[i], seconds[i]):
                break
            _swap(scores, firsts, seconds, i, j)
            i = j
        return size + 1
    if _better(score, u, v, scores[0], firsts[0], seconds[0]):
        scores[0], firsts[0], seconds[0] = score, u, v
        _sink(scores, firsts, seconds, size)
    return size


@jit
def best_pairs(start, stop, rowptr, col, weight, nodes, chosen, upper, kind, total, touched,
               scores, firsts, seconds, size):
    """Keeps the best pairs with an end in ``nodes[start:stop]`` in the thread's own heap.

    ``chosen`` flags all ``nodes``: of a pair of two of them, the smaller one's turn counts.
    """
    for i in range(start, stop):
        u = nodes[i]
        count = _expand(u, upper, rowptr, col, weight, total, touched)
        degree = rowptr[u + 1] - rowptr[u]
        for j in range(count):
            v = np.int64(touched[j])
            value = _value(kind, total[v], degree, rowptr[v + 1] - rowptr[v])
            total[v] = 0.0
            if v > u or not chosen[v]:
                size[0] = _offer(value, min(u, v), max(u, v), scores, firsts, seconds, size[0])
        _clear(u, rowptr, col, total)


@jit
def best_of_each(start, stop, rowptr, col, weight, nodes, kind, length, total, touched, scores,
                 firsts, seconds):
    """The best partners of each of ``nodes[start:stop]``, best first, and their scores.

    ``length[i]`` becomes how many node ``i`` has.
    """
    room, used = 1024, 0
    partners, values = np.empty(room, np.int64), np.empty(room, np.float64)
    for i in range(start, stop):
        u = nodes[i]
        count = _expand(u, False, rowptr, col, weight, total, touched)
        degree, size = rowptr[u + 1] - rowptr[u], 0
        for j in range(count):
            v = np.int64(touched[j])
            value = _value(kind, total[v], degree, rowptr[v + 1] - rowptr[v])
            total[v] = 0.0
            size = _offer(value, u, v, scores, firsts, seconds, size)
        _clear(u, rowptr, col, total)
        if used + size > room:
            while used + size > room:
                room *= 2
            more_partners, more_values = np.empty(room, np.int64), np.empty(room, np.float64)
            more_partners[:used] = partners[:used]
            more_values[:used] = values[:used]
            partners, values = more_partners, more_values
        length[i] = size
        for j in range(size - 1, -1, -1):  # the worst leaves first
            partners[used + j], values[used + j] = seconds[0], scores[0]
            _swap(scores, firsts, seconds, 0, j)
            _sink(scores, firsts, seconds, j)
        used += size
    return partners[:used], values[:used]

"""Personalised PageRank by approximate push: only what a walk's mass reaches is touched.

Scratch of a thread: ``p`` and ``r`` float64 ``[N]`` zeros, ``queue`` and ``touched`` ``[N + 1]``
and ``pushed`` ``[N]`` of node indices. A node waits in the queue exactly while its ``r`` is at its
limit or above.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit

#: What is left of ``r`` after a push, lost in any sum: a node with 0 was never met.
_MET = 1e-300


@jit
def push_from(source, rowptr, col, limit, alpha, p, r, queue, touched, pushed):
    """Pushes until every ``r[v] < limit[v]``, and then forgets ``r``.

    Returns how many nodes of ``pushed`` have a ``p``, which is left to the caller to reset.
    """
    pushed[0] = source
    low, high = rowptr[source], rowptr[source + 1]
    if low == high:
        p[source] = 1.0
        return 1
    r[source] = 1.0
    touched[0] = source
    queue[0] = source
    head, tail, size = 0, 1, len(queue)
    met, count = 1, 0
    while head != tail:
        u = queue[head]
        head += 1
        if head == size:
            head = 0
        mass = r[u]
        r[u] = _MET
        if p[u] == 0.0:
            pushed[count] = u
            count += 1
        p[u] += alpha * mass
        low, high = rowptr[u], rowptr[u + 1]
        share = (1.0 - alpha) * mass / (high - low)
        if share == 0.0:
            continue
        for e in range(low, high):
            # Unsigned: an index that cannot count from the end is not asked whether it does.
            v = np.uintp(col[e])
            before = r[v]
            after = before + share
            r[v] = after
            # Written always and kept sometimes: a branch would be guessed wrong half the time.
            touched[met] = v
            met += before == 0.0
            bound = limit[v]
            if (before < bound) & (after >= bound):
                queue[tail] = v
                tail += 1
                if tail == size:
                    tail = 0
    for i in range(met):
        r[touched[i]] = 0.0
    return count


@jit
def _larger(p, u, v):
    return p[u] > p[v] or (p[u] == p[v] and u < v)


@jit
def _keep_largest(p, nodes, count, kept):
    """Moves the ``kept`` nodes of largest ``p`` to the front: quickselect, ties by index."""
    low, high = 0, count - 1
    while low < high:
        pivot = nodes[(low + high) >> 1]
        i, j = low, high
        while i <= j:
            while _larger(p, nodes[i], pivot):
                i += 1
            while _larger(p, pivot, nodes[j]):
                j -= 1
            if i <= j:
                nodes[i], nodes[j] = nodes[j], nodes[i]
                i += 1
                j -= 1
        if kept - 1 <= j:
            high = j
        elif kept - 1 >= i:
            low = i
        else:
            return


@jit
def push_rows(start, stop, rowptr, col, limit, alpha, top, sources, length, p, r, queue, touched,
              pushed):
    """The vectors of ``sources[start:stop]`` one after the other, as nodes and values.

    ``length[i]`` becomes the number of entries of source ``i``; ``top`` bounds it where positive.
    """
    room, used = 1024, 0
    nodes, values = np.empty(room, col.dtype), np.empty(room, np.float64)
    for i in range(start, stop):
        count = push_from(sources[i], rowptr, col, limit, alpha, p, r, queue, touched, pushed)
        kept = count
        if 0 < top < count:
            _keep_largest(p, pushed, count, top)
            kept = top
        if used + kept > room:
            while used + kept > room:
                room *= 2
            more_nodes, more_values = np.empty(room, col.dtype), np.empty(room, np.float64)
            more_nodes[:used] = nodes[:used]
            more_values[:used] = values[:used]
            nodes, values = more_nodes, more_values
        for j in range(count):
            v = pushed[j]
            if j < kept:
                nodes[used] = v
                values[used] = p[v]
                used += 1
            p[v] = 0.0
        length[i] = kept
    return nodes[:used], values[:used]


@jit
def push_pairs(start, stop, rowptr, col, limit, alpha, sources, first, order, target, score,
               p, r, queue, touched, pushed):
    """Adds up both directions of each pair of ``sources[start:stop]``, from one push a source.

    The pairs of source ``i`` are ``order[first[i]:first[i + 1]]``. On an undirected graph the walk
    is reversible: what one end has of the other times the ratio of degrees is the other way round.
    """
    for i in range(start, stop):
        u = sources[i]
        count = push_from(u, rowptr, col, limit, alpha, p, r, queue, touched, pushed)
        degree = rowptr[u + 1] - rowptr[u]
        for j in range(first[i], first[i + 1]):
            v = target[order[j]]
            other = rowptr[v + 1] - rowptr[v]
            if u == v:
                score[order[j]] = 2.0 * p[u]
            elif p[v] > 0.0:
                score[order[j]] = p[v] * (1.0 + degree / other)
        for j in range(count):
            p[pushed[j]] = 0.0

"""Personalised PageRank by approximate push: only what a walk's mass reaches is touched.

Scratch of a thread: ``p`` and ``r`` float64 ``[N]`` zeros, ``queue`` ``[N + 1]`` and ``touched``
``[N]`` of node indices. A node waits in the queue exactly while its ``r`` is at its limit or above.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit


@jit
def push_from(source, rowptr, col, limit, alpha, p, r, queue, touched):
    """Pushes until every ``r[v] < limit[v]``; returns how many nodes of ``touched`` it met."""
    touched[0] = source
    count = 1
    if rowptr[source] == rowptr[source + 1]:
        p[source] = 1.0
        return count
    r[source] = 1.0
    queue[0] = source
    head, tail, size = 0, 1, len(queue)
    while head != tail:
        u = queue[head]
        head += 1
        if head == size:
            head = 0
        mass = r[u]
        r[u] = 0.0
        p[u] += alpha * mass
        low, high = rowptr[u], rowptr[u + 1]
        share = (1.0 - alpha) * mass / (high - low)
        if share == 0.0:
            continue
        for e in range(low, high):
            v = col[e]
            before = r[v]
            after = before + share
            r[v] = after
            if before == 0.0 and p[v] == 0.0:
                touched[count] = v
                count += 1
            if before < limit[v] <= after:
                queue[tail] = v
                tail += 1
                if tail == size:
                    tail = 0
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
def push_rows(start, stop, rowptr, col, limit, alpha, top, sources, length, p, r, queue, touched):
    """The vectors of ``sources[start:stop]`` one after the other, as nodes and values.

    ``length[i]`` becomes the number of entries of source ``i``; ``top`` bounds it where positive.
    """
    room, used = 1024, 0
    nodes, values = np.empty(room, col.dtype), np.empty(room, np.float64)
    for i in range(start, stop):
        count = push_from(sources[i], rowptr, col, limit, alpha, p, r, queue, touched)
        found = 0
        for j in range(count):
            v = touched[j]
            r[v] = 0.0
            if p[v] > 0.0:
                touched[found] = v
                found += 1
        kept = found
        if 0 < top < found:
            _keep_largest(p, touched, found, top)
            kept = top
        if used + kept > room:
            while used + kept > room:
                room *= 2
            more_nodes, more_values = np.empty(room, col.dtype), np.empty(room, np.float64)
            more_nodes[:used] = nodes[:used]
            more_values[:used] = values[:used]
            nodes, values = more_nodes, more_values
        for j in range(found):
            v = touched[j]
            if j < kept:
                nodes[used] = v
                values[used] = p[v]
                used += 1
            p[v] = 0.0
        length[i] = kept
    return nodes[:used], values[:used]


@jit
def push_pairs(start, stop, rowptr, col, limit, alpha, sources, first, order, target, score,
               p, r, queue, touched):
    """Adds up both directions of each pair of ``sources[start:stop]``, from one push a source.

    The pairs of source ``i`` are ``order[first[i]:first[i + 1]]``. On an undirected graph the walk
    is reversible: what one end has of the other times the ratio of degrees is the other way round.
    """
    for i in range(start, stop):
        u = sources[i]
        count = push_from(u, rowptr, col, limit, alpha, p, r, queue, touched)
        degree = rowptr[u + 1] - rowptr[u]
        for j in range(first[i], first[i + 1]):
            v = target[order[j]]
            other = rowptr[v + 1] - rowptr[v]
            if u == v:
                score[order[j]] = 2.0 * p[u]
            elif p[v] > 0.0:
                score[order[j]] = p[v] * (1.0 + degree / other)
        for j in range(count):
            p[touched[j]] = 0.0
            r[touched[j]] = 0.0

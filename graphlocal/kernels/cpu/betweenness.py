"""Shortest paths through each node: all of them, or some drawn at random."""

from __future__ import annotations

import numpy as np

from .parallel import jit

#: Numbers of paths are scaled down beyond this, so that products of two of them are finite.
_MANY = 1e100


@jit
def sum_dependencies(start, stop, rowptr, col, sums, steps, paths, share, queue):
    """Adds what the sources ``[start, stop)`` depend on each node to the one row of ``sums``.

    The dependency of a source on a node is the sum over all targets of the share of the shortest
    paths that pass through the node; it is NaN where doubles end. ``steps`` is scratch of zeros,
    ``[N]``, for distances plus one; ``paths, share`` float64 and ``queue`` are scratch, ``[N]``.
    """
    for source in range(start, stop):
        steps[source] = 1
        paths[source] = 1.0
        queue[0] = source
        last = 1
        i = 0
        while i < last:
            u = queue[i]
            i += 1
            share[u] = 0.0
            for e in range(rowptr[u], rowptr[u + 1]):
                w = col[e]
                if steps[w] == 0:
                    steps[w] = steps[u] + 1
                    paths[w] = paths[u]
                    queue[last] = w
                    last += 1
                elif steps[w] == steps[u] + 1:
                    paths[w] += paths[u]
        for i in range(last - 1, 0, -1):
            w = queue[i]
            if paths[w] == np.inf:
                share[w] = np.nan
            part = (1.0 + share[w]) / paths[w]
            for e in range(rowptr[w], rowptr[w + 1]):
                u = col[e]
                if steps[u] == steps[w] - 1:
                    share[u] += paths[u] * part
            sums[w] += share[w]
        for i in range(last):
            steps[queue[i]] = 0


@jit
def _random(key, draw):
    """A number in [0, 1) that depends on nothing but the key and the draw (splitmix64)."""
    z = np.uint64(key) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(draw + 1)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@jit
def _grow(rowptr, col, side, level, queue, first, last, steps, paths):
    """Adds the nodes one step further to one side's search; where its queue then ends.

    Of the numbers of paths only those of one level are compared, so that each has its own scale.
    """
    end = last
    for i in range(first, last):
        u = queue[side, i]
        for e in range(rowptr[u], rowptr[u + 1]):
            w = col[e]
            if steps[side, w] == 0:
                steps[side, w] = level
                paths[side, w] = paths[side, u]
                queue[side, end] = w
                end += 1
            elif steps[side, w] == level:
                paths[side, w] += paths[side, u]
    most = 0.0
    for i in range(last, end):
        most = max(most, paths[side, queue[side, i]])
    if most > _MANY:
        for i in range(last, end):
            paths[side, queue[side, i]] /= _MANY
    return end


@jit
def _frontier_work(rowptr, side, queue, first, last):
    work = 0
    for i in range(first, last):
        u = queue[side, i]
        work += rowptr[u + 1] - rowptr[u]
    return work


@jit
def draw_paths(start, stop, rowptr, col, keys, counts, steps, paths, queue):
    """Draws a pair of nodes for each key and one of its shortest paths, uniformly.

    Adds one to ``counts``, ``[N]``, of the thread, for each node inside a path. A search from both
    ends meets in the middle, which visits far fewer nodes than one from a single end.
    ``steps`` is scratch of zeros, ``[2, N]``, for distances plus one; ``paths`` float64 and
    ``queue`` are scratch, ``[2, N]``.
    """
    num_nodes = len(rowptr) - 1
    first = np.zeros(2, np.int64)
    last = np.zeros(2, np.int64)
    level = np.zeros(2, np.int64)
    for sample in range(start, stop):
        key = keys[sample]
        source = min(np.int64(_random(key, 0) * num_nodes), num_nodes - 1)
        target = min(np.int64(_random(key, 1) * (num_nodes - 1)), num_nodes - 2)
        target += target >= source
        draw = 2
        for side in range(2):
            end = source if side == 0 else target
            steps[side, end] = 1
            paths[side, end] = 1.0
            queue[side, 0] = end
            first[side], last[side], level[side] = 0, 1, 1
        weight, met = 0.0, False
        side = 0
        while first[0] < last[0] and first[1] < last[1]:
            work = _frontier_work(rowptr, 0, queue, first[0], last[0])
            side = 0 if work <= _frontier_work(rowptr, 1, queue, first[1], last[1]) else 1
            level[side] += 1
            end = _grow(rowptr, col, side, level[side], queue, first[side], last[side],
                        steps, paths)
            first[side], last[side] = last[side], end
            for i in range(first[side], end):
                w = queue[side, i]
                if steps[1 - side, w] > 0:
                    weight += paths[0, w] * paths[1, w]
                    met = True
            if met:
                break
        if met:
            # One of the nodes in the middle, by the number of shortest paths through it.
            left = _random(key, draw) * weight
            draw += 1
            middle = -1
            for i in range(first[side], last[side]):
                w = queue[side, i]
                if steps[1 - side, w] > 0:
                    middle = w
                    left -= paths[0, w] * paths[1, w]
                    if left < 0.0:
                        break
            if middle != source and middle != target:
                counts[middle] += 1
            for towards in range(2):
                v = middle
                while steps[towards, v] > 2:
                    left = 0.0
                    for e in range(rowptr[v], rowptr[v + 1]):
                        u = col[e]
                        if steps[towards, u] == steps[towards, v] - 1:
                            left += paths[towards, u]
                    left *= _random(key, draw)
                    draw += 1
                    before = -1
                    for e in range(rowptr[v], rowptr[v + 1]):
                        u = col[e]
                        if steps[towards, u] == steps[towards, v] - 1:
                            before = u
                            left -= paths[towards, u]
                            if left < 0.0:
                                break
                    v = before
                    counts[v] += 1
        for side in range(2):
            for i in range(last[side]):
                steps[side, queue[side, i]] = 0

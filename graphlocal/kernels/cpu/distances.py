"""Distances from many sources by breadth-first search, 64 sources at a time.

Each node holds one bit per source, so that the searches of a group share their visits: on graphs
of small diameter 64 of them cost little more than three.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit

#: Sources that share one search: the bits of a word.
GROUP = 64


@jit
def count_bits(word):
    """Number of ones in a uint64."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = ((word & np.uint64(0x3333333333333333))
            + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333)))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@jit
def sum_distances(start, stop, rowptr, col, sources, furthest, total, squares, levels,
                  seen, reached, fresh, queue, following, visited):
    """Searches from ``sources``, by the groups ``[start, stop)`` of 64 of them.

    Writes the distance of the node furthest from each source into ``furthest``; adds to ``total``
    and ``squares``, ``[N]``, the distances to each node and their squares, and to ``levels[d]``
    the pairs at distance d > 0, the last entry standing for all beyond. The sums belong to the
    thread; ``seen, reached, fresh`` are scratch of zeros, ``[N]`` uint64, ``queue, following,
    visited`` scratch, ``[N]``.
    """
    for group in range(start, stop):
        low, high = group * 64, min(group * 64 + 64, len(sources))
        count = 0
        for i in range(low, high):
            v = sources[i]
            if reached[v] == 0:
                queue[count] = v
                visited[count] = v
                count += 1
            reached[v] |= np.uint64(1) << np.uint64(i - low)
            seen[v] = reached[v]
            furthest[i] = 0
        touched = count
        level = 0
        while count > 0:
            level += 1
            found = 0
            for i in range(count):
                u = queue[i]
                word = reached[u]
                for e in range(rowptr[u], rowptr[u + 1]):
                    w = col[e]
                    new = word & ~seen[w]
                    if new != 0:
                        if fresh[w] == 0:
                            following[found] = w
                            found += 1
                        fresh[w] |= new
            for i in range(count):
                reached[queue[i]] = 0
            arrived = np.uint64(0)
            pairs = 0
            for i in range(found):
                w = following[i]
                new = fresh[w]
                fresh[w] = 0
                if seen[w] == 0:
                    visited[touched] = w
                    touched += 1
                seen[w] |= new
                reached[w] = new
                arrived |= new
                bits = count_bits(new)
                pairs += bits
                total[w] += level * bits
                squares[w] += level * level * bits
                queue[i] = w
            count = found
            if found > 0:
                levels[min(level, len(levels) - 1)] += pairs
                for i in range(low, high):
                    if arrived >> np.uint64(i - low) & np.uint64(1):
                        furthest[i] = level
        for i in range(touched):
            seen[visited[i]] = 0

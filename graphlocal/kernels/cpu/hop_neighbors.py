"""Nodes at given distances from each node, by breadth-first search from all of them."""

from __future__ import annotations

from .counter_random import draw_below, stream
from .parallel import jit


@jit
def search(v, rowptr, col, levels, mark, queue):
    """Nodes around ``v``: those at distance d go into ``queue[levels[d]:levels[d + 1]]``.

    Distances run up to ``len(levels) - 2``. What is found is stamped with ``v`` in ``mark``, which
    holds no such stamp before: nothing has to be wiped for the next node.
    """
    mark[v] = v
    queue[0] = v
    levels[0], levels[1] = 0, 1
    last = 1
    for distance in range(1, len(levels) - 1):
        for i in range(levels[distance - 1], levels[distance]):
            u = queue[i]
            for e in range(rowptr[u], rowptr[u + 1]):
                w = col[e]
                if mark[w] != v:
                    mark[w] = v
                    queue[last] = w
                    last += 1
        levels[distance + 1] = last


@jit
def count_hops(start, stop, rowptr, col, hops, most, counts, levels, mark, queue):
    """Number of nodes at each of the distances ``hops``, at most ``most``, into ``counts[v]``.

    ``mark`` is scratch of -1, ``[N]``, ``queue`` scratch, ``[N]``, ``levels`` scratch, as long as
    the largest distance plus 2.
    """
    for v in range(start, stop):
        search(v, rowptr, col, levels, mark, queue)
        for i in range(len(hops)):
            counts[v, i] = min(levels[hops[i] + 1] - levels[hops[i]], most)


@jit
def fill_hops(start, stop, rowptr, col, hops, most, key, begin, source, target, hop,
              levels, mark, queue):
    """Writes the nodes that :func:`count_hops` counted, each distance as the search met them.

    Of more than ``most`` at one distance, ``most`` different ones are drawn by the stream of the
    node and the distance in the draw ``key``. ``begin[v]`` is where the node's pairs start.
    """
    for v in range(start, stop):
        search(v, rowptr, col, levels, mark, queue)
        at = begin[v]
        for i in range(len(hops)):
            low, high = levels[hops[i]], levels[hops[i] + 1]
            if high - low > most:
                state = stream(stream(key, v), hops[i])
                for j in range(low, low + most):
                    skip, state = draw_below(state, high - j)
                    queue[j], queue[j + skip] = queue[j + skip], queue[j]
                high = low + most
            for j in range(low, high):
                source[at] = queue[j]
                target[at] = v
                hop[at] = hops[i]
                at += 1

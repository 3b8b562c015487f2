"""Sums and sizes of the neighbourhoods around each node."""

from __future__ import annotations

from .parallel import jit


@jit
def sum_degrees(start, stop, rowptr, col, total):
    """Sum of the degrees of each node's neighbours into ``total``."""
    for v in range(start, stop):
        count = 0
        for e in range(rowptr[v], rowptr[v + 1]):
            u = col[e]
            count += rowptr[u + 1] - rowptr[u]
        total[v] = count


@jit
def count_within(start, stop, rowptr, col, hops, sizes, mark, queue):
    """Number of other nodes at most 1, 2, ... ``hops`` steps away into the rows of ``sizes``.

    ``mark`` is scratch of zeros, ``[N]`` uint8; ``queue`` is scratch, ``[N]``.
    """
    for v in range(start, stop):
        mark[v] = 1
        queue[0] = v
        first, last = 0, 1
        for hop in range(hops):
            end = last
            for i in range(first, end):
                u = queue[i]
                for e in range(rowptr[u], rowptr[u + 1]):
                    w = col[e]
                    if mark[w] == 0:
                        mark[w] = 1
                        queue[last] = w
                        last += 1
            first = end
            sizes[v, hop] = last - 1
        for i in range(last):
            mark[queue[i]] = 0

"""Counts the triangles at each node.

Nodes are ranked by falling degree and every edge is kept at its end of higher rank only. The kept
rows are short, at most ``sqrt(2M)`` even where a hub has 200,000 neighbours, and what they point to
lies close together, so that the marks stay in the cache.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit


@jit
def rank_by_degree(rowptr, rank):
    """Rank of each node by falling degree, ties by index: a counting sort."""
    num_nodes = len(rowptr) - 1
    largest = 0
    for v in range(num_nodes):
        largest = max(largest, rowptr[v + 1] - rowptr[v])
    first = np.zeros(largest + 2, np.int64)
    for v in range(num_nodes):
        first[largest - (rowptr[v + 1] - rowptr[v]) + 1] += 1
    for d in range(largest + 1):
        first[d + 1] += first[d]
    for v in range(num_nodes):
        d = largest - (rowptr[v + 1] - rowptr[v])
        rank[v] = first[d]
        first[d] += 1


@jit
def count_lower(start, stop, rowptr, col, rank, length):
    """Number of neighbours ranked before each node into ``length[rank + 1]``."""
    for v in range(start, stop):
        r = rank[v]
        count = 0
        for e in range(rowptr[v], rowptr[v + 1]):
            count += rank[col[e]] < r
        length[r + 1] = count


@jit
def write_lower(start, stop, rowptr, col, rank, ptr, lower, kept):
    """Ranks before each node's own into its row of ``lower``, the smallest first.

    ``kept`` is scratch as long as the longest row.
    """
    for v in range(start, stop):
        r = rank[v]
        # Written always and kept sometimes: a branch here would be guessed wrong half the time.
        count = 0
        for e in range(rowptr[v], rowptr[v + 1]):
            s = rank[col[e]]
            kept[count] = s
            count += s < r
        if count == 0:
            continue
        at = ptr[r]
        smallest = 0
        for i in range(count):
            lower[at + i] = kept[i]
            if kept[i] < kept[smallest]:
                smallest = i
        lower[at + smallest] = lower[at]
        lower[at] = kept[smallest]


@jit
def count_triangles(start, stop, ptr, lower, triangles, mark):
    """Adds to ``triangles``, by rank, those whose last corner is a row of the block.

    ``triangles`` belongs to the thread; ``mark`` is scratch of zeros, ``[N]`` uint8.
    """
    for u in range(start, stop):
        first, last = ptr[u], ptr[u + 1]
        if last - first < 2:
            continue
        for e in range(first, last):
            mark[lower[e]] = 1
        at_u = 0
        # The smallest rank of the row can be the first corner of a triangle, never the middle one.
        for e in range(first + 1, last):
            v = lower[e]
            at_v = 0
            for f in range(ptr[v], ptr[v + 1]):
                w = lower[f]
                if mark[w]:
                    at_v += 1
                    triangles[w] += 1
            triangles[v] += at_v
            at_u += at_v
        triangles[u] += at_u
        for e in range(first, last):
            mark[lower[e]] = 0

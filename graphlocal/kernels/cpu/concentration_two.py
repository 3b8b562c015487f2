r"""Overlaps of two-hop neighbourhoods, where a few hubs see most of the graph.

The sum over the targets :math:`j` of :math:`i` of the two-step walks from :math:`i` that end where
two-step walks from :math:`j` end,

.. math:: \sum_{j \in T_i} \sum_{v \in N_i} |N_v \cap H_j^2|,

is taken apart by hubs, the nodes of ``is_hub``. Where neither :math:`i` nor :math:`v` is one, the
ends :math:`H_j^2` are marked once per :math:`j` and the rows of :math:`v` read. For a hub
:math:`v`, :math:`|N_v \cap H_j^2|` is needed for many :math:`j`: every neighbour of :math:`v` is a
bit, each node holds the bits of its neighbours, and the bits of the neighbours of :math:`j` are
joined and counted. For a hub :math:`i`, the same with its targets as bits.
"""

from __future__ import annotations

import numpy as np

from .orbits_bits import count_bits
from .parallel import jit
from .prefetch import prefetch

#: Words of bits that are handled at once: a cache line.
WORDS = 8
BITS = 64 * WORDS
# Unsigned positions need no test for counting from the end.
_unsigned = np.uint64


@jit
def walks_without_hubs(start, stop, rowptr, col, tptr, is_hub, walks, work):
    """Two-step walks from each node through no hub, and what they cost once for each target."""
    for i in range(start, stop):
        total = 0
        if not is_hub[i]:
            for e in range(rowptr[i], rowptr[i + 1]):
                v = col[e]
                if not is_hub[v]:
                    total += rowptr[v + 1] - rowptr[v]
        walks[i] = total
        work[i] = total * (tptr[i + 1] - tptr[i])


@jit
def work_by_degree(rowptr, col, tptr, level, work):
    """Adds to ``work[k]`` what the edges cost whose end of higher degree is on level ``k``."""
    for i in range(len(rowptr) - 1):
        targets = tptr[i + 1] - tptr[i]
        for e in range(rowptr[i], rowptr[i + 1]):
            v = col[e]
            work[max(level[i], level[v])] += targets * (rowptr[v + 1] - rowptr[v])


@jit
def overlap_of_rows(
    start, stop, rowptr, col, tptr, tcol, is_hub, own, overlaps, mark, bits
):
    """Adds to the four rows of ``overlaps``, for walks of (1, 1), (1, 2), (2, 1) and (2, 2) hops
    from ``i`` and from ``j``, what the targets of every node ``j`` of the block find in its tree;
    of (2, 2) only what no hub takes part in.

    ``own`` says that targets are neighbours, where two of the four are known: (1, 2) is left out,
    and (2, 1) comes from squares of counts. ``overlaps`` belongs to the thread; ``mark`` is int64
    scratch ``[N + 1]``, zeros at first, whose last entry is what was marked last: a node at the
    end of c walks from ``j`` is marked that plus c. ``bits`` is scratch of zeros, a bit a node,
    which stays in the nearest cache while the rows are read.
    """
    last = len(mark) - 1
    for j in range(start, stop):
        if tptr[j] == tptr[j + 1]:
            continue
        base = mark[last]
        squares = 0
        walked = 0
        for e in range(rowptr[j], rowptr[j + 1]):
            w = col[e]
            for f in range(rowptr[w], rowptr[w + 1]):
                u = col[f]
                count = max(mark[u] - base, 0)
                squares += 2 * count + 1
                mark[u] = base + count + 1
                bits[u >> 6] |= np.int64(1) << (u & 63)
            walked += rowptr[w + 1] - rowptr[w]
        mark[last] = base + rowptr[j + 1] - rowptr[j]
        if own:
            overlaps[2, j] += squares
        to_self = -1
        for t in range(tptr[j], tptr[j + 1]):
            i = tcol[t]
            overlaps[0, i] += max(mark[i] - base, 0)
            if own:
                if is_hub[i]:
                    continue
            else:
                walks = 0
                ends = 0
                for e in range(rowptr[i], rowptr[i + 1]):
                    count = mark[col[e]] - base
                    ends += count > 0
                    walks += max(count, 0)
                overlaps[1, i] += ends
                overlaps[2, i] += walks
                if is_hub[i]:
                    continue
            for e in range(rowptr[i], rowptr[i + 1]):
                prefetch(rowptr, col[e])
            for e in range(rowptr[i], rowptr[i + 1]):
                prefetch(col, rowptr[col[e]])
            total = 0
            for e in range(rowptr[i], rowptr[i + 1]):
                v = col[e]
                if is_hub[v]:
                    continue
                ends = to_self
                if v != j or to_self < 0:
                    ends = 0
                    for f in range(rowptr[v], rowptr[v + 1]):
                        u = col[f]
                        ends += (bits[u >> 6] >> (u & 63)) & 1
                if v == j:
                    to_self = ends
                total += ends
            overlaps[3, i] += total
        if walked > len(bits):
            bits[:] = 0
        else:
            for e in range(rowptr[j], rowptr[j + 1]):
                w = col[e]
                for f in range(rowptr[w], rowptr[w + 1]):
                    bits[col[f] >> 6] = 0


@jit
def _flush(node, joined, ends):
    """Counts the bits of a node into ``ends`` and clears them."""
    count = 0
    for b in range(WORDS):
        count += count_bits(joined[node * WORDS + b])
        joined[node * WORDS + b] = 0
    ends[node] += count


@jit
def _count_ends(rowptr, col, bits, row_of, table, holders, joined, ends):
    """Adds to ``ends[x]`` how many of the nodes ``bits`` are two steps from ``x``.

    ``row_of`` and ``joined`` are zeros before and after.
    """
    num_nodes = len(rowptr) - 1
    for first in range(0, len(bits), BITS):
        stop = min(first + BITS, len(bits))
        rows = 0
        pushes = 0
        for p in range(first, stop):
            u = bits[p]
            word, bit = (p - first) >> 6, np.int64(1) << ((p - first) & 63)
            for e in range(rowptr[u], rowptr[u + 1]):
                w = col[e]
                row = row_of[w]
                if row == 0:
                    holders[rows] = w
                    rows += 1
                    row = rows
                    row_of[w] = row
                    pushes += rowptr[w + 1] - rowptr[w]
                    for b in range(WORDS):
                        table[row, b] = 0
                table[row, word] |= bit
        for r in range(rows):
            w = holders[r]
            row_of[w] = 0
            # By hand: nothing says that the two arrays are not one, which loops would have to mind.
            a, b, c, d = table[r + 1, 0], table[r + 1, 1], table[r + 1, 2], table[r + 1, 3]
            k, m, n, o = table[r + 1, 4], table[r + 1, 5], table[r + 1, 6], table[r + 1, 7]
            for e in range(rowptr[w], rowptr[w + 1]):
                x = _unsigned(col[e]) * _unsigned(WORDS)
                joined[x] |= a
                joined[x + _unsigned(1)] |= b
                joined[x + _unsigned(2)] |= c
                joined[x + _unsigned(3)] |= d
                joined[x + _unsigned(4)] |= k
                joined[x + _unsigned(5)] |= m
                joined[x + _unsigned(6)] |= n
                joined[x + _unsigned(7)] |= o
        if pushes >= num_nodes:
            for x in range(num_nodes):
                _flush(x, joined, ends)
        else:
            for r in range(rows):
                w = holders[r]
                for e in range(rowptr[w], rowptr[w + 1]):
                    _flush(col[e], joined, ends)


@jit
def overlap_of_hubs(
    start, stop, hubs, rowptr, col, tptr, tcol, is_hub, own, overlaps,
    row_of, table, holders, joined, ends,
):
    """Adds to ``overlaps`` what the hubs ``hubs[start:stop]`` take part in, as the walker or on the
    way; see :func:`overlap_of_rows` for ``own``.

    ``overlaps`` belongs to the thread. ``row_of``, ``joined`` and ``ends`` are scratch of zeros,
    ``[N]``, ``[N * WORDS]`` and ``[N]``; ``holders`` is ``[N]`` and ``table`` ``[N + 1, WORDS]``.
    """
    for number in range(start, stop):
        h = hubs[number]
        # On the way: its neighbours are the walkers.
        near = col[rowptr[h] : rowptr[h + 1]]
        ends[:] = 0
        _count_ends(rowptr, col, near, row_of, table, holders, joined, ends)
        for i in near:
            if not is_hub[i]:
                total = 0
                for t in range(tptr[i], tptr[i + 1]):
                    total += ends[tcol[t]]
                overlaps[i] += total
        # As the walker: its targets are the bits.
        if not own:
            ends[:] = 0
            _count_ends(rowptr, col, tcol[tptr[h] : tptr[h + 1]], row_of, table, holders, joined,
                        ends)
        total = 0
        for v in near:
            for f in range(rowptr[v], rowptr[v + 1]):
                total += ends[col[f]]
        overlaps[h] += total

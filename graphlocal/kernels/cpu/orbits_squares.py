"""4-cycles in degree order: each is met once, at its highest node.

From the highest node ``v`` go two steps down, ``v - a - w`` with ``a`` and ``w`` below ``v``: the
ways to reach ``w`` pair up to the 4-cycles whose two ends are ``v`` and ``w``. (Chiba, Nishizeki,
"Arboricity and Subgraph Listing Algorithms".)
"""

from __future__ import annotations

from .parallel import jit


@jit
def count_squares(start, stop, rowptr, col, first, N8, ways, seen):
    """Adds to every node the number of 4-cycles through it."""
    for v in range(start, stop):
        found = 0
        slot = first[v]
        while slot < rowptr[v + 1] and col[slot] < v:
            a = col[slot]
            for at in range(first[a], rowptr[a + 1]):
                w = col[at]
                if w >= v:
                    break
                seen[found] = w
                found += ways[w] == 0
                ways[w] += 1
            slot += 1
        own = 0
        repeated = False
        for i in range(found):
            c = ways[seen[i]]
            if c > 1:
                repeated = True
                pairs = c * (c - 1) // 2
                own += pairs
                N8[seen[i]] += pairs
        if repeated:
            N8[v] += own
            slot = first[v]
            while slot < rowptr[v + 1] and col[slot] < v:
                a = col[slot]
                total = 0
                for at in range(first[a], rowptr[a + 1]):
                    w = col[at]
                    if w >= v:
                        break
                    total += ways[w] - 1
                N8[a] += total
                slot += 1
        for i in range(found):
            ways[seen[i]] = 0


@jit
def sum_squares(start, stop, rowptr, col, first, edge, degree, t, squares, result, scratch, seen):
    """Per edge the 4-cycles through it, per node two sums over the 4-cycles through it.

    Adds to ``result[v]`` the degrees of the nodes opposite ``v``, and ``t`` of all four edges.
    ``scratch`` holds, per node: ways, sum of ``t`` on them, sum of the middle nodes' degrees.
    """
    for v in range(start, stop):
        found = 0
        slot = first[v]
        while slot < rowptr[v + 1] and col[slot] < v:
            a = col[slot]
            tva, da = t[edge[slot]], degree[a]
            for at in range(first[a], rowptr[a + 1]):
                w = col[at]
                if w >= v:
                    break
                seen[found] = w
                found += scratch[w, 0] == 0
                scratch[w, 0] += 1
                scratch[w, 1] += tva + t[edge[at]]
                scratch[w, 2] += da
            slot += 1
        repeated = False
        opposite, weight = 0, 0
        for i in range(found):
            w = seen[i]
            c = scratch[w, 0]
            if c > 1:
                repeated = True
                pairs = c * (c - 1) // 2
                around = (c - 1) * scratch[w, 1]
                opposite += pairs * degree[w]
                weight += around
                result[w, 0] += pairs * degree[v]
                result[w, 1] += around
        if repeated:
            result[v, 0] += opposite
            result[v, 1] += weight
            slot = first[v]
            while slot < rowptr[v + 1] and col[slot] < v:
                a = col[slot]
                tva, da = t[edge[slot]], degree[a]
                through, opposite, weight = 0, 0, 0
                for at in range(first[a], rowptr[a + 1]):
                    w = col[at]
                    if w >= v:
                        break
                    c = scratch[w, 0]
                    if c > 1:
                        through += c - 1
                        squares[edge[at]] += c - 1
                        opposite += scratch[w, 2] - da
                        weight += (c - 2) * (tva + t[edge[at]]) + scratch[w, 1]
                squares[edge[slot]] += through
                result[a, 0] += opposite
                result[a, 1] += weight
                slot += 1
        for i in range(found):
            w = seen[i]
            scratch[w, 0] = 0
            scratch[w, 1] = 0
            scratch[w, 2] = 0

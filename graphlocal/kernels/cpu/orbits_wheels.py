"""4-cycles among the neighbours of each node: wheels with four spokes."""

from __future__ import annotations

from .parallel import jit


@jit
def count_wheels(start, stop, rowptr, col, first, edge, cptr, common, to_low, to_high, N68, N69,
                 ways, seen):
    """Adds to the hub of each wheel (``N69``) and to the four nodes of its rim (``N68``).

    The 4-cycles among the neighbours of ``h`` are met at their highest node, as in
    ``orbits_squares``; the neighbours of ``a`` among them are the common neighbours of ``ha``.
    """
    for h in range(start, stop):
        wheels = 0
        for slot in range(first[h], rowptr[h + 1]):
            v = col[slot]
            hv = edge[slot]
            low, high = cptr[hv], cptr[hv + 1]
            if high - low < 2 or common[low + 1] > v:
                continue
            found = 0
            for i in range(low, high):
                a = common[i]
                if a >= v:
                    break
                ha = to_low[i] if h < v else to_high[i]
                for j in range(cptr[ha], cptr[ha + 1]):
                    w = common[j]
                    if w >= v:
                        break
                    seen[found] = w
                    found += ways[w] == 0
                    ways[w] += 1
            own = 0
            for i in range(found):
                c = ways[seen[i]]
                if c > 1:
                    pairs = c * (c - 1) // 2
                    own += pairs
                    N68[seen[i]] += pairs
            if own:
                N68[v] += own
                wheels += own
                for i in range(low, high):
                    a = common[i]
                    if a >= v:
                        break
                    ha = to_low[i] if h < v else to_high[i]
                    total = 0
                    for j in range(cptr[ha], cptr[ha + 1]):
                        w = common[j]
                        if w >= v:
                            break
                        total += ways[w] - 1
                    N68[a] += total
            for i in range(found):
                ways[seen[i]] = 0
        N69[h] += wheels

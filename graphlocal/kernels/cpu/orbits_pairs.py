"""Sums over pairs of nodes of what their common neighbours are: how many, and how many edges."""

from __future__ import annotations

from .parallel import jit

#: Columns of :func:`sum_pairs`.
PAIR_COLUMNS = 5


@jit
def sum_pairs(start, stop, rowptr, col, first, edge, cptr, common, to_low, to_high, result,
              ways, links, seen):
    """Adds to every node its share of five counts over pairs ``w < v``.

    With ``c`` common neighbours of the pair and ``D`` edges among them, the columns are: at the
    pair, C(c, 3) and D (c - 2); at each common neighbour, C(c - 1, 2) and D; at both ends of each
    edge among them, c - 2. These are N50, N63 and the main terms of N49, N62, N64.
    """
    for v in range(start, stop):
        found = 0
        for slot in range(first[v], rowptr[v + 1]):
            x = col[slot]
            for at in range(first[x], rowptr[x + 1]):
                w = col[at]
                if w >= v:
                    break
                if ways[w] == 0:
                    seen[found] = w
                    found += 1
                ways[w] += 1
        linked = False
        for slot in range(first[v], rowptr[v + 1]):
            x = col[slot]
            vx = edge[slot]
            for at in range(cptr[vx], cptr[vx + 1]):
                y = common[at]
                if y >= x:
                    break
                xy = to_low[at] if x < v else to_high[at]
                total = 0
                for i in range(cptr[xy], cptr[xy + 1]):
                    w = common[i]
                    if w >= v:
                        break
                    links[w] += 1
                    total += ways[w] - 2
                    linked = True
                result[x, 4] += total
                result[y, 4] += total
        threes, linked_pairs, many = 0, 0, False
        for i in range(found):
            w = seen[i]
            c = ways[w]
            if c > 2:
                many = True
                triples = c * (c - 1) * (c - 2) // 6
                between = links[w] * (c - 2)
                threes += triples
                linked_pairs += between
                result[w, 0] += triples
                result[w, 1] += between
        result[v, 0] += threes
        result[v, 1] += linked_pairs
        if many or linked:
            for slot in range(first[v], rowptr[v + 1]):
                x = col[slot]
                triples, edges = 0, 0
                for at in range(first[x], rowptr[x + 1]):
                    w = col[at]
                    if w >= v:
                        break
                    c = ways[w]
                    triples += (c - 1) * (c - 2) // 2
                    edges += links[w]
                result[x, 2] += triples
                result[x, 3] += edges
        for i in range(found):
            ways[seen[i]] = 0
            links[seen[i]] = 0

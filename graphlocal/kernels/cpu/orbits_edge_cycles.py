"""5-cycles and wheels per edge, in the ways of ``orbits_pentagons`` and ``orbits_wheels``."""

from __future__ import annotations

from .parallel import jit


@jit
def count_edge_pentagons(start, stop, rowptr, col, first, edge, pentagons, ways, near, weight,
                         seen):
    """Adds to every edge the closed walks ``h - a - b - c - d - h`` over it."""
    for h in range(start, stop):
        low = first[h]
        high = low
        found = 0
        while high < rowptr[h + 1] and col[high] < h:
            a = col[high]
            near[a] = 1
            high += 1
            for at in range(first[a], rowptr[a + 1]):
                b = col[at]
                if b >= h:
                    break
                seen[found] = b
                found += ways[b] == 0
                ways[b] += 1
        if high - low >= 2:
            for i in range(found):
                b = seen[i]
                onward = 0
                fb, lb = ways[b], near[b]
                for at in range(first[b], rowptr[b + 1]):
                    c = col[at]
                    if c >= h:
                        break
                    fc = ways[c] - lb
                    onward += fc
                    if c < b:
                        pentagons[edge[at]] += (fb - near[c]) * fc
                weight[b] = onward
            for slot in range(low, high):
                a = col[slot]
                own = 0
                fa = ways[a]
                for at in range(first[a], rowptr[a + 1]):
                    b = col[at]
                    if b >= h:
                        break
                    walks = weight[b] - fa + near[b]
                    pentagons[edge[at]] += walks
                    own += walks
                pentagons[edge[slot]] += own
        for i in range(found):
            ways[seen[i]] = 0
        for slot in range(low, high):
            near[col[slot]] = 0


@jit
def count_edge_tails(start, stop, edge_slot, beyond, optr, tptr, tri_uw, tri_vw, pentagons, ended):
    """Takes off the walks that are a triangle with a tail, as ``count_tails`` does for nodes."""
    for u in range(start, stop):
        for uv in range(optr[u], optr[u + 1]):
            for at in range(tptr[uv], tptr[uv + 1]):
                uw, vw = tri_uw[at], tri_vw[at]
                tails = 0
                for e, side in ((uw, 0), (vw, 0), (vw, 1)):
                    slot = edge_slot[e, side]
                    ended[slot] += 1
                    tails += beyond[slot]
                pentagons[uv] -= tails
                pentagons[uw] -= tails
                pentagons[vw] -= tails


@jit
def end_edge_tails(start, stop, rowptr, col, first, edge, optr, ended, pentagons):
    """Takes the same walks off the edges to ``h``; each edge belongs to the row of its ``a``."""
    for a in range(start, stop):
        triangles = 0
        upper = rowptr[a + 1] - (optr[a + 1] - optr[a])
        for slot in range(rowptr[a], rowptr[a + 1]):
            if slot >= upper:
                h = col[slot]
                if rowptr[h + 1] - (optr[h + 1] - optr[h]) - first[h] >= 2:
                    pentagons[edge[slot]] -= 2 * triangles
            triangles += ended[slot]


@jit
def count_edge_wheels(start, stop, rowptr, col, first, edge, cptr, common, to_low, to_high,
                      rim, spoke, ways, at_node, seen):
    """Adds the wheels with an edge on the rim, and with it as a spoke, to every edge."""
    for h in range(start, stop):
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
            for i in range(found):
                w = seen[i]
                pairs = ways[w] * (ways[w] - 1) // 2
                at_node[w] += pairs
                at_node[v] += pairs
            for i in range(low, high):
                a = common[i]
                if a >= v:
                    break
                ha = to_low[i] if h < v else to_high[i]
                va = to_high[i] if h < v else to_low[i]
                total = 0
                for j in range(cptr[ha], cptr[ha + 1]):
                    w = common[j]
                    if w >= v:
                        break
                    others = ways[w] - 1
                    total += others
                    rim[to_high[j] if h < a else to_low[j]] += others
                rim[va] += total
                at_node[a] += total
            for i in range(found):
                ways[seen[i]] = 0
        for slot in range(first[h], rowptr[h + 1]):
            spoke[edge[slot]] += at_node[col[slot]]
            at_node[col[slot]] = 0

"""5-cycles per node in degree order: each is met once, at its highest node.

From the highest node ``h`` count the ways ``f[b]`` to go two steps down, ``h - a - b``; an edge
``b - c`` closes ``(f[b] - [h ~ c]) * (f[c] - [h ~ b])`` walks. They are the 5-cycles, but for
those that leave and come back through one ``a``: a triangle ``a b c`` with a tail from ``a`` to
``h``, which :func:`count_tails` counts.
"""

from __future__ import annotations

from .parallel import jit


@jit
def count_pentagons(start, stop, rowptr, col, first, N34, ways, near, weight, seen):
    """Adds to every node the closed walks ``h - a - b - c - d - h`` through it.

    ``ways`` (f), ``near`` ([h ~ b]) and ``weight`` are working arrays over nodes, all 0.
    """
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
        if high - low < 2:
            for slot in range(low, high):
                near[col[slot]] = 0
            for i in range(found):
                ways[seen[i]] = 0
            continue
        # Walks from b over any c to h; stepping back, c = a, comes off where a is known.
        total = 0
        for i in range(found):
            b = seen[i]
            onward = 0
            at = first[b]
            end = rowptr[b + 1]
            while at < end and col[at] < h:
                onward += ways[col[at]]
                at += 1
            if near[b]:
                onward -= at - first[b]
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
                N34[b] += walks
                own += walks
            N34[a] += own
            total += own
        # Each 5-cycle was met from both of h's neighbours.
        N34[h] += total // 2
        for i in range(found):
            b = seen[i]
            ways[b] = 0
            weight[b] = 0
        for slot in range(low, high):
            near[col[slot]] = 0


@jit
def tails_beyond(start, stop, rowptr, col, first, optr, beyond):
    """Per slot, the later neighbours in its row which :func:`count_pentagons` does not skip."""
    for v in range(start, stop):
        count = 0
        upper = rowptr[v + 1] - (optr[v + 1] - optr[v])
        for slot in range(rowptr[v + 1] - 1, rowptr[v] - 1, -1):
            beyond[slot] = count
            if slot >= upper:
                h = col[slot]
                if rowptr[h + 1] - (optr[h + 1] - optr[h]) - first[h] >= 2:
                    count += 1


@jit
def count_tails(start, stop, edge_slot, beyond, optr, ocol, tptr, tri_uw, tri_vw, N34, ended):
    """Takes off the walks of :func:`count_pentagons` that are a triangle with a tail to ``h``.

    ``ended[slot]`` gains the triangles at a row's node after which a tail may lead to the
    neighbours beyond that slot.
    """
    for u in range(start, stop):
        for uv in range(optr[u], optr[u + 1]):
            v = ocol[uv]
            for at in range(tptr[uv], tptr[uv + 1]):
                uw, vw = tri_uw[at], tri_vw[at]
                w = ocol[uw]
                slot = edge_slot[uw, 0]
                ended[slot] += 1
                from_u = beyond[slot]
                slot = edge_slot[vw, 0]
                ended[slot] += 1
                from_v = beyond[slot]
                # Tails of w lead to any node above it; v is below, and nothing between counts.
                slot = edge_slot[vw, 1]
                ended[slot] += 1
                from_w = beyond[slot]
                N34[u] -= 2 * from_u + from_v + from_w
                N34[v] -= 2 * from_v + from_u + from_w
                N34[w] -= 2 * from_w + from_u + from_v


@jit
def end_tails(start, stop, rowptr, col, first, optr, ended, N34):
    """Takes the same walks off the nodes ``h`` at the end of the tails."""
    for a in range(start, stop):
        triangles = 0
        upper = rowptr[a + 1] - (optr[a + 1] - optr[a])
        for slot in range(rowptr[a], rowptr[a + 1]):
            if slot >= upper:
                h = col[slot]
                if rowptr[h + 1] - (optr[h + 1] - optr[h]) - first[h] >= 2:
                    N34[h] -= triangles
            triangles += ended[slot]

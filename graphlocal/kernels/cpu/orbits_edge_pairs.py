"""Sums over two-step walks and over diamonds from each node, for the orbits of edges."""

from __future__ import annotations

from .parallel import jit

#: Columns of :func:`sum_steps`.
DEGREES, FACING, BESIDE, THREES, EDGES, MIDDLE = range(6)
STEP_COLUMNS = 6


@jit
def sum_steps(start, stop, rowptr, col, first, edge, degree, t, cptr, common, to_low, to_high,
              result, chord, scratch, seen):
    """Fills the rows ``[v -> a]`` of ``result``, adds to ``chord`` at every edge.

    With ``c`` common neighbours of ``v`` and ``w``, ``D`` edges among them, over the walks
    ``v - a - w``: (c - 1) deg w; the ``t`` of the edges facing ``va`` in a 4-cycle, and of those
    beside it at a; C(c - 1, 2); D. Over the diamonds with ends ``v, w``: c - 2, at the edge from
    ``v`` to each end of the chord, and in ``chord`` at the chord itself.
    ``scratch`` holds c, D and the ``t`` of the second steps per node.
    """
    for v in range(start, stop):
        found = 0
        for slot in range(first[v], rowptr[v + 1]):
            a = col[slot]
            for at in range(first[a], rowptr[a + 1]):
                w = col[at]
                if w == v:
                    continue
                seen[found] = w
                found += scratch[w, 0] == 0
                scratch[w, 0] += 1
                scratch[w, 2] += t[edge[at]]
        for slot in range(first[v], rowptr[v + 1]):
            x = col[slot]
            vx = edge[slot]
            total = 0
            for at in range(cptr[vx], cptr[vx + 1]):
                xy = to_low[at] if x < v else to_high[at]
                upwards = common[at] > x
                between = 0
                for i in range(cptr[xy], cptr[xy + 1]):
                    w = common[i]
                    if w == v:
                        continue
                    many = scratch[w, 0] - 2
                    total += many
                    if upwards:
                        scratch[w, 1] += 1
                        if w < v:
                            between += many
                if upwards:
                    chord[xy] += between
            result[slot, MIDDLE] = total
        for slot in range(first[v], rowptr[v + 1]):
            a = col[slot]
            degrees, facing, beside, threes, edges = 0, 0, 0, 0, 0
            for at in range(first[a], rowptr[a + 1]):
                w = col[at]
                if w == v:
                    continue
                c = scratch[w, 0]
                taw = t[edge[at]]
                degrees += (c - 1) * degree[w]
                facing += scratch[w, 2] - taw
                beside += (c - 1) * taw
                threes += (c - 1) * (c - 2) // 2
                edges += scratch[w, 1]
            result[slot, DEGREES] = degrees
            result[slot, FACING] = facing
            result[slot, BESIDE] = beside
            result[slot, THREES] = threes
            result[slot, EDGES] = edges
        for i in range(found):
            scratch[seen[i], :] = 0

"""What every edge knows of the triangles, squares and cliques around it.

Nodes are ranked by rising degree. An edge belongs to its end of higher rank, whose row does its
work: it marks its neighbours and runs through the shorter row of the other end, so that all edges
together cost ``O(M * arboricity)`` and a hub is no worse than its neighbours. A *slot* is an entry
of ``col``; the slot ``u -> v`` and its mate ``v -> u`` are one edge seen from both ends.
"""

from __future__ import annotations

from .parallel import jit


@jit
def find_mates(rowptr, col, position, mate):
    """Slot ``v -> u`` of every slot ``u -> v``. ``position`` is the rowptr, used up."""
    for u in range(len(rowptr) - 1):
        for s in range(rowptr[u], rowptr[u + 1]):
            v = col[s]
            mate[s] = position[v]
            position[v] += 1


@jit
def order_rows(order, rank, rowptr, col, mate, above, ranked, ranked_col):
    """Each row's slots and neighbours by rising rank; ``above[v]`` is the first ranked above v.

    ``above`` holds the rowptr when the call begins.
    """
    position = rowptr[:-1].copy()
    for i in range(len(order)):
        u = order[i]
        for s in range(rowptr[u], rowptr[u + 1]):
            v = col[s]
            ranked[position[v]] = mate[s]
            ranked_col[position[v]] = u
            position[v] += 1
            if i < rank[v]:
                above[v] += 1


@jit
def edge_triangles(start, stop, rowptr, col, mate, above, ranked, triangles, mark):
    """Triangles on each edge, into both its slots. ``mark`` is scratch of zeros, ``[N]`` uint8."""
    for u in range(start, stop):
        if above[u] == rowptr[u]:
            continue
        for s in range(rowptr[u], rowptr[u + 1]):
            mark[col[s]] = 1
        for p in range(rowptr[u], above[u]):
            s = ranked[p]
            v = col[s]
            count = 0
            for r in range(rowptr[v], rowptr[v + 1]):
                count += mark[col[r]]
            triangles[s] = count
            triangles[mate[s]] = count
        for s in range(rowptr[u], rowptr[u + 1]):
            mark[col[s]] = 0


@jit
def edge_sums(
    start, stop, rowptr, col, mate, above, ranked, ranked_col, triangles,
    sums, degrees, cliques, at, inside, common,
):
    """Sums over the common neighbours w of each edge u - v.

    ``sums`` of the triangles on v - w, ``degrees`` of the degree of w, and ``cliques``, the edges
    among them. The outputs begin as zeros. ``at`` and ``inside`` are scratch of zeros, ``[N]``
    int64 and uint8; ``common`` is as long as the longest row.
    """
    for u in range(start, stop):
        if above[u] == rowptr[u]:
            continue
        for s in range(rowptr[u], rowptr[u + 1]):
            at[col[s]] = s + 1
        for p in range(rowptr[u], above[u]):
            s = ranked[p]
            if triangles[s] == 0:
                continue
            v = col[s]
            found = 0
            forward = 0
            backward = 0
            degree = 0
            for r in range(rowptr[v], rowptr[v + 1]):
                w = col[r]
                if at[w]:
                    forward += triangles[r]
                    backward += triangles[at[w] - 1]
                    degree += rowptr[w + 1] - rowptr[w]
                    common[found] = w
                    found += 1
            sums[s] = forward
            sums[mate[s]] = backward
            degrees[s] = degree
            degrees[mate[s]] = degree
            if found > 1:
                for i in range(found):
                    inside[common[i]] = 1
                count = 0
                for i in range(found):
                    w = common[i]
                    for q in range(above[w], rowptr[w + 1]):
                        count += inside[ranked_col[q]]
                for i in range(found):
                    inside[common[i]] = 0
                cliques[s] = count
                cliques[mate[s]] = count
        for s in range(rowptr[u], rowptr[u + 1]):
            at[col[s]] = 0


@jit
def edge_squares(start, stop, rowptr, above, ranked, ranked_col, squares, paths):
    """Half of the cycles of four nodes, chords allowed, on each edge: the other is at the mate.

    A cycle a - b - c - d has one node of highest rank. The slot ``a -> b`` counts it where that is
    a or c, so that row a needs the paths a - b - c with c above b, or with b and c below a, only.
    ``paths`` is scratch of zeros, ``[N]`` int64.
    """
    for a in range(start, stop):
        for p in range(rowptr[a], rowptr[a + 1]):
            b = ranked_col[p]
            first = rowptr[b] if p < above[a] else above[b]
            for q in range(first, rowptr[b + 1]):
                paths[ranked_col[q]] += 1
        paths[a] = 1  # a - b - a is no path: counted as none below
        for p in range(rowptr[a], rowptr[a + 1]):
            b = ranked_col[p]
            first = rowptr[b] if p < above[a] else above[b]
            count = 0
            for q in range(first, rowptr[b + 1]):
                count += paths[ranked_col[q]] - 1
            squares[ranked[p]] = count
        for p in range(rowptr[a], rowptr[a + 1]):
            b = ranked_col[p]
            first = rowptr[b] if p < above[a] else above[b]
            for q in range(first, rowptr[b + 1]):
                paths[ranked_col[q]] = 0
        paths[a] = 0


@jit
def node_sums(start, stop, rowptr, col, triangles, closed, reach, far):
    """Sums over the neighbours w of each v.

    ``closed`` of the triangles on v - w, ``reach`` of the degree of w, and ``far`` of the paths
    v - w - x that no edge closes.
    """
    for v in range(start, stop):
        first, second = 0, 0
        for s in range(rowptr[v], rowptr[v + 1]):
            w = col[s]
            first += triangles[s]
            second += rowptr[w + 1] - rowptr[w]
        closed[v] = first
        reach[v] = second
        far[v] = second - (rowptr[v + 1] - rowptr[v]) - first


@jit
def edge_values(
    start, stop, which, rowptr, col, mate, triangles, cliques, sums, degrees, squares,
    closed, far, values,
):
    """An orbit adjacency of one hop as a value on each slot.

    ``which`` counts them: 0 (1,2), 1 (3,3), 2 (4,5), 3 (5,5), 4 (6,7), 5 (8,8), 6 (9,11),
    7 (10,10), 8 (10,11), 9 (12,13), 10 (13,13), 11 (14,14). The row of the slot stands on the
    first orbit.
    """
    for u in range(start, stop):
        for s in range(rowptr[u], rowptr[u + 1]):
            v = col[s]
            r = mate[s]
            t = triangles[s]
            k = cliques[s]
            open_u = rowptr[u + 1] - rowptr[u] - 1 - t  # neighbours of u alone
            open_v = rowptr[v + 1] - rowptr[v] - 1 - t
            diamond = sums[s] - t - 2 * k  # (12,13)
            square = squares[s] + squares[r] - diamond - (sums[r] - t - 2 * k) - 2 * k  # (8,8)
            pendant = (closed[v] - t - sums[s] - diamond) // 2  # (9,11)
            if which == 0:
                value = open_v
            elif which == 1:
                value = t
            elif which == 2:
                value = far[v] - open_u - (degrees[s] - t - sums[s]) - square
            elif which == 3:
                value = open_u * open_v - square
            elif which == 4:
                value = open_v * (open_v - 1) // 2 - pendant
            elif which == 5:
                value = square
            elif which == 6:
                value = pendant
            elif which == 7:
                value = degrees[s] - t - sums[r] - diamond
            elif which == 8:
                value = t * open_v - diamond
            elif which == 9:
                value = diamond
            elif which == 10:
                value = t * (t - 1) // 2 - k
            else:
                value = k
            values[s] = value


@jit
def edge_commons(start, stop, rowptr, col, above, ranked, listptr, nodes, mark):
    """Common neighbours of each edge, listed at the slot of the end it belongs to.

    ``mark`` is scratch of zeros, ``[N]`` uint8.
    """
    for u in range(start, stop):
        if above[u] == rowptr[u]:
            continue
        for s in range(rowptr[u], rowptr[u + 1]):
            mark[col[s]] = 1
        for p in range(rowptr[u], above[u]):
            s = ranked[p]
            to = listptr[s]
            if to == listptr[s + 1]:
                continue
            v = col[s]
            for r in range(rowptr[v], rowptr[v + 1]):
                w = col[r]
                if mark[w]:
                    nodes[to] = w
                    to += 1
        for s in range(rowptr[u], rowptr[u + 1]):
            mark[col[s]] = 0


@jit
def list_lengths(start, stop, rowptr, above, ranked, triangles, length):
    """Length of each list of :func:`edge_commons` into ``length[slot + 1]``, zeros to begin."""
    for u in range(start, stop):
        for p in range(rowptr[u], above[u]):
            s = ranked[p]
            length[s + 1] = triangles[s]

"""Renumbers a graph for orbit counting: what no cycle passes first, then by rising degree.

In that order every node has few neighbours above it, hubs lie side by side in memory, and the
loops over cycles skip the trees hanging off the graph by starting each row a little later.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit


@jit
def core_degree(rowptr, col):
    """Degree of each node inside the 2-core, 0 outside it."""
    n = len(rowptr) - 1
    left = np.empty(n, np.int64)
    stack = np.empty(n, np.int64)
    depth = 0
    for v in range(n):
        left[v] = rowptr[v + 1] - rowptr[v]
        if left[v] == 1:
            stack[depth] = v
            depth += 1
    while depth:
        depth -= 1
        v = stack[depth]
        if left[v] == 0:
            continue
        left[v] = 0
        for slot in range(rowptr[v], rowptr[v + 1]):
            w = col[slot]
            if left[w]:
                left[w] -= 1
                if left[w] == 1:
                    stack[depth] = w
                    depth += 1
    return left


@jit
def sort_by_degree(degree):
    """Nodes in order of rising ``degree``, equal ones in order of their number."""
    n = len(degree)
    most = 0
    for v in range(n):
        most = max(most, degree[v])
    place = np.zeros(most + 2, np.int64)
    for v in range(n):
        place[degree[v] + 1] += 1
    for d in range(most + 1):
        place[d + 1] += place[d]
    order = np.empty(n, np.int32)
    for v in range(n):
        order[place[degree[v]]] = v
        place[degree[v]] += 1
    return order


@jit
def renumber(rowptr, col, order):
    """CSR with node ``order[i]`` called ``i``, and where each node went; rows are sorted."""
    n = len(order)
    rank = np.empty(n, np.int32)
    new_rowptr = np.zeros(n + 1, np.int64)
    for i in range(n):
        v = order[i]
        rank[v] = i
        new_rowptr[i + 1] = new_rowptr[i] + rowptr[v + 1] - rowptr[v]
    place = new_rowptr[:-1].copy()
    new_col = np.empty(len(col), np.int32)
    for i in range(n):
        v = order[i]
        for slot in range(rowptr[v], rowptr[v + 1]):
            w = rank[col[slot]]
            new_col[place[w]] = i
            place[w] += 1
    return new_rowptr, new_col, rank


@jit
def orient(rowptr, col):
    """Splits the rows of a renumbered graph.

    Returns:
        ``optr, ocol``: the neighbours above each node; an edge's number is its place in ``ocol``.
        ``edge``: the number of the edge in each slot.
    """
    n = len(rowptr) - 1
    m = len(col) // 2
    optr = np.zeros(n + 1, np.int64)
    ocol = np.empty(m, np.int32)
    edge = np.empty(len(col), np.int32)
    place = rowptr[:-1].copy()
    at = 0
    for u in range(n):
        # The slots below u were filled while their other ends were visited.
        for slot in range(place[u], rowptr[u + 1]):
            v = col[slot]
            ocol[at] = v
            edge[slot] = at
            edge[place[v]] = at
            place[v] += 1
            at += 1
        optr[u + 1] = at
    return optr, ocol, edge


@jit
def first_slots(rowptr, col, least):
    """First slot of each row whose neighbour is ``least`` or above."""
    n = len(rowptr) - 1
    first = np.empty(n, np.int64)
    for v in range(n):
        slot = rowptr[v]
        while slot < rowptr[v + 1] and col[slot] < least:
            slot += 1
        first[v] = slot
    return first


@jit
def work_around(begin, rowptr, col, first, result):
    """Running total, over nodes from ``begin``, of the slots two steps away."""
    total = 0
    result[0] = 0
    for v in range(begin, len(rowptr) - 1):
        for slot in range(first[v], rowptr[v + 1]):
            w = col[slot]
            total += rowptr[w + 1] - first[w]
        result[v + 1 - begin] = total


@jit
def edge_ends(start, stop, rowptr, optr, edge, source, slots):
    """Lower end of every edge, and its slots in the rows of its lower and its upper end."""
    for v in range(start, stop):
        upper = rowptr[v + 1] - (optr[v + 1] - optr[v])
        for slot in range(rowptr[v], upper):
            slots[edge[slot], 1] = slot
        for slot in range(upper, rowptr[v + 1]):
            slots[edge[slot], 0] = slot
            source[edge[slot]] = v


@jit
def edge_rows(rowptr, col, order, optr, ocol):
    """Row of every edge in a list of the graph's own edges ``a < b`` in order of ``(a, b)``."""
    n = len(order)
    below = np.zeros(n + 1, np.int64)
    place = np.empty(n, np.int64)
    for a in range(n):
        slot = rowptr[a]
        while slot < rowptr[a + 1] and col[slot] < a:
            slot += 1
        place[a] = slot
        below[a + 1] = below[a] + rowptr[a + 1] - slot
    row = np.empty(len(ocol), np.int64)
    for u in range(n):
        for e in range(optr[u], optr[u + 1]):
            a, b = order[u], order[ocol[e]]
            if a > b:
                a, b = b, a
            low, high = place[a], rowptr[a + 1]
            while low < high:
                middle = (low + high) // 2
                if col[middle] < b:
                    low = middle + 1
                else:
                    high = middle
            row[e] = below[a] + low - place[a]
    return row

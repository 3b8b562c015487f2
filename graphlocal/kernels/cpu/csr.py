"""Builds the CSR of a simple undirected graph from a list of edges.

Sorting comes free: scattering every edge to both ends gives a symmetric matrix whose rows are in
order of arrival, and the transpose of a symmetric matrix, written row by row, has sorted rows.
Each entry is ``2 * neighbour + back``, where ``back`` says that the list had it the other way.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit


@jit
def count_ends(source, target, degree):
    """Adds to ``degree[v + 1]`` for each end at ``v`` of an edge that is no loop; returns loops."""
    loops = 0
    for e in range(len(source)):
        u, v = source[e], target[e]
        if u == v:
            loops += 1
        else:
            degree[u + 1] += 1
            degree[v + 1] += 1
    return loops


@jit
def scatter_ends(source, target, position, entry):
    """Writes each edge into the rows of both its ends. ``position`` is the rowptr, used up."""
    for e in range(len(source)):
        u, v = source[e], target[e]
        if u != v:
            entry[position[u]] = 2 * v
            position[u] += 1
            entry[position[v]] = 2 * u + 1
            position[v] += 1


@jit
def scatter_ends_numbered(source, target, position, entry, number):
    """:func:`scatter_ends`, remembering which edge of the list each entry came from."""
    for e in range(len(source)):
        u, v = source[e], target[e]
        if u != v:
            entry[position[u]] = 2 * v
            number[position[u]] = e
            position[u] += 1
            entry[position[v]] = 2 * u + 1
            number[position[v]] = e
            position[v] += 1


@jit
def sort_rows(rowptr, entry, position, result):
    """Transposes the symmetric matrix, which sorts its rows. ``position`` is used up."""
    for u in range(len(rowptr) - 1):
        for slot in range(rowptr[u], rowptr[u + 1]):
            v = entry[slot] >> 1
            result[position[v]] = 2 * u + 1 - (entry[slot] & 1)
            position[v] += 1


@jit
def sort_rows_numbered(rowptr, entry, number, position, result, result_number):
    """:func:`sort_rows`, carrying the numbers along."""
    for u in range(len(rowptr) - 1):
        for slot in range(rowptr[u], rowptr[u + 1]):
            v = entry[slot] >> 1
            at = position[v]
            result[at] = 2 * u + 1 - (entry[slot] & 1)
            result_number[at] = number[slot]
            position[v] = at + 1


@jit
def count_distinct(start, stop, rowptr, entry, degree):
    """Distinct neighbours of each row into ``degree[v + 1]``.

    Returns, over pairs with the row as the smaller end: entries that repeat one of the same
    direction, and edges listed in one direction only.
    """
    repeated = 0
    one_way = 0
    for u in range(start, stop):
        distinct = 0
        slot = rowptr[u]
        while slot < rowptr[u + 1]:
            v = entry[slot] >> 1
            forward = 0
            backward = 0
            while slot < rowptr[u + 1] and entry[slot] >> 1 == v:
                if entry[slot] & 1:
                    backward += 1
                else:
                    forward += 1
                slot += 1
            distinct += 1
            if u < v:
                repeated += max(forward - 1, 0) + max(backward - 1, 0)
                if forward == 0 or backward == 0:
                    one_way += 1
        degree[u + 1] = distinct
    return repeated, one_way


@jit
def write_distinct(start, stop, rowptr, entry, new_rowptr, col):
    """Each row's distinct neighbours, in order."""
    for u in range(start, stop):
        at = new_rowptr[u]
        last = -1
        for slot in range(rowptr[u], rowptr[u + 1]):
            v = entry[slot] >> 1
            if v != last:
                col[at] = v
                at += 1
                last = v


@jit
def write_distinct_weighted(start, stop, rowptr, entry, number, weight, new_rowptr, col, merged):
    """Distinct neighbours and their weights; returns the pairs whose two directions disagree.

    Repeated entries of a direction are summed, the larger of the two directions is kept.
    """
    disagree = 0
    for u in range(start, stop):
        at = new_rowptr[u]
        slot = rowptr[u]
        while slot < rowptr[u + 1]:
            v = entry[slot] >> 1
            forward = np.float64(0.0)
            backward = np.float64(0.0)
            has_forward = False
            has_backward = False
            while slot < rowptr[u + 1] and entry[slot] >> 1 == v:
                if entry[slot] & 1:
                    backward += weight[number[slot]]
                    has_backward = True
                else:
                    forward += weight[number[slot]]
                    has_forward = True
                slot += 1
            col[at] = v
            if has_forward and has_backward:
                merged[at] = max(forward, backward)
                if forward != backward and u < v:
                    disagree += 1
            elif has_forward:
                merged[at] = forward
            else:
                merged[at] = backward
            at += 1
    return disagree


@jit
def find_fault(rowptr, col, weight):
    """First entry that a simple undirected graph cannot have: ``row, slot, what``.

    1: a self loop, 2: an unsorted or repeated neighbour, 3: an edge in one row only, 4: unequal
    weights of an edge or a zero. In sorted rows the entries of column ``v``, met row by row, are
    those of row ``v`` from left to right: one pointer per row finds every opposite.
    """
    position = rowptr[:-1].copy()
    for u in range(len(rowptr) - 1):
        for slot in range(rowptr[u], rowptr[u + 1]):
            v = col[slot]
            if v == u:
                return u, slot, 1
            if slot > rowptr[u] and v <= col[slot - 1]:
                return u, slot, 2
            other = position[v]
            if other >= rowptr[v + 1] or col[other] != u:
                return u, slot, 3
            if len(weight) > 0 and (weight[slot] != weight[other] or weight[slot] == 0):
                return u, slot, 4
            position[v] = other + 1
    return 0, 0, 0

"""Subgraphs induced by small sets of nodes, each set listed with repeats."""

from __future__ import annotations

from .parallel import jit


@jit
def collect(low, high, bag, place, unique):
    """Nodes of ``bag[low:high]`` in the order they first occur, into ``unique``; how many.

    ``place[v]`` becomes the position of ``v`` among them.
    """
    count = 0
    for i in range(low, high):
        v = bag[i]
        if place[v] < 0:
            place[v] = count
            unique[count] = v
            count += 1
    return count


@jit
def first_at_least(col, low, high, value):
    """First slot of the ordered row ``[low, high)`` whose entry is not below ``value``."""
    while low < high:
        middle = (low + high) // 2
        if col[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@jit
def edges_into(v, position, rowptr, col, count, place, unique, out, at):
    """Edges from the set into ``v``, as positions in the set, into ``out`` from ``at`` on.

    Returns where the next edge goes. An ``out`` without columns is only counted for. Rows are
    ordered: a long one is searched for each of the set, a short one read.
    """
    low, high = rowptr[v], rowptr[v + 1]
    write = out.shape[1] > 0
    if high - low > 16 * count:
        for i in range(count):
            slot = first_at_least(col, low, high, unique[i])
            while slot < high and col[slot] == unique[i]:
                if write:
                    out[0, at], out[1, at] = i, position
                at += 1
                slot += 1
    else:
        for slot in range(low, high):
            if place[col[slot]] >= 0:
                if write:
                    out[0, at], out[1, at] = place[col[slot]], position
                at += 1
    return at


@jit
def count_tokens(start, stop, bag_ptr, bag, rowptr, col, nothing, sizes, place, unique):
    """Nodes and edges of the subgraphs ``[start, stop)``, into ``sizes[t]``."""
    for t in range(start, stop):
        count = collect(bag_ptr[t], bag_ptr[t + 1], bag, place, unique)
        edges = 0
        for i in range(count):
            edges = edges_into(unique[i], i, rowptr, col, count, place, unique, nothing, edges)
        sizes[t, 0], sizes[t, 1] = count, edges
        for i in range(count):
            place[unique[i]] = -1


@jit
def fill_tokens(start, stop, bag_ptr, bag, rowptr, col, node_ptr, edge_ptr, node, edge_index,
                place, unique):
    """Writes what :func:`count_tokens` counted; edges join positions in ``node``."""
    for t in range(start, stop):
        count = collect(bag_ptr[t], bag_ptr[t + 1], bag, place, unique)
        first, begin = node_ptr[t], edge_ptr[t]
        at = begin
        for i in range(count):
            node[first + i] = unique[i]
            at = edges_into(unique[i], i, rowptr, col, count, place, unique, edge_index, at)
        for e in range(begin, at):
            edge_index[0, e] += first
            edge_index[1, e] += first
        for i in range(count):
            place[unique[i]] = -1

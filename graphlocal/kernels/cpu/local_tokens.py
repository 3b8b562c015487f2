"""Tokens of a node drawn from its two-hop neighbourhood, which is never written down for all nodes.

Rows hold every neighbour once. The candidates of a node are its neighbours, followed by the ends of
the paths of two edges: each end once (``exact``) or once for each path (``path``).
"""

from __future__ import annotations

import numpy as np

from .counter_random import draw_below, stream
from .draws import draw_distinct, is_new, shuffle_into, table_bits
from .parallel import jit

#: Paths are listed while there are fewer than this many for each token.
LISTED = 4


@jit
def draw_exact(start, stop, rowptr, col, nodes, key, with_self, distinct, out, mark, items, table):
    """Tokens of ``nodes[start:stop]``, each end of a path a candidate once.

    ``distinct`` makes a neighbour that is such an end one candidate instead of two. Scratch:
    ``mark``, a zero for every node, which it is again afterwards; ``items``, places for all nodes,
    the longest row, and one; ``table``, of the length that :func:`is_new` wants.
    """
    for i in range(start, stop):
        node = nodes[i]
        out[i, 0] = node
        low, high = rowptr[node], rowptr[node + 1]
        near = 0
        for slot in range(low, high):
            v = col[slot]
            items[near] = v
            near += with_self or v != node
        first = near
        if distinct:
            first = 0
            for at in range(near):
                mark[np.uintp(items[at])] = 1
        if not with_self:
            mark[node] = 1
        count = np.uintp(near)
        for slot in range(low, high):
            v = np.uintp(col[slot])
            for path in range(np.uintp(rowptr[v]), np.uintp(rowptr[v + np.uintp(1)])):
                # Written always and kept sometimes: a branch would be guessed wrong too often.
                end = np.uintp(col[path])
                items[count] = end
                count += np.uintp(np.uint8(1) - mark[end])
                mark[end] = 1
        for at in range(first, np.int64(count)):
            mark[np.uintp(items[at])] = 0
        mark[node] = 0
        _draw(stream(key, node), node, len(rowptr) - 1, with_self, items, np.int64(count),
              out[i, 1:], table)


@jit
def draw_paths(start, stop, rowptr, col, nodes, key, with_self, out, items, before, table):
    """Tokens of ``nodes[start:stop]``, every path of two edges a candidate for its end.

    Paths are counted, not listed: one is found by its number. Scratch: ``items``, ``LISTED`` places
    for each token; ``before``, a place for every entry of the longest row; ``table``, of the length
    that :func:`is_new` wants.
    """
    wanted = out.shape[1] - 1
    bits = table_bits(wanted)
    for i in range(start, stop):
        node = nodes[i]
        out[i, 0] = node
        low, high = rowptr[node], rowptr[node + 1]
        near = high - low
        total = near
        for at in range(near):
            v = np.uintp(col[np.uintp(low + at)])
            before[at] = total
            total += rowptr[v + np.uintp(1)] - rowptr[v]
        state = stream(key, node)
        if total < LISTED * wanted:
            count = _list_paths(rowptr, col, node, with_self, items)
            _draw(state, node, len(rowptr) - 1, with_self, items, count, out[i, 1:], table)
            continue
        # At most two thirds lead back to the node, with a self loop: enough remain.
        table[:] = -1
        at = 1
        while at <= wanted:
            number, state = draw_below(state, total)
            end = _end_of(rowptr, col, low, near, before, number)
            if (with_self or end != node) and is_new(table, bits, number):
                out[i, at] = end
                at += 1


@jit
def _end_of(rowptr, col, low, near, before, number):
    """The neighbour, or the end of the path, of a number."""
    if number < near:
        return np.int64(col[low + number])
    first, last = 0, near - 1
    while first < last:
        middle = (first + last + 1) >> 1
        if before[middle] <= number:
            first = middle
        else:
            last = middle - 1
    return np.int64(col[rowptr[col[low + first]] + number - before[first]])


@jit
def _list_paths(rowptr, col, node, with_self, items):
    count = 0
    for slot in range(rowptr[node], rowptr[node + 1]):
        v = col[slot]
        if with_self or v != node:
            items[count] = v
            count += 1
    for slot in range(rowptr[node], rowptr[node + 1]):
        v = col[slot]
        for path in range(rowptr[v], rowptr[v + 1]):
            end = col[path]
            if with_self or end != node:
                items[count] = end
                count += 1
    return count


@jit
def _draw(state, node, num_nodes, with_self, items, count, out, table):
    """Tokens from listed candidates, or from all nodes where there are none."""
    if count > 0 or len(out) == 0:
        shuffle_into(state, items, max(count, 1), out)
        return
    bound = num_nodes if with_self else num_nodes - 1
    if bound < 2 * len(out) or bound <= 1:
        for v in range(num_nodes):
            items[count] = v
            count += with_self or v != node
        if count == 0:  # the only node there is
            items[0] = node
            count = 1
        shuffle_into(state, items, count, out)
        return
    state = draw_distinct(state, bound, out, table)
    if not with_self:
        for t in range(len(out)):
            out[t] += out[t] >= node

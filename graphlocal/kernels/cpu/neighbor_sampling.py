"""Samples of the rows of a graph, and the numbers their nodes have in a mini-batch."""

from __future__ import annotations

import numpy as np

from .counter_random import draw_below, stream
from .draws import draw_distinct, shuffle_into
from .parallel import jit


@jit
def count_draws(nodes, rowptr, positive, fan_out, replace, low, ptr):
    """Where the row of every node starts, and a running total of the draws from it.

    ``positive`` is the number of entries that can be drawn of every row, or empty where all can.
    """
    at = 0
    ptr[0] = 0
    for i in range(len(nodes)):
        node = np.uintp(nodes[i])
        start = rowptr[node]
        degree = rowptr[node + np.uintp(1)] - start
        if len(positive) > 0:
            degree = positive[node]
        low[i] = start
        if fan_out >= 0 and (degree > fan_out or (replace and degree > 0)):
            degree = fan_out
        at += degree
        ptr[i + 1] = at


@jit
def draw_rows(start, stop, nodes, rowptr, col, perm, low, ptr, replace, key, source, edge, items,
              table):
    """Uniform draws from the rows of ``nodes[start:stop]``: their entries and edge numbers.

    Scratch: ``items``, two places for each draw from a row, and ``table``, of the length that
    :func:`~graphlocal.kernels.cpu.draws.is_new` wants.
    """
    for i in range(start, stop):
        first, last = ptr[i], ptr[i + 1]
        count = last - first
        if count == 0:
            continue
        node = np.uintp(nodes[i])
        slots = edge[first:last]
        degree = rowptr[node + np.uintp(1)] - low[i]
        if replace:
            state = stream(key, node)
            for t in range(count):
                slots[t], state = draw_below(state, degree)
        elif degree == count:
            for t in range(count):
                slots[t] = t
        elif degree < 2 * count:
            for t in range(degree):
                items[t] = t
            shuffle_into(stream(key, node), items, degree, slots)
        else:
            draw_distinct(stream(key, node), degree, slots, table)
        for t in range(count):
            slots[t] += low[i]
    take_slots(ptr[start], ptr[stop], col, perm, source, edge)


@jit
def take_slots(first, last, col, perm, source, edge):
    """What stands in the slots that ``edge`` names, and their edge numbers in place of them."""
    # A pass of its own: many of its reads are under way at once.
    for at in range(first, last):
        slot = np.uintp(edge[at])
        source[at] = col[slot]
        if len(perm) > 0:
            edge[at] = perm[slot]


@jit
def relabel(local, n_id, count, bounds, hop, ptr, source, row, col):
    """Numbers the sources of a hop's edges within their group; returns how many nodes there are.

    Group ``g`` of hop ``h`` is ``n_id[bounds[h, g]:bounds[h, g + 1]]``; those of the next hop are
    appended and their bounds written. ``row`` and ``col`` become the two ends of each edge.
    ``local`` is scratch: -1 for every node of the graph, which it is again afterwards. It is
    written always and used sometimes: a branch would be guessed wrong too often.
    """
    begin = bounds[hop, 0]
    fresh = np.uintp(count)
    bounds[hop + 1, 0] = count
    for g in range(bounds.shape[1] - 1):
        own = np.int64(fresh)
        for h in range(hop + 1):
            # Backwards: of a node that is listed twice, the first one counts.
            for i in range(bounds[h, g + 1] - 1, bounds[h, g] - 1, -1):
                local[np.uintp(n_id[i])] = i
        for i in range(bounds[hop, g], bounds[hop, g + 1]):
            for at in range(ptr[i - begin], ptr[i - begin + 1]):
                node = np.uintp(source[at])
                number = np.int64(local[node])
                is_new = number < 0
                number = np.int64(fresh) if is_new else number
                local[node] = number
                n_id[fresh] = node
                fresh += np.uintp(is_new)
                row[at] = number
                col[at] = i
        for h in range(hop + 1):
            forget(local, n_id, bounds[h, g], bounds[h, g + 1])
        forget(local, n_id, own, np.int64(fresh))
        bounds[hop + 1, g + 1] = fresh
    return np.int64(fresh)


@jit
def forget(local, n_id, start, stop):
    """Sets the numbers of some nodes back to -1."""
    for i in range(start, stop):
        local[np.uintp(n_id[i])] = -1


@jit
def induce(local, n_id, bounds, rowptr, col, perm, row, target, edge):
    """Edges among the nodes of each group, both ends in the numbers of the batch; how many.

    Counts only where the arrays for them are empty. ``local`` as in :func:`relabel`.
    """
    at = 0
    hops = bounds.shape[0]
    for g in range(bounds.shape[1] - 1):
        for h in range(hops - 1, -1, -1):
            for i in range(bounds[h, g + 1] - 1, bounds[h, g] - 1, -1):
                local[np.uintp(n_id[i])] = i
        for h in range(hops):
            for i in range(bounds[h, g], bounds[h, g + 1]):
                node = n_id[i]
                for slot in range(rowptr[node], rowptr[node + 1]):
                    number = local[np.uintp(col[slot])]
                    if number >= 0:
                        if len(row) > 0:
                            row[at] = number
                            target[at] = i
                            edge[at] = perm[slot] if len(perm) > 0 else slot
                        at += 1
        for h in range(hops):
            forget(local, n_id, bounds[h, g], bounds[h, g + 1])
    return at

"""Which neighbours of a node are adjacent, as rows of bits."""

from __future__ import annotations

import numpy as np

from .parallel import jit

#: Words of a thread's rows of bits; nodes that need more are counted from lists instead.
MOST_WORDS = 1 << 18


@jit
def choose_neighbours(v, least, rowptr, first, edge, cptr, slots):
    """Slots of the neighbours that share at least ``least`` neighbours with ``v``; how many."""
    found = 0
    for slot in range(first[v], rowptr[v + 1]):
        e = edge[slot]
        slots[found] = slot
        found += cptr[e + 1] - cptr[e] >= least
    return found


@jit
def fill_rows(count, slots, col, edge, cptr, common, place, bits):
    """Rows of bits between the chosen neighbours; returns words per row.

    Leaves 1 plus its row in ``place`` of each chosen neighbour.
    """
    words = (count + 63) >> 6
    for i in range(count):
        place[col[slots[i]]] = i + 1
    bits[: count * words] = 0
    for i in range(count):
        e = edge[slots[i]]
        for at in range(cptr[e], cptr[e + 1]):
            j = place[common[at]] - 1
            if j >= 0:
                bits[i * words + (j >> 6)] |= np.int64(1) << (j & 63)
    return words

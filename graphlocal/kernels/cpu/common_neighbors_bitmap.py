"""Intersection and difference of two rows of bits: for graphs dense enough to be kept as a matrix.

A row of ``bits`` has a bit per node, 64 to a word. Entries that are not to be seen are left out of
it, so what follows need not look at them.
"""

from __future__ import annotations

import numpy as np

from .orbits_bits import count_bits, lowest_bit
from .parallel import jit


@jit
def write_bits(start, stop, rowptr, col, visible, bits):
    """Sets the bits of every row, which are zero before."""
    for v in range(start, stop):
        for entry in range(rowptr[v], rowptr[v + 1]):
            if len(visible) == 0 or visible[entry]:
                node = np.int64(col[entry])
                bits[v, node >> 6] |= np.int64(1) << (node & 63)


@jit
def list_bits(bits, i, j, both, out, at, limit):
    """Appends the nodes of row ``i`` that are in row ``j`` too, or that are not.

    ``out[limit]`` and what follows is not written.
    """
    flip = np.int64(0) if both else np.int64(-1)
    for k in range(bits.shape[1]):
        word = bits[i, k] & (bits[j, k] ^ flip)
        node = k << 6
        end = at + count_bits(word)
        # Few words have more than three: writing three without asking is faster than guessing
        # when to stop.
        if at + 3 <= limit:
            rest = word & (word - 1)
            last = rest & (rest - 1)
            out[at] = node + lowest_bit(word)
            out[at + 1] = node + lowest_bit(rest)
            out[at + 2] = node + lowest_bit(last)
            word = last & (last - 1)
            at += 3
        while at < end:
            out[at] = node + lowest_bit(word)
            at += 1
            word &= word - 1
        at = end
    return at


@jit
def count_shared_bits(bits, i, j, both):
    """How many :func:`list_bits` appends."""
    flip = np.int64(0) if both else np.int64(-1)
    count = 0
    for k in range(bits.shape[1]):
        count += count_bits(bits[i, k] & (bits[j, k] ^ flip))
    return count

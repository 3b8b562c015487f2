"""Groups edges by one of their ends: a counting sort, stable, in two passes over the edges."""

from __future__ import annotations

from .parallel import jit


@jit
def count_rows(key, rowptr):
    """Adds to ``rowptr[v + 1]`` for each edge whose key is ``v``."""
    for e in range(len(key)):
        rowptr[key[e] + 1] += 1


@jit
def fill_rows(key, other, position, col, perm):
    """Writes the other end and the number of each edge into the row of its key, in edge order.

    ``position`` is the start of every row, used up.
    """
    for e in range(len(key)):
        at = position[key[e]]
        col[at] = other[e]
        perm[at] = e
        position[key[e]] = at + 1

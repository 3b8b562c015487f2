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


@jit
def number_kept(mask, number):
    """``number[e]`` counts the kept edges before edge ``e``; -1 for one that is dropped."""
    kept = 0
    for e in range(len(mask)):
        number[e] = kept if mask[e] else -1
        kept += mask[e]


@jit
def select_rows(rowptr, col, perm, number, new_rowptr, new_col, new_perm):
    """Writes the rows without the edges whose ``number`` is -1, in the order they are in.

    ``new_col`` and ``new_perm`` have room for one more than is kept: written always and kept
    sometimes.
    """
    at = 0
    for v in range(len(rowptr) - 1):
        new_rowptr[v] = at
        for slot in range(rowptr[v], rowptr[v + 1]):
            n = number[perm[slot]]
            new_col[at] = col[slot]
            new_perm[at] = n
            at += n >= 0
    new_rowptr[len(rowptr) - 1] = at

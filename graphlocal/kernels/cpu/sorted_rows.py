"""Rows whose entries are in order."""

from __future__ import annotations

from .parallel import jit


@jit
def order_rows(other_rowptr, other_col, position, col):
    """Entries of every row, smallest first: a pass over the rows of the other side, in order.

    ``position`` is the start of every row, used up.
    """
    for v in range(len(other_rowptr) - 1):
        for slot in range(other_rowptr[v], other_rowptr[v + 1]):
            u = other_col[slot]
            at = position[u]
            col[at] = v
            position[u] = at + 1


@jit
def merge_rows(rowptr, col, new_rowptr, new_col):
    """The different entries of rows in order. ``new_col`` may be too long."""
    at = 0
    for v in range(len(rowptr) - 1):
        new_rowptr[v] = at
        for slot in range(rowptr[v], rowptr[v + 1]):
            if slot == rowptr[v] or col[slot] != col[slot - 1]:
                new_col[at] = col[slot]
                at += 1
    new_rowptr[len(rowptr) - 1] = at

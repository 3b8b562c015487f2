"""Finds edges of a simple graph by bisection in the sorted row of one end."""

from __future__ import annotations

from .parallel import jit


@jit
def find_entry(col, low, high, node):
    """Position of a node in the sorted stretch ``col[low:high]``, -1 if absent."""
    end = high
    while low < high:
        middle = (low + high) >> 1
        if col[middle] < node:
            low = middle + 1
        else:
            high = middle
    return low if low < end and col[low] == node else -1


@jit
def find_entries(start, stop, rowptr, col, left, right, entry):
    """``entry[p]`` is the position in ``col`` of ``right[p]`` in row ``left[p]``, -1 if absent."""
    for p in range(start, stop):
        entry[p] = find_entry(col, rowptr[left[p]], rowptr[left[p] + 1], right[p])

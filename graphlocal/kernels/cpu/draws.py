"""Draws without replacement, from streams of counted random numbers."""

from __future__ import annotations

import numpy as np

from .counter_random import STEP, draw_below
from .parallel import jit

_EMPTY = np.int64(-1)
_WORD = 64


@jit
def table_size(count):
    """Length that :func:`is_new` wants of its table for ``count`` numbers: a power of two."""
    size = 4
    while size < 2 * count:
        size *= 2
    return size


@jit
def clear_table(table, count):
    """The part of a table that serves ``count`` numbers, emptied."""
    part = table[: table_size(count)]
    part[:] = _EMPTY
    return part


@jit
def is_new(table, number):
    """Whether a number of at least 0 was not in the table, which now holds it."""
    bits = 0
    while (1 << bits) < len(table):
        bits += 1
    at = np.int64((np.uint64(number) * STEP) >> np.uint64(_WORD - bits))
    while True:
        found = table[at]
        if found == number:
            return False
        if found == _EMPTY:
            table[at] = number
            return True
        at = (at + 1) & (len(table) - 1)


@jit
def shuffle_into(state, items, count, out):
    """Fills ``out`` with items drawn without replacement, in rounds where there are too few.

    In a round every item comes once, in random order; the last one may be cut short. ``items`` is
    left in another order.
    """
    for t in range(len(out)):
        at = t % count
        other, state = draw_below(state, count - at)
        other += at
        chosen = items[other]
        items[other] = items[at]
        items[at] = chosen
        out[t] = chosen
    return state


@jit
def draw_distinct(state, bound, out, table):
    """Fills ``out`` with different integers of ``[0, bound)``, at least ``2 len(out)`` of them."""
    table = clear_table(table, len(out))
    for t in range(len(out)):
        while True:
            number, state = draw_below(state, bound)
            if is_new(table, number):
                break
        out[t] = number
    return state

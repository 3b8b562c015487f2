"""Draws without replacement, from streams of counted random numbers."""

from __future__ import annotations

import numpy as np

from .counter_random import STEP, draw_below
from .parallel import jit

_EMPTY = np.int64(-1)
_WORD = 64
#: Up to this many numbers are compared one by one.
_FEW = 24


@jit
def table_bits(count):
    """A table for ``count`` numbers has two to the power of this many places."""
    bits = 2
    while (1 << bits) < 2 * count:
        bits += 1
    return bits


@jit
def is_new(table, bits, number):
    """Whether a number of at least 0 was not in the table, which now holds it.

    The first ``2^bits`` places serve, which must be -1 at first.
    """
    at = np.uintp((np.uint64(number) * STEP) >> np.uint64(_WORD - bits))
    while True:
        found = table[at]
        if found == number:
            return False
        if found == _EMPTY:
            table[at] = number
            return True
        at = (at + np.uintp(1)) & np.uintp((1 << bits) - 1)


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
    """Fills ``out`` with different integers of ``[0, bound)``, at least ``2 len(out)`` of them.

    One that was drawn before is drawn again; ``table`` is for :func:`is_new`.
    """
    count = len(out)
    if count <= _FEW:
        for t in range(count):
            fresh = False
            while not fresh:
                number, state = draw_below(state, bound)
                fresh = True
                for other in range(t):
                    fresh &= out[other] != number
            out[t] = number
        return state
    bits = table_bits(count)
    table[: 1 << bits] = _EMPTY
    for t in range(count):
        number, state = draw_below(state, bound)
        while not is_new(table, bits, number):
            number, state = draw_below(state, bound)
        out[t] = number
    return state

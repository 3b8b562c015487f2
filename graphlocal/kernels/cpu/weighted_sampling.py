"""Samples of the rows of a graph in proportion to weights."""

from __future__ import annotations

import math

import numpy as np

from .counter_random import draw_unit, stream
from .neighbor_sampling import take_slots
from .parallel import jit

#: Rows with a positive weight below the first are multiplied by a power of two, which changes no
#: draw but those that would round to nothing or overflow; their largest comes near the second.
_TINY, _LARGE = 2.0**-900, 960


@jit
def weigh_rows(start, stop, rowptr, perm, weight, value, total, positive):
    """Weights in the order of the slots, their running totals in each row, how many are above 0.

    ``total`` is empty where it is not needed. Returns whether the weights of all rows have finite
    sums.
    """
    finite = True
    for v in range(start, stop):
        count, reached, smallest, largest = 0, 0.0, np.inf, 0.0
        for slot in range(rowptr[v], rowptr[v + 1]):
            w = weight[perm[slot] if len(perm) > 0 else slot]
            value[slot] = w
            if w > 0.0:
                count += 1
                smallest, largest = min(smallest, w), max(largest, w)
            reached += w
        positive[v] = count
        finite &= np.isfinite(reached)
        if smallest < _TINY:
            power = max(0, _LARGE - math.frexp(largest)[1])
            for slot in range(rowptr[v], rowptr[v + 1]):
                value[slot] = math.ldexp(value[slot], power)
        if len(total) > 0:
            reached = 0.0
            for slot in range(rowptr[v], rowptr[v + 1]):
                reached += value[slot]
                total[slot] = reached
    return finite


@jit
def draw_weighted(start, stop, nodes, rowptr, col, perm, low, ptr, value, total, replace, key,
                  source, edge, keys):
    """Draws from the rows of ``nodes[start:stop]`` by weight: their entries and edge numbers.

    With replacement an entry is found by bisection in the running totals. Without, every entry
    waits for a time that is exponentially distributed with its weight as the rate, and the first
    ones are taken: they are those of draws one after another. ``keys`` is scratch for the times of
    as many as are drawn.
    """
    for i in range(start, stop):
        first, last = ptr[i], ptr[i + 1]
        count = last - first
        if count == 0:
            continue
        node = np.uintp(nodes[i])
        begin, end = low[i], rowptr[node + np.uintp(1)]
        slots, state = edge[first:last], stream(key, node)
        if replace:
            for t in range(count):
                unit, state = draw_unit(state)
                slots[t] = _bisect(total, begin, end, unit * total[end - 1])
            continue
        held = 0
        for slot in range(begin, end):
            if value[slot] > 0.0:
                unit, state = draw_unit(state)
                time = -np.log(unit) / value[slot]
                if held < count:
                    _rise(keys, slots, held, time, slot)
                    held += 1
                elif time < keys[0]:
                    _sink(keys, slots, count, time, slot)
    take_slots(ptr[start], ptr[stop], col, perm, source, edge)


@jit
def _bisect(total, begin, end, goal):
    """First slot whose running total reaches the goal, which is above 0: its weight is, too."""
    end -= 1
    while begin < end:
        middle = (begin + end) >> 1
        if total[middle] < goal:
            begin = middle + 1
        else:
            end = middle
    return begin


@jit
def _rise(keys, slots, at, time, slot):
    """Adds to a heap whose largest key stands first."""
    while at > 0:
        above = (at - 1) >> 1
        if keys[above] >= time:
            break
        keys[at], slots[at] = keys[above], slots[above]
        at = above
    keys[at], slots[at] = time, slot


@jit
def _sink(keys, slots, count, time, slot):
    """Takes the place of the largest key of a heap."""
    at = 0
    while True:
        below = 2 * at + 1
        if below >= count:
            break
        if below + 1 < count and keys[below + 1] > keys[below]:
            below += 1
        if keys[below] <= time:
            break
        keys[at], slots[at] = keys[below], slots[below]
        at = below
    keys[at], slots[at] = time, slot

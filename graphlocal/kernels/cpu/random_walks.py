"""Random walks, each from a stream of numbers of its own."""

from __future__ import annotations

import numpy as np

from .counter_random import draw_below, draw_unit, stream
from .parallel import jit

#: Walks that take their steps together: while one waits for memory, the next ones ask for theirs.
GROUP = 64
#: Proposals before all weights of a row are added up instead.
_PATIENCE = 16


@jit
def walk_rows(start, stop, rowptr, col, nodes, walks_per_node, key, out, states):
    """Walks ``[start, stop)`` along the rows, uniform in every step, as rows of ``out``.

    A walk stays where a row is empty. ``states`` is scratch for ``GROUP`` walks.
    """
    length = out.shape[1] - 1
    for first in range(start, stop, GROUP):
        last = min(first + GROUP, stop)
        for w in range(first, last):
            node = nodes[w // walks_per_node]
            out[w, 0] = node
            states[w - first] = stream(stream(key, node), w % walks_per_node)
        for step in range(length):
            for w in range(first, last):
                node = np.uintp(out[w, step])
                low = rowptr[node]
                degree = rowptr[node + np.uintp(1)] - low
                if degree > 0:
                    slot, states[w - first] = draw_below(states[w - first], degree)
                    node = np.uintp(col[np.uintp(low + slot)])
                out[w, step + 1] = node


@jit
def walk_rows_back(start, stop, rowptr, col, nodes, walks_per_node, key, out, back, near, far):
    """Walks whose next step depends on the last one, as rows of ``out``.

    A neighbour weighs ``back`` if the walk just came from it, ``near`` if the node it came from has
    it in its row, and ``far`` otherwise. Where these are all 0 the walk goes back. Rows must be
    sorted unless ``near == far``. Neighbours are proposed and refused; a walk that is refused too
    often adds up the weights of the row, which gives the same law.
    """
    length = out.shape[1] - 1
    largest = max(back, near, far)
    for w in range(start, stop):
        node = nodes[w // walks_per_node]
        out[w, 0] = node
        state = stream(stream(key, node), w % walks_per_node)
        previous = np.int64(-1)
        for step in range(length):
            low, high = rowptr[node], rowptr[node + 1]
            if low == high:
                out[w, step + 1] = node
                continue
            chosen = np.int64(-1)
            for _ in range(_PATIENCE):
                slot, state = draw_below(state, high - low)
                proposed = np.int64(col[low + slot])
                if previous < 0:
                    chosen = proposed
                    break
                weight = _weight(rowptr, col, previous, proposed, back, near, far)
                if weight < largest:
                    unit, state = draw_unit(state)
                    if unit * largest > weight:
                        continue
                chosen = proposed
                break
            if chosen < 0:
                chosen, state = _choose(rowptr, col, low, high, previous, back, near, far, state)
            previous, node = node, chosen
            out[w, step + 1] = node


@jit
def _weight(rowptr, col, previous, proposed, back, near, far):
    if proposed == previous:
        return back
    if near == far:
        return near
    low, high = rowptr[previous], rowptr[previous + 1]
    end = high
    while low < high:
        middle = (low + high) >> 1
        if col[middle] < proposed:
            low = middle + 1
        else:
            high = middle
    return near if low < end and col[low] == proposed else far


@jit
def _choose(rowptr, col, low, high, previous, back, near, far, state):
    """A neighbour in proportion to its weight, by running sums."""
    total = 0.0
    for slot in range(low, high):
        total += _weight(rowptr, col, previous, np.int64(col[slot]), back, near, far)
    if total == 0.0:
        return previous, state
    unit, state = draw_unit(state)
    goal, reached, chosen = unit * total, 0.0, previous
    for slot in range(low, high):
        weight = _weight(rowptr, col, previous, np.int64(col[slot]), back, near, far)
        if weight > 0.0:
            reached += weight
            chosen = np.int64(col[slot])
            if reached >= goal:
                break
    return chosen, state

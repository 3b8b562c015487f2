"""Random walks, each from a stream of numbers of its own."""

from __future__ import annotations

import numpy as np

from .counter_random import draw_below, draw_unit, stream
from .parallel import jit

#: Walks that take their steps together: while one waits for memory, many others ask for theirs,
#: as long as there is little else to do between two requests.
GROUP = 256
#: Proposals before all weights of a row are added up instead.
_PATIENCE = 16


@jit
def walk_rows(start, stop, rowptr, col, nodes, names, walks_per_node, key, out, states, slots,
              degrees):
    """Walks ``[start, stop)`` along the rows, uniform in every step, as rows of ``out``.

    Those of ``nodes[i]`` are drawn from the stream of the number ``names[i]``. A walk stays where a
    row is empty. ``states``, ``slots`` and ``degrees`` are scratch for ``GROUP`` walks.
    """
    for first in range(start, stop, GROUP):
        walks = out[first : min(first + GROUP, stop)]
        _begin(first, nodes, names, walks_per_node, key, walks, states)
        for step in range(out.shape[1] - 1):
            _step(rowptr, col, walks, step, states, slots, degrees)


@jit
def walk_rows_back(start, stop, rowptr, col, nodes, names, walks_per_node, key, out, back, near,
                   far, states, slots, degrees):
    """Walks whose next step depends on the last one, as rows of ``out``.

    A neighbour weighs ``back`` if the walk just came from it, ``near`` if the node it came from has
    it in its row, and ``far`` otherwise. Where these are all 0 the walk goes back. Rows must be
    sorted unless ``near == far``. Scratch as in :func:`walk_rows`.
    """
    largest = max(back, near, far)
    for first in range(start, stop, GROUP):
        walks = out[first : min(first + GROUP, stop)]
        _begin(first, nodes, names, walks_per_node, key, walks, states)
        for step in range(out.shape[1] - 1):
            _step(rowptr, col, walks, step, states, slots, degrees)
            if step == 0:
                continue
            for i in range(len(walks)):
                if degrees[i] > 0:
                    weight = _weight(rowptr, col, walks[i, step - 1], walks[i, step + 1], back,
                                     near, far)
                    if weight < largest:
                        unit, states[i] = draw_unit(states[i])
                        if unit * largest > weight:
                            walks[i, step + 1], states[i] = _propose(
                                rowptr, col, walks[i, step], walks[i, step - 1], back, near, far,
                                states[i])


@jit
def _begin(first, nodes, names, walks_per_node, key, walks, states):
    for i in range(len(walks)):
        place = (first + i) // walks_per_node
        walks[i, 0] = nodes[place]
        states[i] = stream(stream(key, names[place]), (first + i) % walks_per_node)


@jit
def _step(rowptr, col, walks, step, states, slots, degrees):
    """A uniform step of every walk of a group."""
    for i in range(len(walks)):
        node = np.uintp(walks[i, step])
        slots[i] = rowptr[node]
        degrees[i] = rowptr[node + np.uintp(1)] - rowptr[node]
    for i in range(len(walks)):
        slot, states[i] = draw_below(states[i], max(degrees[i], 1))
        slots[i] += slot
    for i in range(len(walks)):
        node = walks[i, step]
        if degrees[i] > 0:
            node = np.int64(col[np.uintp(slots[i])])
        walks[i, step + 1] = node


@jit
def _propose(rowptr, col, node, previous, back, near, far, state):
    """A neighbour by weight: proposed and refused, and found by running sums after many refusals.

    Both give the same law.
    """
    low, high = rowptr[node], rowptr[node + 1]
    largest = max(back, near, far)
    for _ in range(_PATIENCE):
        slot, state = draw_below(state, high - low)
        proposed = np.int64(col[low + slot])
        weight = _weight(rowptr, col, previous, proposed, back, near, far)
        if weight >= largest:
            return proposed, state
        unit, state = draw_unit(state)
        if unit * largest <= weight:
            return proposed, state
    return _choose(rowptr, col, low, high, previous, back, near, far, state)


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

"""Intersection and difference of two sorted rows, by walking along both or leaping in the longer.

Every function appends the nodes it finds to ``out`` from position ``at`` on and returns where it
stopped. ``out`` has room for one more than can be found. ``visible`` has a flag per entry, or none
at all: an entry without its flag is not there.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit

#: A row so many times as long as the other is leapt through instead of walked along.
SKEW = 16
# Unsigned positions need no test for counting from the end; numba adds them to their own kind only.
_unsigned = np.uint64


@jit
def shared(col, visible, a, a_end, b, b_end, out, at):
    """Nodes in both rows."""
    if (a_end - a) * SKEW < b_end - b:
        return _shared_leaping(col, visible, a, a_end, b, b_end, out, at)
    if (b_end - b) * SKEW < a_end - a:
        return _shared_leaping(col, visible, b, b_end, a, a_end, out, at)
    i, i_end, j, j_end = _unsigned(a), _unsigned(a_end), _unsigned(b), _unsigned(b_end)
    to = _unsigned(at)
    if len(visible) == 0:
        # Written always and kept sometimes: a branch here would be guessed wrong half the time.
        while i < i_end and j < j_end:
            x, y = col[i], col[j]
            out[to] = x
            to += _unsigned(x == y)
            i += _unsigned(x <= y)
            j += _unsigned(y <= x)
    else:
        while i < i_end and j < j_end:
            x, y = col[i], col[j]
            out[to] = x
            if x == y:
                to += _unsigned(visible[i] and visible[j])
            i += _unsigned(x <= y)
            j += _unsigned(y <= x)
    return np.int64(to)


@jit
def _leap(col, node, low, end):
    """First position from ``low`` on whose node is not before ``node``: doubles, then bisects."""
    step = 1
    while low + step < end and col[low + step] < node:
        low += step
        step *= 2
    high = min(low + step, end)
    while low < high:
        middle = (low + high) >> 1
        if col[middle] < node:
            low = middle + 1
        else:
            high = middle
    return low


@jit
def _shared_leaping(col, visible, a, a_end, b, b_end, out, at):
    """Nodes of a short row in a long one."""
    for i in range(a, a_end):
        node = col[i]
        b = _leap(col, node, b, b_end)
        if b == b_end:
            break
        if col[b] == node and (len(visible) == 0 or (visible[i] and visible[b])):
            out[at] = node
            at += 1
    return at


@jit
def unshared(col, visible, a, a_end, b, b_end, out, at):
    """Nodes of the first row that are not in the second."""
    if (a_end - a) * SKEW < b_end - b:
        return _unshared_leaping(col, visible, a, a_end, b, b_end, out, at)
    i, i_end, j, j_end = _unsigned(a), _unsigned(a_end), _unsigned(b), _unsigned(b_end)
    to, one = _unsigned(at), _unsigned(1)
    if len(visible) == 0:
        while i < i_end and j < j_end:
            x, y = col[i], col[j]
            out[to] = x
            to += _unsigned(x < y)
            i += _unsigned(x <= y)
            j += _unsigned(y <= x)
        while i < i_end:
            out[to] = col[i]
            to += one
            i += one
    else:
        while i < i_end and j < j_end:
            x, y = col[i], col[j]
            out[to] = x
            if x <= y:
                to += _unsigned(visible[i] and (x < y or not visible[j]))
            i += _unsigned(x <= y)
            j += _unsigned(y <= x)
        while i < i_end:
            out[to] = col[i]
            to += _unsigned(visible[i])
            i += one
    return np.int64(to)


@jit
def _unshared_leaping(col, visible, a, a_end, b, b_end, out, at):
    for i in range(a, a_end):
        node = col[i]
        if len(visible) and not visible[i]:
            continue
        b = _leap(col, node, b, b_end)
        if b < b_end and col[b] == node and (len(visible) == 0 or visible[b]):
            continue
        out[at] = node
        at += 1
    return at

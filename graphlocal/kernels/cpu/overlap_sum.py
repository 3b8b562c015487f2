"""Sums of features over lists of nodes, and what their gradients are made of.

Lists come as ``ptr`` and ``node``; features as flat arrays of rows of ``width``; ``weight`` has one
entry per node of a list, or none at all, which stands for ones.
"""

from __future__ import annotations

import numpy as np

from .common_neighbors import list_chunk
from .parallel import jit
from .prefetch import LINE, prefetch
from .spmm import sum_rows

#: Lists ahead of which features are asked for, while they fit in so many bytes.
_AHEAD, _AHEAD_BYTES = 12, 1 << 14
_NEAR_BYTES = 1 << 19
_unsigned = np.uint64


@jit
def sum_block(start, stop, rowptr, col, visible, bits, left, right, both, method, node_weight, x,
              width, length, out, mark, ends, nodes, ptr, weight):
    """``out[p]`` is the sum of ``node_weight[u] * x[u]`` over the nodes ``u`` a pair lists.

    A few hundred pairs are listed in scratch and summed from there: the same additions in the same
    order as from a list that was kept. ``ptr`` and ``weight`` are scratch too, the latter as long
    as ``nodes`` where nodes have weights.
    """
    ptr[0] = 0
    p = start
    while p < stop:
        first = p
        p, end = list_chunk(p, stop, rowptr, col, visible, bits, mark, left, right, both, method,
                            ends, len(nodes) - 1, nodes, 0, length)
        for q in range(first, p):
            ptr[q - first + 1] = ptr[q - first] + length[q + 1]
        if len(node_weight):
            for entry in range(end):
                weight[entry] = node_weight[nodes[entry]]
        sum_rows(0, p - first, ptr, nodes[:end], weight[:end] if len(node_weight) else weight,
                 False, x, width, out[first * width :])


@jit
def spread_columns(start, stop, ptr, node, weight, grad, width, out):
    """Adds ``weight[l] * grad[p]`` to ``out[node[l]]``, columns ``start`` to ``stop`` only.

    List after list, so every number of ``out`` is added up in one order however the columns are
    shared out.
    """
    size = len(node)
    ahead = 0
    if out.size * out.itemsize >= _NEAR_BYTES:
        ahead = max(2, min(_AHEAD, _AHEAD_BYTES // ((stop - start) * out.itemsize)))
    line = _unsigned(LINE // out.itemsize)
    width = _unsigned(width)
    low, high = _unsigned(start), _unsigned(stop)
    weighted = len(weight) > 0
    one = grad.dtype.type(1)
    for p in range(len(ptr) - 1):
        g = _unsigned(p) * width
        for entry in range(ptr[p], ptr[p + 1]):
            if ahead and entry + ahead < size:
                o = _unsigned(node[entry + ahead]) * width
                for f in range(low, high, line):
                    prefetch(out, o + f)
            w = weight[entry] if weighted else one
            o = _unsigned(node[entry]) * width
            for f in range(low, high):
                out[o + f] += w * grad[g + f]


def _dot_entries(start, stop, ptr, node, left, right, width, out):
    """``out[l]`` is the inner product of ``left[p]`` and ``right[node[l]]``."""
    width = _unsigned(width)
    for p in range(start, stop):
        a = _unsigned(p) * width
        for entry in range(ptr[p], ptr[p + 1]):
            b = _unsigned(node[entry]) * width
            total = right.dtype.type(0)
            for f in range(width):
                total += left[a + f] * right[b + f]
            out[entry] = total


# Reassociation alone, so that the sum over columns is split into lanes: one fixed order in place
# of another, and inf and NaN keep their meaning.
dot_entries = jit(_dot_entries, fastmath={"reassoc", "contract"})

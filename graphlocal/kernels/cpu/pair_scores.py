"""Scores of pairs of nodes, from what their rows share.

Which column of the output a score goes to stands in ``slots``, -1 where nobody asked; the names of
its places are the constants below.
"""

from __future__ import annotations

import numpy as np

from .links import find_entry
from .parallel import jit

(COMMON, JACCARD, ADAMIC_ADAR, ALLOCATION, ATTACHMENT, KATZ, SORENSEN, COSINE,
 PLACES) = range(9)


@jit
def longer_ends(start, stop, rowptr, pairs, longer):
    """The end with the longer row of each pair, of two equal ones the larger index."""
    for p in range(start, stop):
        u, v = pairs[p, 0], pairs[p, 1]
        first, second = rowptr[u + 1] - rowptr[u], rowptr[v + 1] - rowptr[v]
        longer[p] = v if first < second or (first == second and u < v) else u


@jit
def order_by_node(node, first, order):
    """Order of entries by their node, a counting sort; ``first`` is zeros ``[N + 1]``."""
    for i in range(len(node)):
        first[node[i] + 1] += 1
    for v in range(len(first) - 1):
        first[v + 1] += first[v]
    for i in range(len(node)):
        order[first[node[i]]] = i
        first[node[i]] += 1


@jit
def arrange_ends(start, stop, pairs, longer, order, left, right):
    """Both ends of each pair in the given order, that with the longer row left."""
    for i in range(start, stop):
        p = order[i]
        left[i] = longer[p]
        right[i] = pairs[p, 0] + pairs[p, 1] - longer[p]


@jit
def write_scores(start, stop, rowptr, col, left, right, order, common, sums, beta, slots, out):
    """Every score that was asked for, of the arranged pairs ``[start, stop)``.

    ``common`` counts what their rows share; ``sums`` has the weights of those nodes for
    Adamic-Adar in its first column and for resource allocation in its last.
    """
    for i in range(start, stop):
        p, u, v = order[i], left[i], right[i]
        first, second, shared = rowptr[u + 1] - rowptr[u], rowptr[v + 1] - rowptr[v], common[i]
        product = float(first) * float(second)
        if slots[COMMON] >= 0:
            out[p, slots[COMMON]] = shared
        if slots[JACCARD] >= 0:
            union = first + second - shared
            out[p, slots[JACCARD]] = shared / union if union else 0.0
        if slots[ADAMIC_ADAR] >= 0:
            out[p, slots[ADAMIC_ADAR]] = sums[i, 0]
        if slots[ALLOCATION] >= 0:
            out[p, slots[ALLOCATION]] = sums[i, sums.shape[1] - 1]
        if slots[ATTACHMENT] >= 0:
            out[p, slots[ATTACHMENT]] = product
        if slots[KATZ] >= 0:
            edge = find_entry(col, rowptr[v], rowptr[v + 1], u) >= 0
            out[p, slots[KATZ]] = beta * (edge + beta * shared)  # a large beta times 0 is 0
        if slots[SORENSEN] >= 0:
            ends = first + second
            out[p, slots[SORENSEN]] = 2.0 * shared / ends if ends else 0.0
        if slots[COSINE] >= 0:
            out[p, slots[COSINE]] = shared / np.sqrt(product) if product else 0.0

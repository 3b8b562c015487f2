"""Overlaps of the neighbourhoods of a node and of its targets: one and any number of hops.

``rowptr, col`` are the graph whose neighbourhoods overlap; ``tptr, tcol`` say which targets each
node has, on the same nodes. Both are simple and undirected, rows sorted.
"""

from __future__ import annotations

import numpy as np

from .links import find_entry
from .parallel import jit

# A search in a row of length d costs about so many steps of a scan per doubling of d.
_SEARCH = 2


@jit
def sum_overlaps(start, stop, rowptr, col, tptr, tcol, total, mark):
    """Adds the common neighbours of node and target to ``total`` of both ends of every target pair.

    A pair is looked at once, at its end of higher degree, whose neighbours are marked: a hub's
    once for all its targets. ``total`` belongs to the thread; ``mark`` is scratch of zeros,
    ``[N]`` uint8.
    """
    for i in range(start, stop):
        first, last = rowptr[i], rowptr[i + 1]
        if last == first:
            continue
        marked = False
        at_i = 0
        for t in range(tptr[i], tptr[i + 1]):
            j = tcol[t]
            length = rowptr[j + 1] - rowptr[j]
            if length > last - first or (length == last - first and j > i):
                continue
            if not marked:
                for e in range(first, last):
                    mark[col[e]] = 1
                marked = True
            common = 0
            for e in range(rowptr[j], rowptr[j + 1]):
                common += mark[col[e]]
            at_i += common
            total[j] += common
        total[i] += at_i
        if marked:
            for e in range(first, last):
                mark[col[e]] = 0


@jit
def weigh_overlaps(start, stop, rowptr, col, weight, tptr, tcol, out, mark):
    """Weighted mean over the neighbours ``u`` of ``i`` of their share of the targets of ``i``.

    ``weight`` belongs to the slots of the graph; length 0 stands for all ones. A node whose weights
    add up to nothing, and one without targets, gets NaN. ``mark`` is scratch of zeros, ``[N]``
    uint8.
    """
    for i in range(start, stop):
        first, last = tptr[i], tptr[i + 1]
        targets = last - first
        whole = 0.0
        for e in range(rowptr[i], rowptr[i + 1]):
            whole += weight[e] if len(weight) else 1.0
        if targets == 0 or whole == 0.0:
            out[i] = np.nan
            continue
        for t in range(first, last):
            mark[tcol[t]] = 1
        shares = 0.0
        for e in range(rowptr[i], rowptr[i + 1]):
            u = col[e]
            low, high = rowptr[u], rowptr[u + 1]
            steps = _SEARCH
            while (1 << (steps // _SEARCH)) < high - low:
                steps += _SEARCH
            common = 0
            if targets * steps < high - low:
                for t in range(first, last):
                    common += find_entry(col, low, high, tcol[t]) >= 0
            else:
                for f in range(low, high):
                    common += mark[col[f]]
            shares += (weight[e] if len(weight) else 1.0) * common
        for t in range(first, last):
            mark[tcol[t]] = 0
        out[i] = shares / (whole * targets)


@jit
def sum_neighbors(start, stop, rowptr, col, x, out):
    """``out[i]`` is the sum of ``x`` over the neighbours of ``i``."""
    for i in range(start, stop):
        total = 0.0
        for e in range(rowptr[i], rowptr[i + 1]):
            total += x[col[e]]
        out[i] = total


@jit
def _spread(rowptr, col, nodes, count, seen, stamp, found):
    """Neighbours of the first ``count`` of ``nodes`` into ``found``, each once; how many."""
    number = 0
    for a in range(count):
        for e in range(rowptr[nodes[a]], rowptr[nodes[a] + 1]):
            u = col[e]
            if seen[u] != stamp:
                seen[u] = stamp
                found[number] = u
                number += 1
    return number


@jit
def walk_into_trees(
    start, stop, rowptr, col, tptr, tcol, hops, beta, value, tree, walks, following, seen, lists
):
    r"""``value[t]`` of slot ``t``, of row ``j`` and column ``i``, is what the walks from ``i`` find
    of the tree of ``j``: :math:`\sum_{k_1, k_2} \beta^{k_1+k_2-2} \sum_{u \in H_j^{k_2}}
    (A^{k_1})_{iu}`.

    The tree of ``j``, a number for each of its nodes, is summed towards the targets, innermost hop
    first, over the nodes that are as far from them as is needed and no further. ``tree``,
    ``walks``, ``following`` are float64 scratch of zeros ``[N]``; ``seen`` is int64 scratch
    ``[N + 1]``, zeros at first, its last entry the stamp in use; ``lists`` is scratch
    ``[2 hops + 1, N]``.
    """
    stamps = len(seen) - 1
    count = np.zeros(2 * hops + 1, np.int64)
    for j in range(start, stop):
        if tptr[j] == tptr[j + 1]:
            continue
        # The tree: the ends of walks of 1, 2, ... hops from j in lists[0:hops].
        share = 1.0
        for k in range(hops):
            seen[stamps] += 1
            if k == 0:
                count[0] = 0
                for e in range(rowptr[j], rowptr[j + 1]):
                    lists[0, count[0]] = col[e]
                    count[0] += 1
            else:
                count[k] = _spread(rowptr, col, lists[k - 1], count[k - 1], seen, seen[stamps],
                                   lists[k])
            for a in range(count[k]):
                tree[lists[k, a]] += share
            share *= beta
        # What lies 0, 1, ... hops from the targets in lists[hops:].
        count[hops] = 0
        for t in range(tptr[j], tptr[j + 1]):
            lists[hops, count[hops]] = tcol[t]
            count[hops] += 1
        for k in range(1, hops):
            seen[stamps] += 1
            count[hops + k] = _spread(rowptr, col, lists[hops + k - 1], count[hops + k - 1], seen,
                                      seen[stamps], lists[hops + k])
        for k in range(hops - 1, -1, -1):
            for a in range(count[hops + k]):
                v = lists[hops + k, a]
                total = 0.0
                for e in range(rowptr[v], rowptr[v + 1]):
                    u = col[e]
                    total += tree[u] + beta * walks[u]
                following[v] = total
            if k < hops - 1:
                for a in range(count[hops + k + 1]):
                    walks[lists[hops + k + 1, a]] = 0.0
            walks, following = following, walks
        for t in range(tptr[j], tptr[j + 1]):
            value[t] = walks[tcol[t]]
        for a in range(count[hops]):
            walks[lists[hops, a]] = 0.0
        for k in range(hops):
            for a in range(count[k]):
                tree[lists[k, a]] = 0.0

"""Triangles in degree order: counted per edge, listed, and summed over per node.

A triangle is ``u < v < w`` in the renumbered graph and stands under its lowest edge ``(u, v)``.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit


@jit
def count_triangles(start, stop, optr, ocol, above, t, mark):
    """Triangles on each edge into ``t``; those whose lowest edge it is into ``above[e + 1]``."""
    for u in range(start, stop):
        low, high = optr[u], optr[u + 1]
        if high - low < 2:
            continue
        for i in range(low, high):
            mark[ocol[i]] = i + 1
        for i in range(low, high):
            v = ocol[i]
            found = 0
            for j in range(optr[v], optr[v + 1]):
                k = mark[ocol[j]]
                if k:
                    found += 1
                    t[k - 1] += 1
                    t[j] += 1
            t[i] += found
            above[i + 1] = found
        for i in range(low, high):
            mark[ocol[i]] = 0


@jit
def list_triangles(start, stop, optr, ocol, tptr, tri_uw, tri_vw, mark):
    """Edges ``uw`` and ``vw`` of every triangle; those of edge ``uv`` start at ``tptr[uv]``."""
    for u in range(start, stop):
        low, high = optr[u], optr[u + 1]
        if high - low < 2:
            continue
        for i in range(low, high):
            mark[ocol[i]] = i + 1
        for i in range(low, high):
            at = tptr[i]
            if at == tptr[i + 1]:
                continue
            v = ocol[i]
            for j in range(optr[v], optr[v + 1]):
                k = mark[ocol[j]]
                if k:
                    tri_uw[at] = k - 1
                    tri_vw[at] = j
                    at += 1
        for i in range(low, high):
            mark[ocol[i]] = 0


@jit
def list_common(optr, ocol, tptr, tri_uw, tri_vw, t):
    """Common neighbours of the ends of every edge, sorted, and the two edges to each of them.

    Returns ``cptr`` and, per entry: the common neighbour, its edge to the edge's lower end, its
    edge to the upper end.
    """
    m = len(ocol)
    cptr = np.zeros(m + 1, np.int64)
    for e in range(m):
        cptr[e + 1] = cptr[e] + t[e]
    node = np.empty(cptr[m], np.int32)
    to_low = np.empty(cptr[m], np.int32)
    to_high = np.empty(cptr[m], np.int32)
    place = cptr[:-1].copy()
    # Below, between, above: triangles come in rising order, so every list is written sorted.
    for u in range(len(optr) - 1):
        for uv in range(optr[u], optr[u + 1]):
            v = ocol[uv]
            for at in range(tptr[uv], tptr[uv + 1]):
                uw, vw = tri_uw[at], tri_vw[at]
                p = place[vw]
                node[p], to_low[p], to_high[p] = u, uv, uw
                place[vw] = p + 1
                p = place[uw]
                node[p], to_low[p], to_high[p] = v, uv, vw
                place[uw] = p + 1
                p = place[uv]
                node[p], to_low[p], to_high[p] = ocol[uw], uw, vw
                place[uv] = p + 1
    return cptr, node, to_low, to_high


@jit
def sum_edges(start, stop, optr, ocol, degree, tptr, tri_uw, tri_vw, t, Q, P):
    """Sums over the common neighbours ``r`` of each edge ``a < b``.

    ``Q[e]``: sum of ``degree[r]``. ``P[e, 0]``: sum of ``t`` of ``br``; ``P[e, 1]``: of ``ar``.
    """
    for u in range(start, stop):
        for uv in range(optr[u], optr[u + 1]):
            v = ocol[uv]
            for at in range(tptr[uv], tptr[uv + 1]):
                uw, vw = tri_uw[at], tri_vw[at]
                Q[uv] += degree[ocol[uw]]
                Q[uw] += degree[v]
                Q[vw] += degree[u]
                P[uv, 0] += t[vw]
                P[uv, 1] += t[uw]
                P[uw, 0] += t[vw]
                P[uw, 1] += t[uv]
                P[vw, 0] += t[uw]
                P[vw, 1] += t[uv]


@jit
def _corner(result, v, tab, tva, tvb, da, db, Ta, Tb, k3, kab, e8ab, Qab, Pab):
    result[v, 0] += tab - 1
    result[v, 1] += (da - 2) * (db - 2) - (tab - 1)
    result[v, 2] += (tab - 1) * (da + db - 6)
    result[v, 3] += Ta - tva + Tb - tvb - 2 * tab + 2
    result[v, 4] += Qab - 2 * tab
    result[v, 5] += e8ab
    result[v, 6] += (tab - 1) * (tab - 2) // 2
    result[v, 7] += Pab - 2 * tab - tva - tvb + 2
    result[v, 8] += (tab - 1) * (tva + tvb - 2)
    result[v, 9] += (tva - 1) * (tvb - 1)
    result[v, 10] += kab
    result[v, 11] += (tab - 2) * k3
    result[v, 12] += k3 * (k3 - 1) // 2


#: Columns of :func:`sum_corners`.
CORNER_COLUMNS = 13


@jit
def sum_corners(start, stop, optr, ocol, degree, T, tptr, tri_uw, tri_vw, t, k3, edge_sums, result):
    """Adds each triangle's share of 13 counts to its three corners.

    ``edge_sums`` has columns k, C4, Q and the sum of both P of an edge. The columns of ``result``
    are the main terms of N12, N25, N40, N43, N46, N52, N54, N59, N60, N61, N65, N66, N71.
    """
    for u in range(start, stop):
        for uv in range(optr[u], optr[u + 1]):
            v = np.int64(ocol[uv])
            tuv = t[uv]
            du, dv, Tu, Tv = degree[u], degree[v], T[u], T[v]
            for at in range(tptr[uv], tptr[uv + 1]):
                uw, vw = tri_uw[at], tri_vw[at]
                w = np.int64(ocol[uw])
                tuw, tvw = t[uw], t[vw]
                dw, Tw, cliques = degree[w], T[w], k3[at]
                _corner(result, u, tvw, tuv, tuw, dv, dw, Tv, Tw, cliques, edge_sums[vw, 0],
                        edge_sums[vw, 1], edge_sums[vw, 2], edge_sums[vw, 3])
                _corner(result, v, tuw, tuv, tvw, du, dw, Tu, Tw, cliques, edge_sums[uw, 0],
                        edge_sums[uw, 1], edge_sums[uw, 2], edge_sums[uw, 3])
                _corner(result, w, tuv, tuw, tvw, du, dv, Tu, Tv, cliques, edge_sums[uv, 0],
                        edge_sums[uv, 1], edge_sums[uv, 2], edge_sums[uv, 3])

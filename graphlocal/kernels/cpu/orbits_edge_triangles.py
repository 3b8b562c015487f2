"""Sums over the triangles on each edge, for the orbits of edges."""

from __future__ import annotations

import numpy as np

from .orbits_nodes import choose2
from .parallel import jit

#: Columns of :func:`sum_sides`.
S_R, CLAWS, T_R, Y, QQ, SQUARES, BOOKS, FROM, TO, TT, K, APEXES = range(12)
SIDE_COLUMNS = 12


@jit
def _side(result, uv, ur, vr, r, base, t, k3, edge_sums, P_ur, P_ru, P_vr, P_rv):
    tu, tv = t[ur], t[vr]
    d = base[r, 10]
    result[uv, S_R] += base[r, 0]
    result[uv, CLAWS] += choose2(d - 2)
    result[uv, T_R] += base[r, 2]
    result[uv, Y] += (tu + tv - 2) * (d - 3)
    result[uv, QQ] += edge_sums[ur, 2] + edge_sums[vr, 2]
    result[uv, SQUARES] += edge_sums[ur, 1] + edge_sums[vr, 1]
    result[uv, BOOKS] += choose2(tu - 1) + choose2(tv - 1)
    result[uv, FROM] += P_ur + P_vr
    result[uv, TO] += P_ru + P_rv
    result[uv, TT] += (tu - 1) * (tv - 1)
    result[uv, K] += edge_sums[ur, 0] + edge_sums[vr, 0]
    result[uv, APEXES] += choose2(k3)


@jit
def sum_sides(start, stop, optr, ocol, base, tptr, tri_uw, tri_vw, t, k3, edge_sums, P, result):
    """Adds each triangle's share to its three sides.

    For a side ``ab`` and the third corner ``r``: ``S`` of r; pairs of neighbours of r outside the
    triangle; ``T`` of r; and of the other two sides what ``_side`` says. ``edge_sums`` has
    columns k, C4 and Q; ``P[e, 0]`` leads from the lower end of ``e``, ``P[e, 1]`` from the upper.
    """
    for u in range(start, stop):
        for uv in range(optr[u], optr[u + 1]):
            v = np.int64(ocol[uv])
            for at in range(tptr[uv], tptr[uv + 1]):
                uw, vw = np.int64(tri_uw[at]), np.int64(tri_vw[at])
                w = np.int64(ocol[uw])
                cliques = k3[at]
                _side(result, uv, uw, vw, w, base, t, cliques, edge_sums,
                      P[uw, 0], P[uw, 1], P[vw, 0], P[vw, 1])
                _side(result, uw, uv, vw, v, base, t, cliques, edge_sums,
                      P[uv, 0], P[uv, 1], P[vw, 1], P[vw, 0])
                _side(result, vw, uv, uw, u, base, t, cliques, edge_sums,
                      P[uv, 1], P[uv, 0], P[uw, 1], P[uw, 0])

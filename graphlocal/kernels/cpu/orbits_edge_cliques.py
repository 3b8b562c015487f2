"""Sums over the cliques of four and five nodes on each edge."""

from __future__ import annotations

import numpy as np

from .orbits_bits import count_bits
from .orbits_cliques import local_rows
from .parallel import jit

#: Columns of :func:`sum_edge_cliques`.
DEGREES, FACING, BESIDE, SHARED, FIVES = range(5)
CLIQUE_COLUMNS = 5


@jit
def _add(result, e, degrees, facing, beside, shared):
    result[e, DEGREES] += degrees - 6
    result[e, FACING] += facing - 2
    result[e, BESIDE] += beside - 8
    result[e, SHARED] += shared - 2


@jit
def sum_edge_cliques(start, stop, optr, ocol, degree, tptr, tri_uw, tri_vw, t, k3, result, bits,
                     ids, local, own):
    """Adds every 4-clique's share to its six edges.

    At edge ``ab`` of the clique ``a b x y``: degrees of x and y outside it; triangles on ``xy``
    outside it; triangles on ``ax, ay, bx, by`` outside it; further 4-cliques on the triangles
    ``axy`` and ``bxy``. Column FIVES counts 5-cliques.
    """
    for u in range(start, stop):
        low, high = optr[u], optr[u + 1]
        width = high - low
        if width < 3 or tptr[high] - tptr[low] < 3:
            continue
        words = (width + 63) >> 6
        local_rows(u, optr, tptr, tri_uw, bits, words)
        for uv in range(low, high):
            local[ocol[uv]] = uv - low + 1
            own[uv - low] = 0
            for at in range(tptr[uv], tptr[uv + 1]):
                ids[(uv - low) * width + tri_uw[at] - low] = at
        du = degree[u]
        for uv in range(low, high):
            v = ocol[uv]
            i = uv - low
            for at in range(tptr[uv], tptr[uv + 1]):
                if k3[at] == 0:
                    continue
                uw, vw = np.int64(tri_uw[at]), np.int64(tri_vw[at])
                j = uw - low
                w = ocol[uw]
                for r in range(tptr[vw], tptr[vw + 1]):
                    vx, wx = np.int64(tri_uw[r]), np.int64(tri_vw[r])
                    x = ocol[vx]
                    z = local[x] - 1
                    if z < 0:
                        continue
                    ux = low + z
                    dv, dw, dx = degree[v], degree[w], degree[x]
                    uvw, vwx = k3[at], k3[r]
                    uvx, uwx = k3[ids[i * width + z]], k3[ids[j * width + z]]
                    tuv, tuw, tux, tvw, tvx, twx = t[uv], t[uw], t[ux], t[vw], t[vx], t[wx]
                    around = tuv + tuw + tux + tvw + tvx + twx
                    _add(result, uv, dw + dx, twx, around - tuv - twx, uwx + vwx)
                    _add(result, uw, dv + dx, tvx, around - tuw - tvx, uvx + vwx)
                    _add(result, ux, dv + dw, tvw, around - tux - tvw, uvw + vwx)
                    _add(result, vw, du + dx, tux, around - tvw - tux, uvx + uwx)
                    _add(result, vx, du + dw, tuw, around - tvx - tuw, uvw + uwx)
                    _add(result, wx, du + dv, tuv, around - twx - tuv, uvw + uvx)
                    fives = 0
                    for word in range(words):
                        fives += count_bits(bits[i * words + word] & bits[j * words + word]
                                            & bits[z * words + word])
                    # Twice: a 5-clique holds two triangles away from u on each edge away from u.
                    result[vw, FIVES] += fives
                    result[vx, FIVES] += fives
                    result[wx, FIVES] += fives
                    own[i] += fives
                    own[j] += fives
                    own[z] += fives
        for uv in range(low, high):
            # And three at each of its nodes but u.
            result[uv, FIVES] += 2 * (own[uv - low] // 3)
            local[ocol[uv]] = 0

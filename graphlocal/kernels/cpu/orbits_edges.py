"""From sums over triangles, walks, cycles and cliques to the orbit counts of every edge.

As in ``orbits_nodes``: ``N_i`` counts the copies, induced or not, of the graphlet of edge orbit
``i`` with the edge at ``i``. Sums that differ by direction are added over both.
"""

from __future__ import annotations

import numpy as np

from . import orbits_edge_cliques as cliques
from . import orbits_edge_pairs as steps_of
from . import orbits_edge_triangles as sides
from .orbits_nodes import (
    AS,
    AT,
    DEGREE,
    K4,
    N6,
    N8,
    N10,
    N12,
    N13,
    WIDTH,
    S,
    T,
    choose2,
    choose3,
    solve,
)
from .parallel import jit


@jit
def small_edge_copies(a, b, base, t, k, squares, q, p, N, at):
    """``N_0..N_11`` of the edge ``ab``; ``p`` is the sum of ``P`` in both directions."""
    da, db = base[a, DEGREE], base[b, DEGREE]
    N[0, at] = da + db - 2
    N[1, at] = t
    N[2, at] = base[a, S] + base[b, S] - (da + db - 2) - 2 * t
    N[3, at] = (da - 1) * (db - 1) - t
    N[4, at] = choose2(da - 1) + choose2(db - 1)
    N[5, at] = squares
    N[6, at] = base[a, T] + base[b, T] - 2 * t
    N[7, at] = q - 2 * t
    N[8, at] = t * (da + db - 4)
    N[9, at] = p - 2 * t
    N[10, at] = choose2(t)
    N[11, at] = k


@jit
def _paths(v, base):
    """Paths of four nodes that end at ``v``."""
    d = base[v, DEGREE]
    return base[v, AS] - d * (d - 1) - 2 * base[v, T]


@jit
def large_edge_copies(e, a, b, base, P, side, step_a, step_b, chord, clique, ring, N, at):
    """``N_12..N_67`` of edge ``e`` from ``a`` to ``b``; ``N_0..N_11`` stand in ``N``."""
    da, db, sa, sb = base[a, DEGREE], base[b, DEGREE], base[a, S], base[b, S]
    ta, tb = base[a, T], base[b, T]
    t, squares, q, p2, k = N[1, at], N[5, at], N[7, at], N[9, at], N[11, at]
    p = p2 + 2 * t
    t2 = choose2(t)
    N[12, at] = _paths(a, base) + _paths(b, base) - N[2, at] - t * (da + db - 4) - 2 * squares
    N[13, at] = ((db - 1) * (sa - (db - 1) - t) + (da - 1) * (sb - (da - 1) - t)
                 - 2 * q - 2 * squares)
    N[14, at] = base[a, N6] + base[b, N6] - N[4, at] - 2 * q
    N[15, at] = ((db - 2) * (sb - (da - 1) - t) + (da - 2) * (sa - (db - 1) - t)
                 - 2 * (ta + tb) + 4 * t)
    N[16, at] = ((da - 1) * choose2(db - 1) + (db - 1) * choose2(da - 1) - t * (da + db - 4))
    N[17, at] = choose3(da - 1) + choose3(db - 1)
    N[18, at] = base[a, N10] + base[b, N10] - 2 * q - t * (da + db - 4) - p2
    N[19, at] = (da + db - 4) * q - p2
    N[20, at] = t * (da - 2) * (db - 2) - 2 * t2
    N[21, at] = base[a, AT] + base[b, AT] - 3 * (ta + tb) + 2 * t - p2
    N[22, at] = (da - 1) * (tb - t) + (db - 1) * (ta - t) - p2
    N[23, at] = side[e, sides.S_R] - t * (da + db - 2) - p2
    N[24, at] = t * (sa + sb) - t * (da + db - 2) - 2 * (q + t) - 4 * t2 - p2
    N[25, at] = (ta - t) * (da - 3) + (tb - t) * (db - 3)
    N[26, at] = side[e, sides.CLAWS]
    N[27, at] = t * (choose2(da - 2) + choose2(db - 2))
    N[28, at] = ring[e, 0]
    N[29, at] = base[a, N8] + base[b, N8] - 2 * squares - 2 * t2
    N[30, at] = (step_a[steps_of.DEGREES] + step_b[steps_of.DEGREES] - 4 * squares - p2)
    N[31, at] = squares * (da + db - 4) - p2
    N[32, at] = base[a, N13] + base[b, N13] - 2 * t2 - p2
    N[33, at] = side[e, sides.Y]
    N[34, at] = (db - 3) * (P[e, 0] - t) + (da - 3) * (P[e, 1] - t)
    N[35, at] = t2 * (da + db - 6)
    N[36, at] = side[e, sides.T_R] - p + t
    N[37, at] = t * (ta + tb) - 2 * t * t + 2 * t - p
    N[38, at] = base[a, N12] + base[b, N12] - 2 * k - p2
    N[39, at] = side[e, sides.QQ] - 2 * p - t * (da + db - 4) - 4 * k
    N[40, at] = (da - 2) * (P[e, 0] - t) + (db - 2) * (P[e, 1] - t) - 4 * k
    N[41, at] = (t - 1) * q - 2 * k
    N[42, at] = step_a[steps_of.THREES] + step_b[steps_of.THREES]
    N[43, at] = step_a[steps_of.FACING] - p2
    N[44, at] = step_a[steps_of.BESIDE] + step_b[steps_of.BESIDE] - 2 * p2
    N[45, at] = side[e, sides.SQUARES] - 4 * t2 - p2
    N[46, at] = t * squares - p2
    N[47, at] = side[e, sides.BOOKS]
    N[48, at] = choose3(t)
    N[49, at] = base[a, K4] + base[b, K4] - 2 * k
    N[50, at] = clique[e, cliques.DEGREES]
    N[51, at] = k * (da + db - 6)
    N[52, at] = side[e, sides.FROM] - 2 * p + 2 * t - 4 * k
    N[53, at] = side[e, sides.TO] - p - 4 * t2 - 4 * k
    N[54, at] = side[e, sides.TT] - 2 * k
    N[55, at] = p2 * (t - 1) - 4 * k
    N[56, at] = step_a[steps_of.EDGES] + step_b[steps_of.EDGES] - p2
    N[57, at] = step_a[steps_of.MIDDLE] + step_b[steps_of.MIDDLE]
    N[58, at] = chord[e]
    N[59, at] = side[e, sides.K] - 4 * k
    N[60, at] = clique[e, cliques.FACING]
    N[61, at] = clique[e, cliques.BESIDE]
    N[62, at] = k * (t - 2)
    N[63, at] = ring[e, 1]
    N[64, at] = ring[e, 2]
    N[65, at] = clique[e, cliques.SHARED]
    N[66, at] = side[e, sides.APEXES]
    N[67, at] = clique[e, cliques.FIVES] // 2


@jit
def solve_small_edges(start, stop, source, target, base, t, k, squares, Q, P, row, steps, result):
    """Orbits 0..11 of the edges in a block into their rows of ``result``."""
    N = np.empty((12, WIDTH), np.int64)
    for begin in range(start, stop, WIDTH):
        width = min(WIDTH, stop - begin)
        for at in range(width):
            e = begin + at
            small_edge_copies(source[e], target[e], base, t[e], k[e], squares[e], Q[e],
                              P[e, 0] + P[e, 1], N, at)
        solve(N, width, steps)
        for at in range(width):
            for i in range(12):
                result[row[begin + at], i] = N[i, at]


@jit
def solve_large_edges(start, stop, source, target, base, t, edge_sums, P, side, edge_slot, step,
                      chord, clique, ring, row, steps, result):
    """Orbits 0..67 of the edges in a block into their rows of ``result``."""
    N = np.empty((68, WIDTH), np.int64)
    for begin in range(start, stop, WIDTH):
        width = min(WIDTH, stop - begin)
        for at in range(width):
            e = begin + at
            a, b = source[e], target[e]
            small_edge_copies(a, b, base, t[e], edge_sums[e, 0], edge_sums[e, 1], edge_sums[e, 2],
                              P[e, 0] + P[e, 1], N, at)
            large_edge_copies(e, a, b, base, P, side, step[edge_slot[e, 0]],
                              step[edge_slot[e, 1]], chord, clique, ring, N, at)
        solve(N, width, steps)
        for at in range(width):
            for i in range(68):
                result[row[begin + at], i] = N[i, at]

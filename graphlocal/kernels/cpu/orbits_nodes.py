"""From sums over edges, triangles, cycles and cliques to the orbit counts of every node.

``N_i(v)`` is the number of copies, induced or not, of the graphlet of orbit ``i`` with ``v`` at
``i``; each is a sum of what was counted less the ways in which its parts coincide. Products stay
exact modulo 2^64, and every count that fits in 64 bits comes out right.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit

#: Nodes solved side by side, so that the steps of the inversion run on whole vectors.
WIDTH = 64

#: Columns of the sums over neighbours that their neighbours need in turn.
S, AS, T, AT, N6, N8, N10, N12, N13, K4, DEGREE = range(11)
BASE_COLUMNS = 11


@jit
def choose2(x):
    """C(x, 2) without overflow in between."""
    return (x // 2) * (x - 1) if x % 2 == 0 else x * ((x - 1) // 2)


@jit
def choose3(x):
    """C(x, 3)."""
    pairs = choose2(x)
    return (pairs // 3) * (x - 2) if pairs % 3 == 0 else pairs * ((x - 2) // 3)


@jit
def choose4(x):
    """C(x, 4) without overflow in between."""
    triples, last = choose3(x), x - 3
    if triples % 4 == 0:
        return (triples // 4) * last
    if last % 4 == 0:
        return triples * (last // 4)
    return (triples // 2) * (last // 2)


@jit
def first_sums(start, stop, rowptr, col, edge, t, n8, n12, k4, base):
    """Columns of ``base`` that are sums over neighbours or given; not yet AS and AT."""
    for v in range(start, stop):
        base[v, N8] = n8[v]
        base[v, N12] = n12[v]
        base[v, K4] = k4[v]
        s, n6, t2, n10, n13 = 0, 0, 0, 0, 0
        for slot in range(rowptr[v], rowptr[v + 1]):
            u = col[slot]
            e = edge[slot]
            d = rowptr[u + 1] - rowptr[u] - 1
            te = t[e]
            s += d
            n6 += d * (d - 1) // 2
            t2 += te
            n10 += te * (d - 1)
            n13 += te * (te - 1) // 2
        base[v, S] = s
        base[v, T] = t2 // 2
        base[v, N6] = n6
        base[v, N10] = n10
        base[v, N13] = n13
        base[v, DEGREE] = rowptr[v + 1] - rowptr[v]


@jit
def join_sums(start, stop, k, squares, Q, P, result):
    """Columns k, C4, Q and the sum of both P of the edges in a block, side by side."""
    for e in range(start, stop):
        result[e, 0] = k[e]
        result[e, 1] = squares[e]
        result[e, 2] = Q[e]
        result[e, 3] = P[e, 0] + P[e, 1]


@jit
def fold(optr, ocol, values, share):
    """Sum of ``values`` over the edges at each node, divided by ``share``."""
    result = np.zeros(len(optr) - 1, np.int64)
    for u in range(len(optr) - 1):
        own = 0
        for e in range(optr[u], optr[u + 1]):
            own += values[e]
            result[ocol[e]] += values[e]
        result[u] += own
    return result // share


@jit
def fold_directed(optr, ocol, values):
    """Sum over the edges at each node of the value that leads from it: ``values[e, 0]`` is that
    of the lower end."""
    result = np.zeros(len(optr) - 1, np.int64)
    for u in range(len(optr) - 1):
        for e in range(optr[u], optr[u + 1]):
            result[u] += values[e, 0]
            result[ocol[e]] += values[e, 1]
    return result


@jit
def second_sums(start, stop, rowptr, col, base):
    """Columns AS and AT of ``base``: sums over neighbours of their S and T."""
    for v in range(start, stop):
        s, triangles = 0, 0
        for slot in range(rowptr[v], rowptr[v + 1]):
            u = col[slot]
            s += base[u, S]
            triangles += base[u, T]
        base[v, AS] = s
        base[v, AT] = triangles


@jit
def small_copies(base, v, N, at):
    """``N_0..N_14`` of node ``v``."""
    d, s, tri = base[v, DEGREE], base[v, S], base[v, T]
    N[0, at] = d
    N[1, at] = s
    N[2, at] = choose2(d)
    N[3, at] = tri
    N[4, at] = base[v, AS] - d * (d - 1) - 2 * tri
    N[5, at] = (d - 1) * s - 2 * tri
    N[6, at] = base[v, N6]
    N[7, at] = choose3(d)
    N[8, at] = base[v, N8]
    N[9, at] = base[v, AT] - 2 * tri
    N[10, at] = base[v, N10]
    N[11, at] = tri * (d - 2)
    N[12, at] = base[v, N12]
    N[13, at] = base[v, N13]
    N[14, at] = base[v, K4]


@jit
def solve(N, width, steps):
    """Back substitution, in place: copies into induced copies."""
    for step in range(len(steps)):
        i, j, factor = steps[step, 0], steps[step, 1], steps[step, 2]
        if factor == 1:
            for at in range(width):
                N[i, at] -= N[j, at]
        else:
            for at in range(width):
                N[i, at] -= factor * N[j, at]


@jit
def solve_small(start, stop, base, order, steps, result):
    """Orbits 0..14 of the nodes in a block into their rows of ``result``."""
    N = np.empty((15, WIDTH), np.int64)
    for begin in range(start, stop, WIDTH):
        width = min(WIDTH, stop - begin)
        for at in range(width):
            small_copies(base, begin + at, N, at)
        solve(N, width, steps)
        for at in range(width):
            row = order[begin + at]
            for i in range(15):
                result[row, i] = N[i, at]


@jit
def large_copies(v, rowptr, col, edge, base, t, edge_sums, corner, square, pair, local, N, at):
    """``N_15..N_72`` of node ``v``. The formulas are in the order of the orbits."""
    d, s, tri, a_t = base[v, DEGREE], base[v, S], base[v, T], base[v, AT]
    n4, n6, n8, n9, n10 = N[4, at], N[6, at], N[8, at], N[9, at], N[10, at]
    n12, n13, k4 = N[12, at], N[13, at], N[14, at]
    s_as, s_n6, s_n8, s_n10, s_n12, s_n13, s_k4, s_at = 0, 0, 0, 0, 0, 0, 0, 0
    squared, t_d1, n19, n22, n26, n29, n31, n32 = 0, 0, 0, 0, 0, 0, 0, 0
    c_d, n41, n48, t_c, n55, n57, n67 = 0, 0, 0, 0, 0, 0, 0
    for slot in range(rowptr[v], rowptr[v + 1]):
        u = col[slot]
        e = edge[slot]
        te, ke, ce, qe = t[e], edge_sums[e, 0], edge_sums[e, 1], edge_sums[e, 2]
        du, su, tu = base[u, DEGREE], base[u, S], base[u, T]
        s_as += base[u, AS]
        s_at += base[u, AT]
        s_n6 += base[u, N6]
        squared += (du - 1) * (du - 1)
        n19 += (du - 2) * (su - (d - 1) - te) - 2 * tu + 2 * te
        n22 += choose3(du - 1)
        n31 += (tu - te) * (du - 3)
        s_n8 += base[u, N8]
        s_n10 += base[u, N10]
        s_n12 += base[u, N12]
        s_n13 += base[u, N13]
        s_k4 += base[u, K4]
        t_d1 += te * (du - 1)
        n26 += te * ((d - 2) * (du - 2) - (te - 1))
        n29 += te * (su - (d - 1) - (te - 1))
        n32 += te * choose2(du - 2)
        c_d += ce * (du - 2)
        n41 += choose2(te) * (du - 3)
        n48 += (te - 1) * (qe - 2 * te)
        t_c += te * ce
        n55 += choose3(te)
        n57 += ke * (du - 3)
        n67 += ke * (te - 2)
    N[15, at] = s_as - d * s - squared - 2 * tri * (d - 1) - 2 * n8 - 2 * n9
    N[16, at] = n4 * (d - 1) - n10 - 2 * n8
    N[17, at] = choose2(s) - n6 - n8 - t_d1 + tri
    N[18, at] = s_n6 - d * choose2(d - 1) - n10
    N[19, at] = n19
    N[20, at] = (d - 1) * n6 - n10
    N[21, at] = choose2(d - 1) * (s - 2 * tri) + 2 * tri * choose2(d - 2)
    N[22, at] = n22
    N[23, at] = choose4(d)
    N[24, at] = s_n10 - 2 * tri * (d - 2) - 2 * (n12 + tri) - (n10 - 2 * tri)
    N[25, at] = corner[v, 1]
    N[26, at] = n26
    N[27, at] = s_at - d * tri - 2 * a_t + 2 * tri - 2 * n13
    N[28, at] = (d - 1) * (a_t - 2 * tri) - 2 * n12
    N[29, at] = n29 - t_d1 - 2 * n12
    N[30, at] = tri * s - t_d1 - 2 * n13
    N[31, at] = n31
    N[32, at] = n32
    N[33, at] = tri * choose2(d - 2)
    N[34, at] = local[v, 0]
    N[35, at] = s_n8 - 2 * n8 - n13
    N[36, at] = square[v, 0] - 2 * n8 - n13
    N[37, at] = c_d - 2 * n12
    N[38, at] = n8 * (d - 2) - n13
    N[39, at] = s_n13 - n13 - 2 * n12
    N[40, at] = corner[v, 2]
    N[41, at] = n41
    N[42, at] = n13 * (d - 3)
    N[43, at] = corner[v, 3]
    N[44, at] = choose2(tri) - n13
    N[45, at] = s_n12 - 2 * n13 - 3 * k4
    N[46, at] = corner[v, 4] - tri * (d - 2) - 3 * k4
    N[47, at] = n12 * (d - 2) - 3 * k4
    N[48, at] = n48 - 6 * k4
    N[49, at] = pair[v, 2]
    N[50, at] = pair[v, 0]
    N[51, at] = square[v, 1] - t_c - 2 * n13 - 2 * n12
    N[52, at] = corner[v, 5] - 2 * n13
    N[53, at] = t_c - 2 * n13 - 2 * n12
    N[54, at] = corner[v, 6]
    N[55, at] = n55
    N[56, at] = s_k4 - 3 * k4
    N[57, at] = n57
    N[58, at] = k4 * (d - 3)
    N[59, at] = corner[v, 7] - 6 * k4
    N[60, at] = corner[v, 8] - 6 * k4
    N[61, at] = corner[v, 9] - 3 * k4
    N[62, at] = pair[v, 3]
    N[63, at] = pair[v, 1]
    N[64, at] = pair[v, 4]
    N[65, at] = corner[v, 10] - 3 * k4
    N[66, at] = corner[v, 11]
    N[67, at] = n67
    N[68, at] = local[v, 1]
    N[69, at] = local[v, 2]
    N[70, at] = local[v, 3]
    N[71, at] = corner[v, 12]
    N[72, at] = local[v, 4]


@jit
def solve_large(start, stop, rowptr, col, edge, base, t, edge_sums, corner, square, pair, local,
                order, steps, result):
    """Orbits 0..72 of the nodes in a block into their rows of ``result``."""
    N = np.empty((73, WIDTH), np.int64)
    for begin in range(start, stop, WIDTH):
        width = min(WIDTH, stop - begin)
        for at in range(width):
            v = begin + at
            small_copies(base, v, N, at)
            large_copies(v, rowptr, col, edge, base, t, edge_sums, corner, square, pair, local,
                         N, at)
        solve(N, width, steps)
        for at in range(width):
            row = order[begin + at]
            for i in range(73):
                result[row, i] = N[i, at]


@jit
def sum_graphs(start, stop, ptr, counts, orbits, shares, result):
    """Sum of some columns of ``counts`` over the nodes of each graph, divided by ``shares``.

    Returns the largest count met.
    """
    largest = 0
    for b in range(start, stop):
        for v in range(ptr[b], ptr[b + 1]):
            for i in range(len(orbits)):
                largest = max(largest, counts[v, orbits[i]])
                result[b, i] += counts[v, orbits[i]]
        for i in range(len(orbits)):
            result[b, i] //= shares[i]
    return largest

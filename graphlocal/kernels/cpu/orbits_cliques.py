"""Cliques of four and five nodes, from bit rows over the neighbours above each node."""

from __future__ import annotations

import numpy as np

from .orbits_bits import count_bits, lowest_bit
from .parallel import jit


@jit
def local_rows(u, optr, tptr, tri_uw, bits, words):
    """Which of the nodes above ``u`` are adjacent, as rows of bits, in ``bits[:k * words]``."""
    low, high = optr[u], optr[u + 1]
    bits[: (high - low) * words] = 0
    for uv in range(low, high):
        i = uv - low
        for at in range(tptr[uv], tptr[uv + 1]):
            j = tri_uw[at] - low
            bits[i * words + (j >> 6)] |= np.int64(1) << (j & 63)
            bits[j * words + (i >> 6)] |= np.int64(1) << (i & 63)


@jit
def count_small(start, stop, optr, ocol, t, N12, K4, local, bits, degree):
    """Adds to every node its diamonds as an end (``N12``) and its 4-cliques, listing nothing.

    A diamond's end is a triangle's corner, its other end closes another triangle on the side the
    corner does not touch.
    """
    for u in range(start, stop):
        low, high = optr[u], optr[u + 1]
        width = high - low
        if width < 2:
            continue
        words = (width + 63) >> 6
        bits[: width * words] = 0
        for i in range(width):
            local[ocol[low + i]] = i + 1
        own = 0
        found = 0
        for i in range(width):
            uv = low + i
            if t[uv] == 0:
                continue
            v = ocol[uv]
            facing = t[uv] - 1
            at_v = 0
            for vw in range(optr[v], optr[v + 1]):
                w = ocol[vw]
                j = local[w] - 1
                if j >= 0:
                    found += 1
                    own += t[vw] - 1
                    at_v += t[low + j] - 1
                    N12[w] += facing
                    bits[i * words + (j >> 6)] |= np.int64(1) << (j & 63)
                    bits[j * words + (i >> 6)] |= np.int64(1) << (i & 63)
            N12[v] += at_v
        N12[u] += own
        if found > 2:
            total = 0
            degree[:width] = 0
            for i in range(width):
                for word in range(i >> 6, words):
                    rest = bits[i * words + word]
                    if word == i >> 6:
                        rest &= np.int64(-2) << (i & 63)
                    while rest:
                        j = (word << 6) + lowest_bit(rest)
                        rest &= rest - 1
                        met = 0
                        for other in range(words):
                            met += count_bits(bits[i * words + other] & bits[j * words + other])
                        degree[i] += met
                        degree[j] += met
            for i in range(width):
                total += degree[i]
                K4[ocol[low + i]] += degree[i] // 2
            # Each 4-clique at u was met from three pairs, at two nodes each.
            K4[u] += total // 6
        for i in range(width):
            local[ocol[low + i]] = 0


@jit
def count_cliques(start, stop, depth, optr, ocol, tptr, tri_uw, tri_vw, k, k3, K5, bits, both,
                  local, own):
    """Adds 4-cliques per edge to ``k``; at ``depth`` 1 those per triangle to ``k3`` too, and at
    2 the 5-cliques per node to ``K5``."""
    for u in range(start, stop):
        low, high = optr[u], optr[u + 1]
        if high - low < 3 or tptr[high] - tptr[low] < 3:
            continue
        words = (high - low + 63) >> 6
        local_rows(u, optr, tptr, tri_uw, bits, words)
        for uv in range(low, high):
            local[ocol[uv]] = 1
            own[uv - low] = 0
        fives = 0
        for uv in range(low, high):
            v = ocol[uv]
            i = uv - low
            for at in range(tptr[uv], tptr[uv + 1]):
                uw, vw = tri_uw[at], tri_vw[at]
                j = uw - low
                cliques = 0
                later = 0
                for word in range(words):
                    x = bits[i * words + word] & bits[j * words + word]
                    cliques += count_bits(x)
                    if word < (j >> 6):
                        x = 0
                    elif word == (j >> 6):
                        x &= ~((np.int64(1) << (j & 63)) | ((np.int64(1) << (j & 63)) - 1))
                    both[word] = x
                    later += count_bits(x)
                if cliques == 0:
                    continue
                k[vw] += cliques
                own[i] += cliques
                own[j] += cliques
                if depth == 0:
                    continue
                k3[at] += cliques
                if later == 0:
                    continue
                left = later
                for r in range(tptr[vw], tptr[vw + 1]):
                    if local[ocol[tri_uw[r]]]:
                        k3[r] += 1
                        left -= 1
                        if left == 0:
                            break
                if later > 1 and depth == 2:
                    pairs = 0
                    for word in range(j >> 6, words):
                        rest = both[word]
                        while rest:
                            z = (word << 6) + lowest_bit(rest)
                            rest &= rest - 1
                            met = 0
                            for other in range(j >> 6, words):
                                met += count_bits(both[other] & bits[z * words + other])
                            K5[ocol[low + z]] += met
                            pairs += met
                    pairs //= 2
                    K5[v] += pairs
                    K5[ocol[uw]] += pairs
                    fives += pairs
        K5[u] += fives
        for uv in range(low, high):
            # Each 4-clique on an edge at u was met from two triangles.
            k[uv] += own[uv - low] // 2
            local[ocol[uv]] = 0


@jit
def sum_almost_cliques(start, stop, optr, ocol, tptr, tri_uw, tri_vw, k3, N70, ids, local):
    """Adds to each node of each 4-clique the further 4-cliques on the triangle opposite it."""
    for u in range(start, stop):
        low, high = optr[u], optr[u + 1]
        width = high - low
        if width < 3 or tptr[high] - tptr[low] < 3:
            continue
        for uv in range(low, high):
            local[ocol[uv]] = uv - low + 1
            for at in range(tptr[uv], tptr[uv + 1]):
                ids[(uv - low) * width + tri_uw[at] - low] = at
        own = 0
        for uv in range(low, high):
            v = ocol[uv]
            i = uv - low
            for at in range(tptr[uv], tptr[uv + 1]):
                if k3[at] == 0:
                    continue
                j = tri_uw[at] - low
                vw = tri_vw[at]
                shared = k3[at] - 1
                at_v, at_w = 0, 0
                for r in range(tptr[vw], tptr[vw + 1]):
                    x = ocol[tri_uw[r]]
                    z = local[x] - 1
                    if z >= 0:
                        own += k3[r] - 1
                        at_v += k3[ids[j * width + z]] - 1
                        at_w += k3[ids[i * width + z]] - 1
                        N70[x] += shared
                N70[v] += at_v
                N70[ocol[tri_uw[at]]] += at_w
        N70[u] += own
        for uv in range(low, high):
            local[ocol[uv]] = 0

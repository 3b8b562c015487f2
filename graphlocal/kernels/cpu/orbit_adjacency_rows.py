"""Rows of the orbit adjacencies of two and three hops, by accumulating paths in a dense row.

A row costs its paths and is written in the order of its columns, which two levels of bits keep
without sorting. Only what a row touched is reset.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .parallel import jit

#: What a pair (u, w) without an edge sums over its common neighbours v.
PATHS, FAR_TRIANGLES, NEAR_TRIANGLES, DEGREES, CHORDS, PAIR_SUMS = 0, 1, 2, 3, 4, 5


@intrinsic
def lowest_bit(typingctx, word):
    """Position of the lowest set bit of a uint64 other than 0."""
    def code(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))
    return types.int64(types.uint64), code


@jit
def set_bit(bits, summary, position):
    """Puts a column into the set."""
    word = position >> 6
    bits[word] |= np.uint64(1) << np.uint64(position & 63)
    summary[word >> 6] |= np.uint64(1) << np.uint64(word & 63)


@jit
def take_bits(bits, summary, columns):
    """Empties the set into ``columns``, in order; returns how many there were."""
    one = np.uint64(1)
    count = 0
    for i in range(len(summary)):
        words = summary[i]
        while words:
            j = 64 * i + lowest_bit(words)
            words &= words - one
            word = bits[j]
            while word:
                columns[count] = 64 * j + lowest_bit(word)
                count += 1
                word &= word - one
            bits[j] = 0
        summary[i] = 0
    return count


@jit
def gather_pairs(u, rowptr, col, triangles, listptr, nodes, pair, near, touched):
    """The sums of all pairs (u, w) at distance two into ``pair[w]``; returns how many.

    ``near[w] == u + 1`` says that w is u or its neighbour.
    """
    stamp = u + 1
    near[u] = stamp
    for s in range(rowptr[u], rowptr[u + 1]):
        near[col[s]] = stamp
    count = 0
    for s in range(rowptr[u], rowptr[u + 1]):
        v = col[s]
        degree = rowptr[v + 1] - rowptr[v]
        t = triangles[s]
        for r in range(rowptr[v], rowptr[v + 1]):
            w = col[r]
            if near[w] != stamp:
                if pair[w, PATHS] == 0:
                    touched[count] = w
                    count += 1
                pair[w, PATHS] += 1
                pair[w, FAR_TRIANGLES] += triangles[r]
                pair[w, NEAR_TRIANGLES] += t
                pair[w, DEGREES] += degree
            elif w != u:
                # The edge v - w of a triangle is a chord between u and whoever else sees both
                # its ends. It is met from v and from w, and one of the two slots has the list.
                for i in range(listptr[r], listptr[r + 1]):
                    x = nodes[i]
                    if near[x] != stamp:
                        pair[x, CHORDS] += 1
    return count


@jit
def two_hop_rows(
    start, stop, rowptr, col, triangles, listptr, nodes, length, columns, sums,
    pair, near, touched, bits, summary,
):
    """Pairs at distance two of the rows, in order; returns how many.

    ``length[row - start]`` pairs each into ``columns`` and ``sums``, ``[., 5]``. Scratch: ``pair``
    ``[N, 5]`` and ``near`` ``[N]`` int64 of zeros, ``touched`` ``[N]``, the two levels of bits.
    """
    total = 0
    for u in range(start, stop):
        count = gather_pairs(u, rowptr, col, triangles, listptr, nodes, pair, near, touched)
        for i in range(count):
            set_bit(bits, summary, touched[i])
        row = columns[total : total + count]
        take_bits(bits, summary, row)
        for i in range(count):
            w = row[i]
            for j in range(PAIR_SUMS):
                sums[total + i, j] = pair[w, j]
                pair[w, j] = 0
        length[u - start] = count
        total += count
    return total


@jit
def two_hop_values(start, stop, which, rowptr, length, columns, sums, kept, out, values):
    """One orbit adjacency of the pairs from :func:`two_hop_rows`, without its zeros.

    ``which`` counts them: 0 (1,1), 1 (4,5), 2 (5,4), 3 (6,6), 4 (8,8), 5 (9,10), 6 (10,9),
    7 (12,12). Returns how many values were written; ``kept[row - start]`` of each row.
    """
    at = 0
    total = 0
    for u in range(start, stop):
        before = total
        degree = rowptr[u + 1] - rowptr[u]
        for i in range(at, at + length[u - start]):
            w = columns[i]
            c = sums[i, PATHS]
            far = sums[i, FAR_TRIANGLES]
            near = sums[i, NEAR_TRIANGLES]
            chords = sums[i, CHORDS]
            square = c * (c - 1) // 2 - chords
            if which == 0:
                value = c
            elif which == 1:
                value = c * (rowptr[w + 1] - rowptr[w] - 1) - far - 2 * square
            elif which == 2:
                value = c * (degree - 1) - near - 2 * square
            elif which == 3:
                value = sums[i, DEGREES] - 2 * c - near - far + 2 * chords
            elif which == 4:
                value = square
            elif which == 5:
                value = far - 2 * chords
            elif which == 6:
                value = near - 2 * chords
            else:
                value = chords
            if value != 0:
                out[total] = w
                values[total] = value
                total += 1
        at += length[u - start]
        kept[u - start] = total - before
    return total


@jit
def three_hop_rows(
    start, stop, rowptr, col, triangles, listptr, nodes, length, columns, values,
    pair, near, touched, bits, summary, ends,
):
    """Rows of the orbit adjacency (3; 4, 4); returns how many values were written.

    Every walk u - v - w - x with w at distance two ends at x. It is a path of four nodes unless x
    is a neighbour of u, or of v: those are the pairs (9, 10) of a triangle with a tail. ``ends``
    is scratch of zeros, ``[N]`` int64.
    """
    total = 0
    for u in range(start, stop):
        count = gather_pairs(u, rowptr, col, triangles, listptr, nodes, pair, near, touched)
        walks = 0
        for i in range(count):
            walks += rowptr[touched[i] + 1] - rowptr[touched[i]]
        dense = walks > len(ends) // 4
        for i in range(count):
            w = touched[i]
            paths = pair[w, PATHS]
            if dense:
                for r in range(rowptr[w], rowptr[w + 1]):
                    ends[col[r]] += paths
            else:
                for r in range(rowptr[w], rowptr[w + 1]):
                    x = col[r]
                    if ends[x] == 0:
                        set_bit(bits, summary, x)
                    ends[x] += paths
        for s in range(rowptr[u], rowptr[u + 1]):
            ends[col[s]] = 0
        for i in range(count):
            w = touched[i]
            ends[w] -= pair[w, FAR_TRIANGLES] - 2 * pair[w, CHORDS]
            for j in range(PAIR_SUMS):
                pair[w, j] = 0
        before = total
        seen = len(ends) if dense else take_bits(bits, summary, touched)
        for i in range(seen):
            # Written always and kept sometimes: a branch here would be guessed wrong too often.
            x = i if dense else touched[i]
            columns[total] = x
            values[total] = ends[x]
            total += ends[x] != 0
            ends[x] = 0
        length[u - start] = total - before
    return total

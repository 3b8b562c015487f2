"""4-cycles among the neighbours of each node: wheels with four spokes."""

from __future__ import annotations

from .orbits_bits import count_bits
from .orbits_local import choose_neighbours, fill_rows
from .parallel import jit


@jit
def count_wheels(start, stop, rowptr, col, first, edge, cptr, common, to_low, to_high, N68, N69,
                 ways, place, seen, slots, bits):
    """Adds to the hub of each wheel (``N69``) and to the four nodes of its rim (``N68``).

    Where the neighbours of a hub are adjacent to many of each other, bits tell how many
    neighbours each two of them share; where they are not, walks among them do.
    """
    for h in range(start, stop):
        count = choose_neighbours(h, 2, rowptr, first, edge, cptr, slots)
        if count < 4:
            continue
        walks = 0
        for i in range(count):
            e = edge[slots[i]]
            walks += (cptr[e + 1] - cptr[e]) ** 2
        words = (count + 63) >> 6
        if count * words <= len(bits) and count * count * (words + 2) <= 3 * walks:
            fill_rows(count, slots, col, edge, cptr, common, place, bits)
            N69[h] += _by_bits(count, words, slots, col, bits, N68)
            for i in range(count):
                place[col[slots[i]]] = 0
        else:
            N69[h] += _by_walks(h, rowptr, col, first, edge, cptr, common, to_low, to_high, N68,
                                ways, seen)


@jit
def _by_bits(count, words, slots, col, bits, N68):
    twice = 0
    for i in range(count):
        own = 0
        for j in range(i):
            c = 0
            for word in range(words):
                c += count_bits(bits[i * words + word] & bits[j * words + word])
            pairs = c * (c - 1) // 2
            own += pairs
            N68[col[slots[j]]] += pairs
        N68[col[slots[i]]] += own
        twice += own
    # Each 4-cycle has two pairs of opposite nodes.
    return twice // 2


@jit
def _by_walks(h, rowptr, col, first, edge, cptr, common, to_low, to_high, N68, ways, seen):
    """The 4-cycles at their highest node ``v``, as in ``orbits_squares``.

    The neighbours of ``a`` among those of ``h`` are the common neighbours of ``ha``.
    """
    wheels = 0
    for slot in range(first[h], rowptr[h + 1]):
        v = col[slot]
        hv = edge[slot]
        low, high = cptr[hv], cptr[hv + 1]
        if high - low < 2 or common[low + 1] > v:
            continue
        found = 0
        for i in range(low, high):
            a = common[i]
            if a >= v:
                break
            ha = to_low[i] if h < v else to_high[i]
            for j in range(cptr[ha], cptr[ha + 1]):
                w = common[j]
                if w >= v:
                    break
                seen[found] = w
                found += ways[w] == 0
                ways[w] += 1
        own = 0
        for i in range(found):
            c = ways[seen[i]]
            if c > 1:
                pairs = c * (c - 1) // 2
                own += pairs
                N68[seen[i]] += pairs
        if own:
            N68[v] += own
            wheels += own
            for i in range(low, high):
                a = common[i]
                if a >= v:
                    break
                ha = to_low[i] if h < v else to_high[i]
                total = 0
                for j in range(cptr[ha], cptr[ha + 1]):
                    w = common[j]
                    if w >= v:
                        break
                    total += ways[w] - 1
                N68[a] += total
        for i in range(found):
            ways[seen[i]] = 0
    return wheels

"""Sums over pairs of nodes of what their common neighbours are: how many, and how many edges."""

from __future__ import annotations

import numpy as np

from .orbits_bits import count_bits
from .orbits_local import choose_neighbours, fill_rows
from .parallel import jit
from .prefetch import prefetch

#: Columns of :func:`sum_pairs`.
PAIR_COLUMNS = 5

#: Common neighbours are counted in the lower half of a word, edges among them in the upper.
_LOW = np.int64((1 << 32) - 1)
_EDGE = np.int64(1 << 32)

#: Lists of common neighbours lie anywhere; one is asked for this many before it is read.
_AHEAD = 4


@jit
def sum_pairs(start, stop, least, rowptr, col, first, inner, edge, cptr, common, to_low, to_high,
              result, pair, place, seen, slots, bits, shared, tally):
    """Adds to every node its share of five counts over pairs ``w < v``.

    With ``c`` common neighbours of the pair and ``D`` edges among them, the columns are: at the
    pair, C(c, 3) and D (c - 2); at each common neighbour, C(c - 1, 2) and the edges among the
    others; at both ends of each edge among them, c - 2. These are N50, N63, N49, N62, N64.
    All are 0 where ``c < 3``, so only pairs of nodes from ``least`` on, the first with three
    neighbours in the core, are looked at; ``inner`` is the slot of each row where those begin.
    ``pair`` and ``place`` are working arrays over nodes, all 0.
    """
    for v in range(max(start, least), stop):
        found, walks = 0, 0
        for slot in range(first[v], rowptr[v + 1]):
            x = col[slot]
            for at in range(inner[x], rowptr[x + 1]):
                w = col[at]
                if w >= v:
                    break
                # No branch: whether w is new is a toss-up no processor can foresee.
                seen[found] = w
                found += pair[w] == 0
                pair[w] += 1
                walks += 1
        threes, many = 0, 0
        for i in range(found):
            w = seen[i]
            c = pair[w]
            if c > 2:
                triples = c * (c - 1) * (c - 2) // 6
                threes += triples
                result[w, 0] += triples
                seen[many] = w
                many += 1
            else:
                pair[w] = 0
        result[v, 0] += threes
        if many:
            count = choose_neighbours(v, 1, rowptr, first, edge, cptr, slots)
            if count:
                words = (count + 63) >> 6
                diamonds = 0
                for i in range(count):
                    e = edge[slots[i]]
                    diamonds += (cptr[e + 1] - cptr[e]) ** 2
                fits = max(count, many + 1) * words <= len(bits)
                if fits and walks * (words + 4) <= 2 * diamonds:
                    _edges_by_bits(v, many, count, rowptr, col, inner, edge, cptr, common,
                                   result, pair, place, seen, slots, bits, shared, tally)
                else:
                    _edges_by_lists(v, rowptr, col, first, edge, cptr, common, to_low,
                                    to_high, result, pair)
            linked_pairs = 0
            for i in range(many):
                w = seen[i]
                between = (pair[w] >> 32) * ((pair[w] & _LOW) - 2)
                linked_pairs += between
                result[w, 1] += between
            result[v, 1] += linked_pairs
            for slot in range(first[v], rowptr[v + 1]):
                x = col[slot]
                triples, edges = 0, 0
                for at in range(inner[x], rowptr[x + 1]):
                    w = col[at]
                    if w >= v:
                        break
                    c = pair[w] & _LOW
                    triples += (c > 0) * ((c - 1) * (c - 2) // 2)
                    edges += pair[w] >> 32
                result[x, 2] += triples
                result[x, 3] += edges
            for i in range(many):
                pair[seen[i]] = 0


@jit
def _edges_by_bits(v, many, count, rowptr, col, inner, edge, cptr, common, result, pair, place,
                   seen, slots, bits, shared, tally):
    """Edges among the common neighbours of ``v`` and each ``w``, from bits over those of ``v``.

    ``bits`` tells which neighbours of v are adjacent, ``shared`` which of them are w's too, and
    ``tally`` collects for each w: c - 2, and its edges. Nodes that do not count share row 0, which
    counts nothing, so that no branch is taken on them.
    """
    words = fill_rows(count, slots, col, edge, cptr, common, place, bits)
    for i in range(count):
        place[col[slots[i]]] = 0
    tally[0, 0] = 0
    for i in range(many):
        place[seen[i]] = i + 1
        tally[i + 1, 0] = pair[seen[i]] - 2
        tally[i + 1, 1] = 0
    shared[: (many + 1) * words] = 0
    for i in range(count):
        x = col[slots[i]]
        word, bit = i >> 6, np.int64(1) << (i & 63)
        for at in range(inner[x], rowptr[x + 1]):
            w = col[at]
            if w >= v:
                break
            shared[place[w] * words + word] |= bit
    for i in range(count):
        x = col[slots[i]]
        ends, incident = 0, 0
        for at in range(inner[x], rowptr[x + 1]):
            w = col[at]
            if w >= v:
                break
            row = place[w]
            met = 0
            for word in range(words):
                met += count_bits(bits[i * words + word] & shared[row * words + word])
            ends += met * tally[row, 0]
            incident += met * (row > 0)
            tally[row, 1] += met
        result[x, 4] += ends
        result[x, 3] -= incident
    for i in range(many):
        place[seen[i]] = 0
        # Each edge was met from both ends.
        pair[seen[i]] += (tally[i + 1, 1] // 2) * _EDGE


@jit
def _edges_by_lists(v, rowptr, col, first, edge, cptr, common, to_low, to_high, result,
                    pair):
    """The same from the common neighbours of the ends of every edge among v's neighbours."""
    for slot in range(first[v], rowptr[v + 1]):
        x = col[slot]
        vx = edge[slot]
        at_x, missed = 0, 0
        for at in range(cptr[vx], cptr[vx + 1]):
            y = common[at]
            if y >= x:
                break
            ahead = min(at + _AHEAD, cptr[vx + 1] - 1)
            prefetch(common, cptr[to_low[ahead] if x < v else to_high[ahead]])
            xy = to_low[at] if x < v else to_high[at]
            if cptr[xy + 1] - cptr[xy] < 2:
                continue
            total, met = 0, 0
            for i in range(cptr[xy], cptr[xy + 1]):
                w = common[i]
                if w >= v:
                    break
                c = pair[w]
                if c == 0:
                    continue
                total += c & _LOW
                pair[w] = c + _EDGE
                met += 1
            total -= 2 * met
            at_x += total
            missed += met
            result[y, 4] += total
            result[y, 3] -= met
        result[x, 4] += at_x
        result[x, 3] -= missed

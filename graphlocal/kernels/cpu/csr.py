"""Builds the CSR of a simple undirected graph from a list of edges.

Both ends of every edge become keys, which are dealt out to buckets of neighbouring rows. A bucket
fits the cache: there its keys are sorted and those of one edge merged. A key is, from the top, the
row within its bucket, the neighbour, and a bit ``back`` that says that the list had it the other
way. Buckets keep the order of the list, and sorting does too: weights are summed in that order.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit

#: Bits of a key that one pass of the sort goes by.
_DIGIT = 11
#: Of a double: all bits but the sign, and infinity.
_NO_SIGN, _INFINITE = 0x7FFFFFFFFFFFFFFF, 0x7FF0000000000000


@jit
def count_cells(block, _stop, cuts, source, target, shift, cells):
    """Ends of a block's edges in each cell of ``2^shift`` nodes, added to ``cells[block]``.

    Returns the loops, which have no ends.
    """
    loops = 0
    for e in range(cuts[block], cuts[block + 1]):
        u, v = source[e], target[e]
        if u == v:
            loops += 1
        else:
            cells[block, u >> shift] += 1
            cells[block, v >> shift] += 1
    return loops


@jit
def scatter_ends(block, _stop, cuts, source, target, weight, shift, bucket_of, first, low_bits,
                 position, key, value):
    """Writes both ends of a block's edges to the places of their buckets.

    ``bucket_of`` is the bucket of each cell, ``first`` the first row of each bucket, and
    ``position[block]`` where the block writes to it, which is used up. ``weight`` and ``value``
    are empty where there are no weights.
    """
    weighted = len(weight) > 0
    at_bucket = position[block]
    for e in range(cuts[block], cuts[block + 1]):
        u, v = source[e], target[e]
        if u != v:
            bucket = bucket_of[u >> shift]
            at = at_bucket[bucket]
            at_bucket[bucket] = at + 1
            key[at] = ((u - first[bucket]) << low_bits) | (2 * v)
            bucket = bucket_of[v >> shift]
            back = at_bucket[bucket]
            at_bucket[bucket] = back + 1
            key[back] = ((v - first[bucket]) << low_bits) | (2 * u + 1)
            if weighted:
                value[at] = weight[e]
                value[back] = weight[e]


@jit
def merge_bucket(bucket, _stop, bounds, first, low_bits, key, value, degree):
    """Sorts the keys of a bucket and merges those of one edge, in place.

    The distinct neighbours of its rows, one row after the other, then stand where its keys began,
    and their weights where its values did. Their numbers go to ``degree[row + 1 - first[0]]``.

    Returns how many there are and, over pairs with the row as the smaller end: entries that repeat
    one of the same direction, edges listed in one direction, edges listed in both, edges whose two
    directions disagree, and edges without a weight left.
    """
    low, high = bounds[bucket], bounds[bucket + 1]
    weighted = len(value) > 0
    rows = first[bucket + 1] - first[bucket]
    bits = low_bits
    while rows > 1:
        bits += 1
        rows = (rows + 1) >> 1
    sort_keys(key[low:high], value[low:high], bits)
    neighbor_bits = (1 << low_bits) - 1
    repeated, one_way, two_way, disagree, cancelled = 0, 0, 0, 0, 0
    at = slot = low
    while slot < high:
        pair = key[slot] >> 1
        sums = (np.float64(0.0), np.float64(0.0))
        forward, backward = 0, 0
        while slot < high and key[slot] >> 1 == pair:
            if key[slot] & 1:
                backward += 1
                if weighted:
                    sums = (sums[0], sums[1] + value[slot])
            else:
                forward += 1
                if weighted:
                    sums = (sums[0] + value[slot], sums[1])
            slot += 1
        row = first[bucket] + ((2 * pair) >> low_bits)
        v = ((2 * pair) & neighbor_bits) >> 1
        both = forward > 0 and backward > 0
        if row < v:
            repeated += max(forward - 1, 0) + max(backward - 1, 0)
            one_way += not both
            two_way += both
            disagree += both and sums[0] != sums[1]
        if weighted:
            one = sums[0] if forward > 0 else sums[1]
            merged = max(sums[0], sums[1]) if both else one
            if merged == 0:
                cancelled += row < v
                continue
            value[at] = merged
        key[at] = v
        degree[row + 1 - first[0]] += 1
        at += 1
    return at - low, repeated, one_way, two_way, disagree, cancelled


@jit
def sort_keys(key, value, bits):
    """Sorts keys by their bits ``[1, bits)``, digit by digit from the lowest, and values along.

    Equal keys stay in order. ``value`` may be empty.
    """
    count = len(key)
    weighted = len(value) > 0
    passes = max(1, (bits - 1 + _DIGIT - 1) // _DIGIT)
    width = (bits - 1 + passes - 1) // passes
    mask = (1 << width) - 1
    places = np.zeros((passes, 1 << width), np.int64)
    for i in range(count):
        rest = key[i] >> 1
        for k in range(passes):
            places[k, rest & mask] += 1
            rest >>= width
    here, there = key, np.empty(count, np.int64)
    value_here, value_there = value, np.empty(len(value), np.float64)
    moved = False
    for k in range(passes):
        shift = 1 + k * width
        if count == 0 or places[k, (here[0] >> shift) & mask] == count:
            continue
        place = places[k]
        total = 0
        for digit in range(mask + 1):
            many = place[digit]
            place[digit] = total
            total += many
        for i in range(count):
            digit = (here[i] >> shift) & mask
            at = place[digit]
            place[digit] = at + 1
            there[at] = here[i]
            if weighted:
                value_there[at] = value_here[i]
        here, there = there, here
        value_here, value_there = value_there, value_here
        moved = not moved
    if moved:
        there[:] = here
        value_there[:] = value_here


@jit
def check_rows(start, stop, rowptr, col, bits, keys):
    """Whether rows are those of a simple undirected graph: ``faults, balance``.

    A fault is a row that is not sorted, holds its own node or one out of range, or has a weight
    that is zero or not finite. The entries of smaller nodes add a hash of both ends and the weight
    to the balance, the others take theirs off: over all rows it is 0 where every edge stands in
    two rows, and else, because the keys are drawn anew every time, as good as never.

    ``bits`` are the weights as integers, or empty.
    """
    faults, balance = 0, np.uint64(0)
    num_nodes = len(rowptr) - 1
    for u in range(start, stop):
        last = -1
        for slot in range(rowptr[u], rowptr[u + 1]):
            v = np.int64(col[slot])
            faults += v <= last or v >= num_nodes or v == u
            last = v
            mixed = np.uint64(min(u, v)) * keys[0] + np.uint64(max(u, v)) * keys[1] + keys[2]
            if len(bits) > 0:
                mixed = (mixed ^ (mixed >> np.uint64(32))) * keys[0] + np.uint64(bits[slot])
                # Without its sign: zero, or all ones in the exponent.
                size = bits[slot] & _NO_SIGN
                faults += size == 0 or size >= _INFINITE
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed ^= mixed >> np.uint64(31)
            balance += mixed if u < v else ~mixed + np.uint64(1)
    return faults, balance


@jit
def find_fault(rowptr, col, weight):
    """First entry that a simple undirected graph cannot have: ``row, slot, what``.

    1: a self loop, 2: an unsorted or repeated neighbour, 3: an edge in one row only, 4: unequal
    weights of an edge, a zero or one that is not finite. In sorted rows the entries of column
    ``v``, met row by row, are those of row ``v`` from left to right: one pointer per row finds
    every opposite.
    """
    position = rowptr[:-1].copy()
    for u in range(len(rowptr) - 1):
        for slot in range(rowptr[u], rowptr[u + 1]):
            v = col[slot]
            if v == u:
                return u, slot, 1
            if slot > rowptr[u] and v <= col[slot - 1]:
                return u, slot, 2
            other = position[v]
            if other >= rowptr[v + 1] or col[other] != u:
                return u, slot, 3
            if len(weight) > 0 and (weight[slot] != weight[other] or weight[slot] == 0
                                    or not np.isfinite(weight[slot])):
                return u, slot, 4
            position[v] = other + 1
    return 0, 0, 0

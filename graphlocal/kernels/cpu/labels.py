"""Numbers the ids of edges: names by where they stand in a text, integers by hashing or a table."""

from __future__ import annotations

import numpy as np

from .orbits_bits import count_bits
from .parallel import jit
from .text import NAME_SHIFT

_QUOTE = 34


@jit
def number_names(data, source, target, begin, table, first, codes, count):
    """Replaces names by their numbers in order of first appearance, from edge ``begin`` on.

    ``table`` has one place more than a power of two, and holds ``(upper half of the hash, number
    + 1)``; ``codes`` are the hashes of the names, ``first`` where each stands first. Edges are
    taken in batches, and the table is looked at for a whole batch before it is used: the misses
    of the cache overlap. Returns the edge it got to and the number of names: it stops when the
    table is half full.
    """
    mask = len(table) - 2
    batch = 32
    code = np.empty(2 * batch, np.int64)
    guess = np.empty(2 * batch, np.int64)
    e = begin
    while e < len(source):
        here = min(batch, len(source) - e)
        if 2 * (count + 2 * here) > len(table):
            return e, count
        for k in range(2 * here):
            name = source[e + k // 2] if k % 2 == 0 else target[e + k // 2]
            code[k] = hash_name(data, name & ((1 << NAME_SHIFT) - 1), name >> NAME_SHIFT)
        for k in range(2 * here):
            guess[k] = (table[code[k] & mask] & 0xFFFFFFFF) - 1
        touched = 0
        for k in range(2 * here):
            if guess[k] >= 0:
                guess[k] = first[guess[k]]
        for k in range(2 * here):
            if guess[k] >= 0:
                touched += data[guess[k] & ((1 << NAME_SHIFT) - 1)]
        table[mask + 1] = touched  # a place no name is put in: the loop must not be dropped
        for k in range(2 * here):
            name = source[e + k // 2] if k % 2 == 0 else target[e + k // 2]
            number = find_name(data, name, code[k], table, first, data)
            if number < 0:
                first[count], codes[count] = name, code[k]
                enter(table, code[k], count)
                number = count
                count += 1
            if k % 2 == 0:
                source[e + k // 2] = number
            else:
                target[e + k // 2] = number
        e += here
    return e, count


@jit
def find_name(data, name, code, table, first, known):
    """Number of a name, or -1. ``first`` is where each name stands in ``known``."""
    mask = len(table) - 2
    low, length = name & ((1 << NAME_SHIFT) - 1), name >> NAME_SHIFT
    slot = code & mask
    while table[slot] != 0:
        if table[slot] >> 32 == code >> 32:
            number = (table[slot] & 0xFFFFFFFF) - 1
            if first[number] >> NAME_SHIFT == length:
                at = first[number] & ((1 << NAME_SHIFT) - 1)
                k = 0
                while k < length and data[low + k] == known[at + k]:
                    k += 1
                if k == length:
                    return number
        slot = (slot + 1) & mask
    return -1


@jit
def enter(table, code, number):
    """Enters a name that is not in the table."""
    mask = len(table) - 2
    slot = code & mask
    while table[slot] != 0:
        slot = (slot + 1) & mask
    table[slot] = (code >> 32 << 32) | (number + 1)


@jit
def enter_all(table, codes, count):
    """Enters the known names into a new, larger table."""
    for number in range(count):
        enter(table, codes[number], number)


@jit
def collect_names(data, places, begin, table, first, codes, count, known, used, numbers):
    """Numbers of the names at ``places`` among those collected so far, from one of them on.

    New names are copied to the end of ``known``, of which ``used`` bytes are in use; the rest is as
    in :func:`number_names`. Returns where it got to, the number of names and of bytes: it stops
    when there is no room.
    """
    for i in range(begin, len(places)):
        low, length = places[i] & ((1 << NAME_SHIFT) - 1), places[i] >> NAME_SHIFT
        code = hash_name(data, low, length)
        number = find_name(data, places[i], code, table, first, known)
        if number < 0:
            if 2 * (count + 1) > len(table) or count == len(first) or used + length > len(known):
                return i, count, used
            known[used : used + length] = data[low : low + length]
            first[count], codes[count] = used + (length << NAME_SHIFT), code
            enter(table, code, count)
            number = count
            count += 1
            used += length
        numbers[i] = number
    return len(places), count, used


@jit
def hash_name(data, low, length):
    """62 mixed bits of a name."""
    code = np.uint64(14695981039346656037)
    for p in range(low, low + length):
        code = (code ^ np.uint64(data[p])) * np.uint64(1099511628211)
    code ^= code >> np.uint64(29)
    code *= np.uint64(0xBF58476D1CE4E5B9)
    code ^= code >> np.uint64(32)
    return np.int64(code >> np.uint64(2))


@jit
def copy_names(start, stop, data, places, letters):
    """Copies names into a matrix of letters; False if one is not plain ASCII or holds a quote."""
    for name in range(start, stop):
        low = places[name] & ((1 << NAME_SHIFT) - 1)
        for k in range(places[name] >> NAME_SHIFT):
            if data[low + k] > 127 or data[low + k] == _QUOTE:
                return False
            letters[name, k] = data[low + k]
    return True


@jit
def enter_integers(ids, table):
    """Enters ``number + 1`` of each of the distinct integers into a table of zeros.

    Its size is a power of two, at least twice as large.
    """
    mask = len(table) - 1
    for number in range(len(ids)):
        slot = hash_integer(ids[number]) & mask
        while table[slot] != 0:
            slot = (slot + 1) & mask
        table[slot] = number + 1


@jit
def number_integers(start, stop, source, target, ids, table):
    """Replaces the integers of the edges in the block by their numbers in ``ids``.

    All of them are there. Edges are taken in batches, and the table is looked at for a whole batch
    before it is used: the misses of the cache overlap.
    """
    mask = len(table) - 1
    batch = 32
    slots = np.empty(2 * batch, np.int64)
    numbers = np.empty(2 * batch, np.int64)
    for begin in range(start, stop, batch):
        here = min(batch, stop - begin)
        for k in range(here):
            slots[2 * k] = hash_integer(source[begin + k]) & mask
            slots[2 * k + 1] = hash_integer(target[begin + k]) & mask
        for k in range(2 * here):
            numbers[k] = table[slots[k]]
        for k in range(2 * here):
            key = source[begin + k // 2] if k % 2 == 0 else target[begin + k // 2]
            number = numbers[k]
            slot = slots[k]
            while ids[number - 1] != key:
                slot = (slot + 1) & mask
                number = np.int64(table[slot])
            if k % 2 == 0:
                source[begin + k // 2] = number - 1
            else:
                target[begin + k // 2] = number - 1


@jit
def hash_integer(key):
    """62 mixed bits of an integer."""
    code = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    code ^= code >> np.uint64(32)
    code *= np.uint64(0xBF58476D1CE4E5B9)
    code ^= code >> np.uint64(32)
    return np.int64(code >> np.uint64(2))


@jit
def mark(start, stop, source, target, low, seen):
    """``seen[id - low] = True`` for the ids of the edges in the block."""
    for e in range(start, stop):
        seen[source[e] - low] = True
        seen[target[e] - low] = True


@jit
def rank_bits(start, stop, source, target, low, words, before):
    """Replaces ids by their ranks: ``words`` has the bit ``id - low`` of every id there is, and
    ``before`` the number of bits in the words before each."""
    for e in range(start, stop):
        place = source[e] - low
        rest = words[place >> 6] & ((1 << (place & 63)) - 1)
        source[e] = before[place >> 6] + count_bits(rest)
        place = target[e] - low
        rest = words[place >> 6] & ((1 << (place & 63)) - 1)
        target[e] = before[place >> 6] + count_bits(rest)

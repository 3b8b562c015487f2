"""Writes doubles as the shortest decimals that read back the same, byte for byte as ``repr`` does.

The digits are found as in "The Schubfach way to render doubles" (R. Giulietti). A double
:math:`c 2^q` is scaled by a power of ten so that the interval of decimals which read back as it is
some 2 to 20 integers wide: it has a multiple of ten, or else an integer next to the double. All
products keep 64 of 192 bits and whether any of the others is set, which is enough to compare with
the ends of the interval exactly.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .parallel import jit

#: Bytes of the longest, -2.2250738585072014e-308.
LONGEST_FLOAT = 24

#: The powers of ten that doubles are scaled by.
_SMALLEST, _LARGEST = -292, 324
# Logarithms as fractions of 2^38: exact enough for the floor of every multiple that is taken.
_SHIFT = 38
_LOG10_2 = math.floor(math.log10(2) * (1 << _SHIFT))
_LOG2_10 = math.floor(math.log2(10) * (1 << _SHIFT))
_LOG10_THREE_QUARTERS = math.floor(math.log10(0.75) * (1 << _SHIFT))

_ZERO, _ONE, _TWO, _FOUR, _TEN = (np.uint64(n) for n in (0, 1, 2, 4, 10))
_LOW_HALF, _HALF = np.uint64((1 << 32) - 1), np.uint64(32)
_HIDDEN = np.uint64(1 << 52)
_FRACTION, _EXPONENT, _SIGN = np.uint64((1 << 52) - 1), np.uint64(52), np.uint64(63)


@cache
def powers_of_ten() -> NDArray[np.uint64]:
    """The first 128 bits of each power of ten, rounded up, as two words: high, then low.

    Example:
        >>> [hex(word) for word in powers_of_ten()[-_SMALLEST + 1].tolist()]  # 10 is 0b1010
        ['0xa000000000000000', '0x0']
    """
    words = []
    for exponent in range(_SMALLEST, _LARGEST + 1):
        power = 10 ** abs(exponent)
        size = power.bit_length()
        if exponent < 0:
            bits = -(-(1 << (127 + size)) // power)
        else:
            bits = power << (128 - size) if size <= 128 else -(-power >> (size - 128))
        words += (bits >> 64, bits & ((1 << 64) - 1))
    return np.array(words, np.uint64).reshape(-1, 2)


@jit
def high_word(a, b):
    """The upper 64 bits of a product of 128."""
    a_low, a_high, b_low, b_high = a & _LOW_HALF, a >> _HALF, b & _LOW_HALF, b >> _HALF
    middle = a_high * b_low + (a_low * b_low >> _HALF)
    other = a_low * b_high + (middle & _LOW_HALF)
    return a_high * b_high + (middle >> _HALF) + (other >> _HALF)


@jit
def scaled(high, low, factor):
    """The integer part of a product, its last bit set where anything was cut off.

    The power is too large by less than one unit of its last bit, which alone sets nothing.
    """
    cut = high * factor
    below = cut + high_word(low, factor)
    whole = high_word(high, factor) + (_ONE if below < cut else _ZERO)
    return whole | (_ONE if below > _ONE else _ZERO)


@jit
def shortest(fraction, exponent, powers):
    """Digits and the power of ten they are multiplied by, of a positive double by its parts."""
    if exponent:
        c, q = fraction | _HIDDEN, exponent - 1075
    else:
        c, q = fraction, np.int64(-1074)
    odd = c & _ONE  # then the ends of the interval are not read back as the double
    # A power of two is nearer to the double below than to that above.
    even_gaps = fraction != _ZERO or exponent <= 1
    k = (q * _LOG10_2 + (0 if even_gaps else _LOG10_THREE_QUARTERS)) >> _SHIFT
    high, low = powers[-k - _SMALLEST, 0], powers[-k - _SMALLEST, 1]
    shift = np.uint64(q + ((-k * _LOG2_10) >> _SHIFT) + 1)
    # In quarters: the double, and its interval without those ends that do not count.
    value = scaled(high, low, (_FOUR * c) << shift)
    least = scaled(high, low, (_FOUR * c - (_TWO if even_gaps else _ONE)) << shift) + odd
    most = scaled(high, low, (_FOUR * c + _TWO) << shift) - odd
    s = value // _FOUR
    if s >= _TEN:
        tens = s // _TEN
        below, above = least <= _FOUR * _TEN * tens, _FOUR * _TEN * (tens + _ONE) <= most
        if below != above:
            return tens + (_ONE if above else _ZERO), k + 1
    below, above = least <= _FOUR * s, _FOUR * (s + _ONE) <= most
    if below != above:
        return s + (_ONE if above else _ZERO), k
    half = _FOUR * s + _TWO
    return s + (_ONE if value > half or (value == half and s & _ONE) else _ZERO), k


@jit
def count_digits(value):
    """How many decimal digits an unsigned integer has."""
    count, limit = 1, _TEN
    while value >= limit and count < 20:
        count += 1
        limit *= _TEN  # 10^20 overflows: no value is compared with it
    return count


@jit
def write_digits(value, count, out, at):
    """Writes an unsigned integer of ``count`` digits; returns where it ends."""
    for place in range(at + count - 1, at - 1, -1):
        rest = value // _TEN
        out[place] = 48 + (value - rest * _TEN)
        value = rest
    return at + count


@jit
def write_zeros(count, out, at):
    for place in range(at, at + count):
        out[place] = 48
    return at + max(count, 0)


@jit
def write_float(bits, powers, out, at):
    """Writes the double of these bits from ``out[at]`` on; returns where it ends."""
    fraction, exponent = bits & _FRACTION, np.int64((bits >> _EXPONENT) & np.uint64(0x7FF))
    special = exponent == 0x7FF
    if special and fraction:
        out[at], out[at + 1], out[at + 2] = 110, 97, 110  # nan
        return at + 3
    if bits >> _SIGN:
        out[at] = 45  # minus
        at += 1
    if special:
        out[at], out[at + 1], out[at + 2] = 105, 110, 102  # inf
        return at + 3
    if exponent == 0 and fraction == _ZERO:
        digits, k = _ZERO, np.int64(0)
    else:
        digits, k = shortest(fraction, exponent, powers)
        while digits // _TEN * _TEN == digits:
            digits //= _TEN
            k += 1
    count = count_digits(digits)
    point = count + k  # digits before the point
    if 0 < point <= 16:
        if point >= count:
            at = write_zeros(point - count, out, write_digits(digits, count, out, at))
            out[at], out[at + 1] = 46, 48
            return at + 2
        end = write_digits(digits, count, out, at + 1)
        for place in range(at, at + point):
            out[place] = out[place + 1]
        out[at + point] = 46
        return end
    if -4 < point <= 0:
        out[at], out[at + 1] = 48, 46
        return write_digits(digits, count, out, write_zeros(-point, out, at + 2))
    end = write_digits(digits, count, out, at + 1)
    out[at] = out[at + 1]
    if count == 1:
        end = at + 1
    else:
        out[at + 1] = 46
    out[end], out[end + 1] = 101, 45 if point < 1 else 43  # e, and the sign
    power = np.uint64(abs(point - 1))
    return write_digits(power, max(2, count_digits(power)), out, end + 2)

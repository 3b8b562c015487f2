"""Parses the bytes of an edge list.

The text is cut at newlines into blocks. :func:`parse_edges` goes through one: lines of the shape
"digits, separator, digits" take a short path, every other line is taken apart into its columns.
Numbers are parsed by hand; a decimal whose rounding needs more than twice the precision of a
double (about one in 2^40) is left to the caller, who finds its position in place of its value.
"""

from __future__ import annotations

import numpy as np

from .parallel import jit

# What `parse_edges` writes into `found` for each block.
ROWS, CODE, LINE, FROM, TO = range(5)
# What can be wrong with a line. Of TOO_FEW, FROM is the number of columns.
FINE, TOO_FEW, NOT_INTEGER, TOO_LARGE, NOT_NUMBER, NOT_FINITE, OPEN_QUOTE, NO_NAME, LONG_NAME = \
    range(9)
# What `layout` says: the bytes that separate columns, which columns to take, and what ids are.
SEP, SEP2, SOURCE, TARGET, WEIGHT, NAMES = range(6)
#: In names mode an id is ``position + (length << NAME_SHIFT)``.
NAME_SHIFT = 44
MAX_NAME = 1 << 16
#: A weight that the caller has to parse is a NaN that carries its position.
HARD = 0x7FF8 << 48

_ZERO, _MINUS, _PLUS, _POINT, _QUOTE = np.uint8(48), 45, 43, 46, 34
_TAB, _NEWLINE, _RETURN, _SPACE, _HASH, _PERCENT = 9, 10, 13, 32, 35, 37

_POWER_LIMIT = 270
# Each power as a double and what that leaves over. A quotient of integers is rounded once, and
# fractions would take ten times as long wherever this is imported.
_TENS = [10**k for k in range(_POWER_LIMIT + 1)]
_POWER = np.array([1 / p for p in _TENS[:0:-1]] + [float(p) for p in _TENS])
_POWER_REST = np.array(
    [(d - n * p) / (d * p) for p in _TENS[:0:-1] for n, d in [(1 / p).as_integer_ratio()]]
    + [float(p - int(float(p))) for p in _TENS])


def count_lines(block, _stop, cuts, data, lines, scratch):
    """Number of newlines in a block into ``lines[block]``.

    Plain numpy: its vector instructions are three times as fast as what numba makes of a loop.
    """
    for low in range(int(cuts[block]), int(cuts[block + 1]), len(scratch)):
        piece = data[low : min(low + len(scratch), int(cuts[block + 1]))]
        is_newline = np.equal(piece, 10, out=scratch[: len(piece)])
        lines[block] += np.count_nonzero(is_newline)


@jit
def parse_edges(block, _stop, cuts, first_row, data, layout, source, target, weight, bits, found):
    """Parses the lines of a block into rows from ``first_row[block]``; stops at a bad one.

    ``bits`` is ``weight`` seen as int64; both are empty where no weight is wanted.
    """
    one = np.uint64(1)
    nine, point_zero = np.uint8(9), np.uint8(48)
    newline, carriage = np.uint8(10), np.uint8(13)
    sep, sep2 = np.uint8(layout[SEP]), np.uint8(layout[SEP2])
    weighted = layout[WEIGHT] >= 0
    plain = layout[NAMES] == 0 and layout[SOURCE] == 0 and layout[TARGET] == 1 and (
        not weighted or layout[WEIGHT] == 2)
    stop = cuts[block + 1]
    safe = stop  # up to here every run of digits ends before the block does
    while safe > cuts[block] and data[safe - 1] != newline:
        safe -= 1
    row = first_row[block]
    begin = cuts[block]
    while begin < stop:
        if plain and begin < safe:
            # Unsigned positions spare the check for a negative index in the hottest loop.
            p = np.uint64(begin)
            u = np.int64(0)
            digit = np.uint8(data[p] - point_zero)
            while digit <= nine:
                u = u * 10 + np.int64(digit)
                p += one
                digit = np.uint8(data[p] - point_zero)
            first_end = p
            if data[p] == sep or data[p] == sep2:
                p += one
                second = p
                v = np.int64(0)
                digit = np.uint8(data[p] - point_zero)
                while digit <= nine:
                    v = v * 10 + np.int64(digit)
                    p += one
                    digit = np.uint8(data[p] - point_zero)
                at = np.int64(p)
                width = np.int64(first_end) - begin
                if 0 < width < 19 and 0 < at - np.int64(second) < 19:
                    if weighted:
                        if data[p] == sep or data[p] == sep2:
                            value, p = read_decimal(data, p + one)
                            if p > 0:
                                while data[p] == sep or data[p] == sep2:
                                    while data[p] != newline:
                                        p += one
                                if data[p] == carriage and data[p + one] == newline:
                                    p += one
                                if data[p] == newline:
                                    source[row], target[row], weight[row] = u, v, value
                                    row += 1
                                    begin = np.int64(p) + 1
                                    continue
                    elif data[p] == newline:
                        source[row], target[row] = u, v
                        row += 1
                        begin = at + 1
                        continue
                    elif data[p] == sep or data[p] == sep2 or (
                            data[p] == carriage and data[p + one] == newline):
                        while data[at] != newline:
                            at += 1
                        source[row], target[row] = u, v
                        row += 1
                        begin = at + 1
                        continue
        end = begin
        while end < stop and data[end] != newline:
            end += 1
        code, low, high = parse_line(data, begin, end, layout, source, target, weight, bits, row)
        if code > 0:
            found[block, CODE], found[block, LINE] = code, begin
            found[block, FROM], found[block, TO] = low, high
            break
        if code == FINE:
            row += 1
        begin = end + 1
    found[block, ROWS] = row - first_row[block]


@jit
def parse_line(data, begin, end, layout, source, target, weight, bits, row):
    """One line of any shape into a row. Returns ``FINE``, -1 (no edge here) or what is wrong,
    and where the wrong word begins and ends."""
    p = begin
    while p < end and (data[p] == _SPACE or data[p] == _TAB or data[p] == _RETURN):
        p += 1
    if p == end or data[p] == _HASH or data[p] == _PERCENT:
        return -1, p, p
    sep, sep2 = layout[SEP], layout[SEP2]
    if sep == _SPACE or sep2 == _SPACE:
        begin = p
    last = max(layout[SOURCE], layout[TARGET], layout[WEIGHT])
    column = 0
    p = begin
    while column <= last:
        if p > end:
            return TOO_FEW, column, column
        low, high, p = next_word(data, p, end, sep, sep2)
        if low < 0:
            return OPEN_QUOTE, high, end
        if low == high and p > end and column > 0 and (sep == _SPACE or sep2 == _SPACE):
            return TOO_FEW, column, column  # blanks at the end of the line, not a column
        if column == layout[SOURCE] or column == layout[TARGET]:
            if low == high:
                return NO_NAME, column, column
            if layout[NAMES] == 1:
                if high - low > MAX_NAME:
                    return LONG_NAME, low, low + 40
                value = low + ((high - low) << NAME_SHIFT)
            else:
                status, value = read_integer(data, low, high)
                if status != FINE:
                    return status, low, high
            if column == layout[SOURCE]:
                source[row] = value
            if column == layout[TARGET]:
                target[row] = value
        elif column == layout[WEIGHT]:
            status, number = read_number(data, low, high)
            if status > 0:
                return status, low, high
            weight[row] = number
            if status < 0:
                bits[row] = HARD | low
        column += 1
    return FINE, p, p


@jit
def next_word(data, p, end, sep, sep2):
    """The word of the column that begins at ``p``, and where the next column begins.

    The next column of the last one begins past ``end``. A quote that never closes is ``(-1, its
    position, ...)``.
    """
    blanks = sep == _SPACE or sep2 == _SPACE
    while p < end and (data[p] == _SPACE or data[p] == _TAB) and (blanks or data[p] != sep):
        p += 1
    low = p
    if p < end and data[p] == _QUOTE:
        p += 1
        while p < end:
            if data[p] == _QUOTE:
                if p + 1 < end and data[p + 1] == _QUOTE:
                    p += 1
                else:
                    break
            p += 1
        if p == end:
            return -1, low, p
        high = p
        low += 1
        p += 1
        while p < end and data[p] != sep and data[p] != sep2:
            if data[p] != _SPACE and data[p] != _TAB and data[p] != _RETURN:
                return -1, low - 1, p
            p += 1
    else:
        while p < end and data[p] != sep and data[p] != sep2:
            p += 1
        high = p
        while high > low and (data[high - 1] == _SPACE or data[high - 1] == _TAB
                              or data[high - 1] == _RETURN):
            high -= 1
    return low, high, p + 1


@jit
def read_integer(data, low, high):
    """``(FINE, value)`` of an int64 in decimal, or what is wrong with it."""
    p = low
    negative = data[p] == _MINUS
    if negative or data[p] == _PLUS:
        p += 1
    if p == high:
        return NOT_INTEGER, 0
    value = 0  # kept negative: the least int64 has no positive twin
    large = False
    while p < high:
        digit = np.int64(data[p]) - 48
        if digit < 0 or digit > 9:
            return NOT_INTEGER, 0
        if value < -922337203685477580 or (value == -922337203685477580 and digit > 8):
            large = True
        else:
            value = value * 10 - digit
        p += 1
    if large or (not negative and value == -9223372036854775808):
        return TOO_LARGE, 0
    return FINE, value if negative else -value


@jit
def read_decimal(data, p):
    """The usual shape of a number, "digits, point, digits" of 19 at most, before a newline.

    Returns the number and where it ends, 0 if it has another shape.
    """
    one, nine, point_zero = np.uint64(1), np.uint8(9), np.uint8(48)
    minus = data[p] == np.uint8(_MINUS)
    if minus:
        p += one
    first = p
    mantissa = np.uint64(0)
    digit = np.uint8(data[p] - point_zero)
    while digit <= nine:
        mantissa = mantissa * np.uint64(10) + np.uint64(digit)
        p += one
        digit = np.uint8(data[p] - point_zero)
    count = np.int64(p - first)
    exponent = 0
    if data[p] == np.uint8(_POINT):
        p += one
        first = p
        digit = np.uint8(data[p] - point_zero)
        while digit <= nine:
            mantissa = mantissa * np.uint64(10) + np.uint64(digit)
            p += one
            digit = np.uint8(data[p] - point_zero)
        exponent = -np.int64(p - first)
        count -= exponent
    if count == 0 or count > 19:
        return 0.0, np.uint64(0)
    if mantissa <= np.uint64(1 << 53) and exponent >= -22:
        value = np.float64(mantissa) / _POWER[_POWER_LIMIT - exponent]
    else:
        value = scaled(mantissa, exponent)
        if value < 0:
            return 0.0, np.uint64(0)
    return -value if minus else value, p


@jit
def read_number(data, low, high):
    """``(FINE, value)`` of a decimal number, ``(-1, 0)`` if it is one that needs more precision
    than there is here, or what is wrong with it."""
    p = low
    negative = p < high and data[p] == _MINUS
    if p < high and (negative or data[p] == _PLUS):
        p += 1
    if p < high and ((data[p] | 32) == 110 or (data[p] | 32) == 105):  # "nan", "inf"
        return NOT_FINITE if high - p == 3 or high - p == 8 else NOT_NUMBER, 0.0
    mantissa = np.uint64(0)
    digits = 0
    exponent = 0
    seen = False
    rest = False
    point = False
    while p < high:
        c = np.int64(data[p])
        if 48 <= c <= 57:
            seen = True
            if digits < 19:
                mantissa = mantissa * np.uint64(10) + np.uint64(c - 48)
                digits += mantissa > np.uint64(0)
                exponent -= point
            else:
                rest |= c != 48
                exponent += not point
        elif c == _POINT and not point:
            point = True
        else:
            break
        p += 1
    if not seen:
        return NOT_NUMBER, 0.0
    if p < high:
        if (data[p] | 32) != 101 or p + 1 == high:
            return NOT_NUMBER, 0.0
        p += 1
        sign = 1
        if data[p] == _MINUS or data[p] == _PLUS:
            sign = -1 if data[p] == _MINUS else 1
            p += 1
        if p == high:
            return NOT_NUMBER, 0.0
        power = 0
        while p < high:
            c = np.int64(data[p])
            if c < 48 or c > 57:
                return NOT_NUMBER, 0.0
            power = min(power * 10 + c - 48, 1 << 30)
            p += 1
        exponent += sign * power
    if mantissa > np.uint64(0) and digits + exponent > 310:
        return NOT_FINITE, 0.0
    value = 0.0
    if mantissa > np.uint64(0):
        if mantissa <= np.uint64(1 << 53) and not rest and -22 <= exponent <= 22:
            value = np.float64(mantissa)  # both factors are exact: one rounding
            if exponent < 0:
                value /= _POWER[_POWER_LIMIT - exponent]
            else:
                value *= _POWER[_POWER_LIMIT + exponent]
        elif exponent < -_POWER_LIMIT or exponent > _POWER_LIMIT:
            return -1, 0.0
        else:
            value = scaled(mantissa, exponent)
            # Digits past the 19th matter only if the next mantissa is rounded to another double.
            if value < 0 or (rest and scaled(mantissa + np.uint64(1), exponent) != value):
                return -1, 0.0
    return FINE, -value if negative else value


@jit
def scaled(mantissa, exponent):
    """``mantissa * 10^exponent`` rounded correctly, or -1 where twice a double cannot tell."""
    upper, lower = np.float64(mantissa), 0.0
    if mantissa > np.uint64(1 << 53):
        upper = np.float64(mantissa >> np.uint64(11)) * 2048.0
        lower = np.float64(mantissa & np.uint64(2047))
    power, power_rest = _POWER[_POWER_LIMIT + exponent], _POWER_REST[_POWER_LIMIT + exponent]
    product = upper * power
    # The exact error of the product, by Dekker's splitting.
    cut = upper * 134217729.0
    upper_high = cut - (cut - upper)
    upper_low = upper - upper_high
    cut = power * 134217729.0
    power_high = cut - (cut - power)
    power_low = power - power_high
    error = ((upper_high * power_high - product) + upper_high * power_low
             + upper_low * power_high) + upper_low * power_low
    error += upper * power_rest + lower * power
    total = product + error
    error -= total - product
    doubt = total * 2.0 ** -90
    if total + (error - doubt) != total + (error + doubt):
        return -1.0
    return total + error

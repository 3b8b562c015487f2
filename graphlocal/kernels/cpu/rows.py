"""Writes the rows of a table as text: numbers are formatted here, other fields arrive as bytes."""

from __future__ import annotations

import numpy as np

from .float_text import LONGEST_FLOAT, count_digits, write_digits, write_float
from .parallel import jit

#: What a column can be: any other number is that of a column of text.
INTEGER, FLOAT = -1, -2
#: Bytes of the longest number; no integer is longer than -9223372036854775808.
LONGEST_NUMBER = LONGEST_FLOAT


@jit
def write_rows(start, stop, kinds, numbers, lengths, text, text_at, separator, powers, out, out_at):
    """Writes rows from ``out_at[start]`` on; returns where the last one ends.

    Args:
        kinds: Of each column ``INTEGER``, ``FLOAT`` or its row in ``lengths``.
        numbers: A row for every column of numbers: integers, or doubles seen as integers.
        lengths: Bytes of each field of text, a row for every such column.
        text: The bytes of those fields, row by row.
        text_at: Where those of each row begin.
        separator: Between two columns.
        powers: From :func:`~graphlocal.kernels.cpu.float_text.powers_of_ten`.
        out: The bytes that are written.
        out_at: Where each row may begin: the rows before it cannot be longer.
    """
    at, read = out_at[start], text_at[start]
    for row in range(start, stop):
        column = 0
        for c in range(len(kinds)):
            if c:
                out[at] = separator
                at += 1
            if kinds[c] >= 0:
                for _ in range(lengths[kinds[c], row]):
                    out[at] = text[read]
                    at += 1
                    read += 1
                continue
            number = numbers[column, row]
            column += 1
            value = np.uint64(number)
            if kinds[c] == FLOAT:
                at = write_float(value, powers, out, at)
                continue
            if number < 0:
                out[at] = 45  # minus
                at += 1
                value = np.uint64(0) - value  # also of the smallest, which has no positive twin
            at = write_digits(value, count_digits(value), out, at)
        out[at] = 10  # newline
        at += 1
    return at

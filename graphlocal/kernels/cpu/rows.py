"""Writes the rows of a table as text: integers are formatted here, other fields arrive as bytes."""

from __future__ import annotations

import numpy as np

from .parallel import jit

#: Bytes of the longest integer, -9223372036854775808.
LONGEST_INTEGER = 20


@jit
def write_rows(kinds, integers, lengths, text, separator, out):
    """Writes all rows into ``out`` and returns the number of bytes.

    ``kinds[c]`` is the column's row in ``integers`` where it is not negative, else ``-1 - t`` for
    column ``t`` of ``lengths``; ``text`` holds the bytes of those, row by row.
    """
    at = 0
    read = 0
    digits = np.empty(LONGEST_INTEGER, np.uint8)
    rows = integers.shape[1] if integers.shape[0] else lengths.shape[1]
    for row in range(rows):
        for c in range(len(kinds)):
            if c:
                out[at] = separator
                at += 1
            if kinds[c] < 0:
                for _ in range(lengths[-1 - kinds[c], row]):
                    out[at] = text[read]
                    at += 1
                    read += 1
                continue
            value = integers[kinds[c], row]
            if value < 0:
                out[at] = 45  # minus
                at += 1
                # The smallest int64 has no positive twin: one less has.
                rest = np.uint64(-(value + 1)) + np.uint64(1)
            else:
                rest = np.uint64(value)
            count = 0
            while count == 0 or rest:
                digits[count] = 48 + rest % np.uint64(10)
                rest //= np.uint64(10)
                count += 1
            while count:
                count -= 1
                out[at] = digits[count]
                at += 1
        out[at] = 10  # newline
        at += 1
    return at

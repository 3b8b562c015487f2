"""Rows of a table as delimited text, and back."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ...graph import checks
from ...kernels.cpu.float_text import powers_of_ten
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ...kernels.cpu.rows import FLOAT, INTEGER, LONGEST_NUMBER, write_rows

# Rows turned into Python objects at a time: a bound on memory that costs no speed.
_ROWS = 1 << 16
# Bytes that take as long to write as what other kernels do with one edge.
_BYTES = 8


def write_header(columns: dict[str, NDArray[Any]], file: Any, separator: str) -> None:
    """The line of names."""
    csv.writer(file, delimiter=separator, lineterminator="\n").writerow(columns)


def chunks(columns: dict[str, NDArray[Any]], separator: str) -> Iterator[str]:
    """The lines, many at a time."""
    arrays = list(columns.values())
    for start in range(0, len(arrays[0]), _ROWS):
        yield _rows_text([array[start : start + _ROWS] for array in arrays], separator)


def _rows_text(columns: list[NDArray[Any]], separator: str) -> str:
    """The lines of some rows."""
    kinds, numbers, fields = [], [], []
    for column in columns:
        if column.dtype.kind == "f" and np.can_cast(column.dtype, np.float64):
            kinds.append(FLOAT)
            numbers.append(column.astype(np.float64).view(np.int64))
        elif column.dtype.kind != "b" and np.can_cast(column.dtype, np.int64):
            kinds.append(INTEGER)
            numbers.append(column)
        else:
            kinds.append(len(fields))
            fields.append(_fields(column, separator))
    rows = len(columns[0])
    text = list(chain.from_iterable(zip(*fields, strict=True)))
    data = "".join(text).encode()
    lengths = np.fromiter(map(len, text), np.int64, len(text))
    if len(data) != lengths.sum():  # not only ASCII: letters of several bytes
        lengths = np.fromiter((len(field.encode()) for field in text), np.int64, len(text))
    lengths = lengths.reshape(rows, len(fields)).T
    text_at = np.zeros(rows + 1, np.int64)
    np.cumsum(lengths.sum(0), out=text_at[1:])
    out_at = text_at + np.arange(rows + 1) * (len(numbers) * LONGEST_NUMBER + len(columns))
    out = np.empty(out_at[-1], np.uint8)
    blocks = row_blocks(out_at // _BYTES)
    ends = run_blocks(
        write_rows, blocks, np.array(kinds), np.array(numbers, np.int64).reshape(-1, rows),
        lengths.copy(), np.frombuffer(data, np.uint8), text_at, ord(separator), powers_of_ten(),
        out, out_at)
    return b"".join(out[at:end] for at, end in zip(out_at[blocks], ends, strict=False)).decode()


def _fields(column: NDArray[Any], separator: str) -> list[str]:
    """Numbers so that they read back the same; text in quotes where a reader would need them."""
    if column.dtype.kind not in "OSU":
        return list(map(repr, column.tolist()))
    special = re.compile(f'[{re.escape(separator)}"\r\n]')
    return ['"' + field.replace('"', '""') + '"' if special.search(field) else field
            for field in map(str, column.tolist())]


def read_columns(file: IO[str], separator: str, name: str) -> dict[str, list[str]]:
    """Names of the columns, each with its fields."""
    reader = csv.reader(file, delimiter=separator)
    header = next(reader, [])
    if len(set(header)) < len(header):
        checks.fail_file(name, "two columns of one name", "a name for every column", line=1)
    rows = []
    try:
        for row in reader:
            if len(row) != len(header):
                checks.fail_file(name, f"{len(row)} fields", f"{len(header)}, as in the first line",
                                 line=reader.line_num)
            rows.append(row)
    except csv.Error as error:
        checks.fail_file(name, f"what is no table ({error})", "rows of fields",
                         line=reader.line_num)
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True)) if rows else {
        column: [] for column in header}


def parse(fields: list[str], *, key: bool = False) -> NDArray[Any]:
    """Whole numbers, other numbers, truth values or text: the first that all fields are.

    An empty field among numbers is NaN. Of ``key`` columns only whole numbers in their plain form
    are taken for numbers: ``007`` stays what it is.

    Example:
        >>> parse(["1", "2"]).tolist(), parse(["1", ""]).tolist(), parse(["007"], key=True).tolist()
        ([1, 2], [1.0, nan], ['007'])
    """
    if not fields:
        return np.zeros(0, np.int64 if key else np.float64)
    try:
        numbers = [int(field) for field in fields]
        if all(map(str.__eq__, map(str, numbers), fields)):
            return np.array(numbers)
    except (ValueError, OverflowError):
        pass
    if not key:
        try:
            return np.array([float(field) if field else np.nan for field in fields])
        except ValueError:
            pass
        if set(fields) <= {"True", "False"}:
            return np.array([field == "True" for field in fields])
    return np.array(fields, object)

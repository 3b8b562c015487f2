"""Edge lists in Parquet files, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.cpu.text import NAME_SHIFT
from .. import checks
from ..edge_list import SOURCES, TARGETS, WEIGHTS, EdgeList
from ..labels import decode_names, number_names
from .chunks import Chunk


def read_parquet(
    name: str, content: Any, weight: bool | str | int | None = None, ids: str = "auto"
) -> EdgeList:
    """The edges of a Parquet file, see :func:`parquet_chunks`."""
    chunks = list(parquet_chunks(name, content, 1 << 20, weight, ids))
    if not chunks:
        return EdgeList(np.empty((2, 0), np.int64))
    weights = [chunk.weight for chunk in chunks if chunk.weight is not None]
    data = [chunk.data for chunk in chunks if chunk.data is not None]
    at = 0
    for chunk in chunks:
        if chunk.data is not None:  # places in all of the data
            chunk.edge_index[:] += at
            at += len(chunk.data)
    index = np.concatenate([chunk.edge_index for chunk in chunks], axis=1)
    names = None
    if data:
        letters = np.concatenate(data)
        letters.flags.writeable = False
        names = decode_names(letters.tobytes(), number_names(letters, index))
    return EdgeList(index, np.concatenate(weights) if weights else None, names)


def parquet_chunks(
    name: str, source: Any, rows: int, weight: bool | str | int | None = None, ids: str = "auto"
) -> Iterator[Chunk]:
    """The edges of a Parquet file, in pieces of about so many rows.

    Columns called like ``source`` and ``target`` are taken where there are such, else the first
    two of integers or text; a column called ``weight`` is taken as in text.

    Args:
        name: The file's name in messages.
        source: Path, or what holds its bytes.
        rows: Rows of a piece.
        weight: As in :func:`graphlocal.graph.read`.
        ids: Likewise.

    Raises:
        GraphError: If pyarrow is not installed, the file is damaged or has no such columns, or an
            id or weight is missing.
    """
    checks.check_installed("pyarrow", "source", f"'{name}', a Parquet file")
    checks.check_choice(ids, "ids", ("auto", "int", "str"))
    import pyarrow as pa
    from pyarrow import parquet

    where = source if isinstance(source, str) else pa.BufferReader(pa.py_buffer(source))
    try:
        with parquet.ParquetFile(where) as file:
            columns = _columns(name, file.schema_arrow, weight, ids)
            done, total = 0, max(1, file.metadata.num_rows)
            for batch in file.iter_batches(batch_size=rows, columns=list(dict.fromkeys(columns)),
                                           use_threads=False):
                arrays = [batch.column(column) for column in columns]
                yield _chunk(name, arrays, columns, ids, done, total)
                done += len(batch)
    except (pa.ArrowException, OSError) as error:
        checks.fail_file(name, f"what pyarrow cannot read ({error})", "a Parquet file")


def _columns(name: str, schema: Any, weight: bool | str | int | None, ids: str) -> list[str]:
    """Names of the columns of sources, targets and, where there are any, weights."""
    import pyarrow as pa

    names = list(schema.names)
    lower = [column.lower() for column in names]
    found = [next((i for i, word in enumerate(lower) if word in known), -1)
             for known in (SOURCES, TARGETS)]
    if min(found) < 0:
        fit = [i for i, field in enumerate(schema)
               if (pa.types.is_integer(field.type) or _is_text(field.type))
               and not field.name.startswith("__index_level_")]
        if len(fit) < 2:
            checks.fail_file(name, "columns " + ", ".join(names), "two columns of ids, integers or "
                             "text", "call them source and target")
        found = fit[:2]
    for i in found:
        kind = schema.field(i).type
        if not (pa.types.is_integer(kind) or _is_text(kind)):
            checks.fail_file(name, f"{kind} in column '{names[i]}'", "integers or text as ids")
        if ids == "int" and not pa.types.is_integer(kind):
            checks.fail_file(name, f"{kind} in column '{names[i]}'", "integers, because of "
                             "ids='int'", "leave it out, or pass ids='str' for every file")
    column = _weight_column(name, lower, weight)
    if column >= 0:
        kind = schema.field(column).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)
                or pa.types.is_decimal(kind)):
            checks.fail_file(name, f"{kind} in column '{names[column]}'", "numbers as weights",
                             "pass weight=False to leave the column out")
        found.append(column)
    return [names[i] for i in found]


def _weight_column(name: str, lower: list[str], weight: bool | str | int | None) -> int:
    if weight is False:
        return -1
    if weight is None or weight is True:
        column = next((i for i, word in enumerate(lower) if word in WEIGHTS), -1)
        if column < 0 and weight is True:
            checks.fail_file(name, "columns " + ", ".join(lower), "a column called 'weight', "
                             "because weight=True", "pass its name, or weight=False")
        return column
    if isinstance(weight, str):
        if weight.lower() not in lower:
            checks.fail("weight", repr(weight), "a column of " + ", ".join(lower))
        return lower.index(weight.lower())
    return checks.check_count(weight, "weight", most=len(lower) - 1)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or (
        pa.types.is_string_view(kind))


def _chunk(
    name: str, arrays: list[Any], columns: list[str], ids: str, done: int, total: int
) -> Chunk:
    import pyarrow as pa

    for column, array in zip(columns, arrays, strict=True):
        if array.null_count:
            row = done + int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
            checks.fail_file(name, f"nothing in row {row:,} of column '{column}'",
                             "an id" if column in columns[:2] else "a number",
                             "rows are counted from 0")
    share = (done + len(arrays[0])) / total
    weight = None
    if len(arrays) == 3:
        weight = np.array(arrays[2].cast(pa.float64()), np.float64)
        bad = np.flatnonzero(~np.isfinite(weight))
        if bad.size:
            checks.fail_file(name, f"{weight[bad[0]]} in row {done + int(bad[0]):,} of column "
                             f"'{columns[2]}'", "a finite weight", "drop or repair the row")
    edge_index = np.empty((2, len(arrays[0])), np.int64)
    if ids != "str" and all(pa.types.is_integer(array.type) for array in arrays[:2]):
        for row, array in zip(edge_index, arrays, strict=False):
            row[:] = checks.check_integers(array.to_numpy(zero_copy_only=False), f"source {name}")
        return Chunk(edge_index, weight, None, share)
    data: list[NDArray[np.uint8]] = []
    at = 0
    for row, array in zip(edge_index, arrays, strict=False):
        letters = _text(name, array, row, at)
        data.append(letters)
        at += len(letters)
    joined = np.concatenate(data)
    joined.flags.writeable = False  # as the bytes of a text are: kernels compile once
    return Chunk(edge_index, weight, joined, share)


def _text(name: str, array: Any, places: NDArray[np.int64], at: int) -> NDArray[np.uint8]:
    """The letters of a column; ``places`` becomes where each text is, from ``at`` on."""
    import pyarrow as pa
    from pyarrow import compute

    # Read back as the quotes of a text file are.
    array = compute.replace_substring(array.cast(pa.large_string()), '"', '""')
    buffers = array.buffers()
    offsets = np.frombuffer(buffers[1], np.int64)[array.offset : array.offset + len(array) + 1]
    letters = np.frombuffer(buffers[2] or b"", np.uint8)[: int(offsets[-1])]
    lengths = np.diff(offsets)
    if len(lengths) and lengths.min() == 0:
        checks.fail_file(name, "an empty text", "an id")
    if len(lengths) and lengths.max() > 1 << 16:
        checks.fail_file(name, f"a name of {lengths.max():,} bytes", f"at most {1 << 16:,} bytes")
    if len(letters) and letters.min() == 0:
        checks.fail_file(name, "a zero byte", "text", "names cannot hold one")
    places[:] = offsets[:-1] + at + (lengths << NAME_SHIFT)
    return letters

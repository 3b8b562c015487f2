"""Reads edge lists in text: finds out how a file is written, then parses it on all threads."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..kernels.cpu import text as kernel
from ..kernels.cpu.parallel import run_blocks
from . import checks
from .labels import decode_names, number_names
from .sources import Buffer, open_source

#: Bytes of text that one call of the parser goes through.
BLOCK_BYTES = 1 << 20

SOURCES = {"source", "src", "from", "fromnodeid", "from_node_id", "node1", "node_1", "source_id",
            "sourceid", "id1", "id_1", "node_a"}
TARGETS = {"target", "dst", "dest", "destination", "to", "tonodeid", "to_node_id", "node2",
            "node_2", "target_id", "targetid", "id2", "id_2", "node_b"}
WEIGHTS = {"weight", "weights", "edge_weight"}
_INTEGER = re.compile(rb"[+-]?[0-9]+")
_NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(rb"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_WORD = re.compile(rb'"(?:[^"]|"")*"|\S+')


@dataclass(frozen=True)
class EdgeList:
    """Edges as a file lists them: direction, order, loops and repetitions kept.

    Args:
        edge_index: The ids as they stand, or positions in ``names``.
        weight: Weights, where the file has them.
        names: Ids that are not integers, in order of first appearance.

    Shapes:
        - **edge_index:** :math:`(2, E)` int64
        - **weight:** :math:`(E)` float64

    Example:
        >>> EdgeList(np.array([[0, 1], [1, 1]])).edge_index[0].tolist()
        [0, 1]
    """

    edge_index: NDArray[np.int64]
    weight: NDArray[np.float64] | None = None
    names: NDArray[Any] | None = None


@dataclass(frozen=True)
class Layout:
    """How a file is written: where its lines of data begin, and what is in their columns."""

    start: int
    sep: bytes | None  # None: any run of blanks
    source: int
    target: int
    weight: int
    names: bool


def read_edges(
    source: Any,
    *,
    sep: str | None = None,
    header: bool | None = None,
    weight: bool | str | int | None = None,
    ids: Literal["auto", "int", "str"] = "auto",
) -> EdgeList:
    """Reads the edges of a text file as they stand, without making a graph of them.

    One edge a line, two ids and perhaps a weight; empty lines and lines that begin with ``#`` or
    ``%`` are skipped. Ids are integers if both ids of the first edge are, otherwise names.

    Args:
        source: Path, open file or bytes; gzip is unpacked.
        sep: One character between columns; ``None`` finds it (tab, comma, semicolon or blanks).
        header: Whether the first line names the columns; ``None`` finds out. Columns called
            like ``source`` and ``target`` are taken where there are such, else the first two.
        weight: Whether there are weights, or the name or position of their column. ``None``
            takes a column called ``weight``, or without a header a third column of numbers.
        ids: Whether ids are integers (``"int"``) or names (``"str"``).

    Shapes:
        - **edge_index:** :math:`(2, E)`
        - **weight:** :math:`(E)`

    Raises:
        GraphError: Naming file and line, if a line is no edge; or if there is no edge at all.

    Example:
        >>> edges = read_edges(b"source,target,weight\\nann,bob,0.5\\nbob,eve,2\\n")
        >>> edges.edge_index.tolist(), edges.names.tolist(), edges.weight.tolist()
        ([[0, 1], [1, 2]], ['ann', 'bob', 'eve'], [0.5, 2.0])
    """
    name, content = open_source(source)
    return parse_edges(name, content, sep=sep, header=header, weight=weight, ids=ids)


def parse_edges(
    name: str,
    content: Buffer,
    *,
    sep: str | None = None,
    header: bool | None = None,
    weight: bool | str | int | None = None,
    ids: Literal["auto", "int", "str"] = "auto",
) -> EdgeList:
    """:func:`read_edges` of what is already open."""
    check_text(name, content, sep, ids)
    # Returns alone end lines too, in all of a file or where files were put together.
    if has_returns(content) or content.find(b"\n") < 0:
        content = bytes(content[:]).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    layout = find_layout(name, content, sep, header, weight, ids)
    if layout is None:
        return EdgeList(np.empty((2, 0), np.int64))
    return _parse(name, content, layout)


def check_text(name: str, content: Buffer, sep: str | None, ids: str) -> None:
    """The options, and a file that begins like text."""
    checks.check_choice(ids, "ids", ("auto", "int", "str"))
    if sep is not None and (not isinstance(sep, str) or len(sep.encode()) != 1 or sep in "\r\n\""):
        checks.fail("sep", repr(sep), "one ASCII character, or None to find it")
    if content.find(b"\0", 0, 4096) >= 0:
        checks.fail_file(name, "a binary file", "text, one edge a line",
                         "known binary formats are .npz, .parquet, .gz and directories made by "
                         "CSRGraph.save; text must be UTF-8")


def has_returns(content: Buffer) -> bool:
    """Whether, near the beginning, lines end with a return alone."""
    return re.search(rb"\r[^\r\n]", content[: 1 << 16]) is not None


def data_lines(content: Buffer, start: int) -> Iterator[tuple[int, bytes]]:
    """Position and text of the lines that hold data."""
    while start < len(content):
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        line = content[start : min(end, start + (1 << 20))].strip()
        if line and line[:1] not in b"#%":
            yield start, line
        start = end + 1


def _words(line: bytes, sep: bytes | None) -> list[bytes]:
    if sep is None:
        return [word.strip(b'"') for word in _WORD.findall(line)]
    if b'"' not in line:
        return [word.strip() for word in line.split(sep)]
    row = next(csv.reader([line.decode("latin-1")], delimiter=sep.decode(), skipinitialspace=True))
    return [word.strip().encode("latin-1") for word in row]


def _find_sep(line: bytes) -> bytes | None:
    for sep in (b"\t", b",", b";"):
        words = _words(line, sep) if sep in line else []
        if len(words) >= 2 and words[0] and words[1]:
            # Blanks of any kind separate integers: tabs are sometimes doubled or mixed.
            blank = sep == b"\t" and all(words) and _INTEGER.fullmatch(words[0]) and (
                _INTEGER.fullmatch(words[1]))
            return None if blank else sep
    return None


def _is_id(word: bytes) -> bool:
    return _INTEGER.fullmatch(word) is not None and -(2**63) <= int(word) < 2**63


def find_layout(
    name: str, content: Buffer, sep: str | None, header: bool | None,
    weight: bool | str | int | None, ids: str,
) -> Layout | None:
    start = 3 if content[:3] == b"\xef\xbb\xbf" else 0
    lines = data_lines(content, start)
    first = next(lines, None)
    if first is None:
        return None
    second = next(lines, None)
    model = first[1] if second is None else second[1]
    code = _find_sep(model) if sep is None else sep.encode()
    if code is None and len(model.split()) < 2:
        code = _find_sep(first[1])
    if code == b" ":
        code = None
    top, words = _words(first[1], code), _words(model, code)
    if header is None:
        header = _is_header(top, words if second is not None else None)
    if header and second is None:
        return None
    named = [word.decode("utf-8", "replace").lower() for word in top] if header else []
    begin, row = (second[0], words) if header and second is not None else (first[0], top)
    # pandas puts the numbers of the rows first, under no name.
    source, target = (1, 2) if len(named) > 2 and not named[0] else (0, 1)
    found = [next((i for i, word in enumerate(named) if word in known), -1)
             for known in (SOURCES, TARGETS)]
    if min(found) >= 0:
        source, target = found
    column = _weight_column(name, weight, named, row, max(source, target) + 1)
    as_names = ids == "str"
    if ids == "auto":  # of a line that is too short the parser says so
        as_names = len(row) <= max(source, target) or not (
            _is_id(row[source]) and _is_id(row[target]))
    return Layout(begin, code, source, target, column, as_names)


def _is_header(top: list[bytes], words: list[bytes] | None) -> bool:
    if len(top) < 2 or any(_NUMBER.fullmatch(word) for word in top[:2]):
        return False
    lower = [word.decode("utf-8", "replace").lower() for word in top]
    if SOURCES.intersection(lower) and TARGETS.intersection(lower):
        return True
    if words is None or len(words) < 2:
        return False
    if all(_INTEGER.fullmatch(word) for word in words[:2]):
        return True
    # Names below names: a header shows only over a column of numbers.
    return any(_is_number(w) and not _is_number(t)
               for t, w in zip(top[2:], words[2:], strict=False))


def _is_number(word: bytes) -> bool:
    """Also one that is not finite, which the parser then refuses."""
    return _NUMBER.fullmatch(word) is not None or _NOT_FINITE.fullmatch(word) is not None


def _weight_column(
    name: str, weight: bool | str | int | None, named: list[str], row: list[bytes], default: int
) -> int:
    if weight is False:
        return -1
    if weight is None or weight is True:
        column = next((i for i, word in enumerate(named) if word in WEIGHTS), -1)
        if column < 0 and not named and len(row) > 2 and _is_number(row[2]):
            column = 2
        if column < 0 and weight is True:
            if len(row) <= default:
                checks.fail_file(name, f"{len(row)} columns", "a column of weights, because "
                                 "weight=True", "pass weight=False")
            column = default
        return column
    if isinstance(weight, str):
        if weight.lower() not in named:
            checks.fail("weight", repr(weight), "a column of "
                        + (", ".join(named) if named else "a file with a header"),
                        "or pass the position of the column, counted from 0")
        return named.index(weight.lower())
    column = checks.check_count(weight, "weight")
    if column >= len(row):
        checks.fail("weight", f"column {column}", f"a column below {len(row)}",
                    "columns are counted from 0")
    return column


def _parse(name: str, content: Buffer, layout: Layout) -> EdgeList:
    edge_index, weight, _ = parse_rows(name, content, layout)
    names = None
    if layout.names:
        data = np.frombuffer(content, np.uint8)
        names = decode_names(content, number_names(data, edge_index))
    return EdgeList(edge_index, weight, names)


def parse_rows(
    name: str, content: Buffer, layout: Layout, lines_before: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None, int]:
    """Edges as they stand, their weights, and the number of newlines.

    Names are left as places in the content. ``lines_before`` is what stood in the file before the
    content, so that messages name the right line.
    """
    data = np.frombuffer(content, np.uint8)
    step = max(BLOCK_BYTES, (len(data) - layout.start) // 1024 + 1)
    cuts = [layout.start]
    while cuts[-1] < len(data):
        goal = cuts[-1] + step
        end = content.find(b"\n", goal) + 1 if goal < len(data) else 0
        cuts.append(end if end > 0 else len(data))
    borders, blocks = np.array(cuts, np.int64), range(len(cuts))
    lines = np.zeros(len(cuts) - 1, np.int64)
    run_blocks(kernel.count_lines, blocks, borders, data, lines,
               scratch=lambda: (np.empty(1 << 20, np.bool_),))
    newlines = int(lines.sum())
    lines[-1] += content[len(content) - 1] != 10  # a last line without a newline
    first_row = np.concatenate([[0], np.cumsum(lines)])

    edge_index = np.empty((2, int(first_row[-1])), np.int64)
    weight = np.empty(edge_index.shape[1] if layout.weight >= 0 else 0, np.float64)
    first, second = (32, 9) if layout.sep is None else (layout.sep[0], layout.sep[0])
    how = np.array([first, second, layout.source, layout.target, layout.weight, layout.names])
    found = np.zeros((len(lines), 5), np.int64)
    run_blocks(kernel.parse_edges, blocks, borders, first_row, data, how, edge_index[0],
               edge_index[1], weight, weight.view(np.int64), found)
    bad = np.flatnonzero(found[:, kernel.CODE])
    if bad.size:
        _fail_line(name, content, layout, found[bad[0]].tolist(), lines_before)

    rows = _close_gaps(first_row, found[:, kernel.ROWS], [*edge_index, weight])
    edge_index, weight = edge_index[:, :rows], weight[:rows]
    if layout.weight >= 0:
        _parse_hard(name, content, weight, lines_before)
    if layout.names and data.min() == 0:  # numpy's text ends at one: names would look alike
        checks.fail_file(name, "a zero byte", "text", "names cannot hold one",
                         line=lines_before + _line_number(content, int(data.argmin())))
    return edge_index, weight if layout.weight >= 0 else None, newlines


def _close_gaps(
    first_row: NDArray[np.int64], rows: NDArray[np.int64], arrays: list[NDArray[Any]]
) -> int:
    """Moves blocks together where lines without an edge left room; returns the rows in all."""
    at = 0
    for begin, count in zip(first_row[:-1].tolist(), rows.tolist(), strict=True):
        if begin != at:
            for array in arrays:
                if len(array):
                    array[at : at + count] = array[begin : begin + count]
        at += count
    return at


def _parse_hard(
    name: str, content: Buffer, weight: NDArray[np.float64], lines_before: int
) -> None:
    """Parses the few weights that the kernel left, see :data:`kernel.HARD`."""
    for row in np.flatnonzero(np.isnan(weight)):
        position = int(weight[row : row + 1].view(np.int64)[0]) & ((1 << 48) - 1)
        word = _NUMBER.match(content, position)
        weight[row] = float(word.group()) if word is not None else np.nan
        if not np.isfinite(weight[row]):
            checks.fail_file(name, "a weight too large for a double", "a finite number",
                             line=lines_before + _line_number(content, position))


def _line_number(content: Buffer, position: int) -> int:
    data, step = np.frombuffer(content, np.uint8), 1 << 24
    return 1 + sum(int(np.count_nonzero(data[at : min(at + step, position)] == 10))
                   for at in range(0, position, step))


def _fail_line(
    name: str, content: Buffer, layout: Layout, found: list[int], lines_before: int
) -> None:
    _, code, begin, low, high = found
    line = lines_before + _line_number(content, begin)
    word = repr(content[low : min(high, low + 60)].decode("utf-8", "backslashreplace"))
    columns = 1 + max(layout.source, layout.target, layout.weight)
    if code == kernel.NOT_INTEGER:  # the whole line as one word: what is wrong is the separator
        end = content.find(b"\n", begin, begin + (1 << 20))
        words = _words(content[begin : end if end >= 0 else begin + (1 << 20)], layout.sep)
        if len(words) < 2:
            code, low = kernel.TOO_FEW, len(words)
    what = "source, target" + (", weight" if layout.weight >= 0 else "")
    if code == kernel.TOO_FEW:
        by = "blanks" if layout.sep is None else repr(layout.sep.decode())
        got = f"{low} column" + "s" * (low != 1)
        expected = f"{columns} ({what}) separated by {by}"
        remedy = "pass weight=False if there are no weights" if (
            layout.weight >= 0 and low > max(layout.source, layout.target)) else (
            "pass sep=... if columns are separated otherwise")
    else:
        got, expected, remedy = {
            kernel.NOT_INTEGER: (word, "an integer id like those above",
                                 "pass header=True if this line names the columns, or ids='str' "
                                 "if ids are names"),
            kernel.TOO_LARGE: (word, "an id that fits 64 bits", "pass ids='str' to keep it"),
            kernel.NOT_NUMBER: (word, "a number as weight", "pass weight=False to leave the "
                                "column out"),
            kernel.NOT_FINITE: (word, "a finite weight", "drop or repair the line, or pass "
                                "weight=False to leave the column out"),
            kernel.OPEN_QUOTE: (word, "a closing quote before the next column", ""),
            kernel.NO_NAME: (f"nothing in column {low + 1}", "an id", ""),
            kernel.LONG_NAME: (f"a name beginning {word}", f"at most {kernel.MAX_NAME} bytes", ""),
        }[code]
    checks.fail_file(name, got, expected, remedy, line=line)

"""Edge lists in text, piece by piece: the file is never mapped nor held as a whole."""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import checks
from ..edge_list import Layout, check_text, data_lines, find_layout, has_returns, parse_rows
from .chunks import Chunk, Options

#: What the way a file is written is found out from, and more where comments are long.
_HEAD = 1 << 16


@dataclass(frozen=True)
class Opened:
    """An open source: its name for messages, ``read(bytes)``, and the share that was read."""

    name: str
    read: Callable[[int], bytes]
    done: Callable[[], float | None]


@contextmanager
def opened(source: Any) -> Iterator[Opened]:
    """Opens a path, a stream or bytes for reading from the beginning; gzip is unpacked.

    Raises:
        GraphError: If there is no such file, or it cannot be read.
    """
    size = 0
    if isinstance(source, (bytes, bytearray, memoryview)):
        name, size = "<bytes>", len(source)
        stream = io.BufferedReader(io.BytesIO(source))  # type: ignore[arg-type]
    elif hasattr(source, "read"):
        given = getattr(source, "name", None)
        name = given if isinstance(given, str) else "<stream>"
        stream = io.BufferedReader(_Whole(source), 1 << 18)
    else:
        name = os.fspath(source)
        try:
            stream = open(source, "rb", buffering=1 << 18)  # noqa: SIM115
        except FileNotFoundError:
            checks.fail_file(name, "no such file", "a file")
        except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
            checks.fail_file(name, str(error), "a file that can be read")
        state = os.fstat(stream.fileno())
        size = state.st_size if stat.S_ISREG(state.st_mode) else 0
    packed = stream.peek(2)[:2] == b"\x1f\x8b"
    reader: Any = gzip.GzipFile(fileobj=stream) if packed else stream

    def read(count: int) -> bytes:
        try:
            return reader.read(count)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            checks.fail_file(name, f"damaged gzip data ({error})", "a complete .gz file",
                             "download or compress it again")
        except OSError as error:
            checks.fail_file(name, str(error), "a file that can be read")

    try:
        yield Opened(name, read, lambda: stream.tell() / size if size else None)
    finally:
        stream.close()


class _Whole(io.RawIOBase):
    """A stream of anyone, of bytes or of text, as a raw one of bytes."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._rest = stream, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            data = self._stream.read(len(buffer))
            data = data.encode() if isinstance(data, str) else data
            if not isinstance(data, (bytes, bytearray)):
                checks.fail("source", f"a stream of {type(data).__name__}", "a stream of bytes",
                            kind=checks.GraphTypeError)
            self._rest = bytes(data)
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class _Lines:
    """Whole lines of what is read."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self.rest = b""
        self.ended = False

    def fill(self, count: int) -> None:
        """Holds at least so many bytes, or all that is left."""
        parts = [self.rest]
        have = len(self.rest)
        while have < count and not self.ended:
            parts.append(self._read(count - have))
            have += len(parts[-1])
            self.ended = not parts[-1]
        self.rest = b"".join(parts)

    def take(self, count: int) -> bytes:
        """About so many bytes, up to the end of a line; at least one line."""
        self.fill(count)
        cut = len(self.rest) if self.ended and len(self.rest) <= count else (
            self.rest.rfind(b"\n", 0, count) + 1)
        while cut == 0:
            cut = self.rest.find(b"\n", count) + 1
            if cut == 0 and self.ended:
                cut = len(self.rest)
                break
            if cut == 0:
                self.fill(2 * len(self.rest))
        piece, self.rest = self.rest[:cut], self.rest[cut:]
        return piece


def text_chunks(file: Opened, size: int, options: Options, head: bytes = b"") -> Iterator[Chunk]:
    """The edges of an edge list, in pieces of about ``size`` bytes of text.

    Args:
        file: What to read.
        size: Bytes; lines stay whole.
        options: How to read it.
        head: What was read of it already.

    Raises:
        GraphError: Naming file and line, if a line is no edge.
    """
    lines = _Lines(file.read)
    lines.rest = head
    lines.fill(_HEAD)
    check_text(file.name, lines.rest, options.sep, options.ids)
    while not lines.ended and b"\n" not in lines.rest and b"\r" not in lines.rest:
        lines.fill(2 * len(lines.rest))
    if has_returns(lines.rest) or (lines.ended and b"\n" not in lines.rest):
        lines = _without_returns(lines)
    layout, lines_before = _begin(file.name, lines, options)
    if layout is None:
        return
    while piece := lines.take(size):
        edge_index, weight, newlines = parse_rows(file.name, piece, layout, lines_before)
        lines_before += newlines
        yield Chunk(edge_index, weight, np.frombuffer(piece, np.uint8) if layout.names else None,
                    file.done())


def _without_returns(lines: _Lines) -> _Lines:
    """The same text with newlines where returns ended lines."""
    rest = lines.rest

    def read(count: int) -> bytes:
        nonlocal rest
        data, rest = (rest or lines._read(count)), b""
        if data[-1:] == b"\r":  # a newline may follow
            data += lines._read(1)
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    return _Lines(read)


def _begin(name: str, lines: _Lines, options: Options) -> tuple[Layout | None, int]:
    """How the text is written, when what stands before its first edge has been taken."""
    lines.fill(_HEAD)
    while not lines.ended:
        whole = lines.rest[: lines.rest.rfind(b"\n") + 1]
        found = data_lines(whole, 0)
        if next(found, None) is not None and next(found, None) is not None:
            break
        lines.fill(2 * len(lines.rest))
    layout = find_layout(name, lines.rest, options.sep, options.header, options.weight,
                         options.ids)
    if layout is None:
        return None, 0
    newlines = lines.rest.count(b"\n", 0, layout.start)
    lines.rest = lines.rest[layout.start :]
    return replace(layout, start=0), newlines

"""Opens what a user may call a file: a path, a stream or the bytes themselves, packed or not."""

from __future__ import annotations

import gzip
import mmap
import os
import stat
import zlib
from typing import Any

from . import checks

Buffer = bytes | mmap.mmap

_GZIP = b"\x1f\x8b"


def open_source(source: Any) -> tuple[str, Buffer]:
    """The name to use in messages, and the content; a plain file is mapped, not read.

    Args:
        source: Path, binary or text stream, or bytes; gzip is recognised by its first bytes.

    Raises:
        GraphError: If there is no such file, it cannot be read, or its gzip data is damaged.

    Example:
        >>> open_source(b"0 1")
        ('<bytes>', b'0 1')
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        name, content = "<bytes>", bytes(source)
    elif hasattr(source, "read"):
        name, content = _stream_name(source), source.read()
        if isinstance(content, str):
            content = content.encode()
        if not isinstance(content, (bytes, bytearray)):
            checks.fail("source", f"a stream of {type(content).__name__}", "a stream of bytes",
                        kind=checks.GraphTypeError)
        content = bytes(content)
    elif isinstance(source, (str, os.PathLike)):
        name, content = os.fspath(source), _map_file(os.fspath(source))
    else:
        checks.fail("source", type(source).__name__, "a path, an open file or bytes",
                    "CSRGraph.from_edges takes pairs", kind=checks.GraphTypeError)
    if content[:2] == _GZIP:
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            checks.fail_file(name, f"damaged gzip data ({error})", "a complete .gz file",
                             "download or compress it again")
    return name, content


def _stream_name(stream: Any) -> str:
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) else "<stream>"


def _map_file(path: str) -> Buffer:
    try:
        with open(path, "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode) or state.st_size == 0:
                return file.read()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        checks.fail_file(path, "no such file", "a file",
                         "pass bytes to read text that is not in a file")
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        checks.fail_file(path, str(error), "a file that can be read")

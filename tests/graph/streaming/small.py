"""Converts with pieces so small that every border is met, and compares directories."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from graphlocal.graph import streaming
from graphlocal.graph.streaming import builder, spool


@contextmanager
def small_pieces(size: int = 1) -> Iterator[None]:
    """Pieces of so many edges and bytes of text, buckets of one cell, and everything on disk."""
    def on_disk(*, max_size: int, dir: Path) -> Any:
        return tempfile.TemporaryFile(dir=dir)

    with ExitStack() as stack:
        for module, name, value in (
            (streaming, "_EDGES", size), (streaming, "_TEXT", size), (streaming, "_LEAST_TEXT", 1),
            (builder, "_BUCKET_ENDS", 1), (spool, "SpooledTemporaryFile", on_disk),
            (builder, "_groups", lambda dealt, room: list(range(len(dealt.buckets) + 1))),
        ):
            stack.enter_context(mock.patch.object(module, name, value))
        yield


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a saved graph."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}

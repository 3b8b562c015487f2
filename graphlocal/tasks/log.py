"""A log of runs: one JSON object a line."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..graph.checks import GraphTypeError, fail

logger = logging.getLogger(__name__)


class JsonLines:
    """File of JSON lines that survives being cut off: whole lines are appended in one write.

    Args:
        path: The file; it and its folder are made by the first line.

    Raises:
        GraphError: If ``path`` is a folder, or a record is not JSON.

    Example:
        >>> import tempfile
        >>> log = JsonLines(Path(tempfile.mkdtemp()) / "runs.jsonl")
        >>> log.append({"seed": 0, "test": 0.815})
        >>> list(log)
        [{'seed': 0, 'test': 0.815}]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            fail("log", f"the folder {self.path}", "the path of a file")

    def append(self, record: Mapping[str, Any]) -> None:
        """Adds one record and waits until it is on the disk."""
        try:
            line = json.dumps(record, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            fail("record", f"a value that is not JSON ({error})",
                 "text, finite numbers, lists and dicts of them", kind=GraphTypeError)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab+") as file:
            file.seek(0, os.SEEK_END)
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the last writer was cut off: its line stays apart
                    line = "\n" + line
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def __contains__(self, record: Mapping[str, Any]) -> bool:
        """Whether the record has a line: compared as what is read back, lists for tuples."""
        return json.loads(json.dumps(record)) in list(self)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except json.JSONDecodeError:
                    logger.warning("%s:%d: skipped an incomplete line", self.path, number)
                    continue
                yield record

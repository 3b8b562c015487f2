"""The folder a demo writes to, in which nothing of anybody else is ever overwritten."""

from __future__ import annotations

import json
from pathlib import Path

from ...graph.checks import fail
from ...graph.output import replacing

_LIST = "demo.json"


class DemoFolder:
    """A folder that knows which files the demo made.

    Args:
        path: A new, empty, or earlier demo folder.

    Raises:
        GraphError: If it holds files of another origin.

    Example:
        >>> import tempfile
        >>> folder = DemoFolder(Path(tempfile.mkdtemp()) / "demo")
        >>> folder.write("a.txt", "text").read_text()
        'text'
        >>> DemoFolder(folder.path).made
        ['a.txt']
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            fail("--output", f"{self.path}, a file", "a folder", "name another with -o")
        self.made: list[str] = []
        if self.path.is_dir() and any(self.path.iterdir()):
            self.made = self._read_list()
        self.path.mkdir(parents=True, exist_ok=True)
        self._write_list()

    def file(self, name: str) -> Path:
        """Path of a file the demo is about to write.

        Raises:
            GraphError: If there is such a file and the demo did not make it.
        """
        path = self.path / name
        if name not in self.made:
            if path.exists() or path.is_symlink():
                fail("--output", f"{path}, which the demo did not make", "a place for a new file",
                     "move it away, or name another folder with -o")
            self.made.append(name)
            self._write_list()
        return path

    def write(self, name: str, text: str) -> Path:
        """Writes a text file and returns its path."""
        path = self.file(name)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        return path

    def _read_list(self) -> list[str]:
        try:
            content = json.loads((self.path / _LIST).read_text(encoding="utf-8"))
            if content["made by"] == "graphlocal demo":
                return [str(name) for name in content["files"]]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return fail("--output", f"{self.path}, a folder with files of another origin",
                    "a new, empty or earlier demo folder", "name another with -o")

    def _write_list(self) -> None:
        with replacing(self.path / _LIST) as temporary:
            temporary.write_text(
                json.dumps({"made by": "graphlocal demo", "files": self.made}, indent=1) + "\n",
                encoding="utf-8")

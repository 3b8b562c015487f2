"""What a command says while it works: to stderr, and a bar only where someone watches."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Progress:
    """A bar that follows the rows kernels have done, and lines beside it.

    Args:
        quiet: No bar and no lines.

    Example:
        >>> with Progress(quiet=True) as progress:
        ...     progress.start("triangles")
        ...     progress.say("4 nodes")
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._bar: Any = None
        self._following: Any = None

    def __enter__(self) -> Progress:
        if not self.quiet and sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            from ..kernels.cpu.parallel import on_progress

            self._bar = tqdm(file=sys.stderr, leave=False, unit=" rows", unit_scale=True)
            self._following = on_progress(self._follow)
            self._following.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._following.__exit__(kind, error, trace)
            self._bar.close()

    def start(self, what: str) -> None:
        """Names what the bar counts from now on."""
        if self._bar is not None:
            self._bar.reset()
            self._bar.set_description(what)

    def say(self, line: str) -> None:
        """A line on stderr that stays."""
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr)

    def _follow(self, done: int, total: int) -> None:
        self._bar.total = total
        self._bar.update(done - self._bar.n)

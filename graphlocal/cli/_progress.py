"""What a command says while it works: to stderr, and a bar only where someone watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

# Without the rate, which is of no unit that means something to anybody.
_BAR = "{desc}{percentage:3.0f}%|{bar}| {elapsed}, about {remaining} left"
_CLOCK = "{desc}{elapsed}"


class Progress:
    """A bar that follows the blocks of work that kernels have done, and lines beside it.

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
        self._course = Course({})

    def __enter__(self) -> Progress:
        if not self.quiet and sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            from ..kernels.cpu.parallel import on_progress

            self._bar = tqdm(file=sys.stderr, leave=False, delay=0.3, smoothing=0,
                             miniters=0, bar_format=_CLOCK)
            self._following = on_progress(self._follow)
            self._following.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """The bar goes; lines may follow."""
        if self._bar is not None:
            self._following.__exit__(None, None, None)
            self._bar.close()
            self._bar = None

    def start(
        self, what: str, passes: Callable[[], Mapping[str, float] | None] | None = None
    ) -> None:
        """Names what the bar is about from now on.

        Args:
            what: The name.
            passes: Called where there is a bar, for the kernels that will run, in order, each with
                its share of the time in any unit. Where that is unknown there is a clock only.
        """
        if self._bar is None:
            return
        self._bar.bar_format = _CLOCK
        self._bar.reset()
        self._bar.set_description(what)
        self._course = Course({})
        course = Course((passes() if passes is not None else None) or {})
        if course.total > 0:
            self._bar.bar_format = _BAR
            self._bar.total = course.total
        self._course = course

    def say(self, line: str) -> None:
        """A line on stderr that stays."""
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr)

    def _follow(self, kernel: str, done: int, blocks: int) -> None:
        if self._bar is None:  # a thread that outlived a second Ctrl-C
            return
        self._bar.update(self._course.reach(kernel, done / blocks) - self._bar.n)


class Course:
    """Where one is in a row of kernels, of which each takes its share of the time.

    Args:
        passes: The kernels in order, each with its share in any unit.

    Example:
        >>> course = Course({"triangles": 1.0, "cliques": 3.0})
        >>> course.reach("triangles", 0.5), course.reach("cliques", 1 / 3)
        (0.5, 2.0)
        >>> course.reach("triangles", 1.0), course.reach("unknown", 1.0)
        (2.0, 2.0)
    """

    def __init__(self, passes: Mapping[str, float]) -> None:
        self._passes: dict[str, tuple[float, float]] = {}
        self.total = self.position = 0.0
        for kernel, share in passes.items():
            self._passes[kernel] = (self.total, share)
            self.total += share

    def reach(self, kernel: str, part: float) -> float:
        """The position after that part of a kernel; it never goes back."""
        before, share = self._passes.get(kernel, (0.0, 0.0))
        self.position = max(self.position, before + share * part)
        return self.position

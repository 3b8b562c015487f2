"""What a command says while it works: to stderr, and a bar only where someone watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

# Without the rate, which is of no unit that means something to anybody.
_BAR = "{desc}{percentage:3.0f}%|{bar}| {elapsed}, about {remaining} left"
_CLOCK = "{desc}{elapsed}{postfix}"


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
        self._steps = Steps()
        self._shown = 0.0

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
                its share of the time in any unit. Where that is unknown there is a clock, and
                how far the kernel has come that runs now.
        """
        if self._bar is None:
            return
        self._bar.bar_format = _CLOCK
        self._bar.reset()
        self._bar.set_description(what)
        self._bar.set_postfix_str("")
        self._course, self._steps = Course({}), Steps()
        course = Course((passes() if passes is not None else None) or {})
        if course.total > 0:
            self._bar.bar_format = _BAR
            self._bar.total = course.total
        self._course = course

    def reach(self, what: str, share: float | None) -> None:
        """Of work that knows itself how far it is: what it does now, and its share that is done.

        Args:
            what: The name of what it does.
            share: From 0 to 1; ``None`` where nobody knows.
        """
        if self._bar is None:
            return
        self._bar.set_description(what, refresh=False)
        if share is None:
            self._bar.refresh()
            return
        if self._course.total == 0:
            self._course = Course({"": 1.0})  # kernels have other names: they move nothing
            self._bar.bar_format, self._bar.total = _BAR, 1.0
        self._bar.update(self._course.reach("", share) - self._bar.n)

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
        if self._course.total > 0:
            self._bar.update(self._course.reach(kernel, done / blocks) - self._bar.n)
            return
        now = time.monotonic()
        words = self._steps.reach(kernel, done, blocks, now)
        # What is over in a moment need not be seen, and a terminal is slow.
        if now - self._steps.begun > 0.3 and now - self._shown > 0.1:
            self._shown = now
            self._bar.set_postfix_str(words)


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


class Steps:
    """Kernels of a metric of which nobody knows how long they take beside each other.

    Example:
        >>> steps = Steps()
        >>> steps.reach("spread", 1, 4, now=10.0)
        'step 1: 25 %'
        >>> steps.reach("spread", 2, 4, now=15.0)
        'step 1: 50 %, about 0:05 of it left'
        >>> steps.reach("spread", 1, 4, now=30.0)
        'step 2: 25 %'
    """

    def __init__(self) -> None:
        self._kernel, self._done, self._step = "", 0, 0
        self._since = 0.0
        self.begun = float("inf")

    def reach(self, kernel: str, done: int, blocks: int, now: float) -> str:
        """Where one is after so many blocks of a kernel; one that starts over is a new step."""
        if kernel != self._kernel or done <= self._done:
            self._step += 1
            self._since = now
            self._kernel = kernel
        self.begun = min(self.begun, now)
        self._done = done
        words = f"step {self._step}: {100 * done // blocks} %"
        passed = now - self._since
        if passed < 3 or done == blocks:
            return words
        left = round(passed * (blocks - done) / done)
        return f"{words}, about {left // 60}:{left % 60:02} of it left"

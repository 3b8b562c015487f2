"""What the parts of the demo share."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ...graph import CSRGraph
from ...report.page import Command, Fact
from .folder import DemoFolder


@dataclass
class Workspace:
    """The graph, where to write, how long to train, and what was found so far.

    Args:
        data: The graph as PyG's ``Data``.
        graph: The same as a ``CSRGraph``.
        folder: Where files go.
        num_seeds: Runs of each model.
        epochs: Epochs of each run.
        quiet: Say nothing on stderr.
        facts: Figures for the head of the page.
    """

    data: Any
    graph: CSRGraph
    folder: DemoFolder
    num_seeds: int
    epochs: int
    quiet: bool = False
    facts: list[Fact] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def say(self, line: str) -> None:
        """A line on stderr."""
        if not self.quiet:
            print(line, file=sys.stderr, flush=True)

    def bar(self, total: int, what: str) -> Any:
        """A progress bar on stderr, which only a terminal sees."""
        from tqdm import tqdm

        return tqdm(total=total, desc=what, leave=False, file=sys.stderr,
                    disable=True if self.quiet else None)


class Made:
    """The program under a pair of blocks, at full width."""

    def __init__(self, text: str) -> None:
        self.text = text

    def html(self) -> str:
        return f'<p class="made">Made with</p>{Command(self.text, "python").html()}'


@contextmanager
def one_thread() -> Iterator[None]:
    """On a graph this small more threads cost more than they bring."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)

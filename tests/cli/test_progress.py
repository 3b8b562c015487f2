"""The bar tells the truth, and where it knows nothing it says what it sees."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from graphlocal.cli import main
from graphlocal.cli._progress import Progress, Steps
from graphlocal.kernels.cpu.parallel import run_blocks
from graphlocal.topology import METRICS
from tests.cli.commands import NAMES, TABLE, rows


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watched(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    # Called from the test itself: pytest puts its own stderr back after every fixture.
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def slowly(start: int, stop: int) -> None:
    time.sleep(0.15)


def test_a_metric_without_costs_shows_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch)
    with Progress() as progress:
        progress.start("unheard of (1 of 2)", lambda: None)
        run_blocks(slowly, np.arange(9))
        shown = seen.getvalue()
    assert "unheard of (1 of 2): 00:0" in shown
    assert "step 1: " in shown and " %" in shown and "left" not in shown.split("step 1")[0]


def test_known_costs_make_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch)
    with Progress() as progress:
        progress.start("known", lambda: {"slowly": 1.0, "later": 1.0})
        run_blocks(slowly, np.arange(9))
        progress.start("next", lambda: None)
        run_blocks(slowly, np.arange(5))
        shown = seen.getvalue()
    assert "known:  " in shown and "%|" in shown and "left" in shown
    after = shown[shown.index("next: ") :]
    assert "%|" not in after, "the costs of the one are not those of the other"


@pytest.mark.parametrize("options", [{"quiet": True}, {}])
def test_no_bar_where_nobody_watches(options: dict, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(**options) as progress:
        progress.start("unheard of")
        run_blocks(slowly, np.arange(3))
        progress.say("done")
    assert capsys.readouterr().err == ("" if options else "done\n")


def test_steps() -> None:
    """Two kernels, the second of them run twice; the time left is of the step alone."""
    steps = Steps()
    shown = [steps.reach(*call) for call in [
        ("a", 1, 2, 0.0), ("a", 2, 2, 1.0), ("b", 1, 10, 2.0), ("b", 5, 10, 12.0),
        ("b", 10, 10, 22.0), ("b", 1, 10, 23.0), ("b", 2, 10, 143.0)]]
    assert shown == ["step 1: 50 %", "step 1: 100 %", "step 2: 10 %",
                     "step 2: 50 %, about 0:10 of it left", "step 2: 100 %", "step 3: 10 %",
                     "step 3: 20 %, about 8:00 of it left"]


@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_has_a_bar(
    name: str, monkeypatch: pytest.MonkeyPatch, edges: Path
) -> None:
    """Also one of which nobody has said how long its kernels take."""
    seen = watched(monkeypatch)
    assert main(["metrics", str(edges), "-m", name, "-o", str(edges.with_suffix(".npz"))]) == 0
    assert "4 nodes, 4 edges" in seen.getvalue()


def test_bar_only_on_a_terminal(edges: Path) -> None:
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "graphlocal", "metrics", str(edges), "-m", NAMES],
        stdout=subprocess.PIPE, stderr=follower, text=True, timeout=120, check=False,
    )
    os.close(follower)
    shown = os.read(leader, 1 << 16).decode()
    os.close(leader)
    assert rows(done.stdout) == TABLE
    assert "4 nodes, 4 edges" in shown

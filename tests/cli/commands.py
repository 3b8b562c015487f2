"""How tests call the command line, and read what it says."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys

import pytest

from graphlocal.cli import main

LINES = "0 1\n1 2\n2 0\n2 3\n3 3\n0 1\n"
TABLE = [["node", "degree", "triangles", "core"],
         ["0", "2", "1", "2"], ["1", "2", "1", "2"], ["2", "3", "1", "2"], ["3", "1", "0", "1"]]
NAMES = "degree,triangles,core"


def graphlocal(*args: object, stdin: str | None = None, **env: str) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "graphlocal", *map(str, args)], input=stdin, text=True,
        capture_output=True, timeout=120, env=dict(os.environ) | env, check=False,
    )


def rows(text: str, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter=separator))


def fails(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    """Runs a command that must end with exit code 2 and one line; returns the line."""
    try:
        code = main(list(map(str, args)))
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("graphlocal")
    assert "Traceback" not in err
    return err

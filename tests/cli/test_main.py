"""The front door: help, version, doctor."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

import pytest

from graphlocal import __version__
from graphlocal.cli import doctor, explain, main
from graphlocal.graph import GraphError


def test_alone_it_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "metrics" in out
    assert "doctor" in out


def test_version() -> None:
    done = subprocess.run([sys.executable, "-m", "graphlocal", "--version"], text=True,
                          capture_output=True, timeout=60, check=True)
    assert done.stdout == f"graphlocal {__version__}\n"


def test_help_needs_no_numpy() -> None:
    code = ("import sys; from graphlocal.cli import main\n"
            "try: main(['metrics', '--help'])\n"
            "except SystemExit: pass\n"
            "print('numpy' in sys.modules, 'numba' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True,
                          timeout=60, check=True)
    assert done.stdout.endswith("False False\n")


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for title in doctor.SECTIONS:
        assert title in out
    assert __version__ in out
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == list(doctor.SECTIONS)
    assert report["threads"]["kernels use"] >= 1
    assert report["compiled kernels"]["folder"]


def test_doctor_without_torch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec",
                        lambda name, *a: None if name == "torch" else found(name, *a))
    assert main(["doctor"]) == 0
    assert "torch is not installed: metrics work, layers do not" in capsys.readouterr().out


def test_doctor_where_a_part_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> dict[str, Any]:
        raise RuntimeError("libcuda.so: cannot open")

    monkeypatch.setitem(doctor.SECTIONS, "gpu", broken)
    assert main(["doctor"]) == 0
    assert "RuntimeError: libcuda.so: cannot open" in capsys.readouterr().out


@pytest.mark.parametrize(("error", "sentence"), [
    (GraphError("two\nlines"), "two lines"),
    (FileNotFoundError(2, "No such file", "a.csv"), "a.csv: no such file"),
    (OSError(28, "No space left on device"), "no space left on device"),
    (MemoryError(), "the graph does not fit into the memory of this machine"),
    (ZeroDivisionError("ours"), None),
])
def test_errors_are_explained(error: Exception, sentence: str | None) -> None:
    assert explain(error) == sentence


def test_doctor_says_where_nothing_is_compiled_or_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    from graphlocal.kernels.cpu import core

    def plain(x: int) -> int:
        return x

    monkeypatch.setattr(core, "peel", plain)
    assert "NUMBA_DISABLE_JIT" in doctor._cache()["problem"]
    monkeypatch.setattr(core, "peel", numba.njit(plain))
    assert "NUMBA_CACHE_DIR" in doctor._cache()["writable"]

"""Ctrl-C is heard at any moment, and by nobody who would lose it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from graphlocal.cli import main, metrics
from graphlocal.cli._interrupts import interruptible


@pytest.mark.parametrize("module", ["llvmlite.binding.executionengine", "numba.core.serialize"])
def test_inside_what_llvm_calls_it_waits(module: str) -> None:
    """An exception there goes no further, and leaves a kernel or its result half made."""
    scope: dict[str, Any] = {"__name__": module, "signal": signal, "ended": []}
    exec("def hook():\n    signal.raise_signal(signal.SIGINT)\n    ended.append(True)", scope)
    call = ctypes.CFUNCTYPE(None)(scope["hook"])
    with pytest.raises(KeyboardInterrupt), interruptible():
        call()
        assert scope["ended"] == [True]
        time.sleep(30)
        pytest.fail("nothing was heard")


def test_where_nobody_hears_it_it_is_repeated() -> None:
    class Dropped:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    hook = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), interruptible():
        Dropped()
        time.sleep(30)
        pytest.fail("nothing was heard")
    assert sys.unraisablehook is hook
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_handles_it_already_goes_on() -> None:
    def handle(*_: object) -> None: ...

    signal.signal(signal.SIGINT, handle)
    try:
        with interruptible():
            assert signal.getsignal(signal.SIGINT) is handle
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_other_threads_run_commands_too(capsys: pytest.CaptureFixture[str]) -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main(["metrics", "--list"])))
    thread.start()
    thread.join()
    assert codes == [0]
    assert "triangles" in capsys.readouterr().out


def test_before_there_is_a_command() -> None:
    code = ("import graphlocal.cli as cli, signal\n"
            "cli.import_module = lambda *_: signal.raise_signal(signal.SIGINT)\n"
            "cli.console()")
    done = subprocess.run([sys.executable, "-c", code, "metrics"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, "graphlocal: interrupted\n")


def test_nothing_is_taken_apart_on_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of LLVM that was being linked to another is freed twice, and the process crashes."""
    freed: list[bool] = []

    class Linked:
        def __del__(self) -> None:
            freed.append(True)

    def run(*_: object) -> int:
        module = Linked()
        signal.raise_signal(signal.SIGINT)
        del module
        return 0

    monkeypatch.setattr(metrics, "run", run)
    assert main(["metrics"]) == 130
    assert freed == []


def test_it_may_have_become_another_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a compiled function that is interrupted while it returns makes it."""
    def run(*_: object) -> int:
        try:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt as error:
                raise SystemError("returned a result with an exception set") from error
        except SystemError as error:
            raise RuntimeError("a block failed") from error
        return 0

    monkeypatch.setattr(metrics, "run", run)
    assert main(["metrics"]) == 130
    assert capsys.readouterr().err == "graphlocal metrics: interrupted\n"

"""Ctrl-C at any moment, also while kernels are loaded or compiled."""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

#: Whose functions LLVM and compiled code call back: an exception is lost there, and with it the
#: kernel or the array that they were to hand over, without which the process crashes.
_CALLED_BACK = {"llvmlite.binding.executionengine", "numba.core.serialize"}


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """While it lasts, Ctrl-C raises ``KeyboardInterrupt`` where it is heard, if need be later.

    Where Ctrl-C is ignored, as in the background of a shell, or somebody handles it already,
    nothing changes.

    Example:
        >>> with interruptible():
        ...     pass
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    hook = sys.unraisablehook

    def unheard(lost: Any) -> None:
        if isinstance(lost.exc_value, KeyboardInterrupt):
            _again()
        else:
            hook(lost)

    try:
        signal.signal(signal.SIGINT, _interrupt)
    except ValueError:  # not the main thread, which alone hears of signals
        yield
        return
    sys.unraisablehook = unheard
    try:
        yield
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGINT, signal.default_int_handler)


def came_of_interruption(error: BaseException | None) -> bool:
    """Whether it is Ctrl-C, or what became of it on its way: numba makes it a ``SystemError``.

    Example:
        >>> came_of_interruption(KeyboardInterrupt()), came_of_interruption(ValueError())
        (True, False)
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _interrupt(_number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_globals.get("__name__") in _CALLED_BACK:
            _again()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _again() -> None:
    """The same in a moment."""
    _thread.start_new_thread(_wait, (_thread.get_ident(),))


def _wait(thread: int) -> None:
    time.sleep(0.02)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread, signal.SIGINT)  # this also wakes who waits
    else:
        _thread.interrupt_main()

"""Makes triton run kernels on the processor: import it before anything that imports triton."""

from __future__ import annotations

import os

os.environ["TRITON_INTERPRET"] = "1"

import contextlib
from typing import Any

from triton.runtime import interpreter


def _hurry() -> None:
    """Every call of one kernel's function from another would look through the language for what
    is to be replaced: once for each file of functions is enough."""
    plain, seen = interpreter.InterpretedFunction.__call__, set()

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        where = id(self.fn.__globals__)
        if where in seen or "graphlocal" in self.fn.__module__:  # replaced by the launch
            return self.rewrite()(*args, **kwargs)
        seen.add(where)
        return plain(self, *args, **kwargs)

    interpreter.InterpretedFunction.__call__ = call


with contextlib.suppress(AttributeError):  # another version of triton is slower, that is all
    _hurry()

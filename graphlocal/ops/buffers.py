"""Memory of large tensors, which lies ready for the next one when the last that used it is gone.

What the system hands out it first clears, page by page as it is touched: of a pass over a large
graph that takes as long as the arithmetic, and a training loop asks for the same sizes every time.

At most :data:`KEPT` bytes lie ready, whatever lay longest going back to the system; all of it does
when a large tensor of an op finds no other memory, on :func:`release`, and in a forked child.
Memory that a tensor, a view of it or an array made from it still uses never lies ready.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Bytes that may lie ready at most; a program that sets 0 gives every one back at once.
KEPT = 1 << 30
_ALIGN = 64

# Single dictionary operations only, which are atomic: a tensor may die, and its memory come back,
# in any thread and in the middle of anything, where a lock might be held already.
_ready: dict[int, NDArray[Any]] = {}

if hasattr(os, "register_at_fork"):  # a child would copy what it never uses
    os.register_at_fork(after_in_child=_ready.clear)


def take(shape: Sequence[int], dtype: type[np.generic]) -> NDArray[Any]:
    """Uninitialised array, whose memory comes back when the array itself is gone.

    Its own slices and views do not keep it: they belong in a tensor made from it.

    Example:
        >>> take((2, 3), np.float32).shape
        (2, 3)
    """
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    memory = _find(size + _ALIGN)
    if memory is None:
        memory = _make(size + _ALIGN)
    start = -memory.ctypes.data % _ALIGN
    array = memory.view(np.uint8)[start : start + size].view(dtype).reshape(shape)
    # Not when the interpreter ends: then it goes with everything else.
    weakref.finalize(array, _give_back, memory).atexit = False
    return array


def _find(size: int) -> NDArray[Any] | None:
    """The smallest that fits and is at most a quarter larger; of several, what came back last:
    some of it may lie in a cache yet."""
    latest = reversed(list(_ready.values()))
    fitting = [memory for memory in latest if size <= memory.nbytes <= size + size // 4]
    for memory in sorted(fitting, key=lambda memory: memory.nbytes):
        if _ready.pop(id(memory), None) is not None:
            return memory
    return None


def _make(size: int) -> NDArray[Any]:
    count = -(-size // 4)
    try:
        return np.empty(count, np.float32)
    except MemoryError:
        release()
        return np.empty(count, np.float32)


def _give_back(memory: NDArray[Any]) -> None:
    if memory.nbytes <= KEPT:  # what can never lie ready drives nothing else out
        _ready[id(memory)] = memory
        release(KEPT)


def kept() -> int:
    """Bytes that lie ready.

    Example:
        >>> kept() <= KEPT
        True
    """
    return sum(memory.nbytes for memory in list(_ready.values()))


def release(kept_bytes: int = 0) -> None:
    """Returns memory to the system until at most ``kept_bytes`` lie ready, the oldest first.

    Example:
        >>> release()
        >>> kept()
        0
    """
    excess = kept() - kept_bytes
    for memory in list(_ready.values()):
        if excess <= 0:
            return
        if _ready.pop(id(memory), None) is not None:  # nobody took it meanwhile
            excess -= memory.nbytes

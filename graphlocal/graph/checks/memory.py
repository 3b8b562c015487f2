"""Amounts of memory."""

from __future__ import annotations

import re
from typing import Any, NoReturn

import numpy as np

from ..errors import GraphTypeError, fail

_SIZE = re.compile(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)
#: Below this the pieces that a file is cut into are too small to be worth anything.
LEAST_MEMORY = 16 * 10**6


def check_memory(value: Any, argument: str = "memory") -> int:
    """Bytes of a size such as ``"2GB"``, ``"512MB"``, ``"1.5GiB"``, or a number of bytes."""
    if isinstance(value, str):
        found = _SIZE.fullmatch(value)
        if found is None or (found[3] and not found[2]):
            fail(argument, repr(value), "a size such as '2GB', '512MB' or '1.5GiB'")
        power = " kmgt".index(found[2].lower() or " ")
        # More than that is nowhere, and infinity no integer.
        size = int(min(float(found[1]), 2.0**60) * (1024 if found[3] else 1000) ** power)
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        size = int(value)
    else:
        fail(argument, repr(value), "a size such as '2GB', or a number of bytes",
             kind=GraphTypeError)
    if size < LEAST_MEMORY:
        fail(argument, repr(value), f"at least {size_text(LEAST_MEMORY)}")
    return size


def fail_memory(limit: int, needed: int, what: str) -> NoReturn:
    """A limit that is too small for what has to be held at once."""
    fail("memory", size_text(limit), f"at least {size_text(needed)}", what)


def size_text(size: int) -> str:
    """Bytes as a user would write them, rounded up.

    Example:
        >>> size_text(1_540_000_000), size_text(16 * 10**6)
        ('1.6GB', '16MB')
    """
    if size >= 10**9:
        return f"{-(-size // 10**8) / 10:g}GB"
    return f"{-(-size // 10**6)}MB"

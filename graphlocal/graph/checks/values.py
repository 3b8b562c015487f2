"""Single values."""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import numpy as np

from ..errors import GraphTypeError, fail


def check_count(value: Any, argument: str, *, least: int = 0, most: int | None = None) -> int:
    """An integer of at least ``least`` and at most ``most``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        fail(argument, repr(value), "an integer", kind=GraphTypeError)
    if value < least:
        fail(argument, str(value), f"at least {least}")
    if most is not None and value > most:
        fail(argument, str(value), f"at most {most}")
    return int(value)


def check_number(value: Any, argument: str) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        fail(argument, repr(value), "a number", kind=GraphTypeError)
    # Comparisons, which a compiler can follow where a module's number may change between calls.
    if not -math.inf < value < math.inf:
        fail(argument, str(value), "a finite number")
    return float(value)


def check_positive(value: Any, argument: str, *, zero: bool = False) -> float:
    """A finite number above zero, or zero where ``zero`` allows it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        fail(argument, repr(value), "a number", kind=GraphTypeError)
    if not 0 <= value < math.inf or (value == 0 and not zero):
        fail(argument, str(value), "a finite number " + (">= 0" if zero else "> 0"))
    return float(value)


def check_share(value: Any, argument: str) -> float:
    """A number between 0 and 1, neither of them."""
    if check_positive(value, argument) >= 1:
        fail(argument, str(value), "a number between 0 and 1")
    return float(value)


def check_flag(value: Any, argument: str) -> bool:
    """``True`` or ``False``, and nothing that merely counts as one of them."""
    if not isinstance(value, (bool, np.bool_)):
        fail(argument, repr(value), "True or False", kind=GraphTypeError)
    return bool(value)


def check_range(values: Any, argument: str) -> tuple[float, float]:
    """Two finite numbers above zero, of which the second is not the smaller one."""
    if not isinstance(values, (tuple, list)) or len(values) != 2:
        fail(argument, repr(values), "a pair of numbers", kind=GraphTypeError)
    low, high = (check_positive(value, argument) for value in values)
    if low > high:
        fail(argument, f"{low} to {high}", "the smaller number first")
    return low, high


def check_choice(value: Any, argument: str, choices: tuple[Any, ...]) -> Any:
    """One of the listed values."""
    if isinstance(value, bool) or value not in choices:
        fail(argument, repr(value), "one of " + ", ".join(repr(c) for c in choices))
    return value


def check_installed(module: str, argument: str, got: str) -> None:
    """An optional package is there, looked up without importing it."""
    if importlib.util.find_spec(module) is None:
        fail(argument, got, f"the package {module} for it, which is not installed",
             f"pip install {module}")

"""Real graphs by name: one embedded in the package, the others through PyG's and OGB's classes.

``DigitsGraph()`` needs no download. ``load("cora")`` reads or fetches a published data set without
running anything a file may hide; ``names()`` lists what it knows.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {"DigitsGraph": "digits", "load": "loader", "names": "registry"}

__all__ = [*_NAMES]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'graphlocal.datasets' has no attribute '{name}'")
    value = getattr(import_module(f".{_NAMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

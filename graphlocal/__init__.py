"""Local structure of graphs: counted, measured, paired, attended to, scanned and clustered.

Names are imported when they are first used, so ``import graphlocal`` costs almost nothing and the
metrics never load torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .version import __version__

#: Where each public name lives. Rooms are reached as ``graphlocal.nn``, ``graphlocal.ops``, ...
_NAMES = {
    "CSRGraph": "graph",
    "GraphError": "graph",
    "NodeTable": "topology",
    "metrics": "topology",
    "map_blocks": "topology",
    "accelerate": "nn",
    "convert_file": "graph",
    "read": "graph",
    "restore": "nn",
}
_ROOMS = ("graph", "report", "topology", "ops", "nn", "models", "transforms", "loader",
          "datasets", "tasks")

__all__ = ["__version__", *_NAMES, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        value = getattr(import_module(f".{_NAMES[name]}", __name__), name)
    elif name in _ROOMS:
        value = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module 'graphlocal' has no attribute '{name}'")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

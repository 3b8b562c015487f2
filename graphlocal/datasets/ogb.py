"""OGB's classes, imported without its question to the network, with splits that load safely."""

from __future__ import annotations

import functools
import importlib
import sys
from types import ModuleType
from typing import Any

from ..graph.checks import fail
from .guard import guarded

_ROOMS = {"PygNodePropPredDataset": "nodeproppred", "PygLinkPropPredDataset": "linkproppred",
          "PygGraphPropPredDataset": "graphproppred"}


@functools.cache
def ogb_class(family: str) -> type[Any]:
    """A subclass of OGB's class of that name whose ``get_*_split`` reads weights only."""
    modules = ogb_modules()
    base = getattr(importlib.import_module(f"ogb.{_ROOMS[family]}"), family)

    def get_split(self: Any, split_type: str | None = None, *, method: str) -> Any:
        with guarded(modules):
            try:
                return getattr(super(safe, self), method)(split_type)
            except FileNotFoundError as error:
                fail("split_type", repr(split_type), "a split whose files are there",
                     f"{error.filename} is missing")

    method = "get_edge_split" if family == "PygLinkPropPredDataset" else "get_idx_split"
    safe = type(family, (base,), {
        "__module__": __name__,
        "__doc__": base.__doc__,
        method: functools.partialmethod(get_split, method=method),
    })
    return safe


def ogb_modules() -> tuple[ModuleType, ...]:
    """The modules whose calls are guarded, imported without OGB asking for a newer OGB."""
    if "ogb" not in sys.modules:
        stub = ModuleType("outdated")
        stub.check_outdated = None  # type: ignore[attr-defined]  # what OGB reads as: don't check
        before = sys.modules.get("outdated")
        sys.modules["outdated"] = stub
        try:
            importlib.import_module("ogb")
        finally:
            del sys.modules["outdated"]
            if before is not None:
                sys.modules["outdated"] = before
    names = [f"ogb.{room}.dataset_pyg" for room in _ROOMS.values()]
    names += ["ogb.io.read_graph_raw", "ogb.io.read_graph_pyg"]
    return tuple(importlib.import_module(name) for name in names)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return ogb_class(name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")

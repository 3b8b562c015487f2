"""Every public name resolves, says what it takes, and shows itself at work."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import graphlocal

ROOT = Path(graphlocal.__file__).parent
ROOMS = sorted(
    ".".join(("graphlocal", *path.relative_to(ROOT).parts[:-1]))
    for path in ROOT.rglob("__init__.py")
    if path.parent != ROOT and "__all__" in path.read_text(encoding="utf-8")
)
NAMES = [(room, name) for room in ROOMS for name in import_module(room).__all__]


def test_front_door_resolves() -> None:
    for name in graphlocal.__all__:
        assert getattr(graphlocal, name) is not None
    assert set(graphlocal.__all__) <= set(dir(graphlocal))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = graphlocal.nonsense


def test_rooms_were_found() -> None:
    assert {"graphlocal.graph", "graphlocal.ops", "graphlocal.topology"} <= set(ROOMS)


@pytest.mark.parametrize(("room", "name"), NAMES, ids=[f"{r}.{n}" for r, n in NAMES])
def test_public_name(room: str, name: str) -> None:
    value = getattr(import_module(room), name)
    if inspect.ismodule(value) or not callable(value):
        return
    doc = inspect.getdoc(value) or ""
    assert doc, f"{room}.{name} has no docstring"
    assert doc.splitlines()[0].rstrip(), f"{room}.{name}: the first line says nothing"
    if isinstance(value, type) and issubclass(value, BaseException):
        return
    assert ">>>" in doc, f"{room}.{name} has no example"
    try:
        takes = [p for p in inspect.signature(value).parameters if p not in ("self", "cls")]
    except (TypeError, ValueError):
        takes = []
    if takes:
        assert "Args:" in doc or "Shapes:" in doc, f"{room}.{name} does not say what it takes"


@pytest.mark.parametrize("room", [r for r in ROOMS if r.count(".") == 1])
def test_room_imports_alone(room: str) -> None:
    """No room relies on another having been imported first."""
    subprocess.run([sys.executable, "-c", f"import {room}"], check=True, timeout=120)

"""Imports run downwards only, and the metrics path never meets torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "graphlocal"

#: room -> (rooms of graphlocal it may import, libraries it may not import at module level)
_TORCH = {"torch", "torch_geometric", "torch_scatter", "triton", "ogb", "networkx"}
ROOMS: dict[str, tuple[set[str], set[str]]] = {
    "kernels/cpu": (set(), _TORCH | {"scipy"}),
    "kernels/gpu": (set(), {"torch_geometric", "ogb", "networkx"}),
    "graph": ({"kernels/cpu"}, _TORCH | {"scipy"}),
    "report": ({"graph"}, _TORCH | {"scipy", "pandas", "matplotlib"}),
    "topology": ({"report", "graph", "kernels/cpu"}, _TORCH),
    "cluster": ({"graph", "kernels/cpu"}, _TORCH),
    "ops": ({"graph", "kernels/cpu", "kernels/gpu"}, {"ogb", "networkx"}),
    "nn": ({"ops", "topology", "graph", "kernels/cpu", "kernels/gpu"}, {"ogb", "networkx"}),
    "transforms": ({"ops", "topology", "graph"}, {"ogb"}),
    "loader": ({"ops", "graph", "kernels/cpu"}, {"ogb"}),
    "datasets": ({"topology", "graph"}, {"ogb"}),
    "models": ({"nn", "transforms", "loader", "ops", "topology", "graph"}, {"ogb"}),
    "tasks": ({"models", "nn", "transforms", "loader", "datasets", "ops", "topology", "graph"},
              {"ogb"}),
}
# The command line sits on top: any room, but heavy libraries only inside functions.
ROOMS["cli"] = ({*ROOMS, "version"}, _TORCH | {"scipy", "pandas", "matplotlib", "sklearn"})


def room_of(parts: tuple[str, ...]) -> str:
    return "/".join(parts[:2]) if parts[:1] == ("kernels",) else "/".join(parts[:1])


def imports(path: Path) -> list[tuple[str, bool, int]]:
    """(dotted module, at module level, line) of every import; ours as ``graphlocal.room...``."""
    package = ("graphlocal", *path.relative_to(PACKAGE).parts[:-1])
    found = []

    def visit(node: ast.AST, top: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                found.extend((alias.name, top, child.lineno) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1] if child.level else ()
                module = (*base, *((child.module or "").split(".") if child.module else ()))
                found.extend((".".join((*module, a.name)), top, child.lineno)
                             for a in child.names)
            visit(child, top and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)))

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(
    p.relative_to(PACKAGE)))
def test_imports_run_downwards(path: Path) -> None:
    parts = path.relative_to(PACKAGE).parts
    if len(parts) == 1 or (parts[:1] == ("kernels",) and len(parts) == 2):
        pytest.skip("the front door belongs to no floor")
    room = room_of(parts[:-1])
    assert room in ROOMS, f"{room} stands on no floor: add it to ROOMS"
    allowed, forbidden = ROOMS[room]
    for module, top, line in imports(path):
        names = tuple(module.split("."))
        where = f"{path.relative_to(PACKAGE)}:{line}"
        if names[0] != "graphlocal":
            assert not (top and names[0] in forbidden), f"{where} imports {names[0]} at the top"
            continue
        target = room_of(names[1:])
        if target in ROOMS and target != room:
            assert target in allowed, f"{where}: {room} may not import {target}"


def test_import_is_light() -> None:
    code = ("import sys, graphlocal; heavy = {'torch', 'numba', 'numpy', 'networkx', 'scipy'}; "
            "print(sorted(heavy & set(sys.modules)))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"

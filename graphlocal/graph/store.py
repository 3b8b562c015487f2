"""A graph as a directory of arrays that open without being read."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import checks
from .build import GraphReport
from .labels import name_array

if TYPE_CHECKING:
    from .csr import CSRGraph

_FORMAT, _VERSION = "graphlocal-csr", 1


def save_graph(graph: CSRGraph, directory: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Writes ``rowptr.npy, col.npy, meta.json`` and, where there are any, weights and ids.

    The directory appears whole or not at all.
    """
    ids = graph.ids
    with new_directory(directory, overwrite=overwrite) as folder:
        kind = write_ids(folder, ids)
        np.save(folder / "rowptr.npy", graph.rowptr)
        np.save(folder / "col.npy", graph.col)
        if graph.weight is not None:
            np.save(folder / "weight.npy", graph.weight)
        write_meta(folder, graph.num_nodes, graph.num_edges, graph.weight is not None, kind,
                   graph.report)


def check_target(directory: str | os.PathLike[str], *, overwrite: bool) -> Path:
    """A place where a graph can be saved."""
    target = Path(directory)
    if "\0" in str(target):
        checks.fail("directory", repr(str(target)), "a name without a zero byte")
    if target.exists() and not (overwrite and _is_graph(target)):
        remedy = "pass overwrite=True to replace it" if _is_graph(target) else (
            "it holds something else: choose another name")
        checks.fail("directory", f"'{target}', which exists", "a new name", remedy)
    if not target.parent.is_dir():
        checks.fail("directory", f"'{target}'", "a place in a directory that exists",
                    f"make '{target.parent}' first")
    return target


@contextmanager
def new_directory(directory: str | os.PathLike[str], *, overwrite: bool) -> Iterator[Path]:
    """A temporary directory beside ``directory``, whose place it takes at the end.

    When the block fails or is interrupted it is removed, and ``directory`` is as it was.
    """
    target = check_target(directory, overwrite=overwrite)
    try:
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        checks.fail_file(str(target), str(error), "a place that can be written to")
    try:
        mask = os.umask(0)
        os.umask(mask)
        made.chmod(0o777 & ~mask)  # mkdtemp makes directories for one user only
        yield made
        old = made.with_name(made.name + ".old")
        if target.exists():
            os.replace(target, old)
        try:
            os.replace(made, target)
        except BaseException:
            if old.exists():
                os.replace(old, target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_ids(folder: Path, ids: NDArray[Any] | None) -> str | None:
    """Writes the ids and returns the name of their file."""
    if ids is None:
        return None
    if ids.dtype.kind in "iuU":
        np.save(folder / "ids.npy", ids, allow_pickle=False)
        return "ids.npy"
    names = ids.tolist()
    if not all(isinstance(name, (str, int)) for name in names):
        checks.fail("ids", "labels of other types", "integers or strings",
                    "relabel the nodes before saving")
    (folder / "ids.json").write_text(json.dumps(names), encoding="utf-8")
    return "ids.json"


def write_meta(
    folder: Path, num_nodes: int, num_edges: int, weighted: bool, ids: str | None,
    report: GraphReport,
) -> None:
    """Writes what the directory holds; last, because without it there is no graph."""
    meta = {
        "format": _FORMAT, "version": _VERSION, "num_nodes": num_nodes, "num_edges": num_edges,
        "weight": weighted, "ids": ids, "report": asdict(report),
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n", encoding="utf-8")


def _is_graph(folder: Path) -> bool:
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(meta, dict) and meta.get("format") == _FORMAT


def open_graph(directory: str | os.PathLike[str], *, check: bool = False) -> CSRGraph:
    """Maps the arrays of a saved graph; ``check=True`` goes through every edge."""
    from .csr import CSRGraph

    folder = Path(directory)
    name = str(folder)
    if not folder.is_dir():
        checks.fail("directory", f"'{name}'", "a directory that CSRGraph.save made",
                    "CSRGraph.read takes files" if folder.exists() else "there is none")
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except OSError:
        checks.fail_file(name, "no meta.json", "a directory that CSRGraph.save made")
    except (ValueError, RecursionError) as error:
        checks.fail_file(str(folder / "meta.json"), f"damaged JSON ({error})", "what save wrote")
    if not isinstance(meta, dict) or meta.get("format") != _FORMAT:
        checks.fail_file(str(folder / "meta.json"), "another format", f"format '{_FORMAT}'")
    if meta.get("version") != _VERSION:
        checks.fail_file(str(folder / "meta.json"), f"version {meta.get('version')}",
                         f"version {_VERSION}", "update graphlocal, or save the graph again")
    num_nodes = checks.check_count(meta.get("num_nodes"), "num_nodes")
    ends = 2 * checks.check_count(meta.get("num_edges"), "num_edges")
    rowptr = _map(folder / "rowptr.npy", "int64", num_nodes + 1)
    col = _map(folder / "col.npy", "int32" if num_nodes <= 2**31 else "int64", ends)
    weight = _map(folder / "weight.npy", "float64", ends) if meta.get("weight") else None
    # One pass over N numbers; the edges are only looked at when asked.
    if rowptr[0] != 0 or rowptr[-1] != ends or bool((rowptr[1:] < rowptr[:-1]).any()):
        checks.fail_file(str(folder / "rowptr.npy"), "row pointers that fall or end elsewhere",
                         f"row pointers from 0 to {ends}", "the file is damaged: save again")
    if check:
        try:
            checks.check_csr(rowptr, col, weight)
        except checks.GraphError as error:
            raise checks.GraphError(f"{name}: {error}") from None
    try:
        report = GraphReport(**meta.get("report", {}))
        for what, count in asdict(report).items():
            checks.check_count(count, what)
    except TypeError as error:
        checks.fail_file(str(folder / "meta.json"), f"a damaged report ({error})",
                         "what save wrote")
    ids = _ids(folder, meta.get("ids"), num_nodes)
    return CSRGraph._trusted(rowptr, col, weight, ids, report, folder.resolve())


def _ids(folder: Path, kind: Any, num_nodes: int) -> NDArray[Any] | None:
    if kind is None:
        return None
    if kind == "ids.npy":
        return _check_letters(folder / "ids.npy", _map(folder / "ids.npy", None, num_nodes))
    path = str(folder / "ids.json")
    try:
        names = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
        json.dumps(names, ensure_ascii=False).encode()  # JSON can spell what is no letter
    except (OSError, ValueError, RecursionError) as error:
        checks.fail_file(path, str(error), "a list of ids")
    if not isinstance(names, list) or len(names) != num_nodes or (
            not all(type(name) in (str, int) for name in names)):
        checks.fail_file(path, "something else", f"a list of {num_nodes} integers and strings")
    if all(isinstance(name, str) for name in names):
        return name_array(names)
    array = np.empty(num_nodes, object)
    array[:] = names
    return array


def _check_letters(path: Path, ids: NDArray[Any]) -> NDArray[Any]:
    """Ids that are integers or text: of other numbers than letters have, Python makes no text."""
    if ids.dtype.kind not in "iuU" or not ids.dtype.isnative:
        checks.fail_file(str(path), f"{ids.dtype}", "integers or text", "save the graph again")
    if ids.dtype.kind == "U" and ids.size and ids.dtype.itemsize:
        codes = np.ascontiguousarray(ids).view(np.uint32)
        for start in range(0, len(codes), 1 << 20):
            piece = codes[start : start + (1 << 20)]
            if piece.max() > 0x10FFFF or bool((piece >> 11 == 0xD800 >> 11).any()):
                checks.fail_file(str(path), "numbers that are no letters", "text",
                                 "save the graph again")
    return ids


def _map(path: Path, dtype: str | None, length: int) -> NDArray[Any]:
    try:
        array = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except Exception as error:  # of a damaged header numpy raises whatever its parser does
        checks.fail_file(str(path), f"what numpy cannot read ({error})", "what save wrote",
                         "save the graph again")
    if array.shape != (length,) or (dtype is not None and array.dtype != dtype):
        checks.fail_file(str(path), f"{array.dtype} of shape {array.shape}",
                         f"{dtype or 'ids'} of shape ({length},)", "save the graph again")
    return array

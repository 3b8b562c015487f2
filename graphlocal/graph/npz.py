"""Reads graphs that were saved with ``numpy.savez`` or ``scipy.sparse.save_npz``."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from . import checks
from .sources import Buffer

if TYPE_CHECKING:
    from .csr import CSRGraph, Directed

_WEIGHTS = ("edge_weight", "weight", "weights")
_FEATURES = ("x", "node_features", "features", "y", "node_labels", "labels")


def read_npz(
    name: str, content: Buffer, weight: Any, num_nodes: int | None, directed: Directed
) -> CSRGraph:
    """Graph of an ``.npz`` file.

    Known are scipy's sparse matrices (also under names with ``adj_`` in front), ``edge_index``
    ``[2, E]``, ``edges`` ``[E, 2]``, and ``row`` with ``col``. The number of nodes is that of the
    node features or labels beside them, where there are any.

    Raises:
        GraphError: If the file is damaged, holds pickled objects, or none of the above.
    """
    from .csr import CSRGraph

    try:
        with np.load(io.BytesIO(bytes(content[:])), allow_pickle=False) as file:
            keys = set(file.files)
            matrix = _matrix(file, keys)
            if matrix is not None:
                return CSRGraph.from_scipy(matrix, weight=weight, directed=directed)
            index, argument = _edges(file, keys)
            if index is None:
                checks.fail_file(name, f"the arrays {', '.join(sorted(keys)) or '(none)'}",
                                 "edge_index [2, E], edges [E, 2], row and col, or a scipy matrix")
            values = None if weight is False else _weight(file, keys, weight)
            if num_nodes is None:
                num_nodes = _num_nodes(file, keys)
    except checks.GraphError:
        raise
    except Exception as error:  # zip, zlib and header parsers raise anything at all
        checks.fail_file(name, f"what numpy cannot read ({error})", "an .npz file of plain arrays",
                         "pickled objects are never loaded")
    if argument == "edges":
        return CSRGraph.from_edges(index, num_nodes, values, directed=directed)
    return CSRGraph.from_edge_index(index, num_nodes, values, directed=directed)


def _matrix(file: Any, keys: set[str]) -> Any:
    from scipy import sparse

    if "format" in keys and "shape" in keys:
        kind = file["format"].item()
        kind = kind.decode() if isinstance(kind, bytes) else str(kind)
        if kind == "coo":
            return sparse.coo_array((file["data"], (file["row"], file["col"])),
                                    shape=tuple(file["shape"].tolist()))
        if kind == "dia":
            return sparse.dia_array((file["data"], file["offsets"]),
                                    shape=tuple(file["shape"].tolist()))
        prefix, maker = "", {"csr": sparse.csr_array, "csc": sparse.csc_array,
                             "bsr": sparse.bsr_array}[kind]
    elif {"adj_data", "adj_indices", "adj_indptr", "adj_shape"} <= keys:
        prefix, maker = "adj_", sparse.csr_array
    else:
        return None
    parts = (file[prefix + "data"], file[prefix + "indices"], file[prefix + "indptr"])
    return maker(parts, shape=tuple(file[prefix + "shape"].tolist()))


def _edges(file: Any, keys: set[str]) -> tuple[Any, str]:
    for key in ("edge_index", "edges"):
        if key in keys:
            return file[key], key
    if {"row", "col"} <= keys:
        row, col = file["row"], file["col"]
        if row.shape != col.shape or row.ndim != 1:
            checks.fail("col", f"shape {col.shape}", f"shape {row.shape} like 'row'")
        return np.stack([row, col]), "row"
    return None, ""


def _weight(file: Any, keys: set[str], weight: Any) -> Any:
    if isinstance(weight, str):
        if weight not in keys:
            checks.fail("weight", repr(weight), "one of " + ", ".join(sorted(keys)))
        return file[weight]
    key = next((key for key in _WEIGHTS if key in keys), None)
    if key is None and weight is not None:
        checks.fail("weight", repr(weight), "a name, True or None",
                    "no array is called " + " or ".join(_WEIGHTS))
    return None if key is None else file[key]


def _num_nodes(file: Any, keys: set[str]) -> int | None:
    if "num_nodes" in keys:
        return int(file["num_nodes"])
    lengths = [len(file[key]) for key in _FEATURES if key in keys and file[key].ndim]
    return lengths[0] if lengths else None

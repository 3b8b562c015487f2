"""Between :class:`CSRGraph` and the graphs of other libraries.

Nothing is imported to read an object: it brings what is needed with it.
"""

from __future__ import annotations

import csv
import gzip
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import checks
from .labels import name_array
from .output import replacing

if TYPE_CHECKING:
    from .csr import CSRGraph


_CSR_PARTS = ("indptr", "indices")
#: Attributes that PyG counts nodes by.
_NODE_KEYS = ("x", "feat", "pos", "batch", "node_type", "n_id")


def networkx_edges(
    graph: Any, weight: str | None
) -> tuple[NDArray[np.int64], int, NDArray[np.float64] | None, NDArray[Any] | None]:
    """``edge_index, num_nodes, weight, ids`` of a networkx graph."""
    if not hasattr(graph, "is_directed") or not hasattr(graph, "adj"):
        checks.fail("graph", type(graph).__name__, "a networkx graph",
                    "from_data takes PyG's Data, from_scipy a sparse matrix",
                    kind=checks.GraphTypeError)
    labels = list(graph.nodes)
    ids = _label_array(labels)
    if ids.dtype.kind == "i":
        ids = np.sort(ids)
        labels = ids.tolist()
        if len(ids) == 0 or (ids[0] == 0 and ids[-1] == len(ids) - 1):
            ids = None
    number = {label: index for index, label in enumerate(labels)}
    edge_index = np.fromiter(
        (number[end] for edge in graph.edges(data=False) for end in edge[:2]),
        np.int64, 2 * graph.number_of_edges(),
    ).reshape(-1, 2).T
    values = None
    if weight is not None:
        found = [value for *_, value in graph.edges(data=weight)]
        if any(value is not None for value in found):
            # networkx's rule: an edge without the attribute weighs 1.
            found = [1.0 if value is None else value for value in found]
            try:
                values = np.array(found, np.float64)
            except (TypeError, ValueError, OverflowError):
                wrong = next((v for v in found if not isinstance(v, (int, float, np.number))),
                             "an integer beyond any double")
                checks.fail("weight", f"{weight}={wrong!r} on an edge", "numbers",
                            "pass weight=None to leave it out", kind=checks.GraphTypeError)
    return edge_index, len(labels), values, ids


def check_names(ids: Any, num_nodes: int) -> NDArray[Any] | None:
    """A copy of the caller's names, whom nobody else may change any more."""
    if ids is None:
        return None
    if isinstance(ids, (list, tuple, range)):
        array = _label_array(list(ids))
    elif hasattr(ids, "__array__"):
        array = checks.to_numpy(ids, "ids").copy()
    else:
        checks.fail("ids", type(ids).__name__, "an array or a list of names",
                    kind=checks.GraphTypeError)
    checks.check_ids(array, num_nodes)
    return array


def _label_array(labels: list[Any]) -> NDArray[Any]:
    if all(isinstance(label, (int, np.integer)) and not isinstance(label, bool)
           and -(2**63) <= label < 2**63 for label in labels):
        return np.array(labels, np.int64)
    if all(isinstance(label, str) and not label.endswith("\0") for label in labels):
        return name_array(labels)
    array = np.empty(len(labels), object)
    for index, label in enumerate(labels):  # a slice would unpack labels that are tuples
        array[index] = label
    return array


def scipy_edges(
    matrix: Any, weight: bool | None
) -> tuple[NDArray[np.int64], int, NDArray[np.float64] | None, int]:
    """``edge_index, num_nodes, weight, zeros`` of a sparse matrix: zeros are dropped here."""
    if not hasattr(matrix, "tocoo"):
        checks.fail("matrix", type(matrix).__name__, "a scipy sparse matrix or array",
                    "wrap a dense one in scipy.sparse.csr_array", kind=checks.GraphTypeError)
    shape = tuple(matrix.shape)
    if len(shape) != 2 or shape[0] != shape[1]:
        checks.fail("matrix", f"shape {shape}", "a square matrix",
                    "a bipartite graph needs its square matrix of all nodes")
    if getattr(matrix, "format", "") in ("csr", "csc", "bsr"):
        block = matrix.blocksize[0] if matrix.format == "bsr" else 1
        # scipy follows row pointers unchecked: wrong ones would crash the conversion.
        indptr, indices = (checks.check_integers(np.asarray(getattr(matrix, part)),
                                                 f"matrix.{part}") for part in _CSR_PARTS)
        checks.check_rowptr(indptr, "matrix.indptr", shape[0] // block, len(indices))
        checks.check_index_range(indices, "matrix.indices", shape[0] // block)
        if len(matrix.data) != len(indices):
            checks.fail("matrix.data", f"{len(matrix.data)} values",
                        f"{len(indices)}, one per index")
    coo = matrix.tocoo()
    edge_index = np.stack([np.asarray(coo.row, np.int64), np.asarray(coo.col, np.int64)])
    checks.check_index_range(edge_index, "matrix", shape[0])
    value = np.asarray(coo.data)
    kept = value != 0
    zeros = len(value) - int(np.count_nonzero(kept))
    if zeros:
        edge_index, value = edge_index[:, kept], value[kept]
    plain = value.dtype == np.bool_ or bool((value == 1).all())
    if weight is False or (weight is None and plain):
        return edge_index, shape[0], None, zeros
    return edge_index, shape[0], checks.check_weight(value, len(value), "matrix"), zeros


def data_edges(data: Any, weight: bool | str | None) -> tuple[Any, int | None, Any]:
    """``edge_index, num_nodes, weight`` of PyG's ``Data``."""
    if not hasattr(data, "edge_index") and not hasattr(data, "num_nodes"):
        checks.fail("data", type(data).__name__, "an object with edge_index, such as PyG's Data",
                    kind=checks.GraphTypeError)
    if hasattr(data, "edge_types"):
        checks.fail("data", type(data).__name__, "a graph of one type",
                    "call data.to_homogeneous() first", kind=checks.GraphTypeError)
    edge_index = getattr(data, "edge_index", None)
    if edge_index is None:
        remedy = "set data.edge_index"
        if getattr(data, "adj_t", None) is not None:
            remedy += "; ToSparseTensor(remove_edge_index=False) keeps it beside adj_t"
        checks.fail("data", "no edge_index", "edge_index of shape (2, E)", remedy)
    values = None
    if isinstance(weight, str):
        values = getattr(data, weight, None)
    elif weight is not False:
        values = getattr(data, "edge_weight", None)
        attr = getattr(data, "edge_attr", None)
        one = attr is not None and (attr.ndim == 1 or (attr.ndim == 2 and attr.shape[1] == 1))
        if values is None and one:
            values = attr
    if values is None and weight not in (None, False):
        checks.fail("weight", repr(weight), "an attribute of data with one number per edge",
                    "data has no edge_weight" if weight is True else "data has none of that name")
    # PyG's num_nodes guesses, with a warning, where nothing in data says how many there are.
    known = any(getattr(data, key, None) is not None for key in _NODE_KEYS)
    store = getattr(data, "_store", {})
    num_nodes = getattr(data, "num_nodes", None) if known or "num_nodes" in store else None
    return edge_index, None if num_nodes is None else int(num_nodes), values


def upper_edges(
    graph: CSRGraph,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64] | None]:
    """Smaller end, larger end and weight of every edge."""
    row = np.repeat(np.arange(graph.num_nodes), graph.degree)
    upper = row < graph.col
    weight = None if graph.weight is None else graph.weight[upper]
    return row[upper], graph.col[upper].astype(np.int64), weight


def to_networkx(graph: CSRGraph) -> Any:
    """A ``networkx.Graph`` whose labels are the ids."""
    import networkx as nx

    labels = range(graph.num_nodes) if graph.ids is None else graph.ids.tolist()
    result = nx.Graph()
    result.add_nodes_from(labels)
    row, col, weight = upper_edges(graph)
    pairs = ((labels[u], labels[v]) for u, v in zip(row.tolist(), col.tolist(), strict=True))
    if weight is None:
        result.add_edges_from(pairs)
    else:
        result.add_weighted_edges_from(
            (*pair, value) for pair, value in zip(pairs, weight.tolist(), strict=True))
    return result


def write_edges(graph: CSRGraph, path: str | os.PathLike[str], sep: str, header: bool) -> None:
    """Writes every edge once, ids and weight."""
    if not isinstance(sep, str) or len(sep) != 1 or sep in "\r\n\"":
        checks.fail("sep", repr(sep), "one character that is no quote or newline")
    target = checks.check_output(path)
    row, col, weight = upper_edges(graph)
    step = 1 << 18
    with replacing(target) as made, (
        gzip.open(made, "wt", encoding="utf-8", newline="") if target.suffix == ".gz"
        else open(made, "w", encoding="utf-8", newline="")
    ) as file:
        # A first name that begins a comment would take its line with it.
        comment = graph.ids is not None and any(
            isinstance(name, str) and name[:1] in ("#", "%") for name in graph.ids.tolist())
        writer = csv.writer(file, delimiter=sep, lineterminator="\n",
                            quoting=csv.QUOTE_NONNUMERIC if comment else csv.QUOTE_MINIMAL)
        if header:
            writer.writerow(["source", "target"] + ["weight"] * (weight is not None))
        for at in range(0, len(row), step):
            columns = [end[at : at + step].tolist() if graph.ids is None
                       else graph.ids[end[at : at + step]].tolist() for end in (row, col)]
            if weight is not None:
                columns.append(weight[at : at + step].tolist())
            writer.writerows(zip(*columns, strict=True))

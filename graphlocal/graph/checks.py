"""Every check of every input. A message names the argument, what it got, what was expected, and
what to do about it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import GraphError as GraphError  # what the other rooms raise, through here
from .errors import GraphTypeError, fail
from .errors import fail_file as fail_file


def to_numpy(value: Any, argument: str) -> NDArray[Any]:
    """Array of a tensor, a numpy array or nested sequences; shares memory where it can."""
    # A tensor, or PyG's EdgeIndex, without importing torch; streams can be detached as well.
    if hasattr(value, "detach") and hasattr(value, "layout"):
        value = value.detach()
        if getattr(value, "is_sparse", False) or "sparse" in str(getattr(value, "layout", "")):
            fail(argument, "a sparse tensor", "a dense one", "use CSRGraph.from_scipy or "
                 "pass its coordinate indices", kind=GraphTypeError)
        if hasattr(value, "as_tensor"):
            value = value.as_tensor()
        if str(value.dtype) in ("torch.bfloat16", "torch.float8_e4m3fn", "torch.float8_e5m2"):
            value = value.float()  # numpy has none of these, float32 holds them all
        try:
            return np.asarray(value.cpu().numpy())
        except (RuntimeError, TypeError) as error:
            fail(argument, f"a {value.dtype} tensor on {value.device} ({error})",
                 "a tensor with values that numpy knows", kind=GraphTypeError)
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        fail(argument, f"{type(value).__name__} ({error})", "a tensor or an array",
             kind=GraphTypeError)


def check_integers(array: NDArray[Any], argument: str) -> NDArray[np.int64]:
    """The array as int64; refuses floats, booleans, objects and unsigned values past int64."""
    if array.size == 0 and array.dtype.kind == "f":
        return array.astype(np.int64)  # np.array([]) is float by default: nothing is lost
    if array.dtype.kind not in "iu":
        fail(argument, f"dtype {array.dtype}", "an integer dtype",
             "node indices are integers: convert with .astype(int) or .long()",
             kind=GraphTypeError)
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        fail(argument, f"value {array.max()}", f"at most {np.iinfo(np.int64).max}",
             "relabel the ids")
    return np.ascontiguousarray(array, dtype=np.int64)


def check_count(value: Any, argument: str, *, least: int = 0, most: int | None = None) -> int:
    """An integer of at least ``least`` and at most ``most``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        fail(argument, repr(value), "an integer", kind=GraphTypeError)
    if value < least:
        fail(argument, str(value), f"at least {least}")
    if most is not None and value > most:
        fail(argument, str(value), f"at most {most}")
    return int(value)


def check_positive(value: Any, argument: str, *, zero: bool = False) -> float:
    """A finite number above zero, or zero where ``zero`` allows it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        fail(argument, repr(value), "a number", kind=GraphTypeError)
    if not np.isfinite(value) or value < 0 or (value == 0 and not zero):
        fail(argument, str(value), "a finite number " + (">= 0" if zero else "> 0"))
    return float(value)


def check_index_range(index: NDArray[np.int64], argument: str, num_nodes: int) -> None:
    """Every index lies in ``[0, num_nodes)``."""
    if index.size == 0:
        return
    check_bounds(int(index.min()), int(index.max()), argument, num_nodes, "num_nodes")


def infer_num_nodes(index: NDArray[np.int64], argument: str) -> int:
    """One more than the largest index; refuses what are plainly ids and no indices.

    A few edges among ids of ten digits would take more memory than there is.
    """
    num_nodes = int(index.max()) + 1 if index.size else 0
    if num_nodes > max(2**26, 1000 * index.size):
        fail(argument, f"index {num_nodes - 1} in {index.size // 2} edges",
             "indices that number the nodes 0, 1, 2, ...",
             "relabel ids with numpy.unique(..., return_inverse=True), or pass num_nodes")
    return num_nodes


def known_num_nodes(edge_index: Any) -> int | None:
    """Number of nodes, where an ``EdgeIndex`` says it."""
    sizes = edge_index.sparse_size() if hasattr(edge_index, "sparse_size") else (None,)
    return None if None in sizes else max(sizes)


def check_edge_index(
    edge_index: Any, num_nodes: int | None, argument: str = "edge_index"
) -> tuple[NDArray[np.int64], int]:
    """Edge indices ``[2, E]`` as int64 with every index below the number of nodes.

    ``num_nodes=None`` means what an ``EdgeIndex`` says of its size, else one more than the largest
    index. A ``(2, 2)`` array is read as two edges in columns, PyG's layout; use
    ``CSRGraph.from_edges`` for rows.
    """
    if num_nodes is None:
        num_nodes = known_num_nodes(edge_index)
    array = to_numpy(edge_index, argument)
    if array.ndim == 1 and array.size == 0:
        array = array.reshape(2, 0)
    if array.ndim != 2 or array.shape[0] != 2:
        remedy = "PyG's layout has one column per edge"
        if array.ndim == 2 and array.shape[1] == 2:
            remedy += ": pass CSRGraph.from_edges(edges), or edge_index.T"
        fail(argument, f"shape {tuple(array.shape)}", "shape (2, E)", remedy)
    index = check_integers(array, argument)
    if num_nodes is None:
        num_nodes = infer_num_nodes(index, argument)
    num_nodes = check_count(num_nodes, "num_nodes")
    check_index_range(index, argument, num_nodes)
    return index, num_nodes


def check_weight(weight: Any, num_edges: int, argument: str = "edge_weight") -> NDArray[np.float64]:
    """Finite weights ``[E]`` as float64."""
    array = to_numpy(weight, argument)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (num_edges,):
        fail(argument, f"shape {tuple(array.shape)}", f"shape ({num_edges},), one per edge")
    if array.dtype.kind not in "fiub":
        fail(argument, f"dtype {array.dtype}", "numbers", kind=GraphTypeError)
    array = np.ascontiguousarray(array, dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        fail(argument, f"{array[bad[0]]} at position {bad[0]}", "finite numbers",
             "drop or repair these edges")
    return array


def check_sums(weight: NDArray[np.float64] | None, argument: str = "edge_weight") -> None:
    """Sums of the finite weights of repeated entries are finite too."""
    if weight is not None and not np.isfinite(weight).all():
        fail(argument, "weights of one edge whose sum is infinite", "finite sums",
             "repeated entries of a direction are summed: scale the weights")


def check_ids(ids: NDArray[Any], num_nodes: int, argument: str = "ids") -> None:
    """Names ``[N]`` of the nodes, no two alike."""
    if ids.shape != (num_nodes,):
        fail(argument, f"{len(ids)} names" if ids.ndim == 1 else f"shape {ids.shape}",
             f"{num_nodes}, one per node")
    try:
        distinct = len(set(ids.tolist()))
    except TypeError as error:
        fail(argument, f"names that cannot be told apart ({error})", "integers or strings",
             kind=GraphTypeError)
    if distinct < num_nodes:
        fail(argument, f"{distinct} distinct names", f"{num_nodes}, one per node",
             "two nodes of one name would become one elsewhere")


def check_rowptr(rowptr: NDArray[Any], argument: str, num_nodes: int, num_ends: int) -> None:
    """Row pointers ``[N + 1]`` that never fall, from 0 to at most ``num_ends``."""
    if rowptr.shape != (num_nodes + 1,):
        fail(argument, f"shape {rowptr.shape}", f"shape ({num_nodes + 1},), one more than rows")
    if rowptr[0] != 0:
        fail(argument, f"first value {rowptr[0]}", "0")
    falls = np.flatnonzero(rowptr[1:] < rowptr[:-1])
    if falls.size:
        fail(argument, f"{rowptr[falls[0] + 1]} after {rowptr[falls[0]]} at position "
             f"{falls[0] + 1}", "values that never fall")
    if rowptr[-1] > num_ends:
        fail(argument, f"last value {rowptr[-1]}", f"at most {num_ends}, the number of entries")


def check_csr(
    rowptr: NDArray[np.int64], col: NDArray[np.integer], weight: NDArray[np.float64] | None
) -> None:
    """Arrays of a simple undirected graph: sorted rows, no loops, every edge in both rows."""
    from ..kernels.cpu.csr import find_fault

    num_nodes = len(rowptr) - 1
    check_rowptr(rowptr, "rowptr", num_nodes, len(col))
    if rowptr[-1] != len(col):
        fail("rowptr", f"last value {rowptr[-1]}", f"{len(col)}, the length of col")
    check_index_range(col, "col", num_nodes)
    row, slot, fault = find_fault(rowptr, col, np.empty(0) if weight is None else weight)
    if fault == 0:
        return
    got = f"{col[slot]} in row {row} at position {slot}"
    remedy = "build the graph with CSRGraph.from_edge_index"
    if fault == 1:
        fail("col", got, "no self loop", remedy)
    if fault == 2:
        fail("col", f"{got} after {col[slot - 1]}", "sorted rows without repetition", remedy)
    if fault == 3:
        fail("col", got, f"{row} in row {col[slot]} too, an undirected graph", remedy)
    fail("weight", f"{weight[slot] if weight is not None else 0} for ({row}, {col[slot]})",
         "one weight for both directions, not zero", remedy)


def check_choice(value: Any, argument: str, choices: tuple[Any, ...]) -> Any:
    """One of the listed values."""
    if isinstance(value, bool) or value not in choices:
        fail(argument, repr(value), "one of " + ", ".join(repr(c) for c in choices))
    return value


def check_mask(mask: Any, argument: str, num_nodes: int, split: int = 0) -> NDArray[np.bool_]:
    """Boolean mask ``[N]`` with some node in it; of ``[N, S]`` masks, column ``split % S``."""
    if mask is None:
        fail(argument, "none", "a boolean mask of the nodes",
             "split the data first, for example with torch_geometric.transforms.RandomNodeSplit")
    array = to_numpy(mask, argument)
    if array.dtype != np.bool_:
        fail(argument, f"dtype {array.dtype}", "dtype bool",
             "indices become a mask with torch_geometric.utils.index_to_mask",
             kind=GraphTypeError)
    if array.ndim not in (1, 2) or array.shape[0] != num_nodes or 0 in array.shape[1:]:
        fail(argument, f"shape {tuple(array.shape)}",
             f"shape ({num_nodes},), one entry per node, or ({num_nodes}, S) for S splits")
    if array.ndim == 2:
        array = array[:, split % array.shape[1]]
    if not array.any():
        fail(argument, "no node", "at least one", "every split needs nodes to be scored on")
    return array


def check_labels(labels: Any, num_nodes: int, argument: str = "y") -> NDArray[np.int64]:
    """Class labels ``[N]`` (or ``[N, 1]``) as int64; their range is checked where they are used."""
    if labels is None:
        fail(argument, "none", "one class label per node")
    array = to_numpy(labels, argument)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (num_nodes,):
        fail(argument, f"shape {tuple(array.shape)}", f"shape ({num_nodes},), one label per node")
    return check_integers(array, argument)


def check_label_range(labels: NDArray[np.int64], num_classes: int, argument: str = "y") -> None:
    """Every label lies in ``[0, num_classes)``."""
    bad = labels[(labels < 0) | (labels >= num_classes)]
    if bad.size:
        fail(argument, f"label {bad[0]}", f"0 <= label < {num_classes}, the model's outputs",
             "unlabelled nodes must be outside the masks; else widen the model's last layer")


def check_edge_tensor(edge_index: Any, argument: str = "edge_index") -> None:
    """Shape ``[2, E]`` and an integer dtype, of a tensor, looking at neither values nor device."""
    shape, dtype = tuple(edge_index.shape), str(edge_index.dtype)
    if len(shape) != 2 or shape[0] != 2:
        remedy = "PyG's layout has one column per edge"
        if len(shape) == 2 and shape[1] == 2:
            remedy += f": pass {argument}.t().contiguous()"
        fail(argument, f"shape {shape}", "shape (2, E)", remedy)
    check_integer_dtype(dtype, argument)


def check_integer_dtype(dtype: Any, argument: str) -> None:
    """A signed integer dtype of torch or numpy (or uint8), by its name."""
    name = str(dtype).removeprefix("torch.")
    if name not in ("int64", "int32", "int16", "int8", "uint8"):
        fail(argument, f"dtype {name}", "an integer dtype",
             "node indices are integers: convert with .long()", kind=GraphTypeError)


def check_bounds(low: int, high: int, argument: str, limit: int, count: str) -> None:
    """Smallest and largest index lie in ``[0, limit)``; ``count`` is what the limit counts."""
    if low < 0:
        fail(argument, f"index {low}", f"0 <= index < {count}={limit}",
             "relabel the nodes to 0, 1, 2, ...")
    if high >= limit:
        fail(argument, f"index {high}", f"0 <= index < {count}={limit}",
             f"pass {count}={high + 1} or relabel the nodes")


def check_ptr(ptr: Any, length: int, argument: str = "ptr") -> None:
    """Borders of segments, array or tensor: from 0 to ``length``, never falling."""
    if ptr.ndim != 1 or len(ptr) == 0:
        fail(argument, f"shape {tuple(ptr.shape)}", "shape (B + 1,), the borders of B segments")
    check_integer_dtype(ptr.dtype, argument)
    first, last = int(ptr[0]), int(ptr[-1])
    if first != 0:
        fail(argument, f"first value {first}", "0", "the first segment starts at the first row")
    if last != length:
        fail(argument, f"last value {last}", f"{length}, the number of rows of 'x'",
             "the last segment ends after the last row")
    if bool((ptr[1:] < ptr[:-1]).any()):
        fail(argument, "values that fall", "values that never fall", "sort the segments")


def check_output(
    path: str | os.PathLike[str], argument: str = "path", inputs: Iterable[Any] = ()
) -> Path:
    """A file that can be written: in a folder that exists, and none of the ``inputs``."""
    target = Path(path)
    if target.is_dir():
        fail(argument, f"'{target}'", "a file", "it is a folder: name a file in it")
    if not target.parent.is_dir():
        fail(argument, f"'{target}'", "a file in a folder that exists",
             f"make the folder '{target.parent}' first")
    # A file is replaced, which its folder must allow; a device is written to.
    device = target.exists() and not target.is_file()
    if not os.access(target if device else target.parent, os.W_OK):
        fail(argument, f"'{target}'", "a file that may be written",
             "you have no permission to write there")
    for source in inputs:
        if os.path.exists(source) and target.exists() and os.path.samefile(source, target):
            fail(argument, f"'{target}'", "a file other than the input",
                 "the input is never overwritten")
    return target


def check_suffix(
    path: str | os.PathLike[str], known: tuple[str, ...], argument: str = "path"
) -> str:
    """The path's suffix in lower case, one of those ``known``."""
    suffix = Path(path).suffix.lower()
    if suffix not in known:
        fail(argument, f"'{path}'", "a file name that ends in " + ", ".join(known[:-1])
             + f" or {known[-1]}", "the ending chooses the format")
    return suffix


def check_operand(x: Any, argument: str, rows: int) -> NDArray[Any]:
    """A vector ``[rows]`` or matrix ``[rows, F]`` of finite numbers, as int64 or float64."""
    array = to_numpy(x, argument)
    if array.dtype.kind not in "fiub":
        fail(argument, f"dtype {array.dtype}", "real numbers", kind=GraphTypeError)
    if array.ndim not in (1, 2) or array.shape[0] != rows:
        fail(argument, f"shape {tuple(array.shape)}", f"shape ({rows},) or ({rows}, F)")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        fail(argument, "NaN or infinite values", "finite numbers",
             "products are differences of sums, in which they would spread")
    kind = np.float64 if array.dtype.kind == "f" else np.int64
    return np.ascontiguousarray(array, dtype=kind)


def check_installed(module: str, argument: str, got: str) -> None:
    """An optional package is there, looked up without importing it."""
    if importlib.util.find_spec(module) is None:
        fail(argument, got, f"the package {module} for it, which is not installed",
             f"pip install {module}")


def check_nonnegative(array: NDArray[Any], argument: str) -> None:
    """Every value is finite and none is below zero."""
    if not np.isfinite(array).all():
        fail(argument, "NaN or infinite values", "finite numbers")
    if array.size and array.min() < 0:
        fail(argument, f"value {array.min()}", "numbers of at least 0")

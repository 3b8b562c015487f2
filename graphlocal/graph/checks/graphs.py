"""What a graph is made of."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GraphTypeError, fail
from .arrays import check_index_range, check_integer_dtype, check_integers, to_numpy
from .values import check_count


def infer_num_nodes(index: NDArray[np.int64], argument: str) -> int:
    """One more than the largest index; refuses what are plainly ids and no indices.

    A few edges among ids of ten digits would take more memory than there is.
    """
    return bounded_num_nodes(int(index.max()) if index.size else -1, index.size // 2, argument)


def bounded_num_nodes(high: int, num_edges: int, argument: str) -> int:
    """:func:`infer_num_nodes` by the largest index of so many edges."""
    if high + 1 > max(2**26, 2000 * num_edges):
        fail(argument, f"index {high} in {num_edges} edges",
             "indices that number the nodes 0, 1, 2, ...",
             "relabel ids with numpy.unique(..., return_inverse=True), or pass num_nodes")
    return high + 1


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


def check_edge_tensor(edge_index: Any, argument: str = "edge_index") -> None:
    """Shape ``[2, E]`` and an integer dtype, of a tensor, looking at neither values nor device."""
    shape, dtype = tuple(edge_index.shape), str(edge_index.dtype)
    if len(shape) != 2 or shape[0] != 2:
        remedy = "PyG's layout has one column per edge"
        if len(shape) == 2 and shape[1] == 2:
            remedy += f": pass {argument}.t().contiguous()"
        fail(argument, f"shape {shape}", "shape (2, E)", remedy)
    check_integer_dtype(dtype, argument)


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


def check_undirected(report: Any, source: str, *, once: bool) -> None:
    """Every edge is listed in both directions, with one weight, by what a ``GraphReport`` says.

    ``once``: a list that names every edge once is undirected too.
    """
    if not (report.one_way or report.conflicts) or (once and report.two_way == 0):
        return
    listed = report.one_way + report.two_way
    fail(
        source, f"{report.one_way:,} of {listed - report.cancelled:,} edges in one direction only"
        if report.one_way else
        f"{report.conflicts:,} edges with different weights in their two directions",
        "every edge in both directions, because directed='error'",
        "pass directed='symmetrize' to take it as undirected",
    )


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


def check_ptr(ptr: Any, length: int, argument: str = "ptr", rows: str = "x") -> None:
    """Borders of segments, array or tensor: from 0 to ``length``, the rows of what ``rows`` names,
    never falling."""
    if ptr.ndim != 1 or len(ptr) == 0:
        fail(argument, f"shape {tuple(ptr.shape)}", "shape (B + 1,), the borders of B segments")
    check_integer_dtype(ptr.dtype, argument)
    first, last = int(ptr[0]), int(ptr[-1])
    if first != 0:
        fail(argument, f"first value {first}", "0", "the first segment starts at the first row")
    if last != length:
        fail(argument, f"last value {last}", f"{length}, the number of rows of '{rows}'",
             "the last segment ends after the last row")
    if bool((ptr[1:] < ptr[:-1]).any()):
        fail(argument, "values that fall", "values that never fall", "sort the segments")


def check_csr(
    rowptr: NDArray[np.int64], col: NDArray[np.integer], weight: NDArray[np.float64] | None
) -> None:
    """Arrays of a simple undirected graph: sorted rows, no loops, every edge in both rows."""
    from ...kernels.cpu.csr import check_rows, find_fault
    from ...kernels.cpu.parallel import row_blocks, run_blocks

    num_nodes = len(rowptr) - 1
    check_rowptr(rowptr, "rowptr", num_nodes, len(col))
    if rowptr[-1] != len(col):
        fail("rowptr", f"last value {rowptr[-1]}", f"{len(col)}, the length of col")
    values = np.empty(0) if weight is None else np.ascontiguousarray(weight)
    # Views that cannot be written to: one signature for what is mapped and what is handed over.
    arrays = [array.view() for array in (rowptr, col, values)]
    for array in arrays:
        array.flags.writeable = False
    rowptr, col, values = arrays
    keys = np.frombuffer(secrets.token_bytes(24), np.uint64) | np.uint64(1)
    found = run_blocks(check_rows, row_blocks(rowptr), rowptr, col, values.view(np.int64), keys)
    if not any(faults for faults, _ in found) and (
            sum(int(balance) for _, balance in found) % 2**64 == 0):
        return
    # Something is wrong: slower passes say what.
    check_index_range(col, "col", num_nodes)
    row, slot, fault = find_fault(rowptr, col, values)
    got = f"{col[slot]} in row {row} at position {slot}"
    remedy = "build the graph with CSRGraph.from_edge_index"
    if fault == 1:
        fail("col", got, "no self loop", remedy)
    if fault == 2:
        fail("col", f"{got} after {col[slot - 1]}", "sorted rows without repetition", remedy)
    if fault == 3:
        fail("col", got, f"{row} in row {col[slot]} too, an undirected graph", remedy)
    fail("weight", f"{values[slot]} for ({row}, {col[slot]})",
         "one weight for both directions, finite and not zero", remedy)

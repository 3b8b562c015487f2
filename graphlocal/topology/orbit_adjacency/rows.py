"""Rows of orbit adjacencies as scipy's compressed sparse rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.cpu import orbit_adjacency_rows as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from .edges import EdgeTables
from .names import EDGES, ENDS, TWO_HOP, Orbits

if TYPE_CHECKING:
    from scipy.sparse import csr_array

logger = logging.getLogger(__name__)

#: Paths below which no block of rows is cut.
_MIN_BLOCK_WORK = 1 << 16
#: Values a matrix may hold before its maker is warned.
_MANY = 1 << 31
#: Values below which no thread is asked to copy.
_MIN_COPY = 1 << 19


class _Piece(NamedTuple):
    length: NDArray[np.int64]
    columns: NDArray[np.integer]
    values: NDArray[np.integer]


def one_hop(tables: EdgeTables, orbits: Orbits, start: int, stop: int) -> csr_array:
    """Rows ``[start, stop)`` of an orbit adjacency on the edges."""
    graph = tables.graph
    rowptr = graph.rowptr[start : stop + 1]
    first, last = int(rowptr[0]), int(rowptr[-1])
    values, col = tables.values(orbits)[first:last], graph.col[first:last]
    if orbits == EDGES:
        return _csr(rowptr - first, col.copy(), values, graph.num_nodes)
    kept = values != 0
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])[rowptr - first]
    return _csr(indptr, col[kept], values[kept], graph.num_nodes)


def two_hops(
    tables: EdgeTables, names: Sequence[Orbits], start: int, stop: int
) -> list[csr_array]:
    """Rows ``[start, stop)`` of several orbit adjacencies of two hops, from one run over them."""
    graph = tables.graph
    rowptr, n = graph.rowptr, graph.num_nodes
    paths = tables.nodes.reach
    which = [TWO_HOP.index(name) for name in names]

    def block(start: int, stop: int, *scratch: Any) -> list[_Piece]:
        room = int(np.minimum(paths[start:stop], n).sum())
        length = np.empty(stop - start, np.int64)
        columns, sums = np.empty(room, graph.col.dtype), np.empty((room, 5), np.int64)
        kernel.two_hop_rows(start, stop, rowptr, graph.col, tables.triangles, *tables.commons,
                            length, columns, sums, *scratch)
        pieces = []
        for number in which:
            kept, out = np.empty_like(length), np.empty_like(columns)
            values = np.empty(room, np.int64)
            found = kernel.two_hop_values(start, stop, number, rowptr, length, columns, sums,
                                          kept, out, values)
            pieces.append(_Piece(kept, out[:found].copy(), _narrow(values[:found])))
        return pieces

    blocks = _run(block, tables, paths, start, stop, lambda: _scratch(tables))
    by_name = [list(pieces) for pieces in zip(*blocks, strict=True)]
    del blocks  # each list now holds the only reference to its pieces
    return [_join(pieces, n) for pieces in by_name]


def three_hops(tables: EdgeTables, start: int, stop: int) -> csr_array:
    """Rows ``[start, stop)`` of (3; 4, 4)."""
    graph = tables.graph
    n = graph.num_nodes
    walks = tables.walks

    # No value exceeds the number of slots: edges between the neighbours of u and those of x.
    number = np.int32 if len(graph.col) <= np.iinfo(np.int32).max else np.int64

    def block(start: int, stop: int, *scratch: Any) -> _Piece:
        room = int(np.minimum(walks[start:stop], n).sum()) + 1
        length = np.empty(stop - start, np.int64)
        columns, values = np.empty(room, graph.col.dtype), np.empty(room, number)
        found = kernel.three_hop_rows(
            start, stop, graph.rowptr, graph.col, tables.triangles, *tables.commons, length,
            columns, values, *scratch)
        return _Piece(length, columns[:found].copy(), values[:found].copy())

    def scratch() -> tuple[NDArray[Any], ...]:
        return (*_scratch(tables), np.zeros(n, number))

    return _join(_run(block, tables, walks, start, stop, scratch), n)


def rows(tables: EdgeTables, orbits: Orbits, start: int, stop: int) -> csr_array:
    """Rows ``[start, stop)`` of any of the 28."""
    if orbits.hop == 1:
        return one_hop(tables, orbits, start, stop)
    if orbits == ENDS:
        return three_hops(tables, start, stop)
    return two_hops(tables, [orbits], start, stop)[0]


def _run(
    block: Callable[..., Any], tables: EdgeTables, work: NDArray[np.int64], start: int, stop: int,
    scratch: Callable[[], tuple[NDArray[Any], ...]],
) -> list[Any]:
    """Runs a function of rows on blocks of equal work."""
    _ = tables.triangles, tables.commons  # made once, before the threads ask for them
    if start == stop:
        return [block(start, stop, *scratch())]
    most = int(np.minimum(work[start:stop], tables.graph.num_nodes).sum())
    if most > _MANY:
        logger.warning(
            "rows %d to %d of an orbit adjacency may hold up to %.3g values, 12 bytes each; "
            "OrbitAdjacency multiplies and sums without storing them", start, stop, most)
    running = np.concatenate([np.zeros(1, np.int64), np.cumsum(work[start:stop])])
    borders = start + row_blocks(running, min_work=_MIN_BLOCK_WORK)
    return run_blocks(block, borders, scratch=scratch)


def _scratch(tables: EdgeTables) -> tuple[NDArray[Any], ...]:
    n = tables.graph.num_nodes
    words = (n >> 6) + 1
    return (np.zeros((n, 5), np.int64), np.zeros(n, np.int64), np.empty(n, tables.graph.col.dtype),
            np.zeros(words, np.uint64), np.zeros((words >> 6) + 1, np.uint64))


def _narrow(values: NDArray[np.int64]) -> NDArray[np.integer]:
    """A copy in half the memory where the values allow it; they wait as pieces of a matrix."""
    if len(values) and values.max() > np.iinfo(np.int32).max:
        return values.copy()
    return values.astype(np.int32)


def _join(pieces: list[_Piece | None], num_columns: int) -> csr_array:
    """One matrix of the pieces, which are let go as they are copied."""
    found = [piece for piece in pieces if piece is not None]
    length = np.concatenate([piece.length for piece in found])
    at = np.cumsum([0, *(len(piece.columns) for piece in found)])
    columns = np.empty(at[-1], found[0].columns.dtype)
    values = np.empty(at[-1], np.int64)
    del found

    def copy(start: int, stop: int) -> None:
        for number in range(start, stop):
            piece, pieces[number] = pieces[number], None
            if piece is not None:
                columns[at[number] : at[number + 1]] = piece.columns
                values[at[number] : at[number + 1]] = piece.values

    run_blocks(copy, row_blocks(at, min_work=_MIN_COPY))
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(length)])
    return _csr(indptr, columns, values, num_columns)


def _csr(
    indptr: NDArray[np.int64], columns: NDArray[np.integer], values: NDArray[np.int64],
    num_columns: int,
) -> csr_array:
    from scipy.sparse import csr_array

    wide = len(columns) > np.iinfo(np.int32).max or columns.dtype != np.int32
    index = np.int64 if wide else np.int32
    matrix = csr_array(
        (values, columns.astype(index, copy=False), indptr.astype(index, copy=False)),
        shape=(len(indptr) - 1, num_columns))
    matrix.has_canonical_format = True
    return matrix

r"""Products of orbit adjacencies with a matrix, without the adjacencies.

A sum over the common neighbours :math:`v` of :math:`u` and :math:`w` of a value of the slot
:math:`u \to v` times a value of :math:`v \to w` is a product of two sparse matrices. It has values
on edges and on the diagonal too, where an orbit adjacency of two hops has none; those are sums the
edges know already, and are taken off. Only the chords, the edges among the common neighbours, need
the lists of common neighbours: with one row per edge and ones at its common neighbours, they are
:math:`\mathbf{B}^\top\mathbf{B}`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.cpu.parallel import row_blocks
from . import rows as _rows
from .edges import EdgeTables, Integers
from .names import EDGES, ENDS, Orbits

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Numbers an intermediate result may hold.
_ROOM = 1 << 24


def product(tables: EdgeTables, orbits: Orbits, x: NDArray[Any]) -> NDArray[Any]:
    """The adjacency times a checked vector or matrix."""
    if orbits.hop == 1:
        return _on_slots(tables, tables.values(orbits)) @ x
    if orbits == ENDS:
        return _three_hops(tables, x)
    if orbits.i == 8 or orbits.i in (4, 5):
        return _in_blocks(tables, orbits, x)
    paths = _Paths(tables)
    if orbits.i == 1:
        return paths.count(x)
    if orbits.i == 12:
        return paths.chords(x)
    if orbits.i == 9:
        return paths.far_triangles(x) - 2 * paths.chords(x)
    if orbits.i == 10:
        return paths.near_triangles(x) - 2 * paths.chords(x)
    return (paths.degrees(x) - 2 * paths.count(x) - paths.near_triangles(x)
            - paths.far_triangles(x) + 2 * paths.chords(x))


def _three_hops(tables: EdgeTables, x: NDArray[Any]) -> NDArray[Any]:
    """Walks u - v - w - x with w two hops away, less those that end at or beside v."""
    paths = _Paths(tables)
    closed = sum(tables.values(Orbits(1, i, j)) for i, j in ((1, 2), (8, 8), (12, 13)))
    return (paths.count(paths.edges @ x) - _on_slots(tables, closed) @ x
            - paths.far_triangles(x) + 2 * paths.chords(x))


class _Paths:
    """Sums over the common neighbours of pairs without an edge, as products."""

    def __init__(self, tables: EdgeTables) -> None:
        self.tables = tables
        self.edges = _on_slots(tables, tables.values(EDGES))
        self.closed = _on_slots(tables, tables.triangles)

    def _pairs(
        self, first: csr_array, second: Any, on_edges: Integers, on_diagonal: Integers, x: Any
    ) -> NDArray[Any]:
        walks = first @ (second @ x)
        return walks - _on_slots(self.tables, on_edges) @ x - _scaled(on_diagonal, x)

    def count(self, x: NDArray[Any]) -> NDArray[Any]:
        graph = self.tables.graph
        return self._pairs(self.edges, self.edges, self.tables.triangles, graph.degree, x)

    def far_triangles(self, x: NDArray[Any]) -> NDArray[Any]:
        tables = self.tables
        return self._pairs(self.edges, self.closed, tables.far_triangles, tables.nodes.closed, x)

    def near_triangles(self, x: NDArray[Any]) -> NDArray[Any]:
        tables = self.tables
        return self._pairs(self.closed, self.edges, tables.far_triangles[tables.order.mate],
                           tables.nodes.closed, x)

    def degrees(self, x: NDArray[Any]) -> NDArray[Any]:
        tables = self.tables
        walks = self.edges @ _scaled(tables.graph.degree, self.edges @ x)
        return (walks - _on_slots(tables, tables.common_degrees) @ x
                - _scaled(tables.nodes.reach, x))

    def chords(self, x: NDArray[Any]) -> NDArray[Any]:
        from scipy.sparse import csr_array

        tables = self.tables
        listptr, nodes = tables.commons
        total = np.zeros(x.shape, x.dtype)
        width = max(1, x.size // max(len(x), 1))
        # As many lists at a time as keep both the lists and their sums of x small.
        step = row_blocks(listptr, min_work=max(1, _ROOM // width), max_blocks=len(listptr))
        for start, stop in pairwise(step):
            ptr = listptr[start : stop + 1]
            ends = nodes[ptr[0] : ptr[-1]]
            lists = csr_array((np.ones(len(ends), x.dtype), ends, ptr - ptr[0]),
                              shape=(stop - start, len(x)))
            total += lists.T @ (lists @ x)
        return (total - _on_slots(tables, tables.cliques) @ x
                - _scaled(tables.nodes.closed // 2, x))


def _in_blocks(tables: EdgeTables, orbits: Orbits, x: NDArray[Any]) -> NDArray[Any]:
    """A block of rows at a time is made, multiplied and let go."""
    n = tables.graph.num_nodes
    result = np.zeros((n, *x.shape[1:]), x.dtype)
    running = np.concatenate([np.zeros(1, np.int64),
                              np.cumsum(np.minimum(tables.nodes.reach, n))])
    borders = row_blocks(running, min_work=_ROOM, max_blocks=max(n, 1))
    for start, stop in pairwise(borders):
        result[start:stop] = _rows.rows(tables, orbits, int(start), int(stop)) @ x
    return result


def _scaled(scale: Integers, x: NDArray[Any]) -> NDArray[Any]:
    return scale * x if x.ndim == 1 else scale[:, None] * x


def _on_slots(tables: EdgeTables, values: Integers) -> csr_array:
    from scipy.sparse import csr_array

    graph = tables.graph
    index = np.int32 if len(values) <= np.iinfo(np.int32).max else np.int64
    return csr_array((values, graph.col.astype(index, copy=False),
                      graph.rowptr.astype(index)), shape=(graph.num_nodes,) * 2)

"""What every edge of a graph knows of its surroundings, counted once and shared."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph
from ...kernels.cpu import orbit_adjacency as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from .names import EDGES, ONE_HOP, Orbits

#: An entry costs the length of another row, so blocks of few entries are worth a thread.
_MIN_BLOCK_WORK = 1 << 12

Integers = NDArray[np.int64]


class _Order(NamedTuple):
    mate: Integers
    above: Integers
    ranked: Integers
    ranked_col: NDArray[np.integer]


class _Cliques(NamedTuple):
    sums: Integers
    degrees: Integers
    cliques: Integers


class _NodeSums(NamedTuple):
    closed: Integers
    reach: Integers
    far: Integers


class EdgeTables:
    """Counts on the slots of a graph, each made when it is first asked for.

    A slot is an entry of ``graph.col``. All of it takes memory in proportion to the edges, and
    :attr:`commons` to the triangles.

    Args:
        graph: A checked graph.

    Shapes:
        - every array: :math:`(2M)`, one value per slot, but ``closed`` and ``far``: :math:`(N)`

    Example:
        >>> tables = EdgeTables(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)]))
        >>> tables.triangles.tolist()
        [1, 1, 1, 1, 1, 1, 0, 0]
    """

    def __init__(self, graph: CSRGraph) -> None:
        self.graph = graph

    @cached_property
    def _borders(self) -> Integers:
        return row_blocks(self.graph.rowptr, min_work=_MIN_BLOCK_WORK)

    def _marks(self, kind: type) -> NDArray[np.generic]:
        return np.zeros(self.graph.num_nodes, kind)

    @cached_property
    def order(self) -> _Order:
        """Mates of the slots, and the rows by rising degree."""
        rowptr, col = self.graph.rowptr, self.graph.col
        mate, ranked = np.empty(len(col), np.int64), np.empty(len(col), np.int64)
        ranked_col = np.empty_like(col)
        kernel.find_mates(rowptr, col, rowptr[:-1].copy(), mate)
        order = np.argsort(self.graph.degree, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        above = rowptr[:-1].copy()
        kernel.order_rows(order, rank, rowptr, col, mate, above, ranked, ranked_col)
        return _Order(mate, above, ranked, ranked_col)

    @cached_property
    def triangles(self) -> Integers:
        """Triangles on each edge."""
        graph, order = self.graph, self.order
        counts = np.zeros(len(graph.col), np.int64)
        run_blocks(kernel.edge_triangles, self._borders, graph.rowptr, graph.col, order.mate,
                   order.above, order.ranked, counts, scratch=lambda: (self._marks(np.uint8),))
        return counts

    @cached_property
    def _cliques(self) -> _Cliques:
        graph = self.graph
        tables = _Cliques(*(np.zeros(len(graph.col), np.int64) for _ in range(3)))
        longest = int(graph.degree.max(initial=0))
        run_blocks(kernel.edge_sums, self._borders, graph.rowptr, graph.col, *self.order,
                   self.triangles, *tables,
                   scratch=lambda: (self._marks(np.int64), self._marks(np.uint8),
                                    np.empty(longest, graph.col.dtype)))
        return tables

    @property
    def far_triangles(self) -> Integers:
        """Sum over the common neighbours w of a slot u -> v of the triangles on v - w."""
        return self._cliques.sums

    @property
    def common_degrees(self) -> Integers:
        """Sum of the degrees of the common neighbours."""
        return self._cliques.degrees

    @property
    def cliques(self) -> Integers:
        """Complete graphs of four nodes on each edge."""
        return self._cliques.cliques

    @cached_property
    def _squares(self) -> Integers:
        graph, order = self.graph, self.order
        squares = np.zeros(len(graph.col), np.int64)
        run_blocks(kernel.edge_squares, self._borders, graph.rowptr, *order[1:], squares,
                   scratch=lambda: (self._marks(np.int64),))
        return squares

    @cached_property
    def nodes(self) -> _NodeSums:
        """Sums over the neighbours of each node, see the kernel."""
        graph = self.graph
        sums = _NodeSums(*(np.zeros(graph.num_nodes, np.int64) for _ in range(3)))
        run_blocks(kernel.node_sums, row_blocks(graph.rowptr), graph.rowptr, graph.col,
                   self.triangles, *sums)
        return sums

    @cached_property
    def walks(self) -> Integers:
        """Walks of three steps from each node, ``[N]``."""
        return self.row_sums(self.nodes.reach[self.graph.col])

    @cached_property
    def commons(self) -> tuple[Integers, NDArray[np.integer]]:
        """Common neighbours of each edge, ``(listptr, nodes)``: 4 bytes for each of 3 per triangle.

        The list of an edge stands at one of its two slots, the other's is empty.
        """
        graph, order = self.graph, self.order
        listptr = np.zeros(len(graph.col) + 1, np.int64)
        run_blocks(kernel.list_lengths, self._borders, graph.rowptr, order.above, order.ranked,
                   self.triangles, listptr)
        np.cumsum(listptr, out=listptr)
        nodes = np.empty(int(listptr[-1]), graph.col.dtype)
        run_blocks(kernel.edge_commons, self._borders, graph.rowptr, graph.col, order.above,
                   order.ranked, listptr, nodes, scratch=lambda: (self._marks(np.uint8),))
        return listptr, nodes

    def values(self, orbits: Orbits) -> Integers:
        """An orbit adjacency of one hop as a value on each slot, zeros included."""
        graph = self.graph
        if orbits == EDGES:
            return np.ones(len(graph.col), np.int64)
        if orbits not in ONE_HOP:
            return self.values(orbits.transposed)[self.order.mate]
        values = np.empty(len(graph.col), np.int64)
        run_blocks(kernel.edge_values, row_blocks(graph.rowptr), ONE_HOP.index(orbits),
                   graph.rowptr, graph.col, self.order.mate, self.triangles, self.cliques,
                   self.far_triangles, self.common_degrees, self._squares, self.nodes.closed,
                   self.nodes.far, values)
        return values

    def row_sums(self, values: Integers) -> Integers:
        """Sum of the values of each node's slots, ``[N]``."""
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
        return total[self.graph.rowptr[1:]] - total[self.graph.rowptr[:-1]]

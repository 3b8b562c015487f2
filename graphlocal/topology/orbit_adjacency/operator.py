"""Orbit adjacencies as operators, which need not exist to be multiplied or summed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...graph import as_graph
from ...graph.checks import check_choice, check_count, check_operand, fail
from . import rows as _rows
from .edges import EdgeTables, Integers
from .names import ENDS, Orbits, check_orbits
from .product import product

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: The adjacency of one hop whose rows count the graphlets with the node on an orbit, and how often
#: each is counted there: a node of a square has two neighbours in it.
_COUNTED_AT = {
    1: ((1, 2), 1), 4: ((4, 5), 1), 5: ((5, 4), 1), 6: ((6, 7), 1), 8: ((8, 8), 2),
    9: ((9, 11), 1), 10: ((10, 11), 1), 12: ((12, 13), 2),
}
#: Where a node on orbit i has more than one partner: a leaf of a claw is two hops from two leaves.
_PARTNERS = {(2, 6, 6): 2, (2, 9, 10): 2}


class OrbitAdjacency:
    r"""An orbit adjacency that is multiplied, summed and cut into rows without being stored.

    .. math::
        \mathbf{A}_{h;i,j}[u, v]

    is the number of induced graphlets of at most four nodes in which :math:`u` is on orbit
    :math:`i`, :math:`v` on orbit :math:`j`, and both are :math:`h` hops apart inside the graphlet.
    :math:`\mathbf{A}_{3;4,4}` is nearly dense; the operator stores what the edges know instead, in
    memory :math:`O(N + M + T)` for :math:`T` triangles.

    Products with the adjacencies of one hop, of (2; 1,1), (2; 6,6), (2; 9,10), (2; 12,12) and of
    (3; 4,4) cost :math:`O((M + T) F)`; the other two of two hops count squares, which no product
    of smaller matrices does, and are made and multiplied in blocks of rows. Floating-point
    products are differences of walks, rounded as such; with integers all is exact.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        hop: Distance inside the graphlet, 1 to 3.
        i: Orbit of the row.
        j: Orbit of the column.

    Shapes:
        - **the operator:** :math:`(N, N)`

    Raises:
        GraphError: If no graph can be made from ``graph`` or there is no such orbit adjacency.

    Example:
        >>> import numpy as np
        >>> from graphlocal import CSRGraph
        >>> path = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])
        >>> ends = OrbitAdjacency(path, 3, 4, 4)
        >>> (ends @ np.array([1, 2, 3, 4])).tolist(), ends.sum(axis=1).tolist()
        ([4, 0, 0, 1], [1, 0, 0, 1])
    """

    dtype = np.dtype(np.int64)
    ndim = 2
    # numpy then leaves `array @ operator` to us.
    __array_ufunc__ = None

    def __init__(self, graph: Any, hop: int, i: int, j: int) -> None:
        self.orbits = check_orbits(hop, i, j)
        self._tables = EdgeTables(as_graph(graph))

    @classmethod
    def _of(cls, tables: EdgeTables, orbits: Orbits) -> OrbitAdjacency:
        operator = cls.__new__(cls)
        operator.orbits, operator._tables = orbits, tables
        return operator

    @property
    def shape(self) -> tuple[int, int]:
        """``(N, N)``."""
        return self._tables.graph.num_nodes, self._tables.graph.num_nodes

    @property
    def T(self) -> OrbitAdjacency:
        """The transpose: the orbits exchanged."""
        return self._of(self._tables, self.orbits.transposed)

    def rows(self, start: int, stop: int) -> csr_array:
        """Rows ``[start, stop)`` as a sparse matrix.

        Args:
            start: First row.
            stop: One past the last row.

        Shapes:
            - **output:** :math:`(stop - start, N)`

        Raises:
            GraphError: If not ``0 <= start <= stop <= N``.

        Example:
            >>> from graphlocal import CSRGraph
            >>> path = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])
            >>> OrbitAdjacency(path, 3, 4, 4).rows(0, 2).toarray().tolist()
            [[0, 0, 0, 1], [0, 0, 0, 0]]
        """
        start, stop = check_count(start, "start"), check_count(stop, "stop")
        if not start <= stop <= self.shape[0]:
            fail("stop", f"rows {start} to {stop}", f"0 <= start <= stop <= {self.shape[0]}")
        return _rows.rows(self._tables, self.orbits, start, stop)

    def tocsr(self) -> csr_array:
        """The matrix itself, sparse; (3; 4,4) may need memory for most of :math:`N^2` values."""
        return _rows.rows(self._tables, self.orbits, 0, self.shape[0])

    def toarray(self) -> NDArray[np.int64]:
        """The matrix itself, dense."""
        return self.tocsr().toarray()

    def sum(self, axis: int | None = None) -> Any:
        """Sums of the rows (``axis=1``), the columns (``axis=0``) or all, from the edges alone.

        Args:
            axis: 0, 1, -1, -2, or ``None`` for the sum of everything.

        Shapes:
            - **output:** :math:`(N)`, or an integer

        Raises:
            GraphError: If ``axis`` is none of these.

        Example:
            >>> from graphlocal import CSRGraph
            >>> star = CSRGraph.from_edges([(0, 1), (0, 2), (0, 3)])
            >>> OrbitAdjacency(star, 2, 6, 6).sum(axis=1).tolist()
            [0, 2, 2, 2]
        """
        check_choice(axis, "axis", (None, 0, 1, -1, -2))
        if axis is None:
            return int(self._row_sums(self.orbits).sum())
        transposed = axis in (0, -2)
        return self._row_sums(self.orbits.transposed if transposed else self.orbits)

    def _row_sums(self, orbits: Orbits) -> Integers:
        tables = self._tables
        if orbits.hop == 1:
            return tables.row_sums(tables.values(orbits))
        # Every graphlet with the node on this orbit gives it the same number of partners.
        counted, times = _COUNTED_AT[orbits.i]
        graphlets = tables.row_sums(tables.values(Orbits(1, *counted))) // times
        return graphlets * _PARTNERS.get(orbits, 1)

    def __matmul__(self, x: Any) -> NDArray[Any]:
        if isinstance(x, OrbitAdjacency) or hasattr(x, "tocsr"):
            return NotImplemented
        x = check_operand(x, "x", self.shape[1])
        return product(self._tables, self.orbits, x)

    def __rmatmul__(self, x: Any) -> NDArray[Any]:
        return (self.T @ np.asarray(x).T).T

    def __repr__(self) -> str:
        hop, i, j = self.orbits
        form = "operator on" if self.orbits == ENDS else "of"
        return f"OrbitAdjacency(({hop}; {i},{j}) {form} {self._tables.graph})"

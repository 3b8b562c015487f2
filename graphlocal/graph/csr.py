"""The graph that topology and clustering see."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks
from .build import GraphReport, build_csr

Directed = Literal["symmetrize", "error"]


class CSRGraph:
    """A simple undirected graph as compressed sparse rows, built once and checked once.

    Rows are sorted, every edge stands in the rows of both its ends, duplicates are merged, self
    loops and explicit zero weights dropped; :attr:`report` says how many of each. Arrays are
    read-only.

    Make one with :meth:`from_edge_index`, :meth:`from_edges`, :meth:`from_networkx`,
    :meth:`from_scipy`, :meth:`from_data`, :meth:`read` or :meth:`open`.

    Args:
        rowptr: Row pointers, int64.
        col: Neighbours, int32 (int64 past 2^31 nodes).
        weight: Edge weights, float64.
        ids: The caller's node ids, integers or strings. ``None`` where they are ``0..N-1``.
        report: What building the graph changed.

    Shapes:
        - **rowptr:** :math:`(N + 1)`
        - **col, weight:** :math:`(2M)` for :math:`M` undirected edges
        - **ids, degree:** :math:`(N)`

    Example:
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 2), (2, 3)])
        >>> graph
        CSRGraph(num_nodes=4, num_edges=4)
        >>> graph.degree.tolist(), str(graph.report)
        ([2, 2, 3, 1], '1 self loops removed')
    """

    __slots__ = ("col", "ids", "report", "rowptr", "weight")

    rowptr: NDArray[np.int64]
    col: NDArray[np.integer]
    weight: NDArray[np.float64] | None
    ids: NDArray[Any] | None
    report: GraphReport

    def __init__(
        self,
        rowptr: NDArray[np.int64],
        col: NDArray[np.integer],
        weight: NDArray[np.float64] | None = None,
        ids: NDArray[Any] | None = None,
        report: GraphReport | None = None,
    ) -> None:
        # Read-only always: nobody changes a graph that was checked, and kernels compile once.
        for name, array in (("rowptr", rowptr), ("col", col), ("weight", weight), ("ids", ids)):
            if array is not None:
                array = array.view()
                array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "report", report if report is not None else GraphReport())

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"CSRGraph is immutable: cannot set '{name}' (build a new graph)")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"CSRGraph is immutable: cannot delete '{name}'")

    @property
    def num_nodes(self) -> int:
        """Number of nodes N."""
        return len(self.rowptr) - 1

    @property
    def num_edges(self) -> int:
        """Number of undirected edges M."""
        return len(self.col) // 2

    @property
    def degree(self) -> NDArray[np.int64]:
        """Number of neighbours of each node, ``[N]``."""
        return np.diff(self.rowptr)

    def neighbors(self, node: int) -> NDArray[np.integer]:
        """Sorted neighbours of a node index.

        Example:
            >>> CSRGraph.from_edges([(0, 2), (0, 1)]).neighbors(0).tolist()
            [1, 2]
        """
        node = checks.check_count(node, "node")
        checks.check_index_range(np.array([node]), "node", self.num_nodes)
        return self.col[self.rowptr[node] : self.rowptr[node + 1]]

    def __repr__(self) -> str:
        weighted = ", weighted" if self.weight is not None else ""
        return f"CSRGraph(num_nodes={self.num_nodes}, num_edges={self.num_edges}{weighted})"

    def __reduce__(self) -> tuple[Any, ...]:
        return CSRGraph, (self.rowptr, self.col, self.weight, self.ids, self.report)

    # Constructors: each reads its source and hands plain arrays to `from_edge_index`.

    @classmethod
    def from_edge_index(
        cls,
        edge_index: ArrayLike | Any,
        num_nodes: int | None = None,
        edge_weight: ArrayLike | Any | None = None,
        *,
        ids: NDArray[Any] | None = None,
        directed: Directed = "symmetrize",
    ) -> CSRGraph:
        """Graph of edge indices in PyG's layout, one column per edge.

        Args:
            edge_index: Tensor, ``EdgeIndex`` or array of integers.
            num_nodes: Number of nodes; ``None`` takes one more than the largest index.
            edge_weight: Finite weights. Repeated entries of a direction are summed; where both
                directions are listed the larger is kept.
            ids: Names of the nodes, kept for output.
            directed: What to do when some edge is listed in one direction only: take it as
                undirected (``"symmetrize"``), or refuse (``"error"``).

        Shapes:
            - **edge_index:** :math:`(2, E)`
            - **edge_weight:** :math:`(E)`
            - **ids:** :math:`(N)`

        Raises:
            GraphError: If shapes, dtypes, index ranges or weights are wrong, or the input is
                directed and ``directed="error"``.

        Example:
            >>> CSRGraph.from_edge_index(np.array([[0, 1], [1, 2]]), num_nodes=5)
            CSRGraph(num_nodes=5, num_edges=2)
        """
        checks.check_choice(directed, "directed", ("symmetrize", "error"))
        index, num_nodes = checks.check_edge_index(edge_index, num_nodes)
        weight = None
        if edge_weight is not None:
            weight = checks.check_weight(edge_weight, index.shape[1])
        if ids is not None and len(ids) != num_nodes:
            checks.fail("ids", f"{len(ids)} names", f"{num_nodes}, one per node")
        rowptr, col, weight, report = build_csr(index[0], index[1], num_nodes, weight)
        if directed == "error" and (report.one_way or report.conflicts):
            one_sided = f"{report.one_way:,} of {len(col) // 2:,} edges in one direction only"
            checks.fail(
                "edge_index", one_sided if report.one_way else
                f"{report.conflicts:,} edges with different weights in their two directions",
                "every edge in both directions, because directed='error'",
                "pass directed='symmetrize' to take it as undirected",
            )
        return cls(rowptr, col, weight, ids, report)

    @classmethod
    def from_edges(
        cls,
        edges: ArrayLike | Any,
        num_nodes: int | None = None,
        edge_weight: ArrayLike | Any | None = None,
        *,
        directed: Directed = "symmetrize",
    ) -> CSRGraph:
        """Graph of edges in rows, one pair each; see :meth:`from_edge_index` for the rest.

        Shapes:
            - **edges:** :math:`(E, 2)`

        Raises:
            GraphError: If ``edges`` does not have two columns, or as :meth:`from_edge_index`.

        Example:
            >>> CSRGraph.from_edges([(0, 1), (1, 2)]).num_edges
            2
        """
        array = checks.to_numpy(edges, "edges")
        if array.size == 0 and array.ndim <= 2:
            array = np.zeros((0, 2), np.int64)
        if array.ndim != 2 or array.shape[1] != 2:
            checks.fail("edges", f"shape {tuple(array.shape)}", "shape (E, 2)",
                        "one row per edge; edge_index in PyG's layout goes to from_edge_index")
        return cls.from_edge_index(array.T, num_nodes, edge_weight, directed=directed)

    @classmethod
    def read(cls, source: Any, **options: Any) -> CSRGraph:
        """Graph of a file; see :func:`graphlocal.graph.read`."""
        from .formats import read

        return read(source, **options)

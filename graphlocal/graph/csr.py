"""The graph that topology and clustering see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks, convert
from .build import GraphReport, build_csr
from .exports import Exports
from .imports import Directed, Imports


class CSRGraph(Imports, Exports):
    """A simple undirected graph as compressed sparse rows, built once and checked once.

    Rows are sorted, every edge stands in the rows of both its ends, duplicates are merged, self
    loops and explicit zero weights dropped; :attr:`report` says how many of each. Arrays are
    read-only.

    Make one with :meth:`from_edge_index`, :meth:`from_edges`, :meth:`from_networkx`,
    :meth:`from_scipy`, :meth:`from_data`, :meth:`read` or :meth:`open`. Arrays that have all this
    already go to the constructor, which copies them and checks every entry.

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

    Raises:
        GraphError: If row pointers fall or end elsewhere, a row is not sorted, holds its own node
            or one out of range, or an edge stands in one of its two rows only.

    Example:
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 2), (2, 3)])
        >>> graph
        CSRGraph(num_nodes=4, num_edges=4)
        >>> graph.degree.tolist(), str(graph.report)
        ([2, 2, 3, 1], '1 self loops removed')
    """

    __slots__ = ("col", "directory", "ids", "report", "rowptr", "weight")

    rowptr: NDArray[np.int64]
    col: NDArray[np.integer]
    weight: NDArray[np.float64] | None
    ids: NDArray[Any] | None
    report: GraphReport
    #: Where the graph was opened from, absolute; ``None`` where it was not.
    directory: Path | None

    def __init__(
        self,
        rowptr: ArrayLike | Any,
        col: ArrayLike | Any,
        weight: ArrayLike | Any | None = None,
        ids: NDArray[Any] | None = None,
        report: GraphReport | None = None,
    ) -> None:
        pointers = checks.check_integers(checks.to_numpy(rowptr, "rowptr"), "rowptr")
        neighbors = checks.check_integers(checks.to_numpy(col, "col"), "col")
        for name, array in (("rowptr", pointers), ("col", neighbors)):
            if array.ndim != 1:
                checks.fail(name, f"shape {array.shape}", "one dimension")
        if len(pointers) == 0:
            checks.fail("rowptr", "shape (0,)", "shape (N + 1,)", "no nodes at all are [0]")
        values = None if weight is None else checks.check_weight(weight, len(neighbors), "weight")
        checks.check_csr(pointers, neighbors, values)
        ids = convert.check_names(ids, len(pointers) - 1)
        if len(pointers) - 1 <= 2**31:
            neighbors = neighbors.astype(np.int32)
        if report is None:
            report = GraphReport(two_way=len(neighbors) // 2,
                                 isolated=int(np.count_nonzero(np.diff(pointers) == 0)))
        self._set(pointers.copy(), neighbors, None if values is None else values.copy(), ids,
                  report)

    @classmethod
    def _trusted(
        cls,
        rowptr: NDArray[np.int64],
        col: NDArray[np.integer],
        weight: NDArray[np.float64] | None,
        ids: NDArray[Any] | None,
        report: GraphReport,
        directory: Path | None = None,
    ) -> CSRGraph:
        """A graph of arrays that the builder made, which are not gone through again."""
        graph = cls.__new__(cls)
        graph._set(rowptr, col, weight, ids, report, directory)
        return graph

    def _set(
        self,
        rowptr: NDArray[np.int64],
        col: NDArray[np.integer],
        weight: NDArray[np.float64] | None,
        ids: NDArray[Any] | None,
        report: GraphReport,
        directory: Path | None = None,
    ) -> None:
        # Read-only always: nobody changes a graph that was checked, and kernels compile once.
        for name, array in (("rowptr", rowptr), ("col", col), ("weight", weight), ("ids", ids)):
            if array is not None:
                array = np.asarray(array).view()
                array.flags.writeable = False
            object.__setattr__(self, name, array)
        object.__setattr__(self, "report", report)
        object.__setattr__(self, "directory", directory)

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
        return CSRGraph._trusted, (self.rowptr, self.col, self.weight, self.ids, self.report)

    # What the constructors of `Imports` end in.

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
        index, num_nodes = checks.check_edge_index(edge_index, num_nodes)
        weight = None
        if edge_weight is not None:
            weight = checks.check_weight(edge_weight, index.shape[1])
        ids = convert.check_names(ids, num_nodes)
        return cls._from_checked(index, num_nodes, weight, ids, directed)

    @classmethod
    def _from_checked(
        cls,
        index: NDArray[np.int64],
        num_nodes: int,
        weight: NDArray[np.float64] | None,
        ids: NDArray[Any] | None,
        directed: Directed,
        *,
        source: str = "edge_index",
        once: bool = False,
        zeros: int = 0,
    ) -> CSRGraph:
        """Builds the graph of checked edges; ``once``: naming every edge once is undirected too."""
        checks.check_choice(directed, "directed", ("symmetrize", "error"))
        try:
            rowptr, col, weight, report = build_csr(index[0], index[1], num_nodes, weight)
        except (MemoryError, OverflowError, ValueError) as error:
            if num_nodes < 2**28:
                raise
            checks.fail("num_nodes", f"{num_nodes} ({error})", "a graph that fits memory",
                        "relabel the nodes to 0, 1, 2, ...")
        checks.check_sums(weight, "edge_weight" if source == "edge_index" else source)
        if zeros:
            report = replace(report, zeros=report.zeros + zeros)
        if directed == "error":
            checks.check_undirected(report, source, once=once)
        return cls._trusted(rowptr, col, weight, ids, report)

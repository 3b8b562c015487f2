"""Many graphs as one: their disjoint union, and where each begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph, as_graph, checks
from ...graph.convert import data_edges

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GraphBatch:
    """Graphs side by side in one, so that thousands of small ones cost one call.

    Args:
        graph: Their disjoint union; the nodes of each graph follow those of the one before.
        ptr: First node of each graph, and the number of nodes at the end.

    Shapes:
        - **ptr:** :math:`(B + 1)`

    Example:
        >>> from graphlocal import CSRGraph
        >>> path = CSRGraph.from_edges([(0, 1), (1, 2)])
        >>> batch = GraphBatch.from_graphs([path, path])
        >>> batch.graph, batch.ptr.tolist(), batch.edge_ptr.tolist()
        (CSRGraph(num_nodes=6, num_edges=4), [0, 3, 6], [0, 2, 4])
    """

    graph: CSRGraph
    ptr: Ints

    @property
    def edge_ptr(self) -> Ints:
        """First edge of each graph in ``graph.to_edges()``, and the number of edges at the end."""
        # Every edge stands in two rows of its own graph.
        return self.graph.rowptr[self.ptr] // 2

    @classmethod
    def from_graphs(cls, graphs: list[Any] | tuple[Any, ...]) -> GraphBatch:
        """Joins a list of graphs: ``CSRGraph``, PyG ``Data``, edge indices, networkx, scipy.

        Raises:
            GraphError: If one of them is no graph.

        Example:
            >>> GraphBatch.from_graphs([np.array([[0, 1], [1, 2]]), np.array([[0], [3]])]).ptr
            array([0, 3, 7])
        """
        if all(isinstance(graph, CSRGraph) for graph in graphs):
            return cls._from_csr(graphs)
        parts, counts = [], np.empty(len(graphs), np.int64)
        for number, graph in enumerate(graphs):
            index, counts[number] = _edges_of(graph, f"graph[{number}]")
            parts.append(index)
        lengths = np.array([part.shape[1] for part in parts])
        index = np.concatenate(parts, axis=1)
        ptr = np.concatenate([[0], np.cumsum(counts)])
        bad = ((index < 0) | (index >= np.repeat(counts, lengths))).any(axis=0)
        if bad.any():
            number = int(np.repeat(np.arange(len(parts)), lengths)[np.argmax(bad)])
            checks.check_index_range(parts[number], f"graph[{number}]", int(counts[number]))
        index = index + np.repeat(ptr[:-1], lengths)
        return cls(CSRGraph.from_edge_index(index, int(ptr[-1])), ptr)

    @classmethod
    def _from_csr(cls, graphs: list[CSRGraph] | tuple[CSRGraph, ...]) -> GraphBatch:
        counts = np.array([graph.num_nodes for graph in graphs], np.int64)
        ends = np.array([len(graph.col) for graph in graphs], np.int64)
        ptr = np.concatenate([[0], np.cumsum(counts)])
        start = np.concatenate([[0], np.cumsum(ends)])
        rowptr = np.zeros(ptr[-1] + 1, np.int64)
        if len(graphs) == 0:
            return cls(CSRGraph.from_csr(rowptr, np.zeros(0, np.int32)), ptr)
        rowptr[1:] = np.concatenate([graph.rowptr[1:] for graph in graphs])
        rowptr[1:] += np.repeat(start[:-1], counts)
        wide = np.int32 if ptr[-1] < 2**31 else np.int64
        col = np.concatenate([graph.col for graph in graphs]).astype(wide, copy=False)
        col += np.repeat(ptr[:-1], ends).astype(wide)
        return cls(CSRGraph.from_csr(rowptr, col), ptr)

    @classmethod
    def from_vector(cls, edge_index: Any, batch: Any = None, ptr: Any = None) -> GraphBatch:
        """From one edge index and PyG's ``batch`` (graph of each node) or ``ptr``.

        Raises:
            GraphError: If ``batch`` is not sorted, or an edge joins two graphs.

        Example:
            >>> GraphBatch.from_vector([[0, 2], [1, 3]], batch=[0, 0, 1, 1, 1]).ptr
            array([0, 2, 5])
        """
        if (batch is None) == (ptr is None):
            checks.fail("batch", "both batch and ptr" if ptr is not None else "neither batch nor "
                        "ptr", "one of them")
        if ptr is None:
            of_node = checks.check_integers(checks.to_numpy(batch, "batch"), "batch")
            if of_node.ndim != 1:
                checks.fail("batch", f"shape {of_node.shape}", "shape (N,), the graph of each node")
            if len(of_node) and of_node[0] < 0:
                checks.fail("batch", f"{of_node[0]}", "numbers of graphs from 0")
            if (of_node[1:] < of_node[:-1]).any():
                checks.fail("batch", "values that fall", "values that never fall",
                            "sort the nodes by graph")
            if len(of_node) and of_node[-1] > max(2**26, 1000 * len(of_node)):
                checks.fail("batch", f"graph {of_node[-1]} of {len(of_node)} nodes",
                            "numbers of graphs without large gaps", "relabel the graphs")
            borders = np.concatenate([[0], np.cumsum(np.bincount(of_node))]).astype(np.int64)
        else:
            borders = checks.check_integers(checks.to_numpy(ptr, "ptr"), "ptr")
            if borders.ndim != 1 or len(borders) == 0:
                checks.fail("ptr", f"shape {borders.shape}", "shape (B + 1,)")
            checks.check_rowptr(borders, "ptr", len(borders) - 1, int(borders[-1]))
        index, num_nodes = checks.check_edge_index(edge_index, int(borders[-1]))
        graph_of = np.searchsorted(borders, index, side="right")
        across = np.flatnonzero(graph_of[0] != graph_of[1])
        if across.size:
            checks.fail("edge_index", f"edge {tuple(index[:, across[0]].tolist())} between graphs "
                        f"{graph_of[0, across[0]] - 1} and {graph_of[1, across[0]] - 1}",
                        "edges within a graph")
        return cls(CSRGraph.from_edge_index(index, num_nodes), borders)


def _edges_of(graph: Any, argument: str) -> tuple[Ints, int]:
    """Edge index and number of nodes of one graph of a list."""
    if hasattr(graph, "edge_index") and not isinstance(graph, CSRGraph):
        raw, num_nodes, _ = data_edges(graph, False)
    elif hasattr(graph, "__array__") and not hasattr(graph, "tocsr"):
        raw, num_nodes = graph, None
    else:
        graph = as_graph(graph, argument)
        return graph.to_edge_index(), graph.num_nodes
    if num_nodes is None:
        num_nodes = checks.known_num_nodes(raw)
    index = checks.check_integers(checks.to_numpy(raw, argument), argument)
    if index.ndim != 2 or index.shape[0] != 2:
        checks.check_edge_index(index, None, argument)
    if num_nodes is None:
        num_nodes = checks.infer_num_nodes(index, argument)
    return index.reshape(2, -1), num_nodes


def gather(graph: Any, batch: Any = None, ptr: Any = None) -> tuple[CSRGraph, Ints | None]:
    """The graph to count in, and the borders of its graphs where it is a batch of them.

    Example:
        >>> gather(np.array([[0], [1]]))
        (CSRGraph(num_nodes=2, num_edges=1), None)
    """
    if batch is not None or ptr is not None:
        made = GraphBatch.from_vector(graph, batch, ptr)
    elif isinstance(graph, GraphBatch):
        made = graph
    elif isinstance(graph, (list, tuple)):
        made = GraphBatch.from_graphs(graph)
    elif hasattr(graph, "edge_index") and getattr(graph, "ptr", None) is not None:
        made = GraphBatch.from_vector(graph.edge_index, ptr=graph.ptr)
    elif hasattr(graph, "edge_index") and getattr(graph, "batch", None) is not None:
        made = GraphBatch.from_vector(graph.edge_index, batch=graph.batch)
    else:
        return as_graph(graph), None
    return made.graph, made.ptr

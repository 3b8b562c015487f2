"""Connected components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph
from ..kernels.cpu import components as kernel
from . import executors
from .blocks import map_blocks


def connected_components(graph: Any) -> NDArray[np.int64]:
    """Component of each node, numbered 0, 1, 2, ... in the order of their smallest nodes.

    Node 0 is always in component 0, and a component's number is the number of components that
    start before its smallest node. O(N + M), on one thread; on an executor, see
    :func:`~graphlocal.topology.executing`, each block finds the trees that its rows span, and the
    trees are joined here.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Shapes:
        - **output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> connected_components(CSRGraph.from_edges([(0, 3), (1, 2)], num_nodes=5)).tolist()
        [0, 1, 1, 0, 2]
    """
    graph = as_graph(graph)
    if executors.current() is not None:
        return _joined(graph)
    label = np.full(graph.num_nodes, -1, np.int64)
    kernel.label_components(graph.rowptr, graph.col, label,
                            np.empty(graph.num_nodes, graph.col.dtype))
    return label


def _joined(graph: CSRGraph) -> NDArray[np.int64]:
    parent = np.arange(graph.num_nodes, dtype=graph.col.dtype)
    for child, root in map_blocks(_trees, graph, combine="list"):
        kernel.join_pairs(child, root, parent)
    label = np.empty(graph.num_nodes, np.int64)
    kernel.number_trees(parent, label)
    return label


def _trees(graph: CSRGraph, start: int, stop: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Nodes that the block's rows join to a smaller one, and those."""
    parent = np.arange(graph.num_nodes, dtype=graph.col.dtype)
    kernel.join_rows(start, stop, graph.rowptr, graph.col, parent)
    child = np.flatnonzero(parent != np.arange(len(parent))).astype(parent.dtype)
    return child, parent[child]


def num_components(graph: Any) -> int:
    """Number of connected components; an isolated node is one, a graph without nodes has none.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> num_components(CSRGraph.from_edges([(0, 3), (1, 2)], num_nodes=5))
        3
    """
    label = connected_components(graph)
    return int(label.max()) + 1 if len(label) else 0

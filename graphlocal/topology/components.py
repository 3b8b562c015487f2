"""Connected components."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import as_graph
from ..kernels.cpu import components as kernel


def connected_components(graph: Any) -> NDArray[np.int64]:
    """Component of each node, numbered 0, 1, 2, ... in the order of their smallest nodes.

    Node 0 is always in component 0, and a component's number is the number of components that
    start before its smallest node. O(N + M), on one thread.

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
    label = np.full(graph.num_nodes, -1, np.int64)
    kernel.label_components(graph.rowptr, graph.col, label,
                            np.empty(graph.num_nodes, graph.col.dtype))
    return label


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

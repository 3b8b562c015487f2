"""Core numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import as_graph
from ..kernels.cpu import core as kernel


def core_number(graph: Any) -> NDArray[np.int64]:
    """Core number of each node: the largest k for which it lies in the k-core.

    The k-core is what remains when nodes with fewer than k neighbours are removed until there are
    none. Isolated nodes have core number 0. O(N + M), on one thread.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Shapes:
        - **output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> core_number(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])).tolist()
        [2, 2, 2, 1]
    """
    graph = as_graph(graph)
    # Half the traffic of int64: a degree is smaller than N, so it fits where a neighbour does.
    core, left, stack = (np.empty(graph.num_nodes, graph.col.dtype) for _ in range(3))
    kernel.peel(graph.rowptr, graph.col, core, left, stack)
    return core.astype(np.int64)

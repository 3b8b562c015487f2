"""Number of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph
from . import executors
from .blocks import map_blocks


def degree(graph: Any) -> NDArray[np.int64]:
    """Number of distinct neighbours of each node, itself not among them.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Shapes:
        - **output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> degree(CSRGraph.from_edges([(0, 1), (0, 2)])).tolist()
        [2, 1, 1]
    """
    graph = as_graph(graph)
    return graph.degree if executors.current() is None else map_blocks(_rows, graph)


def _rows(graph: CSRGraph, start: int, stop: int) -> NDArray[np.int64]:
    return np.diff(graph.rowptr[start : stop + 1])

"""Triangles at each node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import as_graph
from ..kernels.cpu import triangles as kernel
from ..kernels.cpu.parallel import row_blocks, run_blocks
from .blocks import sum_blocks

# A kept edge costs the length of another kept row, so blocks of few edges are worth a thread.
_MIN_BLOCK_WORK = 1 << 12


def triangles(graph: Any) -> NDArray[np.int64]:
    r"""Number of triangles each node is a corner of.

    .. math::
        t_i = \tfrac{1}{2} (\mathbf{A}^3)_{ii}

    Every triangle is found once, at its corner of lowest degree, in :math:`O(M^{3/2})` and on
    real graphs far less.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Shapes:
        - **output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> triangles(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])).tolist()
        [1, 1, 1, 0]
    """
    graph = as_graph(graph)
    rowptr, col, num_nodes = graph.rowptr, graph.col, graph.num_nodes
    if graph.num_edges < 3:
        return np.zeros(num_nodes, np.int64)
    rank = np.empty(num_nodes, col.dtype)
    kernel.rank_by_degree(rowptr, rank)
    ptr = np.zeros(num_nodes + 1, np.int64)
    borders = row_blocks(rowptr)
    run_blocks(kernel.count_lower, borders, rowptr, col, rank, ptr)
    np.cumsum(ptr, out=ptr)
    lower = np.empty(int(ptr[-1]), col.dtype)
    longest = int(graph.degree.max())
    run_blocks(kernel.write_lower, borders, rowptr, col, rank, ptr, lower,
               scratch=lambda: (np.empty(longest, col.dtype),))

    (by_rank,) = sum_blocks(
        graph, kernel.count_triangles, row_blocks(ptr, min_work=_MIN_BLOCK_WORK), ptr, lower,
        sums=(num_nodes,), scratch=((num_nodes, np.uint8),))
    return by_rank[rank]

"""Random walks that come back: what a node's surroundings are like, seen from the node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import as_graph
from ..graph.checks import check_count
from ..kernels.cpu import returns as kernel
from ..kernels.cpu.parallel import row_blocks, run_blocks
from .components import connected_components

_MIN_BLOCK_WORK = 1 << 14


def return_probabilities(graph: Any, steps: int = 16) -> NDArray[np.float64]:
    r"""Probability that a random walk is back at its first node after 1, 2, ... steps.

    .. math::
        p_{it} = \big( (\mathbf{D}^{-1} \mathbf{A})^t \big)_{ii}, \qquad t = 1, \ldots, T

    The first column is 0 in a graph without self loops, the second tells of degrees, the third of
    triangles. Exact; :math:`O(T \sum_c N_c M_c)` time over the components c, so that many small
    graphs are cheap and one of 10,000 nodes takes seconds, and memory for 64 numbers per node and
    thread: powers are never stored.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        steps: Length T of the longest walk. (default: ``16``)

    Shapes:
        - **output:** :math:`(N, T)`; rows of isolated nodes are 0

    Raises:
        GraphError: If no graph can be made from ``graph``, or ``steps`` is below 1.

    Example:
        >>> from graphlocal import CSRGraph
        >>> path = CSRGraph.from_edges([(0, 1), (1, 2)])
        >>> return_probabilities(path, 4).round(6).tolist()
        [[0.0, 0.5, 0.0, 0.5], [0.0, 1.0, 0.0, 1.0], [0.0, 0.5, 0.0, 0.5]]
    """
    graph = as_graph(graph)
    steps = check_count(steps, "steps", least=1)
    n, degree = graph.num_nodes, graph.degree
    label = connected_components(graph)
    sizes = np.bincount(label)
    order = np.argsort(label, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(n)
    rowptr = np.concatenate([[0], np.cumsum(degree[order])])
    moved = np.arange(rowptr[-1]) + np.repeat(graph.rowptr[order] - rowptr[:-1], degree[order])
    col = place[graph.col[moved]].astype(graph.col.dtype)

    begin = np.concatenate([[0], np.cumsum(sizes)])
    parts = -(-sizes // kernel.WIDTH)
    component = np.repeat(np.arange(len(sizes)), parts)
    within = np.arange(len(component)) - np.repeat(np.cumsum(parts) - parts, parts)
    group = np.append(begin[component] + within * kernel.WIDTH, n)
    first, last = begin[component], begin[component + 1]

    scale = np.zeros(n)
    np.divide(1.0, np.sqrt(degree[order]), out=scale, where=degree[order] > 0)
    out = np.zeros((n, steps))
    work = np.concatenate([[0], np.cumsum(rowptr[last] - rowptr[first] + last - first)])
    run_blocks(kernel.return_probabilities, row_blocks(work, min_work=_MIN_BLOCK_WORK), rowptr, col,
               scale, group, first, last, out,
               scratch=lambda: (*np.zeros((2, n, kernel.WIDTH)), *np.zeros((2, kernel.WIDTH))))
    found = np.empty_like(out)
    found[order] = out
    return found

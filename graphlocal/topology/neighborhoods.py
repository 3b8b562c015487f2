"""What the neighbourhood of a node is like: degrees in it, edges in it, how fast it grows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import as_graph, checks
from ..kernels.cpu import neighborhoods as kernel
from ..kernels.cpu.parallel import row_blocks
from .blocks import sum_blocks
from .clustering import known_triangles

# A row costs the degrees of its neighbours, so blocks of few entries are worth a thread.
_MIN_BLOCK_WORK = 1 << 12


def average_neighbor_degree(graph: Any) -> NDArray[np.float64]:
    r"""Mean degree of each node's neighbours; 0 for isolated nodes.

    .. math::
        \frac{1}{d_i} \sum_{j \in \mathcal{N}(i)} d_j

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Shapes:
        - **output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> average_neighbor_degree(CSRGraph.from_edges([(0, 1), (0, 2)])).tolist()
        [1.0, 2.0, 2.0]
    """
    graph = as_graph(graph)
    total = np.zeros(graph.num_nodes, np.int64)
    sum_blocks(graph, kernel.sum_degrees, row_blocks(graph.rowptr), graph.rowptr, graph.col,
               written=(total,), sums=())
    return np.divide(total, graph.degree, out=np.zeros(len(total)), where=graph.degree > 0)


def ego_density(
    graph: Any, *, triangles: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    r"""Density of the subgraph of each node and its neighbours; 0 for isolated nodes.

    .. math::
        \frac{d_i + t_i}{d_i (d_i + 1) / 2}

    with degree :math:`d_i` and :math:`t_i` triangles: its edges by the pairs of its nodes.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        triangles: The graph's triangles where they are known already. (default: ``None``)

    Shapes:
        - **triangles, output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``, or ``triangles`` has another length.

    Example:
        >>> from graphlocal import CSRGraph
        >>> ego_density(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])).round(3).tolist()
        [1.0, 1.0, 0.667, 1.0]
    """
    graph = as_graph(graph)
    edges = graph.degree + known_triangles(graph, triangles)
    pairs = graph.degree * (graph.degree + 1) // 2
    return np.divide(edges, pairs, out=np.zeros(len(pairs)), where=pairs > 0)


def hop_sizes(graph: Any, hops: int = 2) -> NDArray[np.int64]:
    """Number of other nodes within 1, 2, ... hops of each node; the first column is the degree.

    Two hops take :math:`O(\\sum_i d_i^2)`, many hops :math:`O(N M)`.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        hops: The largest distance, at most the number of nodes or 65,536. (default: ``2``)

    Shapes:
        - **output:** :math:`(N, hops)`; differences of columns are numbers at exactly that distance

    Raises:
        GraphError: If no graph can be made from ``graph`` or ``hops`` is out of range.

    Example:
        >>> from graphlocal import CSRGraph
        >>> hop_sizes(CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])).tolist()
        [[1, 2], [2, 3], [2, 3], [1, 2]]
    """
    graph = as_graph(graph)
    # No node is further away; what is smaller is kept for graphs of any size.
    hops = checks.check_count(hops, "hops", least=1, most=max(graph.num_nodes, 1 << 16))
    sizes = np.zeros((graph.num_nodes, hops), np.int64)
    sum_blocks(graph, kernel.count_within, row_blocks(graph.rowptr, min_work=_MIN_BLOCK_WORK),
               graph.rowptr, graph.col, hops, written=(sizes,), sums=(),
               scratch=((graph.num_nodes, np.uint8), (graph.num_nodes, graph.col.dtype)))
    return sizes


def within_two_hops(graph: Any) -> NDArray[np.int64]:
    """Number of other nodes within two hops of each node.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Shapes:
        - **output:** :math:`(N)`

    Example:
        >>> from graphlocal import CSRGraph
        >>> within_two_hops(CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])).tolist()
        [2, 3, 3, 2]
    """
    return hop_sizes(graph, 2)[:, 1]

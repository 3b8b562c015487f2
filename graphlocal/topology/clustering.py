"""How close neighbourhoods are to cliques."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import as_graph, checks
from .triangles import triangles as count_triangles


def clustering(graph: Any, *, triangles: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    r"""Local clustering coefficient: the share of a node's pairs of neighbours that are connected.

    .. math::
        c_i = \frac{2 t_i}{d_i (d_i - 1)}

    with :math:`t_i` triangles and degree :math:`d_i`; 0 where the degree is below 2.

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
        >>> clustering(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])).round(3).tolist()
        [1.0, 1.0, 0.333, 0.0]
    """
    graph = as_graph(graph)
    counted = known_triangles(graph, triangles)
    pairs = _pairs(graph.degree)
    return np.divide(counted, pairs, out=np.zeros(len(pairs)), where=pairs > 0)


def average_clustering(graph: Any) -> float:
    """Mean of the local clustering coefficients; 0 for a graph without nodes.

    Nodes of degree below 2 count as 0, as in networkx.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> average_clustering(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0)]))
        1.0
    """
    values = clustering(graph)
    return float(values.mean()) if len(values) else 0.0


def transitivity(graph: Any) -> float:
    r"""Share of the paths of two edges that close to a triangle; 0 where there is no such path.

    .. math::
        \frac{\sum_i t_i}{\sum_i d_i (d_i - 1) / 2}

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> transitivity(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)]))
        0.6
    """
    graph = as_graph(graph)
    paths = int(_pairs(graph.degree).sum())
    return int(count_triangles(graph).sum()) / paths if paths else 0.0


def _pairs(degree: NDArray[np.int64]) -> NDArray[np.int64]:
    return degree * (degree - 1) // 2


def known_triangles(graph: Any, given: Any) -> NDArray[np.int64]:
    """The triangles that a caller knows already, checked, or counted where it knows none."""
    if given is None:
        return count_triangles(graph)
    array = checks.check_integers(checks.to_numpy(given, "triangles"), "triangles")
    if array.shape != (graph.num_nodes,):
        checks.fail("triangles", f"shape {array.shape}", f"shape ({graph.num_nodes},)",
                    "one count per node of this graph")
    return array

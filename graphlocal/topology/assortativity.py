"""Do alike nodes connect to each other?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph, checks


def degree_assortativity(graph: Any) -> float:
    r"""Correlation of the degrees at the two ends of the edges (Newman, arXiv:cond-mat/0209450).

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Returns:
        From -1 to 1; NaN where all ends have the same degree or there is no edge.

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> round(degree_assortativity(CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])), 6)
        -0.5
    """
    graph = as_graph(graph)
    return numeric_assortativity(graph, graph.degree)


def numeric_assortativity(graph: Any, values: Any) -> float:
    r"""Pearson correlation of a number of the nodes at the two ends of the edges.

    .. math::
        r = \frac{\sum_{(i,j)} (x_i - \bar x)(x_j - \bar x)}{\sum_{(i,j)} (x_i - \bar x)^2},
        \qquad \bar x = \frac{\sum_i d_i x_i}{\sum_i d_i}

    with the sums over both directions of every edge (Newman, "Mixing patterns in networks",
    arXiv:cond-mat/0209450).

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        values: A finite number per node.

    Shapes:
        - **values:** :math:`(N)`

    Returns:
        From -1 to 1; NaN where all ends have the same value or there is no edge.

    Raises:
        GraphError: If no graph can be made from ``graph``, or ``values`` has another length, NaN
            or infinite entries.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1), (2, 3)])
        >>> numeric_assortativity(graph, [1, 1, 5, 5])
        1.0
    """
    graph = as_graph(graph)
    x = checks.check_weight(values, graph.num_nodes, "values")
    ends = x[graph.col]
    if len(ends) == 0 or ends.min() == ends.max():
        return float("nan")
    # Sums and squares of large or tiny values would leave the range of numbers. A power of two
    # rounds nothing.
    x = np.where(graph.degree > 0, x, 0.0)
    x = np.ldexp(x, -np.frexp(np.abs(x).max())[1])
    x -= np.average(x, weights=graph.degree)
    x /= np.abs(x).max()
    across = float(x[_sources(graph)] @ x[graph.col])
    return across / float(graph.degree @ (x * x))


def attribute_assortativity(graph: Any, labels: Any) -> float:
    r"""How much more often edges stay inside a class than they would by chance.

    .. math::
        r = \frac{\sum_c e_{cc} - \sum_c a_c^2}{1 - \sum_c a_c^2}

    with :math:`e_{cc}` the share of edges inside class :math:`c` and :math:`a_c` the share of ends
    in it (Newman, "Mixing patterns in networks", arXiv:cond-mat/0209450). Also called label
    assortativity, or adjusted homophily.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        labels: A class per node: numbers or strings.

    Shapes:
        - **labels:** :math:`(N)`

    Returns:
        At most 1; NaN where all ends are of one class or there is no edge.

    Raises:
        GraphError: If no graph can be made from ``graph`` or ``labels`` has another length.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1), (2, 3)])
        >>> attribute_assortativity(graph, ["a", "a", "b", "b"])
        1.0
    """
    graph = as_graph(graph)
    array = checks.to_numpy(labels, "labels")
    if array.shape != (graph.num_nodes,):
        checks.fail("labels", f"shape {array.shape}", f"shape ({graph.num_nodes},), one per node")
    try:
        label = np.unique(array, return_inverse=True)[1]
    except TypeError as error:
        checks.fail("labels", f"labels that cannot be told apart ({error})",
                    "numbers or strings", kind=checks.GraphTypeError)
    ends = np.bincount(label, graph.degree)
    if np.count_nonzero(ends) < 2:
        return float("nan")
    share = ends / ends.sum()
    inside = float(np.mean(label[_sources(graph)] == label[graph.col]))
    chance = float(share @ share)
    return (inside - chance) / (1 - chance)


def _sources(graph: CSRGraph) -> NDArray[np.int64]:
    return np.repeat(np.arange(graph.num_nodes), graph.degree)

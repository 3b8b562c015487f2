"""Graphlet correlation matrices and the distance between them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...graph.checks import check_choice, fail
from .counts import counts_of

GCMOrbits = Literal["11", "15", "56", "73"]

# An orbit whose node would cut its graphlet in two follows, in every graph, from the orbits of the
# parts: multiply the counts of the parts and take off where they overlap. With up to five nodes
# those are 18 relations. The paper's authors drop 17 orbits, which solve 17 of them and leave 56;
# one relation among these 56 remains. The set is kept as published, so that distances compare.
_REDUNDANT = (3, 5, 7, 14, 16, 17, 20, 21, 23, 26, 28, 38, 44, 47, 69, 71, 72)

#: Orbits of each graphlet correlation matrix, in the order of its rows. The 11 stand as the paper
#: shows them: by what they have to do with paths, cycles and stars.
GCM_ORBITS: dict[str, tuple[int, ...]] = {
    "11": (0, 2, 5, 7, 8, 10, 11, 6, 9, 4, 1),
    "15": tuple(range(15)),
    "56": tuple(orbit for orbit in range(73) if orbit not in _REDUNDANT),
    "73": tuple(range(73)),
}


def graphlet_correlation_matrix(graph: Any, orbits: GCMOrbits = "11") -> NDArray[np.float64]:
    r"""Spearman's correlations of the orbit counts over the nodes of a graph, from `"Revealing
    the Hidden Language of Complex Networks" <https://doi.org/10.1038/srep04547>`_.

    One more node with a count of 1 on every orbit is added, as in the paper: orbits that no node
    touches then have a rank order. A column still constant, which is one whose counts all are 1
    (or any, of a graph without nodes), is uncorrelated with every other: 0, and 1 with itself.

    Args:
        graph: A graph, or its orbit counts.
        orbits: Which: ``"11"`` without redundant ones, ``"15"`` all of up to four nodes, ``"56"``
            without redundant ones and ``"73"`` all of up to five. :data:`GCM_ORBITS` lists them in
            the order of the rows.

    Shapes:
        - **graph:** where it is counts: :math:`(N, 15)` or :math:`(N, 73)`
        - **output:** :math:`(K, K)` for K orbits

    Raises:
        GraphError: If no graph can be made from ``graph``, or ``orbits`` is unknown.

    Example:
        >>> import networkx as nx
        >>> matrix = graphlet_correlation_matrix(nx.star_graph(5))
        >>> matrix.shape, matrix[0, 3].round(3).item()  # degree and centre of a claw
        ((11, 11), 0.764)
    """
    from scipy.stats import rankdata

    check_choice(orbits, "orbits", tuple(GCM_ORBITS))
    chosen = GCM_ORBITS[orbits]
    counts = counts_of(graph, 4 if max(chosen) < 15 else 5, "graph")[:, chosen]
    counts = np.concatenate([counts, np.ones((1, len(chosen)), np.int64)])
    ranks = rankdata(counts, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.linalg.norm(ranks, axis=0)
    ranks /= np.where(length > 0, length, 1.0)
    matrix = np.clip(ranks.T @ ranks, -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def graphlet_correlation_distance(
    graph_a: Any, graph_b: Any, orbits: GCMOrbits = "11"
) -> float:
    r"""Distance of two graphs by their graphlet correlation matrices: GCD-11, -15, -56 or -73.

    .. math::
        \Big( \sum_{i < j} (\mathrm{GCM}^a_{ij} - \mathrm{GCM}^b_{ij})^2 \Big)^{1/2}

    Args:
        graph_a: A graph, its orbit counts, or its :func:`graphlet_correlation_matrix`, which to
            compare many graphs is made once for each.
        graph_b: Like ``graph_a``.
        orbits: As in :func:`graphlet_correlation_matrix`.

    Raises:
        GraphError: If no graph can be made from an argument, ``orbits`` is unknown, or a matrix
            is of other orbits.

    Example:
        >>> import networkx as nx
        >>> graphlet_correlation_distance(nx.karate_club_graph(), nx.karate_club_graph())
        0.0
    """
    check_choice(orbits, "orbits", tuple(GCM_ORBITS))
    upper = np.triu_indices(len(GCM_ORBITS[orbits]), 1)
    a, b = (_matrix(graph, orbits, name)[upper]
            for graph, name in ((graph_a, "graph_a"), (graph_b, "graph_b")))
    return float(np.linalg.norm(a - b))


def _matrix(graph: Any, orbits: GCMOrbits, argument: str) -> NDArray[np.float64]:
    if not isinstance(graph, np.ndarray) or graph.dtype.kind != "f":
        return graphlet_correlation_matrix(graph, orbits)
    expected = (len(GCM_ORBITS[orbits]),) * 2
    if graph.shape != expected:
        fail(argument, f"a matrix of shape {graph.shape}", f"shape {expected}",
             f"a graphlet correlation matrix of the orbits '{orbits}'")
    if not np.isfinite(graph).all():
        fail(argument, "NaN or infinite values", "correlations")
    return graph

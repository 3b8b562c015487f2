"""Agreement of two graphs' graphlet degree distributions."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...graph.checks import check_choice
from .counts import counts_of


def gdd_agreement(
    graph_a: Any, graph_b: Any, *, mean: Literal["arithmetic", "geometric"] = "arithmetic",
    size: int = 5,
) -> float:
    r"""How alike the degree distributions of two graphs are over all orbits, from `"Biological
    network comparison using graphlet degree distribution"
    <https://doi.org/10.1093/bioinformatics/btl301>`_.

    For the number :math:`d_j(k)` of nodes that touch orbit :math:`j` :math:`k \geq 1` times,

    .. math::
        N_j(k) = \frac{d_j(k) / k}{\sum_l d_j(l) / l}, \qquad
        A_j = 1 - \frac{1}{\sqrt{2}} \Big( \sum_k \big(N_j^a(k) - N_j^b(k)\big)^2 \Big)^{1/2}

    and the agreement is the mean of :math:`A_j`, 1 for equal distributions. An orbit that no node
    of a graph touches has :math:`N_j = 0`: where that is so in both graphs they agree
    (:math:`A_j = 1`).

    Args:
        graph_a: A graph, or its orbit counts.
        graph_b: A graph, or its orbit counts.
        mean: ``"arithmetic"`` or ``"geometric"``.
        size: Graphlets of up to 4 (15 orbits) or 5 nodes (73).

    Shapes:
        - **graph_a, graph_b:** where they are counts: :math:`(N, 15)` or :math:`(N, 73)`

    Raises:
        GraphError: If no graph can be made from an argument, or a choice is unknown.

    Example:
        >>> import networkx as nx
        >>> gdd_agreement(nx.karate_club_graph(), nx.karate_club_graph())
        1.0
        >>> round(gdd_agreement(nx.path_graph(9), nx.cycle_graph(9), size=4), 3)
        0.852
    """
    check_choice(mean, "mean", ("arithmetic", "geometric"))
    check_choice(size, "size", (4, 5))
    a, b = counts_of(graph_a, size, "graph_a"), counts_of(graph_b, size, "graph_b")
    agreement = np.array([1.0 - _distance(a[:, j], b[:, j]) for j in range(a.shape[1])])
    if mean == "arithmetic":
        return float(agreement.mean())
    return float(np.prod(agreement ** (1.0 / len(agreement))))


def _distribution(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Counts that occur and their share, each divided by the count."""
    values, nodes = np.unique(counts[counts > 0], return_counts=True)
    scaled = nodes / values
    return values, scaled / scaled.sum() if len(scaled) else scaled


def _distance(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    values_a, share_a = _distribution(a)
    values_b, share_b = _distribution(b)
    values = np.union1d(values_a, values_b)
    difference = np.zeros(len(values))
    difference[np.searchsorted(values, values_a)] += share_a
    difference[np.searchsorted(values, values_b)] -= share_b
    return min(1.0, float(np.linalg.norm(difference) / np.sqrt(2.0)))

"""Distance of graphs by how often each graphlet occurs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph.checks import check_choice
from ..orbits.graphlets import GRAPHLETS, GRAPHLETS_UP_TO, orbit_sizes
from .counts import counts_of


def relative_graphlet_frequency_distance(graph_a: Any, graph_b: Any, *, size: int = 5) -> float:
    r"""Distance of two graphs by the relative frequencies of graphlets, from `"Modeling
    interactome: scale-free or geometric?" <https://doi.org/10.1093/bioinformatics/bth436>`_.

    .. math::
        \sum_{i} |F_i^a - F_i^b|, \qquad F_i = -\log \frac{N_i}{\sum_j N_j}

    over the graphlets G1 to G29 (G8 for ``size=4``), :math:`N_i` being the number of
    :math:`G_i` in the graph. The logarithm has no value where a graphlet is missing: it then
    counts as one occurrence (without raising the sum), and adds nothing where it is missing from
    both graphs.

    Args:
        graph_a: A graph, or its orbit counts.
        graph_b: A graph, or its orbit counts.
        size: Graphlets of up to 4 or 5 nodes.

    Shapes:
        - **graph_a, graph_b:** where they are counts: :math:`(N, 15)` or :math:`(N, 73)`

    Raises:
        GraphError: If no graph can be made from an argument, or ``size`` is unknown.

    Example:
        >>> import networkx as nx
        >>> star, clique = nx.star_graph(3), nx.complete_graph(4)
        >>> relative_graphlet_frequency_distance(star, star)
        0.0
        >>> round(relative_graphlet_frequency_distance(star, clique, size=4), 3)
        2.931
    """
    check_choice(size, "size", (4, 5))
    a, b = (_totals(counts_of(graph, size, name), size)
            for graph, name in ((graph_a, "graph_a"), (graph_b, "graph_b")))
    some = (a > 0) | (b > 0)
    return float(np.abs(_frequencies(a) - _frequencies(b))[some].sum())


def _totals(counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Number of each graphlet from G1 on: a node in it stands on an orbit of its own graphlet."""
    orbits = [shape.node_orbits[0] for shape in GRAPHLETS[1 : GRAPHLETS_UP_TO[size]]]
    return counts[:, orbits].sum(axis=0) // orbit_sizes("node", size)[orbits]


def _frequencies(totals: NDArray[np.int64]) -> NDArray[np.float64]:
    return -np.log(np.maximum(totals, 1) / max(totals.sum(), 1))

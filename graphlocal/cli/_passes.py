"""Which kernels a metric runs and how long each takes beside the others: what the bar goes by."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Kernels of a metric in the order in which they run, each with what it costs, in nanoseconds on
#: one processor, per node and edge, per wedge, and per pair of wedges or (size 5) per triangle and
#: per triangle times mean degree; see :func:`_measures`. Fitted to ten graphs, real ones and
#: random ones, with 32,000 to 200,000 edges: only the proportions matter. Along the way the bar is
#: off by a tenth of the whole on average.
_COSTS: dict[str, dict[str, tuple[float, ...]]] = {
    "triangles": {
        "count_lower": (3,),
        "write_lower": (9,),
        "count_triangles": (9, 4),
    },
    "orbits4": {
        "count_triangles": (85, 0, 0.0077),
        "count_small": (2.3, 0, 0.019),
        "count_squares": (110, 0, 0.025),
        "first_sums": (9.6, 0, 0),
        "second_sums": (5.1, 0, 0),
        "solve_small": (5.7, 0, 0),
    },
    "edge_orbits4": {
        "count_triangles": (200, 0, 0.011),
        "list_triangles": (13, 0, 0.013),
        "count_cliques": (0, 0, 0.03),
        "sum_squares": (140, 0, 0.055),
        "sum_edges": (5.6, 1.3, 0),
        "first_sums": (24, 0, 0.00078),
        "second_sums": (3.9, 0.037, 0),
        "solve_small_edges": (34, 0, 0.0032),
    },
    "orbits5": {
        "count_triangles": (110, 1.7, 0, 0),
        "list_triangles": (4.7, 1.6, 2.4, 0.11),
        "count_cliques": (0, 0, 120, 2.3),
        "sum_almost_cliques": (0, 0, 68, 1.2),
        "sum_squares": (140, 8.6, 0, 0),
        "sum_pairs": (630, 0, 0, 19),
        "count_wheels": (1.4, 0, 420, 4.6),
        "tails_beyond": (23, 0, 0, 0.046),
        "count_pentagons": (200, 4.8, 0, 0),
        "count_tails": (0, 1.6, 10, 0.47),
        "end_tails": (6.6, 0, 0, 0.0063),
        "sum_edges": (8.9, 0.029, 33, 0),
        "sum_corners": (26, 0.95, 0, 0.78),
        "first_sums": (50, 0, 0, 0),
        "second_sums": (4, 0, 0, 0),
        "solve_large": (380, 0, 0, 0),
    },
    "edge_orbits5": {
        "count_triangles": (230, 1.8, 0, 0),
        "list_triangles": (7.9, 0.97, 0, 0.4),
        "count_cliques": (15, 0, 120, 2),
        "sum_squares": (220, 12, 0, 0),
        "sum_edges": (18, 0.95, 0.87, 0.24),
        "first_sums": (29, 0, 0, 0),
        "second_sums": (4.3, 0, 0, 0),
        "sum_sides": (0.32, 4.7, 110, 3.6),
        "sum_steps": (2300, 19, 0, 38),
        "sum_edge_cliques": (0, 0, 280, 1.5),
        "count_edge_wheels": (55, 0, 500, 8.1),
        "tails_beyond": (23, 0, 0, 0),
        "count_edge_pentagons": (430, 1.3, 0, 0),
        "count_edge_tails": (0, 2.6, 0, 0.26),
        "end_edge_tails": (7.3, 0, 0.11, 0.015),
        "solve_large_edges": (1300, 0.15, 0, 0.35),
    },
}


def passes(metric: str, graph: Any) -> dict[str, float] | None:
    """Seconds that each kernel of a metric may take, in order; ``None`` where nobody knows.

    Example:
        >>> from graphlocal import CSRGraph
        >>> list(passes("triangles", CSRGraph.from_edges([(0, 1)])))
        ['count_lower', 'write_lower', 'count_triangles']
    """
    costs = _COSTS.get(metric)
    if costs is None or graph.num_edges == 0:
        return None
    measures = _measures(graph, count_triangles=metric.endswith("5"))
    return {kernel: 1e-9 * sum(map(float.__mul__, map(float, cost), measures))
            for kernel, cost in costs.items()}


def _measures(graph: Any, *, count_triangles: bool) -> list[float]:
    """What costs are counted in."""
    degree = graph.degree
    smaller = np.minimum(np.repeat(degree, degree), degree[graph.col]).astype(np.float64)
    wedges = float(smaller.sum()) / 2
    measures = [float(graph.num_nodes + graph.num_edges), wedges]
    if not count_triangles:
        return [*measures, float(smaller @ smaller)]
    from ..topology import triangles

    # Far cheaper than what waits: it decides how long the kernels on triangles take.
    found = float(triangles(graph).sum()) / 3
    return [*measures, found, found * wedges / graph.num_edges]

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
        "count_triangles": (45, 0, 0.0073),
        "count_small": (17, 0, 0.012),
        "count_squares": (43, 2.3, 0),
        "first_sums": (7.1, 0.044, 0),
        "second_sums": (5.9, 0, 0),
        "solve_small": (5, 0, 0),
    },
    "edge_orbits4": {
        "edge_ends": (82, 0, 0),
        "count_triangles": (18, 0.65, 0.005),
        "list_triangles": (7.9, 0.47, 0.007),
        "count_cliques": (13, 0.28, 0.008),
        "sum_squares": (71, 7.3, 0),
        "sum_edges": (6.2, 0.83, 0.002),
        "first_sums": (20, 0, 0),
        "second_sums": (6.6, 0, 0),
        "solve_small_edges": (50, 0, 0),
    },
    "orbits5": {
        "count_triangles": (45, 0.57, 0, 0.056),
        "list_triangles": (4.4, 0.48, 1.7, 0.083),
        "count_cliques": (4.2, 0.73, 6.7, 2.3),
        "sum_almost_cliques": (0.38, 0.25, 3.5, 1.9),
        "sum_squares": (16, 9.6, 0, 0),
        "sum_pairs": (61, 9, 39, 0),
        "count_wheels": (15, 0.73, 17, 0.14),
        "edge_ends": (3.9, 0.028, 0, 0.0018),
        "tails_beyond": (4.8, 0, 0, 0.0021),
        "count_pentagons": (9.8, 20, 0, 0),
        "count_tails": (5.5, 0.63, 6.2, 0),
        "end_tails": (5.3, 0.005, 0, 0),
        "sum_edges": (3.2, 0.33, 4.7, 0),
        "join_sums": (5.2, 0, 0.47, 0.0032),
        "sum_corners": (7.7, 0.49, 12, 0),
        "first_sums": (12, 0.037, 0.18, 0),
        "second_sums": (5.3, 0, 0, 0),
        "solve_large": (140, 0, 0, 0),
    },
    "edge_orbits5": {
        "edge_ends": (62, 0, 0, 0),
        "count_triangles": (35, 0, 0, 0.033),
        "list_triangles": (7.5, 0.23, 3.2, 0.07),
        "count_cliques": (4.8, 0.088, 2.6, 1.1),
        "sum_squares": (34, 8.9, 0, 0),
        "sum_edges": (3.8, 0.27, 4.3, 0.012),
        "first_sums": (17, 0, 0, 0),
        "second_sums": (5.4, 0, 0, 0),
        "join_sums": (11, 0.033, 0.19, 0.51),
        "sum_sides": (16, 1.5, 47, 0.25),
        "sum_steps": (360, 18, 0, 14),
        "sum_edge_cliques": (1.3, 0, 36, 4.5),
        "count_edge_wheels": (21, 0, 68, 6.6),
        "tails_beyond": (4, 0.11, 0.39, 0),
        "count_edge_pentagons": (0, 40, 0, 0),
        "count_edge_tails": (11, 0.52, 6.6, 0),
        "end_edge_tails": (6.6, 0.047, 0, 0),
        "solve_large_edges": (440, 0.35, 0, 0),
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

"""A graph in some twenty numbers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import as_graph, checks
from .assortativity import degree_assortativity
from .closeness import distances_from
from .clustering import clustering
from .components import connected_components
from .core import core_number
from .triangles import triangles


@dataclass(frozen=True)
class GraphSummary:
    """What :func:`graph_summary` found; NaN where a number is not defined.

    Args:
        nodes: Number of nodes.
        edges: Number of edges, each counted once.
        density: Edges by pairs of nodes.
        isolated: Nodes without neighbours.
        leaves: Nodes with one neighbour.
        degree_mean: Mean degree.
        degree_median: Median degree.
        degree_std: Standard deviation of the degrees.
        degree_max: Largest degree.
        degree_gini: Gini coefficient of the degrees: 0 where all are equal, near 1 where few nodes
            have all edges.
        components: Number of connected components.
        largest_component: Nodes of the largest one.
        triangles: Number of triangles.
        transitivity: Share of the paths of two edges that close to a triangle.
        average_clustering: Mean local clustering coefficient.
        degeneracy: Largest core number.
        assortativity: Correlation of the degrees at the ends of edges.
        mean_distance: Mean distance of connected pairs, in hops.
        effective_diameter: Distance within which nine of ten connected pairs lie, interpolated
            between hops.
        diameter_at_least: Longest distance that was seen; the diameter where all nodes were
            searched from.
        sources: Nodes that distances were measured from, drawn uniformly.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph_summary(CSRGraph.from_edges([(0, 1), (1, 2)])).degree_max
        2
    """

    nodes: int
    edges: int
    density: float
    isolated: int
    leaves: int
    degree_mean: float
    degree_median: float
    degree_std: float
    degree_max: int
    degree_gini: float
    components: int
    largest_component: int
    triangles: int
    transitivity: float
    average_clustering: float
    degeneracy: int
    assortativity: float
    mean_distance: float
    effective_diameter: float
    diameter_at_least: int
    sources: int

    def to_dict(self) -> dict[str, int | float]:
        """The numbers by name.

        Example:
            >>> from graphlocal import CSRGraph
            >>> graph_summary(CSRGraph.from_edges([(0, 1)])).to_dict()["density"]
            1.0
        """
        return dataclasses.asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Every number with its name, as they are printed.

        Example:
            >>> from graphlocal import CSRGraph
            >>> graph_summary(CSRGraph.from_edges([(0, 1)])).rows()[0]
            ('nodes', '2')
        """
        return [(name.replace("_", " "), f"{value:,}" if isinstance(value, int) else f"{value:.6g}")
                for name, value in self.to_dict().items()]

    def __str__(self) -> str:
        rows = self.rows()
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:{width}}  {value}" for name, value in rows)


def graph_summary(graph: Any, *, samples: int = 1024, seed: int = 0) -> GraphSummary:
    """Size, degrees, triangles, cores, components and distances of a graph.

    All numbers are exact but those of distances, which are measured from ``samples`` nodes; on a
    graph of at most that many nodes they are exact too.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        samples: Nodes to measure distances from, at least 1. (default: ``1024``)
        seed: Seed of the draw. (default: ``0``)

    Raises:
        GraphError: If no graph can be made from ``graph`` or an argument is out of range.

    Example:
        >>> from graphlocal import CSRGraph
        >>> summary = graph_summary(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)]))
        >>> summary.triangles, summary.transitivity, summary.diameter_at_least
        (1, 0.6, 2)
    """
    graph = as_graph(graph)
    samples = checks.check_count(samples, "samples", least=1)
    seed = checks.check_count(seed, "seed")
    n, m = graph.num_nodes, graph.num_edges
    degree = graph.degree
    counted = triangles(graph)
    sizes = np.bincount(connected_components(graph))
    wedges = int((degree * (degree - 1) // 2).sum())
    nan = float("nan")

    sources = np.random.default_rng(seed).permutation(n)[:samples]
    furthest, _, _, levels = distances_from(graph, np.sort(sources))
    pairs = int(levels.sum())
    return GraphSummary(
        nodes=n, edges=m,
        density=2 * m / (n * (n - 1)) if n > 1 else 0.0,
        isolated=int(np.count_nonzero(degree == 0)),
        leaves=int(np.count_nonzero(degree == 1)),
        degree_mean=float(degree.mean()) if n else nan,
        degree_median=float(np.median(degree)) if n else nan,
        degree_std=float(degree.std()) if n else nan,
        degree_max=int(degree.max(initial=0)),
        degree_gini=_gini(degree),
        components=len(sizes),
        largest_component=int(sizes.max(initial=0)),
        triangles=int(counted.sum()) // 3,
        transitivity=int(counted.sum()) / wedges if wedges else 0.0,
        average_clustering=float(clustering(graph, triangles=counted).mean()) if n else 0.0,
        degeneracy=int(core_number(graph).max(initial=0)),
        assortativity=degree_assortativity(graph),
        mean_distance=float(levels @ np.arange(len(levels))) / pairs if pairs else nan,
        effective_diameter=_effective_diameter(levels),
        diameter_at_least=int(furthest.max(initial=0)),
        sources=len(sources),
    )


def _gini(degree: np.ndarray) -> float:
    if not degree.any():
        return float("nan")
    n = len(degree)
    ranks = np.arange(1, n + 1)
    return float(2 * (ranks @ np.sort(degree)) / (n * degree.sum()) - (n + 1) / n)


def _effective_diameter(levels: np.ndarray, share: float = 0.9) -> float:
    """Where the number of pairs within a distance, straight between hops, passes the share."""
    within = np.cumsum(levels).astype(np.float64)
    if not within.any():
        return float("nan")
    goal = share * within[-1]
    hop = int(np.searchsorted(within, goal))
    before = within[hop - 1] if hop > 0 else 0.0
    return hop - 1 + float((goal - before) / (within[hop] - before))

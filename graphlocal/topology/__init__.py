"""Metrics that need no learning, from a graph to a table; torch is never imported here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .betweenness import betweenness, betweenness_samples
from .blocks import map_blocks
from .closeness import closeness
from .clustering import average_clustering, clustering, transitivity
from .components import connected_components, num_components
from .core import core_number
from .degree import degree
from .estimate import Estimate
from .executors import BlockError, executing
from .metrics import metrics
from .neighborhoods import average_neighbor_degree, ego_density, hop_sizes
from .orbit_adjacency import (
    ORBIT_ADJACENCIES,
    OrbitAdjacency,
    graphlet_adjacency,
    orbit_adjacencies,
    orbit_adjacency,
)
from .pagerank import pagerank
from .registry import METRICS, Metric
from .table import EdgeTable, NodeTable
from .triangles import triangles

if TYPE_CHECKING:
    from .assortativity import (
        attribute_assortativity,
        degree_assortativity,
        numeric_assortativity,
    )
    from .concentration import (
        DistributionShift,
        approximate_topological_concentration,
        topological_concentration,
        topological_distribution_shift,
        weighted_topological_concentration,
    )
    from .embedding import concatenate_embeddings, gopmi, ppmi, rwpmi
    from .laplacian import laplacian_eigenvectors
    from .orbits import GraphBatch, edge_orbit_counts, graphlet_counts, orbit_counts
    from .pairs import (
        PAIR_SCORES,
        PairScore,
        pair_scores,
        pair_table,
        personalized_pagerank,
        top_pairs,
    )
    from .relation import MetricPerformanceRelation, metric_performance_relation
    from .returns import return_probabilities
    from .signatures import (
        GCM_ORBITS,
        gdd_agreement,
        gdv_similarity,
        gdv_similarity_matrix,
        graphlet_correlation_distance,
        graphlet_correlation_matrix,
        orbit_weights,
        relative_graphlet_frequency_distance,
    )
    from .summary import GraphSummary, graph_summary

# Imported when one of their names is first used: a table of cheap metrics starts without their
# kernels. No name may be that of a module, which would take its place.
_LATER = ("orbits", "pairs", "concentration", "assortativity", "summary", "relation", "signatures",
          "embedding", "laplacian", "returns")

__all__ = [
    "GCM_ORBITS",
    "METRICS",
    "ORBIT_ADJACENCIES",
    "PAIR_SCORES",
    "BlockError",
    "DistributionShift",
    "EdgeTable",
    "Estimate",
    "GraphBatch",
    "GraphSummary",
    "Metric",
    "MetricPerformanceRelation",
    "NodeTable",
    "OrbitAdjacency",
    "PairScore",
    "approximate_topological_concentration",
    "attribute_assortativity",
    "average_clustering",
    "average_neighbor_degree",
    "betweenness",
    "betweenness_samples",
    "closeness",
    "clustering",
    "concatenate_embeddings",
    "connected_components",
    "core_number",
    "degree",
    "degree_assortativity",
    "edge_orbit_counts",
    "ego_density",
    "executing",
    "gdd_agreement",
    "gdv_similarity",
    "gdv_similarity_matrix",
    "gopmi",
    "graph_summary",
    "graphlet_adjacency",
    "graphlet_correlation_distance",
    "graphlet_correlation_matrix",
    "graphlet_counts",
    "hop_sizes",
    "laplacian_eigenvectors",
    "map_blocks",
    "metric_performance_relation",
    "metrics",
    "num_components",
    "numeric_assortativity",
    "orbit_adjacencies",
    "orbit_adjacency",
    "orbit_counts",
    "orbit_weights",
    "pagerank",
    "pair_scores",
    "pair_table",
    "personalized_pagerank",
    "ppmi",
    "relative_graphlet_frequency_distance",
    "return_probabilities",
    "rwpmi",
    "top_pairs",
    "topological_concentration",
    "topological_distribution_shift",
    "transitivity",
    "triangles",
    "weighted_topological_concentration",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _LATER:
            names = vars(import_module(f".{module}", __name__))
            if name in names:
                globals()[name] = names[name]
                return names[name]
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

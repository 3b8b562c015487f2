"""Metrics that need no learning, from a graph to a table; torch is never imported here."""

from .assortativity import attribute_assortativity, degree_assortativity, numeric_assortativity
from .betweenness import betweenness, betweenness_samples
from .blocks import map_blocks
from .closeness import closeness
from .clustering import average_clustering, clustering, transitivity
from .components import connected_components, num_components
from .concentration import (
    DistributionShift,
    approximate_topological_concentration,
    topological_concentration,
    topological_distribution_shift,
    weighted_topological_concentration,
)
from .core import core_number
from .degree import degree
from .embedding import concatenate_embeddings, gopmi, ppmi, rwpmi
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
from .orbits import GraphBatch, edge_orbit_counts, graphlet_counts, orbit_counts
from .pagerank import pagerank
from .pairs import (
    PAIR_SCORES,
    PairScore,
    pair_scores,
    pair_table,
    personalized_pagerank,
    top_pairs,
)
from .registry import METRICS, Metric
from .relation import MetricPerformanceRelation, metric_performance_relation
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
from .table import EdgeTable, NodeTable
from .triangles import triangles

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
    "rwpmi",
    "top_pairs",
    "topological_concentration",
    "topological_distribution_shift",
    "transitivity",
    "triangles",
    "weighted_topological_concentration",
]

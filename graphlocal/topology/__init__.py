"""Metrics that need no learning, from a graph to a table; torch is never imported here."""

from .clustering import average_clustering, clustering, transitivity
from .components import connected_components, num_components
from .core import core_number
from .degree import degree
from .embedding import concatenate_embeddings, gopmi, ppmi, rwpmi
from .metrics import metrics
from .orbit_adjacency import (
    ORBIT_ADJACENCIES,
    OrbitAdjacency,
    graphlet_adjacency,
    orbit_adjacencies,
    orbit_adjacency,
)
from .orbits import GraphBatch, edge_orbit_counts, graphlet_counts, orbit_counts
from .registry import METRICS, Metric
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
from .table import EdgeTable, NodeTable
from .triangles import triangles

__all__ = [
    "GCM_ORBITS",
    "METRICS",
    "ORBIT_ADJACENCIES",
    "EdgeTable",
    "GraphBatch",
    "Metric",
    "NodeTable",
    "OrbitAdjacency",
    "average_clustering",
    "clustering",
    "concatenate_embeddings",
    "connected_components",
    "core_number",
    "degree",
    "edge_orbit_counts",
    "gdd_agreement",
    "gdv_similarity",
    "gdv_similarity_matrix",
    "gopmi",
    "graphlet_adjacency",
    "graphlet_correlation_distance",
    "graphlet_correlation_matrix",
    "graphlet_counts",
    "metrics",
    "num_components",
    "orbit_adjacencies",
    "orbit_adjacency",
    "orbit_counts",
    "orbit_weights",
    "ppmi",
    "relative_graphlet_frequency_distance",
    "rwpmi",
    "transitivity",
    "triangles",
]

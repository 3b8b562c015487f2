"""Metrics that need no learning, from a graph to a table; torch is never imported here."""

from .clustering import average_clustering, clustering, transitivity
from .components import connected_components, num_components
from .core import core_number
from .degree import degree
from .metrics import metrics
from .orbit_adjacency import (
    ORBIT_ADJACENCIES,
    OrbitAdjacency,
    graphlet_adjacency,
    orbit_adjacencies,
    orbit_adjacency,
)
from .registry import METRICS, Metric
from .table import NodeTable
from .triangles import triangles

__all__ = [
    "METRICS",
    "ORBIT_ADJACENCIES",
    "Metric",
    "NodeTable",
    "OrbitAdjacency",
    "average_clustering",
    "clustering",
    "connected_components",
    "core_number",
    "degree",
    "graphlet_adjacency",
    "metrics",
    "num_components",
    "orbit_adjacencies",
    "orbit_adjacency",
    "transitivity",
    "triangles",
]

"""Graphlet orbits of nodes and edges, up to five nodes."""

from .batch import GraphBatch
from .counts import edge_orbit_counts, graphlet_counts, orbit_counts
from .graphlets import GRAPHLETS, Graphlet

__all__ = [
    "GRAPHLETS",
    "GraphBatch",
    "Graphlet",
    "edge_orbit_counts",
    "graphlet_counts",
    "orbit_counts",
]

"""Layers on the sparse-ops core, and ``accelerate``, which moves PyG's layers onto it."""

from .accelerate import Report, accelerate, restore
from .conv import GCNConv, GINConv, GraphConv, NormalizedGraph, SAGEConv, gcn_norm

__all__ = [
    "GCNConv",
    "GINConv",
    "GraphConv",
    "NormalizedGraph",
    "Report",
    "SAGEConv",
    "accelerate",
    "gcn_norm",
    "restore",
]

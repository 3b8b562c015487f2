"""Layers on the sparse-ops core, and ``accelerate``, which moves PyG's layers onto it."""

from .accelerate import Report, accelerate, restore
from .conv import GCNConv, GINConv, GraphConv, NormalizedGraph, PureConv, SAGEConv, gcn_norm
from .feature_linear import FeatureLinear
from .link import DotPredictor, HadamardMLP, NCNPredictor

__all__ = [
    "DotPredictor",
    "FeatureLinear",
    "GCNConv",
    "GINConv",
    "GraphConv",
    "HadamardMLP",
    "NCNPredictor",
    "NormalizedGraph",
    "PureConv",
    "Report",
    "SAGEConv",
    "accelerate",
    "gcn_norm",
    "restore",
]

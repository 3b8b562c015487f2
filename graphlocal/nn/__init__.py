"""Layers on the sparse-ops core, and ``accelerate``, which moves PyG's layers onto it."""

from .accelerate import Report, accelerate, restore
from .conv import GCNConv, GINConv, GraphConv, NormalizedGraph, PureConv, SAGEConv, gcn_norm
from .feature_linear import FeatureLinear
from .link import (
    DotPredictor,
    HadamardMLP,
    NCN2Predictor,
    NCNCPredictor,
    NCNDiffPredictor,
    NCNPredictor,
    OverlapCountPredictor,
    alpha_schedule,
)

__all__ = [
    "DotPredictor",
    "FeatureLinear",
    "GCNConv",
    "GINConv",
    "GraphConv",
    "HadamardMLP",
    "NCN2Predictor",
    "NCNCPredictor",
    "NCNDiffPredictor",
    "NCNPredictor",
    "NormalizedGraph",
    "OverlapCountPredictor",
    "PureConv",
    "Report",
    "SAGEConv",
    "accelerate",
    "alpha_schedule",
    "gcn_norm",
    "restore",
]

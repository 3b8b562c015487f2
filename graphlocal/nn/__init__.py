"""Layers on the sparse-ops core, and ``accelerate``, which moves PyG's layers onto it."""

from .accelerate import Report, accelerate, restore
from .batch_norm import JointBatchNorm1d
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
    "JointBatchNorm1d",
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

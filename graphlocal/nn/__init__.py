"""Layers on the sparse-ops core, and ``accelerate``, which moves PyG's layers onto it."""

from .accelerate import Report, accelerate, restore
from .batch_norm import JointBatchNorm1d
from .conv import (
    GATConv,
    GATv2Conv,
    GCNConv,
    GINConv,
    GraphConv,
    NormalizedGraph,
    PureConv,
    SAGEConv,
    TransformerConv,
    gcn_norm,
)
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
    "GATConv",
    "GATv2Conv",
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
    "TransformerConv",
    "accelerate",
    "alpha_schedule",
    "gcn_norm",
    "restore",
]

"""Convolutions that aggregate through ``ops.spmm``: PyG's classes on GraphLocal's core."""

from .gcn_conv import GCNConv
from .gcn_norm import NormalizedGraph, gcn_norm
from .gin_conv import GINConv
from .graph_conv import GraphConv
from .pure_conv import PureConv
from .sage_conv import SAGEConv

__all__ = ["GCNConv", "GINConv", "GraphConv", "NormalizedGraph", "PureConv", "SAGEConv",
           "gcn_norm"]

"""Convolutions that aggregate through ``ops.spmm``: PyG's classes on GraphLocal's core."""

from .gcn_conv import GCNConv
from .gcn_norm import NormalizedGraph, gcn_norm
from .gin_conv import GINConv
from .graph_conv import GraphConv
from .sage_conv import SAGEConv

__all__ = ["GCNConv", "GINConv", "GraphConv", "NormalizedGraph", "SAGEConv", "gcn_norm"]

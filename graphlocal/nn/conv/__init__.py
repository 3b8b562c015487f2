"""Convolutions and attention layers: PyG's classes on GraphLocal's core."""

from .gat_conv import GATConv
from .gatv2_conv import GATv2Conv
from .gcn_conv import GCNConv
from .gcn_norm import NormalizedGraph, gcn_norm
from .gin_conv import GINConv
from .graph_conv import GraphConv
from .pure_conv import PureConv
from .sage_conv import SAGEConv
from .transformer_conv import TransformerConv

__all__ = ["GATConv", "GATv2Conv", "GCNConv", "GINConv", "GraphConv", "NormalizedGraph",
           "PureConv", "SAGEConv", "TransformerConv", "gcn_norm"]

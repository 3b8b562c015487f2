"""Attention to neighbours, to everything, and blocks of both."""

from .bi_level_routing_attention import BiLevelRoutingAttention
from .channel_attention import ChannelAttention
from .codebook import Codebook
from .codebook_attention import CodebookAttention
from .dense_attention import DenseAttention
from .dilated_neighbor_attention import DilatedNeighborAttention
from .gated_positional_attention import GatedPositionalAttention
from .local_global_block import LocalGlobalBlock
from .neighbor_attention import NeighborAttention
from .partition import bfs_partition
from .routing_attention import RoutingAttention
from .subsampled_attention import SubsampledAttention

__all__ = [
    "BiLevelRoutingAttention",
    "ChannelAttention",
    "Codebook",
    "CodebookAttention",
    "DenseAttention",
    "DilatedNeighborAttention",
    "GatedPositionalAttention",
    "LocalGlobalBlock",
    "NeighborAttention",
    "RoutingAttention",
    "SubsampledAttention",
    "bfs_partition",
]

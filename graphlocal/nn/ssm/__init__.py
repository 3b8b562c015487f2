"""Blocks of selective state spaces, on batches of sequences and on packed ones."""

from .bi_mamba_block import BiMambaBlock
from .edge_lookup import find_edges
from .local_encoder import LocalEncoder
from .mamba2_block import GatedRMSNorm, Mamba2Block
from .mamba_block import MambaBlock
from .node_scan import NodeScan
from .order_nodes import order_nodes
from .order_tokens import order_tokens
from .token_scan import TokenScan
from .walk_encoder import WalkEncoder, walk_features
from .walk_tokenizer import WalkTokenizer, WalkTokens

__all__ = [
    "BiMambaBlock",
    "GatedRMSNorm",
    "LocalEncoder",
    "Mamba2Block",
    "MambaBlock",
    "NodeScan",
    "TokenScan",
    "WalkEncoder",
    "WalkTokenizer",
    "WalkTokens",
    "find_edges",
    "order_nodes",
    "order_tokens",
    "walk_features",
]

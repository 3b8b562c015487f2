"""Blocks of selective state spaces, on batches of sequences and on packed ones."""

from .bi_mamba_block import BiMambaBlock
from .mamba2_block import GatedRMSNorm, Mamba2Block
from .mamba_block import MambaBlock
from .node_scan import NodeScan
from .order_nodes import order_nodes
from .walk_tokenizer import WalkTokenizer, WalkTokens

__all__ = [
    "BiMambaBlock",
    "GatedRMSNorm",
    "Mamba2Block",
    "MambaBlock",
    "NodeScan",
    "WalkTokenizer",
    "WalkTokens",
    "order_nodes",
]

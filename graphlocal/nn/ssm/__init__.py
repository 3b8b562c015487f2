"""Blocks of selective state spaces, on batches of sequences and on packed ones."""

from .bi_mamba_block import BiMambaBlock
from .mamba_block import MambaBlock

__all__ = [
    "BiMambaBlock",
    "MambaBlock",
]

"""Attention to neighbours, to everything, and blocks of both."""

from .codebook import Codebook
from .codebook_attention import CodebookAttention
from .dense_attention import DenseAttention
from .local_global_block import LocalGlobalBlock

__all__ = [
    "Codebook",
    "CodebookAttention",
    "DenseAttention",
    "LocalGlobalBlock",
]

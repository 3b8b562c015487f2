"""Attention to neighbours, to everything, and blocks of both."""

from .dense_attention import DenseAttention
from .local_global_block import LocalGlobalBlock

__all__ = [
    "DenseAttention",
    "LocalGlobalBlock",
]

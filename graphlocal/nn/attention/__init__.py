"""Attention to neighbours, to everything, and blocks of both."""

from .local_global_block import LocalGlobalBlock

__all__ = [
    "LocalGlobalBlock",
]

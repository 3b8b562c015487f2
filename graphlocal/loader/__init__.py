"""Mini-batches of links, and the pairs that are no edges they are told from."""

from .negatives import NegativePairs

__all__ = ["NegativePairs"]

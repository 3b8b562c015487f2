"""Topological concentration: how much of a node's surroundings its links have around them too."""

from .exact import topological_concentration

__all__ = ["topological_concentration"]

"""Whole networks."""

from .link_encoder import LinkEncoder
from .link_model import LinkModel
from .ncn import NCN

__all__ = ["NCN", "LinkEncoder", "LinkModel"]

"""Whole networks."""

from .link_encoder import LinkEncoder
from .link_model import LinkModel
from .ncn import NCN
from .ncnc import NCNC

__all__ = ["NCN", "NCNC", "LinkEncoder", "LinkModel"]

"""Whole networks."""

from .graph_transformer import GraphTransformer
from .largegt import LargeGT
from .largegt_local import TokenEncoder
from .largegt_tokens import HopTokens, TokenBatch
from .link_encoder import LinkEncoder
from .link_model import LinkModel
from .ncn import NCN
from .ncnc import NCNC

__all__ = [
    "NCN",
    "NCNC",
    "GraphTransformer",
    "HopTokens",
    "LargeGT",
    "LinkEncoder",
    "LinkModel",
    "TokenBatch",
    "TokenEncoder",
]

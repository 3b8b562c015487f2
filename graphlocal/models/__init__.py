"""Whole networks."""

from .gmn import GMN
from .graph_mamba import GraphMamba
from .graph_transformer import GraphTransformer
from .lamamba import LaMamba
from .largegt import LargeGT
from .largegt_local import TokenEncoder
from .largegt_tokens import HopTokens, TokenBatch
from .link_encoder import LinkEncoder
from .link_model import LinkModel
from .ncn import NCN
from .ncnc import NCNC
from .scan_model import ScanModel

__all__ = [
    "GMN",
    "NCN",
    "NCNC",
    "GraphMamba",
    "GraphTransformer",
    "HopTokens",
    "LaMamba",
    "LargeGT",
    "LinkEncoder",
    "LinkModel",
    "ScanModel",
    "TokenBatch",
    "TokenEncoder",
]

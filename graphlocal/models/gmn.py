"""Graph Mamba Networks."""

from __future__ import annotations

from typing import Any

from .feature_encoder import Features
from .scan_model import ScanModel


class GMN(ScanModel):
    r"""Stub, filled in below."""

    def __init__(self, in_channels: Features, hidden_channels: int, out_channels: int,
                 num_layers: int = 2, **kwargs: Any) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, num_layers, **kwargs)

"""Scores by the product of two nodes' features."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .base import MLPPredictor
from .branches import pair_branch, score_head
from .neighbors import Neighbors
from .pair_product import pair_product


class HadamardMLP(MLPPredictor):
    r"""A network on the element-wise product of the features of two nodes; the graph is not looked
    at. With a graph encoder it is the graph auto-encoder (GAE) the NCN paper compares with.

    .. math::
        y_{ij} = \mathrm{MLP} ( \mathbf{h}_i \odot \mathbf{h}_j )

    Args:
        in_channels: Size of a node's features.
        hidden_channels: Size of the hidden layers.
        out_channels: Scores per pair; a single one comes out as a vector. Default: ``1``.
        num_layers: Hidden layers after the branch. Default: ``1``.
        dropout: Probability of dropout, before every ReLU. Default: ``0``.
        layer_norm: Whether features are normalised before dropout. Default: ``True``.
        tail_activation: Whether the branch ends in a ReLU. Default: ``True``.

    Shapes:
        - **h:** :math:`(|\mathcal{V}|, F_{in})`
        - **edge_label_index:** :math:`(2, P)`
        - **output:** :math:`(P)`, or :math:`(P, F_{out})`

    Raises:
        GraphError: If an argument or an input is out of range.

    Example:
        >>> import torch
        >>> pairs = torch.tensor([[0, 0], [2, 1]])
        >>> HadamardMLP(16, 32)(torch.randn(3, 16), None, pairs).shape
        torch.Size([2])
    """

    needs_graph = False

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int = 1,
                 num_layers: int = 1, **kwargs: Any) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, num_layers, **kwargs)
        self.pair_branch = pair_branch(in_channels, hidden_channels, self.dropout,
                                       self.layer_norm, self.tail_activation)
        self.head = score_head(hidden_channels, hidden_channels, out_channels, num_layers,
                               self.dropout, self.layer_norm)

    def score(self, h: Tensor, neighbors: Neighbors | None, pairs: Tensor) -> Tensor:
        return self.head(self.pair_branch(pair_product(h, pairs)))

"""Scores by inner products."""

from __future__ import annotations

from torch import Tensor

from .base import LinkPredictor
from .neighbors import Neighbors
from .pair_product import pair_product


class DotPredictor(LinkPredictor):
    r"""Inner product of the features of two nodes; the graph is not looked at.

    .. math::
        y_{ij} = \mathbf{h}_i^{\top} \mathbf{h}_j

    Args:
        in_channels: Size of a node's features.

    Shapes:
        - **h:** :math:`(|\mathcal{V}|, F)`
        - **edge_label_index:** :math:`(2, P)`
        - **output:** :math:`(P)`

    Raises:
        GraphError: If an input is out of range.

    Example:
        >>> import torch
        >>> h = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> DotPredictor(2)(h, None, torch.tensor([[0], [1]]))
        tensor([11.])
    """

    arguments = ("in_channels",)
    needs_graph = False

    def __init__(self, in_channels: int) -> None:
        super().__init__(in_channels)

    def score(self, h: Tensor, neighbors: Neighbors | None, pairs: Tensor) -> Tensor:
        return pair_product(h, pairs).sum(-1, keepdim=True)

    def extra_repr(self) -> str:
        return str(self.in_channels)

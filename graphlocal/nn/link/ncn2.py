"""Common neighbours of the second order."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .branches import overlap_branch
from .ncn import NCNPredictor
from .neighbors import Neighbors


class NCN2Predictor(NCNPredictor):
    r"""NCN with the neighbours of one node that two steps lead to from the other, as in
    "Neural Common Neighbor with Completion for Link Prediction" (arXiv:2302.00890).

    .. math::
        y_{ij} = \mathrm{MLP} \Big( \beta \cdot \mathrm{MLP}_{1} \big(
        \sum_{u \in \mathcal{N}(i) \cap \mathcal{N}(j)} \mathbf{x}_u \big) + \mathrm{MLP}_{2} \big(
        \sum_{u \in \mathcal{N}(i) \cap \mathcal{N}^2(j)} \mathbf{x}_u +
        \sum_{u \in \mathcal{N}^2(i) \cap \mathcal{N}(j)} \mathbf{x}_u \big) +
        \mathrm{MLP}_{\odot} (\mathbf{h}_i \odot \mathbf{h}_j) \Big)

    :math:`\mathcal{N}^2` holds where walks of two steps end: the node itself, and neighbours that
    close triangles, among them.

    Args:
        in_channels: Size of a node's features.
        hidden_channels: Size of the hidden layers.
        out_channels: Scores per pair; a single one comes out as a vector. Default: ``1``.
        num_layers: Hidden layers of the head. Default: ``1``.
        **kwargs: Of :class:`NCNPredictor`.

    Shapes:
        - **h:** :math:`(|\mathcal{V}|, F_{in})`
        - **edge_label_index, exclude:** :math:`(2, P)`, :math:`(2, Q)`
        - **output:** :math:`(P)`, or :math:`(P, F_{out})`

    Raises:
        GraphError: If an argument or an input is out of range.

    Example:
        >>> import torch
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> NCN2Predictor(16, 32)(torch.randn(3, 16), path, torch.tensor([[0], [2]])).shape
        torch.Size([1])
    """

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int = 1,
                 num_layers: int = 1, **kwargs: Any) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, num_layers, **kwargs)
        self.second_branch = overlap_branch(in_channels, hidden_channels, self.dropout,
                                            self.layer_norm, self.tail_activation)

    def score(self, h: Tensor, neighbors: Neighbors, pairs: Tensor) -> Tensor:
        x = self.transform(h)
        second = neighbors.sum(x, pairs, hops=(1, 2)) + neighbors.sum(x, pairs, hops=(2, 1))
        return self.combine(h, neighbors.sum(x, pairs), None, pairs,
                            self.second_branch(second))

"""How many neighbours two nodes share, beside their features."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from ...graph import checks
from .base import MLPPredictor
from .branches import overlap_branch, pair_branch, score_head
from .neighbors import Neighbors
from .pair_product import pair_product

Weighting = Literal["count", "adamic_adar", "resource_allocation"]


class OverlapCountPredictor(MLPPredictor):
    r"""GAE+CN of "Neural Common Neighbor with Completion for Link Prediction" (arXiv:2302.00890):
    beside the features of two nodes it sees a number, how many neighbours they share or how much
    these weigh.

    .. math::
        y_{ij} = \mathrm{MLP} \big( \beta \cdot \mathrm{MLP}_{\cap}(n_{ij}) + \mathrm{MLP}_{\odot}
        (\mathbf{h}_i \odot \mathbf{h}_j) \big), \qquad
        n_{ij} = \sum_{u \in \mathcal{N}(i) \cap \mathcal{N}(j)} w_u

    with :math:`w_u = 1`, :math:`1 / \log d_u` or :math:`1 / d_u`. Adamic and Adar's weight of a
    node of degree 1, which only a pair of a node with itself can meet, is 0.

    Args:
        in_channels: Size of a node's features.
        hidden_channels: Size of the hidden layers.
        out_channels: Scores per pair; a single one comes out as a vector. Default: ``1``.
        num_layers: Hidden layers of the head. Default: ``1``.
        weighting: ``"count"``, ``"adamic_adar"`` or ``"resource_allocation"``.
            Default: ``"count"``.
        combine: ``"sum"`` as above, or ``"concat"``, which puts the number beside the features
            of the pair as it is. Default: ``"sum"``.
        **kwargs: ``dropout``, ``layer_norm``, ``tail_activation``, ``edge_dropout`` and
            ``official_quirks`` as in :class:`NCNPredictor`.

    Shapes:
        - **h:** :math:`(|\mathcal{V}|, F_{in})`
        - **edge_label_index, exclude:** :math:`(2, P)`, :math:`(2, Q)`
        - **output:** :math:`(P)`, or :math:`(P, F_{out})`

    Raises:
        GraphError: If an argument or an input is out of range.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> predictor = OverlapCountPredictor(16, 32, weighting="adamic_adar")
        >>> predictor(torch.randn(3, 16), path, torch.tensor([[0], [2]])).shape
        torch.Size([1])
    """

    arguments = (*MLPPredictor.arguments, "weighting", "combine")

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int = 1,
        num_layers: int = 1,
        *,
        weighting: Weighting = "count",
        combine: Literal["sum", "concat"] = "sum",
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, num_layers, **kwargs)
        self.weighting = checks.check_choice(
            weighting, "weighting", ("count", "adamic_adar", "resource_allocation"))
        self.combine = checks.check_choice(combine, "combine", ("sum", "concat"))
        self.pair_branch = pair_branch(in_channels, hidden_channels, self.dropout,
                                       self.layer_norm, self.tail_activation)
        self.overlap_branch = self.beta = None
        if combine == "sum":
            self.overlap_branch = overlap_branch(1, hidden_channels, self.dropout,
                                                 self.layer_norm, self.tail_activation)
            self.beta = nn.Parameter(torch.ones(()))
        self.head = score_head(hidden_channels + (combine == "concat"), hidden_channels,
                               out_channels, num_layers, self.dropout, self.layer_norm)

    def reset_parameters(self) -> None:
        super().reset_parameters()
        if self.beta is not None:
            with torch.no_grad():
                self.beta.fill_(1.0)

    def score(self, h: Tensor, neighbors: Neighbors, pairs: Tensor) -> Tensor:
        number = self._weigh(h, neighbors, pairs).unsqueeze(1)  # [P, 1]
        product = self.pair_branch(pair_product(h, pairs))
        if self.overlap_branch is None:
            return self.head(torch.cat([number, product], dim=1))
        return self.head(self.beta * self.overlap_branch(number) + product)

    def _weigh(self, h: Tensor, neighbors: Neighbors, pairs: Tensor) -> Tensor:
        if self.weighting == "count":
            return neighbors.count(pairs).to(h.dtype)
        degree = neighbors.degree(h.dtype)
        if self.weighting == "adamic_adar":
            weight = torch.where(degree > 1, 1 / degree.clamp(min=2).log(), 0)
        else:
            weight = 1 / degree.clamp(min=1)
        return neighbors.sum(weight, pairs)

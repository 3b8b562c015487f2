"""Neural common neighbours."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import checks
from .base import MLPPredictor
from .branches import node_branch, overlap_branch, pair_branch, run_sparsely, score_head
from .neighbors import Neighbors
from .pair_product import pair_product


class NCNPredictor(MLPPredictor):
    r"""The predictor of "Neural Common Neighbor with Completion for Link Prediction"
    (arXiv:2302.00890): next to the features of two nodes it sees those of the neighbours they
    share.

    .. math::
        y_{ij} = \mathrm{MLP} \Big( \beta \cdot \mathrm{MLP}_{\cap} \big(
        \sum_{u \in \mathcal{N}(i) \cap \mathcal{N}(j)} \mathbf{x}_u \big) +
        \mathrm{MLP}_{\odot} (\mathbf{h}_i \odot \mathbf{h}_j) \Big), \qquad
        \mathbf{x} = \mathbf{h} + \mathrm{MLP}_{\mathcal{V}}(\mathbf{h})

    Args:
        in_channels: Size of a node's features.
        hidden_channels: Size of the hidden layers.
        out_channels: Scores per pair; a single one comes out as a vector. Default: ``1``.
        num_layers: Hidden layers of the head. Default: ``1``.
        node_mlp: Whether there is an :math:`\mathrm{MLP}_{\mathcal{V}}`; else
            :math:`\mathbf{x} = \mathbf{h}`. Default: ``True``.
        beta: Value at first of the learned :math:`\beta`. Default: ``1``.
        dropout: Probability of dropout, before every ReLU. Default: ``0``.
        layer_norm: Whether features are normalised before dropout. Default: ``True``.
        tail_activation: Whether branches end in a ReLU instead of a linear map. Default: ``True``.
        edge_dropout: Probability to forget a link of the graph in training. Default: ``0``.
        official_quirks: Edge dropout as in the authors' code, which forgets the two directions of
            a link independently. Default: ``False``.

    Shapes:
        - **h:** :math:`(|\mathcal{V}|, F_{in})`
        - **edge_label_index, exclude:** :math:`(2, P)`, :math:`(2, Q)`
        - **output:** :math:`(P)`, or :math:`(P, F_{out})`

    Raises:
        GraphError: If an argument or an input is out of range.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> pairs = torch.tensor([[0, 0], [2, 1]])
        >>> NCNPredictor(16, 32)(torch.randn(3, 16), path, pairs).shape
        torch.Size([2])
    """

    arguments = (*MLPPredictor.arguments, "node_mlp", "beta")

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int = 1,
        num_layers: int = 1,
        *,
        node_mlp: bool = True,
        beta: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, num_layers, **kwargs)
        sizes = (in_channels, hidden_channels, self.dropout, self.layer_norm)
        self._beta = checks.check_number(beta, "beta")
        self.node_branch = node_branch(*sizes) if node_mlp else None
        self.overlap_branch = overlap_branch(*sizes, self.tail_activation)
        self.pair_branch = pair_branch(*sizes, self.tail_activation)
        self.head = score_head(hidden_channels, hidden_channels, out_channels, num_layers,
                               self.dropout, self.layer_norm)
        self.beta = nn.Parameter(torch.tensor(self._beta))

    @property
    def config(self) -> dict[str, Any]:
        own = {"node_mlp": self.node_branch is not None, "beta": self._beta}
        return {name: own[name] if name in own else getattr(self, name) for name in self.arguments}

    def reset_parameters(self) -> None:
        super().reset_parameters()
        with torch.no_grad():
            self.beta.fill_(self._beta)

    def transform(self, h: Tensor) -> Tensor:
        """What is summed over the overlap."""
        return h if self.node_branch is None else h + self.node_branch(h)

    def score(self, h: Tensor, neighbors: Neighbors, pairs: Tensor) -> Tensor:
        return self.combine(h, *self.overlap(h, neighbors, pairs), pairs)

    def overlap(self, h: Tensor, neighbors: Neighbors, pairs: Tensor
                ) -> tuple[Tensor, Tensor | None]:
        """Sum over each pair's shared neighbours, and which pairs have any where that is known."""
        shared = neighbors.shared(pairs) if self.node_branch is not None else None
        if shared is None:
            return neighbors.sum(self.transform(h), pairs), None
        ptr, node = shared  # most nodes are in no overlap: the branch need not look at them
        used = torch.zeros(h.size(0), dtype=torch.bool, device=h.device)
        used[node] = True
        number = used.cumsum(0) - 1
        x = self.transform(h[used])
        return ops.ragged_sum(x, ptr, number[node]), ptr.diff() > 0

    def combine(self, h: Tensor, overlap: Tensor, some: Tensor | None, pairs: Tensor,
                more: Tensor | None = None) -> Tensor:
        """Scores from the sum over each pair's overlap and what other branches add."""
        product = pair_product(h, pairs)
        inside = run_sparsely(self.overlap_branch, overlap, some)
        hidden = self.beta * inside + self.pair_branch(product)
        return self.head(hidden if more is None else hidden + more)

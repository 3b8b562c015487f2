"""Propagation without parameters."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import checks
from ...ops.spmm import check_edge_weight

Aggregation = Literal["gcn", "sum", "mean", "max"]


class PureConv(nn.Module):
    r"""Aggregates the neighbours' features and learns nothing.

    .. math::
        \mathbf{X}^{\prime} = \mathbf{\hat{D}}^{-1/2} (\mathbf{A} + \mathbf{I})
        \mathbf{\hat{D}}^{-1/2} \mathbf{X} \quad \text{(gcn)}, \qquad
        \mathbf{x}^{\prime}_i = \bigoplus_{j \in \mathcal{N}(i)} w_{ji} \, \mathbf{x}_j
        \quad \text{(sum, mean, max)}

    An edge of weight 0 is no edge: whatever the aggregation, the result is that of the graph
    without it, so weights of 0 and 1 hide edges without a new graph.

    Args:
        aggr: ``"gcn"`` (symmetric normalisation with self loops), ``"sum"``, ``"mean"`` or
            ``"max"``. Nodes without neighbours get 0, or with ``"gcn"`` keep what they have.
            Default: ``"gcn"``.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F)`
        - **edge_index:** :math:`(2, |\mathcal{E}|)`, or anything :func:`~graphlocal.ops.spmm` takes
        - **edge_weight:** :math:`(|\mathcal{E}|)` *(optional)*
        - **output:** :math:`(|\mathcal{V}|, F)`

    Raises:
        GraphError: If ``aggr``, the graph, the features or the weights are wrong.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [1, 0]])
        >>> PureConv()(torch.tensor([[1.0], [3.0]]), edge_index).round().tolist()
        [[2.0], [2.0]]
    """

    def __init__(self, aggr: Aggregation = "gcn") -> None:
        super().__init__()
        self.aggr = checks.check_choice(aggr, "aggr", ("gcn", "sum", "mean", "max"))

    def forward(self, x: Tensor, edge_index: Any, edge_weight: Tensor | None = None) -> Tensor:
        if not isinstance(x, Tensor):
            checks.fail("x", type(x).__name__, "a tensor", kind=checks.GraphTypeError)
        adjacency = ops.as_adjacency(edge_index, x.size(0), x.size(0))
        if edge_weight is not None:
            check_edge_weight(edge_weight, adjacency.num_edges)
            if edge_weight.dtype is torch.bool:
                edge_weight = edge_weight.to(x.dtype)
        if edge_weight is None:
            if self.aggr != "gcn":
                return ops.spmm(adjacency, x, reduce=self.aggr)
            total = adjacency.degree.to(x.dtype)
        elif self.aggr == "max":
            return _max_of_kept(adjacency, x, edge_weight)
        elif self.aggr == "sum":
            return ops.spmm(adjacency, x, edge_weight)
        else:
            counted = (edge_weight != 0).to(x.dtype) if self.aggr == "mean" else edge_weight
            total = ops.spmm(adjacency, x.new_ones(x.size(0)), counted)
        if self.aggr == "mean":
            return ops.spmm(adjacency, x, edge_weight) / total.clamp(min=1).unsqueeze(-1)
        scale = (total + 1).clamp(min=0).pow(-0.5).unsqueeze(-1)
        scale = scale.masked_fill(scale == float("inf"), 0)
        x = scale * x
        return scale * (ops.spmm(adjacency, x, edge_weight) + x)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(aggr={self.aggr!r})"


def _max_of_kept(adjacency: ops.Adjacency, x: Tensor, edge_weight: Tensor) -> Tensor:
    """Maxima over the edges that weigh something: one of weight 0 would offer a 0."""
    target = torch.repeat_interleave(adjacency.degree, output_size=adjacency.num_edges)
    weight = edge_weight[adjacency.perm.long()]
    kept = weight != 0
    edge_index = torch.stack([adjacency.col.long()[kept], target[kept]])
    return ops.spmm(edge_index, x, weight[kept], "max", num_dst=adjacency.num_dst)

"""Additive attention over the in-edges of every node, as its definition reads."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..adjacency import Adjacency
from ..segment_reduce import reference as segments
from ..segment_softmax import reference as softmax


def gat_attention(
    adjacency: Adjacency, source_score: Tensor, target_score: Tensor | None, v: Tensor,
    edge_score: Tensor | None, negative_slope: float, factors: Tensor | None,
) -> Tensor:
    """Scores of the two ends and of the edge, added up before the leaky ReLU.

    Example:
        >>> adjacency = Adjacency.from_edge_index(torch.tensor([[0, 1], [1, 1]]), 2)
        >>> score, v = torch.zeros(2, 1), torch.tensor([[[1.0]], [[3.0]]])
        >>> gat_attention(adjacency, score, score, v, None, 0.2, None).flatten().tolist()
        [0.0, 2.0]
    """
    row, col = _ends(adjacency)
    score = source_score.index_select(0, col)
    if target_score is not None:
        score = score + target_score.index_select(0, row)
    if edge_score is not None:
        score = score + edge_score.index_select(0, adjacency.perm.long())
    return _attend(adjacency, row, col, F.leaky_relu(score, negative_slope), v, factors)


def gatv2_attention(
    adjacency: Adjacency, source: Tensor, target: Tensor, att: Tensor, edge: Tensor | None,
    value: Tensor, negative_slope: float, factors: Tensor | None,
) -> Tensor:
    """Features of the two ends and of the edge, added up before the leaky ReLU, then weighed.

    Example:
        >>> adjacency = Adjacency.from_edge_index(torch.tensor([[0, 1], [1, 1]]), 2)
        >>> x = torch.zeros(2, 1, 1)
        >>> gatv2_attention(adjacency, x, x, x[0], None, x + 1, 0.2, None).flatten().tolist()
        [0.0, 1.0]
    """
    row, col = _ends(adjacency)
    z = source.index_select(0, col) + target.index_select(0, row)
    if edge is not None:
        z = z + edge.index_select(0, adjacency.perm.long())
    score = (F.leaky_relu(z, negative_slope) * att).sum(-1)
    return _attend(adjacency, row, col, score, value, factors)


def _ends(adjacency: Adjacency) -> tuple[Tensor, Tensor]:
    """Target and source of the edge in each slot."""
    row = torch.repeat_interleave(adjacency.degree, output_size=adjacency.num_edges)
    return row, adjacency.col.long()


def _attend(
    adjacency: Adjacency, row: Tensor, col: Tensor, score: Tensor, v: Tensor,
    factors: Tensor | None,
) -> Tensor:
    weight = softmax.segment_softmax(score, row, adjacency.num_dst)
    if factors is not None:
        weight = weight * factors.index_select(0, adjacency.perm.long())
    message = weight.unsqueeze(-1) * v.index_select(0, col)
    return segments.segment_reduce(message, row, adjacency.num_dst, "sum")

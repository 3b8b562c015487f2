"""Attention over the in-edges of every node, as its definition reads."""

from __future__ import annotations

from torch import Tensor

from ..adjacency import Adjacency
from ..attention_dropout import weight_factors
from ..segment_reduce import reference as segments
from ..segment_softmax import reference as softmax


def neighbor_attention(
    adjacency: Adjacency, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None,
    edge_key: Tensor | None, edge_value: Tensor | None, seed: Tensor | None, scale: float,
    dropout: float,
) -> Tensor:
    """A key, a score and a message per edge and head: ``[num_dst, H, Dv]``.

    Differentiable any number of times. ``seed`` names the draw of the dropout, if there is any.

    Example:
        >>> import torch
        >>> adjacency = Adjacency.from_edge_index(torch.tensor([[0, 1], [2, 2]]), 3)
        >>> q, v = torch.zeros(3, 1, 2), torch.tensor([[[2.0]], [[4.0]], [[8.0]]])
        >>> neighbor_attention(adjacency, q, q, v, None, None, None, None, 1.0, 0.0).flatten()
        tensor([0., 0., 3.])
    """
    num_dst, source, edge = adjacency.num_dst, adjacency.col, adjacency.perm
    target = segments.segment_index(adjacency.rowptr, adjacency.num_edges)
    key, value = k.index_select(0, source), v.index_select(0, source)
    if edge_key is not None:
        key = key + edge_key.index_select(0, edge)
    if edge_value is not None:
        value = value + edge_value.index_select(0, edge)
    score = (q.index_select(0, target) * key).sum(-1) * scale  # [E, H]
    if bias is not None:
        score = score + bias.index_select(0, edge)
    weight = softmax.segment_softmax(score, target, num_dst)
    if seed is not None:
        factor = weight_factors(seed, dropout, len(edge), q.shape[1], q.dtype)
        weight = weight * factor.index_select(0, edge)
    return segments.segment_reduce(value * weight.unsqueeze(-1), target, num_dst, "sum")

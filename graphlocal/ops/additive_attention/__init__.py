"""Attention of every node over its in-edges with additive scores: GAT's and GATv2's."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...graph import checks
from ..adjacency import Adjacency, as_adjacency
from ..attention_dropout import draw_seed, weight_factors
from ..dispatch import choose
from . import binding, reference

_SHORT = (torch.float16, torch.bfloat16)


def gat_attention(
    source_score: Tensor,
    target_score: Tensor | None,
    v: Tensor,
    graph: Any,
    edge_score: Tensor | None = None,
    *,
    negative_slope: float = 0.2,
    dropout: float = 0.0,
    training: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""The attention of "Graph Attention Networks" (arXiv:1710.10903), fused over rows of edges.

    .. math::
        \mathbf{y}_i = \sum_{e = (j \to i)} \alpha_e \, \mathbf{v}_j, \qquad
        \alpha_e = \mathrm{softmax}_{e \to i} \,
        \mathrm{LeakyReLU}(s_j + t_i + u_e)

    for every head on its own. No tensor of edges, heads and channels exists, neither forward nor
    backward: weights are computed again from the highest score and the sum of each row. A node
    without in-edges, or with scores of ``-inf`` alone, gets 0; ``NaN`` stays with the nodes it
    reaches.
    Half precision is computed in float32.

    Args:
        source_score: Score :math:`s` of each source node and head.
        target_score: Score :math:`t` of each target node and head, or ``None``.
        v: Values of the source nodes.
        graph: Anything :func:`as_adjacency` takes.
        edge_score: Score :math:`u` of each edge and head, numbered as in ``edge_index``.
            (default: ``None``)
        negative_slope: Of the leaky ReLU. (default: ``0.2``)
        dropout: Probability that a weight :math:`\alpha` becomes 0; the others are divided by
            one less it. (default: ``0.0``)
        training: Whether weights drop out at all. (default: ``True``)
        generator: Draws the seed of the dropout; ``None`` takes torch's own. (default: ``None``)

    Shapes:
        - **source_score:** :math:`(N_{src}, H)`
        - **target_score:** :math:`(N_{dst}, H)`; without it there are :math:`N_{src}` targets
          unless the graph knows better
        - **v:** :math:`(N_{src}, H, C)`
        - **edge_score:** :math:`(E, H)`
        - **output:** :math:`(N_{dst}, H, C)`

    Raises:
        GraphError: If an index, a shape, a dtype or the probability is wrong.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 1], [2, 2, 0]])
        >>> score, v = torch.zeros(3, 1), torch.tensor([[[1.0]], [[3.0]], [[5.0]]])
        >>> gat_attention(score, score, v, edge_index).flatten().tolist()
        [3.0, 0.0, 2.0]
    """
    checks.check_tensor(v, "v", ("N_src", "H", "C"))
    rows, heads, _ = v.shape
    checks.check_tensor(source_score, "source_score", (rows, heads))
    targets = None
    if target_score is not None:
        checks.check_tensor(target_score, "target_score", ("N_dst", heads))
        targets = target_score.shape[0]
    adjacency = as_adjacency(graph, rows, targets)
    if edge_score is not None:
        checks.check_tensor(edge_score, "edge_score", (adjacency.num_edges, heads))
    slope = checks.check_number(negative_slope, "negative_slope")
    seed = draw_seed(dropout, training, generator)
    dtype, (source_score, target_score, v, edge_score) = _alike(
        adjacency, source_score=source_score, target_score=target_score, v=v,
        edge_score=edge_score)
    if choose("additive_attention", v.device.type, v.dtype, "gat") == "reference":
        factors = _factors(seed, dropout, adjacency, heads, v)
        out = reference.gat_attention(adjacency, source_score, target_score, v, edge_score,
                                      slope, factors)
    else:
        out, _ = binding.gat(*adjacency, source_score, target_score, v, edge_score, seed, slope,
                             float(dropout))
    return out.to(dtype)


def gatv2_attention(
    source: Tensor,
    target: Tensor,
    att: Tensor,
    graph: Any,
    edge: Tensor | None = None,
    value: Tensor | None = None,
    *,
    negative_slope: float = 0.2,
    dropout: float = 0.0,
    training: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""The attention of "How Attentive are Graph Attention Networks?" (arXiv:2105.14491), fused
    over rows of edges.

    .. math::
        \mathbf{y}_i = \sum_{e = (j \to i)} \alpha_e \, \mathbf{v}_j, \qquad
        \alpha_e = \mathrm{softmax}_{e \to i} \; \mathbf{a}^{\top}
        \mathrm{LeakyReLU}(\mathbf{x}_j + \mathbf{y}_i + \mathbf{u}_e)

    for every head on its own. Without ``edge`` no tensor of edges, heads and channels exists,
    neither forward nor backward: scores are computed again from both ends. A node without in-edges,
    or with scores of ``-inf`` alone, gets 0; ``NaN`` stays with the nodes it reaches.
    Half precision is computed in float32.

    Args:
        source: Features :math:`\mathbf{x}` of the source nodes.
        target: Features :math:`\mathbf{y}` of the target nodes.
        att: What the sum is weighed with, :math:`\mathbf{a}`.
        graph: Anything :func:`as_adjacency` takes.
        edge: Features :math:`\mathbf{u}` of each edge, numbered as in ``edge_index``.
            (default: ``None``)
        value: Values :math:`\mathbf{v}` of the source nodes; ``None`` takes ``source``.
            (default: ``None``)
        negative_slope: Of the leaky ReLU. (default: ``0.2``)
        dropout: Probability that a weight :math:`\alpha` becomes 0; the others are divided by
            one less it. (default: ``0.0``)
        training: Whether weights drop out at all. (default: ``True``)
        generator: Draws the seed of the dropout; ``None`` takes torch's own. (default: ``None``)

    Shapes:
        - **source:** :math:`(N_{src}, H, C)`
        - **target:** :math:`(N_{dst}, H, C)`
        - **att:** :math:`(H, C)`
        - **edge:** :math:`(E, H, C)`
        - **value:** :math:`(N_{src}, H, C_v)`
        - **output:** :math:`(N_{dst}, H, C)` or :math:`(N_{dst}, H, C_v)`

    Raises:
        GraphError: If an index, a shape, a dtype or the probability is wrong.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 1], [2, 2, 0]])
        >>> x, att = torch.tensor([[[1.0]], [[3.0]], [[5.0]]]), torch.zeros(1, 1)
        >>> gatv2_attention(x, x, att, edge_index).flatten().tolist()
        [3.0, 0.0, 2.0]
    """
    checks.check_tensor(source, "source", ("N_src", "H", "C"))
    rows, heads, channels = source.shape
    checks.check_tensor(target, "target", ("N_dst", heads, channels))
    checks.check_tensor(att, "att", (heads, channels))
    if value is not None:
        checks.check_tensor(value, "value", (rows, heads, "C_v"))
    adjacency = as_adjacency(graph, rows, target.shape[0])
    if edge is not None:
        checks.check_tensor(edge, "edge", (adjacency.num_edges, heads, channels))
    slope = checks.check_number(negative_slope, "negative_slope")
    seed = draw_seed(dropout, training, generator)
    dtype, (source, target, att, edge, value) = _alike(
        adjacency, source=source, target=target, att=att, edge=edge, value=value)
    if choose("additive_attention", source.device.type, source.dtype, "gatv2") == "reference":
        factors = _factors(seed, dropout, adjacency, heads, source)
        out = reference.gatv2_attention(
            adjacency, source, target, att, edge, source if value is None else value, slope,
            factors)
    else:
        out, _ = binding.gatv2(*adjacency, source, target, att, edge, value, seed, slope,
                               float(dropout))
    return out.to(dtype)


def _alike(
    adjacency: Adjacency, **tensors: Tensor | None
) -> tuple[torch.dtype, list[Tensor | None]]:
    """The dtype of the output, and the tensors in one dtype to compute in."""
    device, dtype = adjacency.col.device, None
    for name, tensor in tensors.items():
        if tensor is None:
            continue
        if tensor.device != device:
            checks.fail(name, f"a tensor on {tensor.device}", f"one on {device}, as 'graph'",
                        "move one of them with .to(device)")
        dtype = tensor.dtype if dtype is None else torch.promote_types(dtype, tensor.dtype)
    wide = torch.float32 if dtype in _SHORT else dtype
    return dtype, [None if tensor is None else tensor.to(wide) for tensor in tensors.values()]


def _factors(
    seed: Tensor | None, dropout: float, adjacency: Adjacency, heads: int, like: Tensor
) -> Tensor | None:
    if seed is None:
        return None
    return weight_factors(seed.to(like.device), dropout, adjacency.num_edges, heads, like.dtype)

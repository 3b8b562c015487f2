"""Multi-head attention of every node over its in-edges, in one kernel."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...graph import checks
from ...graph.csr import CSRGraph
from ..adjacency import Adjacency, as_adjacency
from ..attention_dropout import draw_seed
from ..dispatch import choose
from . import binding, reference

_SHORT = (torch.float16, torch.bfloat16)


def neighbor_attention(
    q: Tensor, k: Tensor, v: Tensor, graph: Any, bias: Tensor | None = None, *,
    edge_key: Tensor | None = None, edge_value: Tensor | None = None, scale: float | None = None,
    dropout: float = 0.0, training: bool = True, generator: torch.Generator | None = None,
) -> Tensor:
    r"""Softmax-weighted sum of the values of the in-neighbours of every node, head by head.

    .. math::
        \mathbf{y}_i = \sum_{e = (j \to i)} \alpha_e (\mathbf{v}_j + \mathbf{v}_e), \qquad
        \alpha_e = \operatorname{softmax}_{e = (j \to i)}
        \left( s \, \mathbf{q}_i^{\top} (\mathbf{k}_j + \mathbf{k}_e) + b_e \right)

    The neighbour sets are whatever edges the graph has: those of a graph, of its rings, of all
    pairs within parts. Memory is that of nodes and of one number per edge and head, twice; a key,
    a value or a message per edge is never stored. Results do not depend on the number of threads.

    A node without in-edges gets 0, and so does one whose scores are all ``-inf``: a bias of
    ``-inf`` takes its edge out if its value is finite, for it is added 0 times. ``NaN`` and
    ``+inf`` in a score make the head of that node ``NaN``.
    Gradients flow to all tensors; those of second order are computed by the definition, which
    stores messages, and there are none of third order. Half precision is computed in float32.

    Args:
        q: Queries of the target nodes.
        k: Keys of the source nodes.
        v: Values of the source nodes, which may have other channels than keys.
        graph: Anything :func:`as_adjacency` takes.
        bias: Added to the scores, for all heads or for each. (default: ``None``)
        edge_key: Added to the key of the source, edge by edge. (default: ``None``)
        edge_value: Added to the value of the source, edge by edge. (default: ``None``)
        scale: Factor of the scores. (default: ``None``, :math:`1 / \sqrt{D}`)
        dropout: Probability with which a weight :math:`\alpha_e` is dropped; those that stay are
            scaled up. The draw depends on the edge and the head, and on a seed from torch's
            generator. (default: ``0.0``)
        training: Whether to drop any. (default: ``True``)
        generator: Where the seed comes from. (default: ``None``, torch's own)

    Shapes:
        - **q:** :math:`(N_{dst}, H, D)`
        - **k:** :math:`(N_{src}, H, D)`
        - **v:** :math:`(N_{src}, H, D_v)`
        - **bias:** :math:`(E)` or :math:`(E, H)`, in the order of ``edge_index``
        - **edge_key:** :math:`(E, H, D)`
        - **edge_value:** :math:`(E, H, D_v)`
        - **output:** :math:`(N_{dst}, H, D_v)`

    Raises:
        GraphError: If an index, a shape, a dtype, a device or ``dropout`` is wrong.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 2], [2, 2, 0]])
        >>> q = k = torch.zeros(3, 1, 4)
        >>> v = torch.tensor([[2.0], [4.0], [8.0]]).unsqueeze(1)
        >>> neighbor_attention(q, k, v, edge_index).flatten().tolist()
        [8.0, 0.0, 3.0]
        >>> bias = torch.tensor([0.0, -torch.inf, 0.0])
        >>> neighbor_attention(q, k, v, edge_index, bias).flatten().tolist()
        [8.0, 0.0, 2.0]
    """
    checks.check_attention_operands(q, k, v)
    adjacency = _adjacency(graph, k, q)
    if adjacency.col.device != q.device:
        checks.fail("q", f"a tensor on {q.device}", f"one on {adjacency.col.device}, as 'graph'",
                    "move one of them with .to(device)")
    num_edges, heads = adjacency.num_edges, q.shape[1]
    extra = ((bias, "bias", ((num_edges,), (num_edges, heads))),
             (edge_key, "edge_key", ((num_edges, heads, k.shape[2]),)),
             (edge_value, "edge_value", ((num_edges, heads, v.shape[2]),)))
    dtype = torch.promote_types(torch.promote_types(q.dtype, k.dtype), v.dtype)
    for x, argument, shapes in extra:
        if x is not None:
            checks.check_edge_heads(x, argument, *shapes, device=q.device)
            dtype = torch.promote_types(dtype, x.dtype)
    scale = checks.check_scale(scale, "scale", q.shape[2])
    seed = draw_seed(dropout, training, generator)
    wide = torch.float32 if dtype in _SHORT else dtype
    q, k, v, bias, edge_key, edge_value = (
        None if x is None else x.to(wide) for x in (q, k, v, bias, edge_key, edge_value))
    if bias is not None and bias.dim() == 1:
        bias = bias.unsqueeze(-1).expand(num_edges, heads)
    operands = (q, k, v, bias, edge_key, edge_value, seed, scale, float(dropout))
    backend = choose("neighbor_attention", q.device.type, dtype, "softmax")
    if backend == "gpu" and not (edge_key is None and edge_value is None and seed is None):
        backend = "reference"
    if backend == "reference":
        out = reference.neighbor_attention(adjacency, *operands)
    else:
        out = binding.attention(*adjacency, *operands)[0]
    return out.to(dtype)


def _adjacency(graph: Any, k: Tensor, q: Tensor) -> Adjacency:
    """The graph between the nodes of keys and queries; a mismatch is told of these."""
    prepared = isinstance(graph, (Adjacency, CSRGraph)) or (
        isinstance(graph, Tensor) and graph.layout is not torch.strided)
    if not prepared:
        return as_adjacency(graph, k.shape[0], q.shape[0])
    adjacency = as_adjacency(graph)
    for x, argument, rows, what in ((k, "k", adjacency.num_src, "source"),
                                    (q, "q", adjacency.num_dst, "target")):
        if x.shape[0] != rows:
            checks.fail(argument, f"{x.shape[0]} rows", f"{rows}, one per {what} node of 'graph'")
    return adjacency

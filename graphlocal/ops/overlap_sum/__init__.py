"""Sums of features over the neighbours that two nodes share."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ...graph import checks
from ..common_neighbors import Hops, Part, common_neighbors, prepare
from ..simple import as_simple
from . import reference


def overlap_sum(
    x: Tensor, graph: Any, pairs: Tensor, *, part: Part = "both",
    node_weight: Tensor | None = None, exclude: Tensor | None = None, hops: Hops = (1, 1),
) -> Tensor:
    r"""Sum of the features of the nodes that :func:`~graphlocal.ops.common_neighbors` lists.

    .. math::
        \mathbf{s}_{ij} = \sum_{u \in N(i) \cap N(j)} w_u \mathbf{x}_u

    No matrix of pairs and nodes is ever built: without gradients not even the list, and with them
    the list alone is kept. A pair that shares nothing gets 0.

    Args:
        x: Features of the nodes.
        graph: What :func:`~graphlocal.ops.as_simple` takes.
        pairs: Pairs, one column each.
        part: ``"both"``, ``"left"`` or ``"right"``, as in
            :func:`~graphlocal.ops.common_neighbors`. (default: ``"both"``)
        node_weight: Weight of each node, with a gradient if it requires one.
            (default: ``None``, all 1)
        exclude: Edges to look away from, as in :func:`~graphlocal.ops.common_neighbors`.
            (default: ``None``)
        hops: As in :func:`~graphlocal.ops.common_neighbors`. (default: ``(1, 1)``)

    Shapes:
        - **x:** :math:`(N)`, :math:`(N, F)` or :math:`(N, H, C)`
        - **pairs:** :math:`(2, P)`
        - **node_weight:** :math:`(N)`
        - **output:** as ``x``, with :math:`P` rows

    Raises:
        GraphError: If a shape, a dtype, a node or a choice is wrong.

    Example:
        >>> edge_index = torch.tensor([[0, 0, 1, 1, 2], [1, 2, 2, 3, 3]])
        >>> x = torch.tensor([[1.0], [10.0], [100.0], [1000.0]])
        >>> overlap_sum(x, edge_index, torch.tensor([[0, 0], [3, 1]])).tolist()
        [[110.0], [100.0]]
    """
    _check_features(x)
    graph = as_simple(graph, x.shape[0])
    graph, visible, hops = prepare(graph, pairs, part, exclude, hops)
    if node_weight is not None:
        x, node_weight = _check_weight(x, node_weight, x.shape[0], "node_weight", "node")
    ptr, node = common_neighbors(graph, pairs, part=part, exclude=visible, hops=tuple(hops))
    weight = None if node_weight is None else node_weight.index_select(0, node)
    return ragged_sum(x, ptr, node, weight)


def ragged_sum(x: Tensor, ptr: Tensor, node: Tensor, weight: Tensor | None = None) -> Tensor:
    r"""Sum of ``weight[l] * x[node[l]]`` over ``l`` in ``ptr[p]:ptr[p + 1]`` for every ``p``.

    For lists of :func:`~graphlocal.ops.common_neighbors` whose entries have weights of their own.

    Args:
        x: Features of the nodes.
        ptr: Borders of the lists, from 0 to the length of ``node``.
        node: Nodes, list after list.
        weight: Weight of each entry, with a gradient if it requires one. (default: ``None``)

    Shapes:
        - **x:** :math:`(N)`, :math:`(N, F)` or :math:`(N, H, C)`
        - **ptr:** :math:`(P + 1)`
        - **node, weight:** :math:`(L)`
        - **output:** as ``x``, with :math:`P` rows

    Raises:
        GraphError: If a shape, a dtype or a node is wrong.

    Example:
        >>> x = torch.tensor([[1.0], [10.0]])
        >>> ragged_sum(x, torch.tensor([0, 2, 2]), torch.tensor([0, 1]), torch.tensor([3.0, 1.0]))
        tensor([[13.],
                [ 0.]])
    """
    _check_features(x)
    if weight is not None:
        x, weight = _check_weight(x, weight, node.shape[0], "weight", "entry of 'node'")
    features = x.reshape(x.shape[0], math.prod(x.shape[1:]))
    out = reference.ragged_sum(features, ptr, node, weight)
    return out.reshape(ptr.shape[0] - 1, *x.shape[1:])


def _check_features(x: Any) -> None:
    if not isinstance(x, Tensor) or x.dim() == 0 or x.layout is not torch.strided:
        checks.fail("x", "a scalar" if isinstance(x, Tensor) and x.dim() == 0
                    else type(x).__name__, "a dense tensor with a row per node",
                    kind=checks.GraphTypeError)


def _check_weight(
    x: Tensor, weight: Any, length: int, argument: str, what: str
) -> tuple[Tensor, Tensor]:
    """Both in the dtype they share."""
    if not isinstance(weight, Tensor):
        checks.fail(argument, type(weight).__name__, "a tensor or None",
                    kind=checks.GraphTypeError)
    if weight.shape != (length,):
        checks.fail(argument, f"shape {tuple(weight.shape)}", f"shape ({length},), one per {what}")
    dtype = torch.promote_types(weight.dtype, x.dtype)
    return x.to(dtype), weight.to(dtype)

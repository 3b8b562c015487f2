"""Sums of features over the neighbours that two nodes share."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ...graph import checks
from ..common_neighbors import Hops, Part, list_nodes, prepare
from ..dispatch import choose
from ..simple import as_simple
from . import binding, reference


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
    _check_device(x, graph.col, "graph")
    graph, visible, hops = prepare(graph, pairs, part, exclude, hops)
    if node_weight is not None:
        x, node_weight = _check_weight(x, node_weight, x.shape[0], "node_weight", "node")
    features = x.reshape(x.shape[0], math.prod(x.shape[1:]))
    backend = choose("overlap_sum", x.device.type, x.dtype, "sum")
    if backend == "cpu" and hops == [1, 1] and not _is_followed(x, node_weight):
        out = binding.overlap_sum(*graph, visible, pairs, part, features, node_weight)
    else:
        ptr, node = list_nodes(graph, visible, pairs, part, hops)
        weight = None if node_weight is None else node_weight.index_select(0, node)
        out = _sum(features, ptr, node, weight, backend)
    return out.reshape(pairs.shape[1], *x.shape[1:])


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
    for name, tensor in (("ptr", ptr), ("node", node)):
        if not isinstance(tensor, Tensor) or tensor.dim() != 1:
            got = (f"shape {tuple(tensor.shape)}" if isinstance(tensor, Tensor)
                   else type(tensor).__name__)
            checks.fail(name, got, "a tensor of one dimension", kind=checks.GraphTypeError)
        checks.check_integer_dtype(tensor.dtype, name)
        _check_device(x, tensor, name)
    ptr = ptr.long()
    if node.dtype not in (torch.int32, torch.int64):
        node = node.long()
    if weight is not None:
        x, weight = _check_weight(x, weight, node.shape[0], "weight", "entry of 'node'")
    if not torch.compiler.is_compiling():
        binding.look_through(ptr, node, x.shape[0])
    features = x.reshape(x.shape[0], math.prod(x.shape[1:]))
    backend = choose("overlap_sum", x.device.type, x.dtype, "sum")
    return _sum(features, ptr, node, weight, backend).reshape(ptr.shape[0] - 1, *x.shape[1:])


def _sum(
    x: Tensor, ptr: Tensor, node: Tensor, weight: Tensor | None, backend: str
) -> Tensor:
    if backend == "reference":
        return reference.ragged_sum(x, ptr, node, weight)
    return binding.ragged_sum(x, ptr, node, weight)


def _is_followed(*tensors: Tensor | None) -> bool:
    """Whether a gradient will be asked for."""
    return torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors)


def _check_features(x: Any) -> None:
    if not isinstance(x, Tensor) or x.dim() == 0 or x.layout is not torch.strided:
        checks.fail("x", "a scalar" if isinstance(x, Tensor) and x.dim() == 0
                    else type(x).__name__, "a dense tensor with a row per node",
                    kind=checks.GraphTypeError)


def _check_device(x: Tensor, other: Tensor, name: str) -> None:
    if other.device != x.device:
        checks.fail("x", f"a tensor on {x.device}", f"one on {other.device}, as '{name}'",
                    "move one of them with .to(device)")


def _check_weight(
    x: Tensor, weight: Any, length: int, argument: str, what: str
) -> tuple[Tensor, Tensor]:
    """Both in the dtype they share."""
    if not isinstance(weight, Tensor):
        checks.fail(argument, type(weight).__name__, "a tensor or None",
                    kind=checks.GraphTypeError)
    if weight.shape != (length,):
        checks.fail(argument, f"shape {tuple(weight.shape)}", f"shape ({length},), one per {what}")
    _check_device(x, weight, argument)
    dtype = torch.promote_types(weight.dtype, x.dtype)
    return x.to(dtype), weight.to(dtype)

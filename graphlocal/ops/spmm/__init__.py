"""Sparse matrix times dense matrix: what every message-passing layer does most of the time."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from ...graph import checks
from ..adjacency import as_adjacency
from ..dispatch import choose
from . import binding, reference

Reduce = Literal["sum", "mean", "max", "min"]
_WITH_VALUES = (torch.sparse_coo, torch.sparse_csr, torch.sparse_csc)


def spmm(
    graph: Any,
    x: Tensor,
    edge_weight: Tensor | None = None,
    reduce: Reduce = "sum",
    *,
    num_dst: int | None = None,
) -> Tensor:
    r"""Reduces the weighted features of the in-neighbours of every node.

    .. math::
        \mathbf{y}_i = \bigoplus_{e = (j \to i)} w_e \, \mathbf{x}_j

    A node without in-edges gets 0 whatever the reduction; the mean divides by the number of edges,
    weighted or not; of equal maxima (minima) the first edge takes the gradient; ``inf`` and
    ``NaN`` propagate.

    Args:
        graph: Anything :func:`as_adjacency` takes. The values of a ``torch.sparse`` tensor are
            its edge weights unless others are given.
        x: Features of the source nodes.
        edge_weight: One weight per edge, numbered as in ``edge_index``. (default: ``None``)
        reduce: ``"sum"``, ``"mean"``, ``"max"`` or ``"min"``. (default: ``"sum"``)
        num_dst: Number of target nodes, where ``graph`` is an ``edge_index`` between two sets of
            nodes. ``None`` takes the number of source nodes. (default: ``None``)

    Shapes:
        - **x:** :math:`(N_{src})`, :math:`(N_{src}, F)` or :math:`(N_{src}, H, C)`
        - **edge_weight:** :math:`(E)`
        - **output:** as ``x``, with :math:`N_{dst}` rows

    Raises:
        GraphError: If an index, a shape, a dtype or ``reduce`` is wrong.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 2], [2, 2, 0]])
        >>> x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        >>> spmm(edge_index, x).tolist()
        [[5.0, 6.0], [0.0, 0.0], [4.0, 6.0]]
        >>> spmm(edge_index, x, torch.tensor([2.0, 1.0, 1.0]), reduce="max").tolist()
        [[5.0, 6.0], [0.0, 0.0], [3.0, 4.0]]
    """
    checks.check_choice(reduce, "reduce", ("sum", "mean", "max", "min"))
    if not isinstance(x, Tensor) or x.dim() == 0:
        checks.fail("x", "a scalar" if isinstance(x, Tensor) else type(x).__name__,
                    "a tensor with a row per source node", kind=checks.GraphTypeError)
    if edge_weight is None and isinstance(graph, Tensor) and graph.layout in _WITH_VALUES:
        if graph.layout is torch.sparse_coo:
            graph = graph.coalesce()  # only then do its values know their gradient
        edge_weight = graph.values()
    if x.layout is not torch.strided:
        checks.fail("x", f"layout {x.layout}", "a dense tensor", "convert it with .to_dense()",
                    kind=checks.GraphTypeError)
    adjacency = as_adjacency(graph, x.shape[0], num_dst)
    if adjacency.col.device != x.device:
        checks.fail("x", f"a tensor on {x.device}", f"one on {adjacency.col.device}, as 'graph'",
                    "move one of them with .to(device)")
    if edge_weight is not None:
        check_edge_weight(edge_weight, adjacency.num_edges)
        if edge_weight.dtype != x.dtype:
            dtype = torch.promote_types(edge_weight.dtype, x.dtype)
            x, edge_weight = x.to(dtype), edge_weight.to(dtype)
    features = x.reshape(x.shape[0], math.prod(x.shape[1:]))
    backend = choose("spmm", x.device.type, x.dtype, reduce)
    if backend == "reference":
        out = reference.spmm(adjacency, features, edge_weight, reduce)
    elif reduce in ("sum", "mean"):
        out = binding.weighted_sum(*adjacency, features, edge_weight, reduce, backend)
    else:
        out, _ = binding.extreme(*adjacency, features, edge_weight, 1 if reduce == "max" else -1)
    return out.reshape(adjacency.num_dst, *x.shape[1:])


def check_edge_weight(edge_weight: Any, num_edges: int) -> None:
    """Weights are a tensor of one per edge.

    Example:
        >>> check_edge_weight(torch.ones(3), 3)
    """
    if not isinstance(edge_weight, Tensor):
        checks.fail("edge_weight", type(edge_weight).__name__, "a tensor or None",
                    kind=checks.GraphTypeError)
    if edge_weight.shape != (num_edges,):
        checks.fail("edge_weight", f"shape {tuple(edge_weight.shape)}",
                    f"shape ({num_edges},), one per edge")

"""Symmetric normalisation of a graph, computed once."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.nn.conv.gcn_conv import gcn_norm as pyg_gcn_norm
from torch_geometric.utils import add_remaining_self_loops

from ... import ops
from ...graph.checks import GraphTypeError, check_edge_tensor, fail
from .core import to_edge_index


class NormalizedGraph(NamedTuple):
    """A graph with the weights of :func:`gcn_norm`: what ``GCNConv`` takes without more work.

    A tuple of tensors, so it passes through ``torch.compile``.

    Args:
        adjacency: The edges, mostly with the self loops among them.
        edge_weight: Normalised weight of every edge of ``adjacency``.
        loop_weight: Normalised weight of every node's self loop where the loops are not among the
            edges, else ``None``.

    Shapes:
        - **edge_weight:** :math:`(|\\mathcal{E}|)`
        - **loop_weight:** :math:`(|\\mathcal{V}|)` *(optional)*

    Example:
        >>> graph = gcn_norm(torch.tensor([[0, 1], [1, 0]]), num_nodes=2)
        >>> graph.edge_weight
        tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """

    adjacency: ops.Adjacency
    edge_weight: Tensor
    loop_weight: Tensor | None = None


def gcn_norm(
    edge_index: Any,
    edge_weight: Tensor | None = None,
    num_nodes: int | None = None,
    improved: bool = False,
    add_self_loops: bool = True,
    flow: str = "source_to_target",
    dtype: torch.dtype | None = None,
) -> NormalizedGraph:
    r"""Graph with the weights
    :math:`\mathbf{\hat{D}}^{-1/2} \mathbf{\hat{A}} \mathbf{\hat{D}}^{-1/2}` of ``GCNConv``.

    Takes what :func:`torch_geometric.nn.conv.gcn_conv.gcn_norm` takes and means the same by it. In
    eager mode the result is remembered while ``edge_index`` and ``edge_weight`` live unchanged;
    weights that require a gradient are normalised anew each time and stay differentiable. Under
    ``torch.compile`` nothing is remembered: call it once outside and pass its result to the
    model in the place of ``edge_index``.

    Args:
        edge_index: Indices, an ``EdgeIndex``, a ``torch.sparse`` CSR ``adj_t`` or an
            :class:`~graphlocal.ops.Adjacency`.
        edge_weight: Weights of the edges; ``None`` means 1. A sparse ``adj_t`` brings its own.
        num_nodes: Number of nodes; ``None`` takes what the graph knows.
        improved: Self loops weigh 2 instead of 1, where edges have weights (as in PyG).
        add_self_loops: Whether nodes without a self loop get one.
        flow: ``"source_to_target"`` or ``"target_to_source"``.
        dtype: Of the weights of edges that bring none. Default: torch's default dtype.

    Shapes:
        - **edge_index:** :math:`(2, |\mathcal{E}|)` or :math:`(|\mathcal{V}|, |\mathcal{V}|)`
        - **edge_weight:** :math:`(|\mathcal{E}|)` *(optional)*

    Raises:
        GraphError: If an index or the number of weights is wrong, or the graph is not square.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [1, 0]])
        >>> graph = gcn_norm(edge_index, num_nodes=3)
        >>> graph.adjacency.num_edges
        5
        >>> gcn_norm(edge_index, num_nodes=3).edge_weight is graph.edge_weight
        True
    """
    if flow not in ("source_to_target", "target_to_source"):
        fail("flow", repr(flow), "'source_to_target' or 'target_to_source'")
    if isinstance(edge_index, Tensor) and edge_index.layout is not torch.strided:
        return _of_sparse(edge_index, num_nodes, improved, add_self_loops, flow)
    if isinstance(edge_index, EdgeIndex):
        num_nodes = edge_index.sparse_size(0) if num_nodes is None else num_nodes
        edge_index = edge_index.as_tensor()
    if isinstance(edge_index, ops.Adjacency) or torch.compiler.is_compiling():
        adjacency = ops.as_adjacency(edge_index, num_nodes, num_nodes)
    else:
        adjacency = _with_loops(edge_index, num_nodes, add_self_loops)
    count = adjacency.num_dst
    if adjacency.num_src != count:
        fail("edge_index", f"{adjacency.num_src} sources and {count} targets",
             "as many of both", "symmetric normalisation needs a square graph")
    given = edge_index.num_edges if isinstance(edge_index, ops.Adjacency) else edge_index.size(1)
    if edge_weight is not None and not (
            isinstance(edge_weight, Tensor) and edge_weight.is_floating_point()):
        got = f"{edge_weight.dtype} numbers" if isinstance(edge_weight, Tensor) else (
            type(edge_weight).__name__)
        fail("edge_weight", got, "a floating-point tensor or None",
             "convert with .float(): normalised weights are fractions", kind=GraphTypeError)
    if edge_weight is not None and edge_weight.numel() != given:
        fail("edge_weight", f"shape {tuple(edge_weight.shape)}", f"shape ({given},), one per edge")
    flat = None if edge_weight is None else edge_weight.view(-1)
    if isinstance(edge_index, ops.Adjacency) or torch.compiler.is_compiling():
        return _in_graph(edge_index, adjacency, flat, improved, add_self_loops, flow, dtype)

    def weigh() -> Tensor:
        # int64: torch's scatter_add has wrong gradients for int32 indices.
        return pyg_gcn_norm(edge_index.long(), flat, count, improved, add_self_loops, flow,
                            dtype)[1]

    key = ("gcn weights", count, improved, add_self_loops, flow, dtype)
    return NormalizedGraph(adjacency, ops.remember((edge_index, edge_weight), key, weigh))


def _with_loops(edge_index: Tensor, num_nodes: int | None, add_self_loops: bool) -> ops.Adjacency:
    """Adjacency of PyG's own order of edges and loops, which its weights follow."""
    if not add_self_loops or not isinstance(edge_index, Tensor):
        return ops.as_adjacency(edge_index, num_nodes, num_nodes)  # refuses what is no edge_index
    check_edge_tensor(edge_index)  # PyG's function would take numbers of any kind for indices

    def build() -> ops.Adjacency:
        both, _ = add_remaining_self_loops(edge_index, None, 1.0, num_nodes)
        return ops.as_adjacency(both, num_nodes, num_nodes)

    return ops.remember(edge_index, ("adjacency with loops", num_nodes), build)


def _of_sparse(
    adj_t: Tensor, num_nodes: int | None, improved: bool, add_self_loops: bool, flow: str
) -> NormalizedGraph:
    if adj_t.layout is not torch.sparse_csr or adj_t.requires_grad:
        fail("edge_index", f"layout {adj_t.layout}, requires_grad={adj_t.requires_grad}",
             "a torch.sparse CSR tensor that needs no gradient", kind=GraphTypeError)
    if adj_t.size(0) != adj_t.size(1) or num_nodes not in (None, adj_t.size(0)):
        fail("edge_index", f"shape {tuple(adj_t.shape)}", "one row and one column per node")
    num_nodes = adj_t.size(0)

    def build() -> NormalizedGraph:
        normed, _ = pyg_gcn_norm(adj_t, None, num_nodes, improved, add_self_loops, flow)
        return NormalizedGraph(ops.as_adjacency(normed), normed.values())

    return ops.remember(adj_t, ("gcn graph", improved, add_self_loops), build)


def _in_graph(
    graph: Any,
    adjacency: ops.Adjacency,
    edge_weight: Tensor | None,
    improved: bool,
    add_self_loops: bool,
    flow: str,
    dtype: torch.dtype | None,
) -> NormalizedGraph:
    """The same weights by operations of fixed shape: loops keep their place and weigh nothing
    there, and every node's loop is handed out beside the edges."""
    row, col = to_edge_index(graph) if isinstance(graph, ops.Adjacency) else graph.long()
    count = adjacency.num_dst
    # As in PyG, `improved` says nothing about edges that came without weights.
    fill = 2.0 if improved and edge_weight is not None else 1.0
    weight = edge_weight
    if weight is None:
        weight = torch.ones(row.shape, dtype=dtype, device=row.device)
    loop_weight = None
    if add_self_loops:
        is_loop = row == col
        loop_weight = weight.new_full((count + 1,), fill)
        loop_weight = loop_weight.scatter(0, torch.where(is_loop, row, count), weight)[:count]
        weight = weight.masked_fill(is_loop, 0.0)
    degree = weight.new_zeros(count)
    degree = degree.scatter_add(0, col if flow == "source_to_target" else row, weight)
    if loop_weight is not None:
        degree = degree + loop_weight
    scale = degree.pow(-0.5)
    scale = scale.masked_fill(scale == float("inf"), 0.0)
    if loop_weight is not None:
        loop_weight = scale * loop_weight * scale
    return NormalizedGraph(adjacency, scale[row] * weight * scale[col], loop_weight)

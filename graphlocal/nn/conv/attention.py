"""What makes a PyG attention layer run on GraphLocal's core."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.parameter import UninitializedParameter
from torch_geometric import EdgeIndex
from torch_geometric.nn import MessagePassing
from torch_geometric.nn.dense import Linear
from torch_geometric.utils import add_self_loops, remove_self_loops

from ... import ops
from ...graph.checks import check_edge_tensor, check_tensor
from .core import CoreConv, _is_graph, _is_matrix, _long, to_edge_index


class AttentionConv(CoreConv):
    """Base of layers whose scores, softmax and weighted sums run as one fused op.

    Put it before a PyG class of attention over neighbours. What the core does not cover runs as
    PyG runs it: what :class:`CoreConv` says, another aggregation than the sum, sparse ``adj_t``,
    and calls which ask for attention weights.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # As for `propagate`: PyG would write one after the comments in a forward pass of its own.
        cls.edge_updater = cls._orig_edge_updater = cls._jinja_edge_updater = cls.edge_updater

    def edge_updater(self, edge_index: Any, size: Any = None, **kwargs: Any) -> Tensor:
        return MessagePassing.edge_updater(self, _long(edge_index), size=size,
                                           **self._sides(kwargs))

    def propagate(self, edge_index: Any, size: Any = None, **kwargs: Any) -> Tensor:
        return self._propagate_as_pyg(edge_index, size, kwargs)  # only PyG's own forward asks

    def _covers(self, x: Any, edge_index: Any, edge_attr: Any = None) -> bool:
        """Whether the fused op serves."""
        pair = x if isinstance(x, (tuple, list)) else (x,)
        return (self._reduction() == "sum" and _is_matrix(pair[0])
                and all(features is None or _is_matrix(features) for features in pair[1:])
                and (edge_attr is None or isinstance(edge_attr, Tensor))
                and _is_graph(edge_index) and (isinstance(edge_index, ops.Adjacency)
                                               or edge_index.layout is torch.strided))

    def _graph(
        self, edge_index: Any, edge_attr: Tensor | None, sizes: list[int], loops: int | None = None
    ) -> tuple[ops.Adjacency, Tensor | None]:
        """Rows of targets, and features of the edges in the order these are numbered.

        Args:
            edge_index: Indices or an adjacency.
            edge_attr: Features of the edges.
            sizes: Number of nodes each row of ``edge_index`` counts.
            loops: Of how many nodes the self loops are replaced by one each; ``None`` leaves all
                as they are.
        """
        num_edges = (edge_index.num_edges if isinstance(edge_index, ops.Adjacency)
                     else edge_index.shape[-1])
        if edge_attr is not None:
            if edge_attr.dim() == 1:
                edge_attr = edge_attr.unsqueeze(-1)
            width = "D" if self.edge_dim is None or self.edge_dim < 0 else self.edge_dim
            check_tensor(edge_attr, "edge_attr", (num_edges, width))
        if loops is None:
            graph = ops.as_adjacency(edge_index, sizes[0], sizes[1])
        elif torch.compiler.is_compiling():
            graph, edge_attr = self._with_loops_in_graph(edge_index, edge_attr, sizes, loops)
        else:
            graph, edge_attr = self._with_loops(edge_index, edge_attr, sizes, loops)
        return (graph.t() if self.flow == "target_to_source" else graph), edge_attr

    def _with_loops(
        self, graph: Any, edge_attr: Tensor | None, sizes: list[int], loops: int
    ) -> tuple[ops.Adjacency, Tensor | None]:
        """Self loops as PyG puts them, and remembered: the graph is sorted once."""
        if isinstance(graph, EdgeIndex):
            graph = graph.as_tensor()
        prepared = isinstance(graph, ops.Adjacency)
        if not prepared:
            check_edge_tensor(graph)  # PyG's functions would take numbers of any kind for indices
        owner = tuple(graph) if prepared else graph

        def build() -> ops.Adjacency:
            edges = to_edge_index(graph) if prepared else graph.detach()
            both, _ = add_self_loops(remove_self_loops(edges)[0], num_nodes=loops)
            return ops.as_adjacency(both, sizes[0], sizes[1])

        adjacency = ops.remember(owner, ("attention with loops", *sizes, loops), build)
        if edge_attr is None:
            return adjacency, None

        def fill() -> Tensor:
            edges = to_edge_index(graph) if prepared else graph
            # int64: torch's scatter_add has wrong gradients for int32 indices.
            kept, attr = remove_self_loops(edges.long(), edge_attr)
            return add_self_loops(kept, attr, fill_value=self.fill_value, num_nodes=loops)[1]

        if not isinstance(self.fill_value, (str, float, int)):
            return adjacency, fill()
        owner = (*owner, edge_attr) if prepared else (owner, edge_attr)
        return adjacency, ops.remember(owner, ("edge_attr with loops", loops, self.fill_value),
                                       fill)

    def _with_loops_in_graph(
        self, graph: Any, edge_attr: Tensor | None, sizes: list[int], loops: int
    ) -> tuple[ops.Adjacency, Tensor | None]:
        """The same where a compiler watches, to which the number of loops is unknown."""
        edges = to_edge_index(graph) if isinstance(graph, ops.Adjacency) else graph
        if edge_attr is not None:
            kept, attr = remove_self_loops(edges, edge_attr)
            both, attr = add_self_loops(kept, attr, fill_value=self.fill_value, num_nodes=loops)
            return ops.as_adjacency(both, sizes[0], sizes[1]), attr
        own = torch.arange(loops, device=edges.device, dtype=edges.dtype)
        both = torch.cat([edges, own.expand(2, -1)], dim=1)
        kept = torch.cat([edges[0] != edges[1], own >= 0])
        return ops.as_adjacency(both, sizes[0], sizes[1]).select(kept), None

    def _as_pyg(self, edge_index: Any, x: Any) -> Any:
        """What PyG's own forward pass can take for a graph."""
        if not isinstance(edge_index, ops.Adjacency):
            return edge_index
        self._sizes(edge_index, None, x if isinstance(x, (tuple, list)) else (x, x))
        return to_edge_index(edge_index)


def project(linear: torch.nn.Module, x: Tensor, att: Tensor) -> Tensor:
    """``(linear(x) * att).sum(-1)`` of every head, ``[E, H]``.

    Of a plain linear map the weights are summed first, so that no output of it is ever made.

    Example:
        >>> linear = Linear(2, 6, bias=False)
        >>> project(linear, torch.ones(5, 2), torch.ones(1, 3, 2)).shape
        torch.Size([5, 3])
    """
    _, heads, channels = att.shape
    plain = (type(linear) is Linear and linear.bias is None
             and not isinstance(linear.weight, UninitializedParameter)
             and not (linear._forward_hooks or linear._forward_pre_hooks))
    if not plain or torch.is_autocast_enabled(x.device.type):
        return (linear(x).view(-1, heads, channels) * att).sum(-1)
    weight = linear.weight.view(heads, channels, -1)  # [H, C, D]
    return x @ (weight * att.view(heads, channels, 1)).sum(1).t()


def combine(x: Tensor, *atts: Tensor) -> tuple[Tensor, ...]:
    r"""``(x * att).sum(-1)`` of every head for each ``att``, ``[N, H]``, in one product.

    Shapes:
        - **x:** :math:`(N, H \cdot C)`
        - **atts:** :math:`(1, H, C)`

    Example:
        >>> score, = combine(torch.ones(5, 6), torch.ones(1, 3, 2))
        >>> score[0].tolist()
        [2.0, 2.0, 2.0]
    """
    _, heads, channels = atts[0].shape
    if torch.is_autocast_enabled(x.device.type) or x.dtype != atts[0].dtype:
        return tuple((x.view(-1, heads, channels) * att).sum(-1) for att in atts)
    # A column per head, 0 outside of its channels: several passes over x are one.
    place = torch.eye(heads, dtype=x.dtype, device=x.device).unsqueeze(1)
    columns = [(att.view(heads, channels, 1) * place).view(heads * channels, heads)
               for att in atts]
    return (x @ torch.cat(columns, dim=1)).split(heads, dim=1)


def writable(out: Tensor) -> Tensor:
    """A copy where torch keeps what an op returned for its gradient: an activation that works in
    place may follow the layer, as it may with PyG's.

    Example:
        >>> import torch
        >>> x = torch.ones(2, requires_grad=True)
        >>> writable(x.exp()).relu_().sum().backward()
    """
    return out.clone() if out.requires_grad else out

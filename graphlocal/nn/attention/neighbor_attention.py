"""Attention of every node to its neighbours."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ... import ops
from ...graph import checks
from ...ops.self_loops import add_missing_loops
from .global_attention import split_heads
from .local_attention import LocalAttention


class NeighborAttention(LocalAttention):
    r"""The multi-head attention of "Attention Is All You Need" (arXiv:1706.03762) of each node to
    its in-neighbours and itself.

    .. math::
        \mathbf{x}^{\prime}_i &= \mathbf{W}_o \Big\Vert_{h} \sum_{j \in \mathcal{N}(i) \cup \{i\}}
        \alpha_{ij} (\mathbf{v}_j + \mathbf{e}_{ji}) \\
        \alpha_{ij} &= \mathrm{softmax}_j \left( \frac{\mathbf{q}_i^{\top} (\mathbf{k}_j +
        \mathbf{e}_{ji})}{\sqrt{D}} + b_{ji} \right)

    On a complete graph it is :class:`torch.nn.MultiheadAttention`. It has no residual connection:
    :class:`LocalGlobalBlock` adds one. Time and memory grow with the edges and heads, no message is
    stored, see :func:`~graphlocal.ops.neighbor_attention`. Parallel edges count as often as they
    stand. A node without neighbours and without self loops gets the bias of the last map alone.

    Args:
        in_channels: Size of a node's features, or a pair of sizes for sources and targets.
        out_channels: Size of a node's output; every head makes an equal share of it.
        heads: Default: ``1``.
        edge_dim: Size of an edge's features :math:`\mathbf{e} = \mathbf{W}_e
            \mathbf{a}`, added to keys and values. Default: ``None``, edges have none.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.
        self_loops: Whether nodes without a self loop get one, whose features and bias are 0.
            Default: ``True``.
        root_weight: Whether a linear map of the node itself is added. Default: ``False``.

    Shapes:
        - **x:** :math:`(N, F_{in})`, or a pair :math:`(N_{src}, F_{src}), (N_{dst}, F_{dst})`,
          for which ``self_loops`` must be ``False``
        - **edge_index:** :math:`(2, E)`, or anything :func:`~graphlocal.ops.as_adjacency` takes
        - **edge_attr:** :math:`(E, F_e)` *(optional)*
        - **edge_bias:** :math:`(E)` or :math:`(E, H)` *(optional)*
        - **output:** :math:`(N_{dst}, F_{out})`

    Raises:
        GraphError: If ``heads`` does not divide ``out_channels``, or the graph, the features or the
            biases do not fit together.

    Example:
        >>> import torch
        >>> attention = NeighborAttention(16, 32, heads=4)
        >>> attention(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 32])
    """

    def __init__(
        self, in_channels: int | tuple[int, int], out_channels: int, heads: int = 1, *,
        edge_dim: int | None = None, dropout: float = 0.0, bias: bool = True,
        self_loops: bool = True, root_weight: bool = False,
    ) -> None:
        super().__init__(in_channels, out_channels, heads, dropout=dropout, bias=bias,
                         root_weight=root_weight)
        self.self_loops = bool(self_loops)
        self.edge_dim = edge_dim
        self.lin_edge = None
        if edge_dim is not None:
            checks.check_count(edge_dim, "edge_dim", least=1)
            self.lin_edge = nn.Linear(edge_dim, out_channels, bias=False)

    def forward(self, x: Tensor | tuple[Tensor, Tensor], edge_index: Any,
                edge_attr: Tensor | None = None, edge_bias: Tensor | None = None) -> Tensor:
        """Features of the nodes after attention.

        Args:
            x: Features of the nodes, or of sources and targets.
            edge_index: The graph.
            edge_attr: Features of the edges, in the order of ``edge_index``.
            edge_bias: Added to the scores, for all heads or for each: what is known of a pair
                from the structure of the graph. ``-inf`` takes an edge out.
        """
        source, target = self._pair(x)
        if self.self_loops and isinstance(x, (tuple, list)):
            checks.fail("x", "features of two sets of nodes", "of one, because self_loops=True",
                        "a bipartite graph has no self loops: pass self_loops=False")
        adjacency = ops.as_adjacency(edge_index, source.size(0), target.size(0))
        checks.check_edge_features(edge_attr, adjacency.num_edges, self.edge_dim)
        if edge_bias is not None:
            count = adjacency.num_edges
            checks.check_edge_heads(edge_bias, "edge_bias", (count,), (count, self.heads),
                                    device=target.device)
        if self.self_loops:
            given, adjacency = adjacency.num_edges, add_missing_loops(adjacency)
            edge_attr, edge_bias = (
                None if rows is None else nn.functional.pad(
                    rows, (0, 0) * (rows.dim() - 1) + (0, adjacency.num_edges - given))
                for rows in (edge_attr, edge_bias))

        edge = None
        if self.lin_edge is not None:
            edge = split_heads(self.lin_edge(edge_attr), self.heads)  # [E, H, D]
        q, k, v = self._projected(source, target)
        out = ops.neighbor_attention(q, k, v, adjacency, edge_bias, edge_key=edge, edge_value=edge,
                                     dropout=self.dropout, training=self.training)
        return self._joined(out, target)

    def extra_repr(self) -> str:
        edge = "" if self.edge_dim is None else f", edge_dim={self.edge_dim}"
        return super().extra_repr() + edge

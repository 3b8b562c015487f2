"""Graph attention whose ranking of neighbours depends on the node that attends."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch_geometric.nn import conv as pyg

from ... import ops
from ...graph.checks import fail
from .. import plain_linear
from .attention import AttentionConv, writable


class GATv2Conv(AttentionConv, pyg.GATv2Conv):
    r"""The attention of "How Attentive are Graph Attention Networks?" (arXiv:2105.14491), a drop-in
    for :class:`torch_geometric.nn.GATv2Conv` on GraphLocal's core.

    .. math::
        \mathbf{x}^{\prime}_i = \sum_{j \in \mathcal{N}(i) \cup \{i\}} \alpha_{ij} \,
        \mathbf{\Theta}_l \mathbf{x}_j, \qquad
        \alpha_{ij} = \mathrm{softmax}_j \, \mathbf{a}^{\top} \mathrm{LeakyReLU}(
        \mathbf{\Theta}_l \mathbf{x}_j + \mathbf{\Theta}_r \mathbf{x}_i +
        \mathbf{\Theta}_e \mathbf{e}_{ij})

    Scores, softmax and sum are one pass over the edges, and messages are never stored; the
    transformed features of edges are, where there are any. The graph with its self loops is sorted
    once per ``edge_index``. Dropout draws other random numbers than PyG's. With
    ``return_attention_weights=True`` PyG's own way is taken. Under ``torch.compile``, edge features
    go with ``add_self_loops=False`` alone.

    Args:
        in_channels: Size of a node's features, ``-1`` to take it from the first input, or a pair
            of them for sources and targets.
        out_channels: Size of a head's output.
        heads: Number of heads. Default: ``1``.
        concat: Whether heads stand side by side in the output; else it is their mean.
            Default: ``True``.
        negative_slope: Of the leaky ReLU. Default: ``0.2``.
        dropout: Probability that an attention weight is dropped in training. Default: ``0.0``.
        add_self_loops: Whether every node gets one self loop, in place of those it has.
            Default: ``True``.
        edge_dim: Size of an edge's features, if there are any. Default: ``None``.
        fill_value: Features of the self loops that are added: a number, a tensor, or how to reduce
            those of a node's in-edges. Default: ``"mean"``.
        bias: Default: ``True``.
        share_weights: Whether both ends are transformed alike. Default: ``False``.
        residual: Whether to add the node's own features, transformed. Default: ``False``.
        **kwargs: Of :class:`torch_geometric.nn.MessagePassing`.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F_{in})`, or a pair :math:`((|\mathcal{V}_s|, F_s),
          (|\mathcal{V}_t|, F_t))` if bipartite
        - **edge_index:** :math:`(2, |\mathcal{E}|)` or an :class:`~graphlocal.ops.Adjacency`
        - **edge_attr:** :math:`(|\mathcal{E}|, D)` *(optional)*
        - **output:** :math:`(|\mathcal{V}_t|, H \cdot F_{out})`, without ``concat``
          :math:`(|\mathcal{V}_t|, F_{out})`

    Raises:
        GraphError: If the graph and the features do not fit together, or targets have none.

    Example:
        >>> import torch
        >>> conv = GATv2Conv(16, 8, heads=2)
        >>> conv(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 16])
    """

    def forward(
        self,
        x: Tensor | tuple[Tensor, Tensor],
        edge_index: Any,
        edge_attr: Tensor | None = None,
        return_attention_weights: bool | None = None,
    ) -> Any:
        whole = isinstance(x, Tensor)
        if not whole and len(x) == 2 and x[1] is None:
            fail("x", "None for the targets", "features of both", "scores depend on both ends: "
                 "GATConv takes sources alone")
        if edge_attr is not None and self.lin_edge is None:
            fail("edge_attr", f"shape {tuple(edge_attr.shape)}", "None", "set edge_dim when the "
                 "layer is made")
        if return_attention_weights or not self._covers(x, edge_index, edge_attr):
            return super().forward(x, self._as_pyg(edge_index, x), edge_attr,
                                   return_attention_weights)
        self._check_channels(x)
        x_src, x_dst = (x, x) if whole else x
        heads = (-1, self.heads, self.out_channels)
        source = plain_linear.apply(self.lin_l, x_src).view(heads)
        target = source
        if not (whole and self.share_weights):
            target = plain_linear.apply(self.lin_r, x_dst).view(heads)
        sizes = self._sizes(edge_index, None, (source, target))
        graph, edge_attr = self._graph(edge_index, edge_attr, sizes,
                                       min(sizes) if self.add_self_loops else None)
        out = ops.gatv2_attention(
            source, target, self.att.squeeze(0), graph,
            None if edge_attr is None else self.lin_edge(edge_attr).view(heads),
            negative_slope=self.negative_slope, dropout=self.dropout, training=self.training)
        out = out.flatten(1) if self.concat else out.mean(dim=1)
        if self.res is not None:
            out = out + self.res(x_dst)
        return writable(out) if self.bias is None else out + self.bias

"""Graph attention."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch_geometric.nn import conv as pyg

from ... import ops
from .. import plain_linear
from .attention import AttentionConv, combine, project, writable


class GATConv(AttentionConv, pyg.GATConv):
    r"""The attention of "Graph Attention Networks" (arXiv:1710.10903), a drop-in for
    :class:`torch_geometric.nn.GATConv` on GraphLocal's core.

    .. math::
        \mathbf{x}^{\prime}_i = \sum_{j \in \mathcal{N}(i) \cup \{i\}} \alpha_{ij} \,
        \mathbf{\Theta} \mathbf{x}_j, \qquad
        \alpha_{ij} = \mathrm{softmax}_j \, \mathrm{LeakyReLU}(
        \mathbf{a}_s^{\top} \mathbf{\Theta} \mathbf{x}_j +
        \mathbf{a}_t^{\top} \mathbf{\Theta} \mathbf{x}_i +
        \mathbf{a}_e^{\top} \mathbf{\Theta}_e \mathbf{e}_{ij})

    Scores, softmax and sum are one pass over the edges, and messages are never stored. The graph
    with its self loops is sorted once per ``edge_index``. Dropout draws other random numbers than
    PyG's. With ``return_attention_weights=True`` PyG's own way is taken. Under ``torch.compile``,
    edge features go with ``add_self_loops=False`` alone.

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
        residual: Whether to add the node's own features, transformed. Default: ``False``.
        **kwargs: Of :class:`torch_geometric.nn.MessagePassing`.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F_{in})`, or a pair :math:`((|\mathcal{V}_s|, F_s),
          (|\mathcal{V}_t|, F_t))` if bipartite, whose second may be ``None``
        - **edge_index:** :math:`(2, |\mathcal{E}|)` or an :class:`~graphlocal.ops.Adjacency`
        - **edge_attr:** :math:`(|\mathcal{E}|, D)` *(optional)*
        - **output:** :math:`(|\mathcal{V}_t|, H \cdot F_{out})`, without ``concat``
          :math:`(|\mathcal{V}_t|, F_{out})`

    Raises:
        GraphError: If the graph and the features do not fit together.

    Example:
        >>> import torch
        >>> conv = GATConv(16, 8, heads=2)
        >>> conv(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 16])
    """

    def forward(
        self,
        x: Tensor | tuple[Tensor, Tensor | None],
        edge_index: Any,
        edge_attr: Tensor | None = None,
        size: tuple[int, int] | None = None,
        return_attention_weights: bool | None = None,
    ) -> Any:
        used = None if self.lin_edge is None else edge_attr
        if return_attention_weights or not self._covers(x, edge_index, used):
            return super().forward(x, self._as_pyg(edge_index, x), edge_attr, size,
                                   return_attention_weights)
        self._check_channels(x)
        whole = isinstance(x, Tensor)
        x_src, x_dst = (x, x) if whole else x
        source = plain_linear.apply(self.lin_src if self.lin is None else self.lin, x_src)
        if whole and self.lin is not None:
            target = source
            source_score, target_score = combine(source, self.att_src, self.att_dst)
        else:
            (source_score,), target, target_score = combine(source, self.att_src), None, None
            if x_dst is not None:
                target = plain_linear.apply(self.lin_dst if self.lin is None else self.lin,
                                            x_dst)
                (target_score,) = combine(target, self.att_dst)
        sizes = self._sizes(edge_index, size, (source, target))
        graph, used = self._graph(edge_index, used, sizes,
                                  min(sizes) if self.add_self_loops else None)
        out = ops.gat_attention(
            source_score, target_score, source.view(-1, self.heads, self.out_channels), graph,
            None if used is None else project(self.lin_edge, used, self.att_edge),
            negative_slope=self.negative_slope, dropout=self.dropout, training=self.training)
        out = out.flatten(1) if self.concat else out.mean(dim=1)
        if self.res is not None and x_dst is not None:
            out = out + self.res(x_dst)
        return writable(out) if self.bias is None else out + self.bias

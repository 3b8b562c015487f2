"""Attention by inner products of queries and keys."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch_geometric.nn import conv as pyg

from ... import ops
from ...graph.checks import fail
from .. import plain_linear
from .attention import AttentionConv, writable


class TransformerConv(AttentionConv, pyg.TransformerConv):
    r"""The attention of "Masked Label Prediction: Unified Message Passing Model for Semi-Supervised
    Classification" (arXiv:2009.03509), a drop-in for
    :class:`torch_geometric.nn.TransformerConv` on GraphLocal's core.

    .. math::
        \mathbf{x}^{\prime}_i = \mathbf{W}_1 \mathbf{x}_i + \sum_{j \in \mathcal{N}(i)}
        \alpha_{ij} (\mathbf{W}_2 \mathbf{x}_j + \mathbf{W}_6 \mathbf{e}_{ij}), \qquad
        \alpha_{ij} = \mathrm{softmax}_j \, \frac{(\mathbf{W}_3 \mathbf{x}_i)^{\top}
        (\mathbf{W}_4 \mathbf{x}_j + \mathbf{W}_6 \mathbf{e}_{ij})}{\sqrt{d}}

    Scores, softmax and sum are one pass over the edges, and messages are never stored; the
    transformed features of edges are, where there are any. Dropout draws other random numbers than
    PyG's. With ``return_attention_weights`` set to a boolean PyG's own way is taken.

    Args:
        in_channels: Size of a node's features, ``-1`` to take it from the first input, or a pair
            of them for sources and targets.
        out_channels: Size of a head's output.
        heads: Number of heads. Default: ``1``.
        concat: Whether heads stand side by side in the output; else it is their mean.
            Default: ``True``.
        beta: Whether a learned gate weighs the node's own features against the neighbours'.
            Default: ``False``.
        dropout: Probability that an attention weight is dropped in training. Default: ``0.0``.
        edge_dim: Size of an edge's features, if there are any. Default: ``None``.
        bias: Default: ``True``.
        root_weight: Whether to add the node's own features, transformed. Default: ``True``.
        **kwargs: Of :class:`torch_geometric.nn.MessagePassing`.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F_{in})`, or a pair :math:`((|\mathcal{V}_s|, F_s),
          (|\mathcal{V}_t|, F_t))` if bipartite
        - **edge_index:** :math:`(2, |\mathcal{E}|)` or an :class:`~graphlocal.ops.Adjacency`
        - **edge_attr:** :math:`(|\mathcal{E}|, D)`, given exactly if the layer has an ``edge_dim``
        - **output:** :math:`(|\mathcal{V}_t|, H \cdot F_{out})`, without ``concat``
          :math:`(|\mathcal{V}_t|, F_{out})`

    Raises:
        GraphError: If the graph and the features do not fit together.

    Example:
        >>> conv = TransformerConv(16, 8, heads=2)
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
        if self.lin_edge is not None and edge_attr is None:
            fail("edge_attr", "None", f"features of the edges, {self.edge_dim} columns",
                 "the layer was made with edge_dim")
        if (isinstance(return_attention_weights, bool)
                or not self._covers(x, edge_index, edge_attr)
                or (self.lin_edge is None and edge_attr is not None)):
            return super().forward(x, self._as_pyg(edge_index, x), edge_attr,
                                   return_attention_weights)
        self._check_channels(x)
        x_src, x_dst = (x, x) if isinstance(x, Tensor) else x
        heads = (-1, self.heads, self.out_channels)
        if x_src is x_dst:
            maps = plain_linear.apply_all((self.lin_query, self.lin_key, self.lin_value), x_src)
        else:
            maps = (plain_linear.apply(self.lin_query, x_dst),
                    *plain_linear.apply_all((self.lin_key, self.lin_value), x_src))
        query, key, value = (y.view(heads) for y in maps)
        sizes = self._sizes(edge_index, None, (key, query))
        graph, edge_attr = self._graph(edge_index, edge_attr, sizes)
        edge = None if edge_attr is None else self.lin_edge(edge_attr).view(heads)
        out = ops.neighbor_attention(query, key, value, graph, edge_key=edge, edge_value=edge,
                                     dropout=self.dropout, training=self.training)
        out = out.flatten(1) if self.concat else out.mean(dim=1)
        if not self.root_weight:
            return writable(out)
        if self.lin_beta is None:
            return plain_linear.apply(self.lin_skip, x_dst, onto=out)
        root = self.lin_skip(x_dst)
        gate = self.lin_beta(torch.cat([out, root, out - root], dim=-1)).sigmoid()
        return gate * root + (1 - gate) * out

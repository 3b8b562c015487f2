"""Graph convolution with symmetric normalisation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch_geometric.nn import conv as pyg

from ... import ops
from ...graph.checks import fail
from .core import CoreConv, to_edge_index
from .gcn_norm import NormalizedGraph, gcn_norm


class GCNConv(CoreConv, pyg.GCNConv):
    r"""The graph convolution of "Semi-Supervised Classification with Graph Convolutional Networks"
    (arXiv:1609.02907), a drop-in for :class:`torch_geometric.nn.GCNConv` on GraphLocal's core.

    .. math::
        \mathbf{X}^{\prime} = \mathbf{\hat{D}}^{-1/2} \mathbf{\hat{A}} \mathbf{\hat{D}}^{-1/2}
        \mathbf{X} \mathbf{\Theta}

    where :math:`\mathbf{\hat{A}} = \mathbf{A} + \mathbf{I}` and :math:`\mathbf{\hat{D}}` holds its
    row sums. The normalised weights are computed once per ``edge_index`` and ``edge_weight``,
    without ``cached=True``, and follow the graph when it changes. Under ``torch.compile`` they are
    computed in each pass unless the graph comes from :func:`graphlocal.nn.gcn_norm`.

    Args:
        in_channels: Size of a node's features, or ``-1`` to take it from the first input.
        out_channels: Size of a node's output.
        improved: Whether self loops weigh 2. Default: ``False``.
        cached: Whether to keep the graph of the first pass for good. Default: ``False``.
        add_self_loops: Default: the value of ``normalize``.
        normalize: Whether to normalise; else ``edge_weight`` is used as it is. Default: ``True``.
        bias: Default: ``True``.
        **kwargs: Of :class:`torch_geometric.nn.MessagePassing`.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F_{in})`
        - **edge_index:** :math:`(2, |\mathcal{E}|)`, a sparse ``adj_t``
          :math:`(|\mathcal{V}|, |\mathcal{V}|)`, an :class:`~graphlocal.ops.Adjacency` or a
          :class:`~graphlocal.nn.NormalizedGraph`
        - **edge_weight:** :math:`(|\mathcal{E}|)` *(optional)*
        - **output:** :math:`(|\mathcal{V}|, F_{out})`

    Raises:
        GraphError: If the graph, the features and the weights do not fit together.

    Example:
        >>> conv = GCNConv(16, 7)
        >>> conv(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 7])
    """

    def forward(self, x: Tensor, edge_index: Any, edge_weight: Tensor | None = None) -> Tensor:
        if isinstance(edge_index, NormalizedGraph):
            if edge_weight is not None:
                fail("edge_weight", "weights", "None", "a NormalizedGraph brings its own: pass "
                     "them to gcn_norm")
        elif self.normalize and self._covers(x, edge_index):
            edge_index = gcn_norm(edge_index, edge_weight, x.size(self.node_dim), self.improved,
                                  self.add_self_loops, self.flow, x.dtype)
            edge_weight = None
        elif self.normalize and isinstance(edge_index, ops.Adjacency):
            edge_index = to_edge_index(edge_index)
        return super().forward(x, edge_index, edge_weight)

    def _covers(self, x: Any, graph: Any) -> bool:
        """Whether our normalisation serves; a cached one is PyG's, kept where PyG keeps it."""
        reduce = self._reduction()
        if (self.cached or reduce is None or not isinstance(x, Tensor) or x.dim() != 2):
            return False
        if not isinstance(graph, Tensor):
            return isinstance(graph, ops.Adjacency) and reduce == "sum"
        if torch.compiler.is_compiling():  # loops beside the edges can only be added up
            return graph.layout is torch.strided and reduce == "sum"
        return graph.layout is torch.strided or (
            graph.layout is torch.sparse_csr and not graph.requires_grad
            and self.flow == "source_to_target")

    def propagate(self, edge_index: Any, size: Any = None, **kwargs: Any) -> Tensor:
        if not isinstance(edge_index, NormalizedGraph):
            return super().propagate(edge_index, size=size, **kwargs)
        adjacency, kwargs["edge_weight"], loop_weight = edge_index
        out = super().propagate(adjacency, size=size, **kwargs)
        if loop_weight is not None:
            out = torch.addcmul(out, loop_weight.unsqueeze(-1), kwargs["x"])
        return out

"""GraphSAGE's convolution."""

from __future__ import annotations

from torch_geometric.nn import conv as pyg

from .core import CoreConv


class SAGEConv(CoreConv, pyg.SAGEConv):
    r"""The convolution of "Inductive Representation Learning on Large Graphs" (arXiv:1706.02216),
    a drop-in for :class:`torch_geometric.nn.SAGEConv` on GraphLocal's core.

    .. math::
        \mathbf{x}^{\prime}_i = \mathbf{W}_1 \mathbf{x}_i + \mathbf{W}_2 \cdot
        \mathrm{mean}_{j \in \mathcal{N}(i)} \mathbf{x}_j

    Args:
        in_channels: Size of a node's features, ``-1`` to take it from the first input, or a pair
            of them for sources and targets.
        out_channels: Size of a node's output.
        aggr: ``"mean"``, ``"sum"``, ``"max"`` and ``"min"`` run on the core, any other aggregation
            of PyG as PyG runs it. Default: ``"mean"``.
        normalize: Whether to scale the output to unit length. Default: ``False``.
        root_weight: Whether to add the node's own features, transformed. Default: ``True``.
        project: Whether to transform neighbours and apply ReLU before aggregating.
            Default: ``False``.
        bias: Default: ``True``.
        **kwargs: Of :class:`torch_geometric.nn.MessagePassing`.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F_{in})`, or a pair :math:`((|\mathcal{V}_s|, F_s),
          (|\mathcal{V}_t|, F_t))` if bipartite
        - **edge_index:** :math:`(2, |\mathcal{E}|)`, a sparse ``adj_t``
          :math:`(|\mathcal{V}_t|, |\mathcal{V}_s|)` or an :class:`~graphlocal.ops.Adjacency`
        - **output:** :math:`(|\mathcal{V}|, F_{out})` or :math:`(|\mathcal{V}_t|, F_{out})`

    Raises:
        GraphError: If the graph and the features do not fit together.

    Example:
        >>> import torch
        >>> conv = SAGEConv(16, 7, aggr="max")
        >>> conv(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 7])
    """

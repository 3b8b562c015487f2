"""Higher-order graph convolution with edge weights."""

from __future__ import annotations

from torch_geometric.nn import conv as pyg

from .core import CoreConv


class GraphConv(CoreConv, pyg.GraphConv):
    r"""The convolution of "Weisfeiler and Leman Go Neural: Higher-order Graph Neural Networks"
    (arXiv:1810.02244), a drop-in for :class:`torch_geometric.nn.GraphConv` on GraphLocal's core.

    .. math::
        \mathbf{x}^{\prime}_i = \mathbf{W}_1 \mathbf{x}_i + \mathbf{W}_2
        \sum_{j \in \mathcal{N}(i)} e_{j,i} \cdot \mathbf{x}_j

    Args:
        in_channels: Size of a node's features, ``-1`` to take it from the first input, or a pair
            of them for sources and targets.
        out_channels: Size of a node's output.
        aggr: ``"add"``, ``"mean"``, ``"max"`` and ``"min"`` run on the core, any other aggregation
            of PyG as PyG runs it. Default: ``"add"``.
        bias: Default: ``True``.
        **kwargs: Of :class:`torch_geometric.nn.MessagePassing`.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F_{in})`, or a pair :math:`((|\mathcal{V}_s|, F_s),
          (|\mathcal{V}_t|, F_t))` if bipartite
        - **edge_index:** :math:`(2, |\mathcal{E}|)`, a sparse ``adj_t``
          :math:`(|\mathcal{V}_t|, |\mathcal{V}_s|)` or an :class:`~graphlocal.ops.Adjacency`
        - **edge_weight:** :math:`(|\mathcal{E}|)` *(optional)*
        - **output:** :math:`(|\mathcal{V}|, F_{out})` or :math:`(|\mathcal{V}_t|, F_{out})`

    Raises:
        GraphError: If the graph, the features and the weights do not fit together.

    Example:
        >>> import torch
        >>> conv = GraphConv(16, 7)
        >>> x, edge_index = torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])
        >>> conv(x, edge_index, edge_weight=torch.tensor([0.5, 2.0])).shape
        torch.Size([3, 7])
    """

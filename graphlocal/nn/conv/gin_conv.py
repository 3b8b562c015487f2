"""The convolution of graph isomorphism networks."""

from __future__ import annotations

from torch_geometric.nn import conv as pyg

from .core import CoreConv


class GINConv(CoreConv, pyg.GINConv):
    r"""The convolution of "How Powerful are Graph Neural Networks?" (arXiv:1810.00826), a drop-in
    for :class:`torch_geometric.nn.GINConv` on GraphLocal's core.

    .. math::
        \mathbf{x}^{\prime}_i = h_{\mathbf{\Theta}} \left( (1 + \epsilon) \cdot \mathbf{x}_i +
        \sum_{j \in \mathcal{N}(i)} \mathbf{x}_j \right)

    Args:
        nn: The network :math:`h_{\mathbf{\Theta}}`, such as a :class:`torch.nn.Sequential`.
        eps: Value (at first) of :math:`\epsilon`. Default: ``0``.
        train_eps: Whether :math:`\epsilon` is learned. Default: ``False``.
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
        >>> conv = GINConv(torch.nn.Linear(16, 7))
        >>> conv(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 7])
    """

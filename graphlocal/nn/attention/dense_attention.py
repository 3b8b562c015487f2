"""Attention of all nodes of a graph to all nodes of it."""

from __future__ import annotations

from torch import Tensor

from .global_attention import GlobalAttention
from .ragged import attend, attend_groups, graph_ptr


class DenseAttention(GlobalAttention):
    r"""The multi-head attention of "Attention Is All You Need" (arXiv:1706.03762) among the nodes
    of each graph.

    .. math::
        \mathbf{x}^{\prime}_i = \mathbf{W}_o \Big\Vert_{h} \sum_{j \in \mathcal{G}(i)}
        \mathrm{softmax}_j \left( \frac{\mathbf{q}_{ih}^{\top} \mathbf{k}_{jh}}{\sqrt{D}} \right)
        \mathbf{v}_{jh}

    No node sees another graph of the batch. Graphs of about the same size are padded to the
    largest among them, which wastes less than an eighth, and go through torch's
    ``scaled_dot_product_attention`` together. Time grows with :math:`\sum_g n_g^2 C`, memory with
    :math:`N C`: the weights are recomputed in the backward pass, and with dropout, which that
    kernel lacks on a CPU, they exist a block of 16 MB at a time. Nor has it gradients of second
    order there: for those call the layer, like any that attends densely to parts of a graph, within
    ``torch.nn.attention.sdpa_kernel(SDPBackend.MATH)``.

    Args:
        channels: Size of a node's features, in and out.
        heads: Default: ``1``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.

    Shapes:
        - **x:** :math:`(N, C)`
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If ``heads`` does not divide ``channels``, or ``x`` or ``batch`` do not fit.

    Example:
        >>> import torch
        >>> attention = DenseAttention(16, heads=4)
        >>> attention(torch.randn(5, 16), torch.tensor([0, 0, 0, 1, 1])).shape
        torch.Size([5, 16])
    """

    def forward(self, x: Tensor, batch: Tensor | None = None) -> Tensor:
        """Features of the nodes after attention.

        Args:
            x: Features of the nodes.
            batch: The graph of each node. Default: ``None``, all of one.
        """
        q, k, v = self._projected(x)
        ptr = graph_ptr(batch, x)
        if ptr is None:
            out = attend(q[None], k[None], v[None], None, self._dropout())[0]
        else:
            out = attend_groups(q, k, v, ptr, ptr, None, self._dropout())
        return self.lin_out(out.flatten(1))

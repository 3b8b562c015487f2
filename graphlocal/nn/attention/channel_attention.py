"""Attention of channels to channels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .global_attention import GlobalAttention
from .ragged import Bucket, buckets, graph_ptr, join_buckets


class ChannelAttention(GlobalAttention):
    r"""The channel attention of "DaViT: Dual Attention Vision Transformers" (arXiv:2204.03645)
    among the nodes of each graph.

    Channels take the place of nodes: every channel of a group is a mixture of the group's
    channels, by how well keys and queries agree over all nodes of the graph.

    .. math::
        \mathbf{A}_g = \mathrm{softmax} \left( \frac{\mathbf{K}_g^{\top} \mathbf{Q}_g}{\sqrt{n}}
        \right) \in \mathbb{R}^{D \times D}, \qquad \mathbf{Y}_g = \mathbf{V}_g \mathbf{A}_g

    with the softmax over the channels of the keys and :math:`n` nodes in the graph. Time grows
    with :math:`N C D`, memory with :math:`N C`, plus :math:`C D` for each graph: no two nodes are
    ever compared. Graphs of about the same size are padded and computed together.

    Args:
        channels: Size of a node's features, in and out.
        heads: Groups of channels. Default: ``1``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.

    Shapes:
        - **x:** :math:`(N, C)`
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If ``heads`` does not divide ``channels``, or ``x`` or ``batch`` do not fit.

    Example:
        >>> ChannelAttention(16, heads=4)(torch.randn(5, 16)).shape
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
        if ptr is None or ptr.numel() <= 2:
            out = self._mixed(q[None], k[None], v[None], None)[0]
        else:
            found = buckets(ptr)
            out = join_buckets([self._mixed(q[b.index], k[b.index], v[b.index], b) for b in found],
                               found, q)
        return self.lin_out(out.flatten(1))

    def _mixed(self, q: Tensor, k: Tensor, v: Tensor, bucket: Bucket | None) -> Tensor:
        """Graphs of one size, ``[S, L, H, D]``."""
        root: float | Tensor = max(q.shape[1], 1) ** 0.5
        if bucket is not None and bucket.absent is not None:
            size = (~bucket.absent).sum(dim=1)[:, None, None, None]
            root = size.double().sqrt().to(q.dtype)  # not in halves, which stop at 65504
            k = k.masked_fill(bucket.absent[:, :, None, None], 0)
        score = torch.einsum("slhe,slhc->shec", k, q) / root
        weight = F.dropout(score.softmax(dim=2), self._dropout())
        return torch.einsum("slhe,shec->slhc", v, weight)

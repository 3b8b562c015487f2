"""Attention within balanced clusters of queries and keys."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ... import ops
from ...graph import checks
from .global_attention import GlobalAttention
from .ragged import attend, buckets, graph_ptr, nothing
from .replicas import draw_rows

#: Numbers in a block of scores between nodes and centroids.
_SCORES = 1 << 22


class RoutingAttention(GlobalAttention):
    r"""The attention of "Efficient Content-Based Sparse Attention with Routing Transformers"
    (arXiv:2003.05997), among the nodes of each graph.

    Each head has :math:`K` centroids :math:`\boldsymbol{\mu}_c`, which queries and keys share. Of
    each graph, every centroid takes the :math:`w` queries and the :math:`w` keys nearest to it in
    direction, after a layer norm without weights, and there is dense attention among those:
    clusters are balanced by construction. A node whose query was taken more than once gets the
    mean, one whose query never was gets 0. With one centroid and ``window=None`` this is
    :class:`DenseAttention`.

    In training, the directions follow those of what is nearest to them, as in spherical k-means:

    .. math::
        \boldsymbol{\mu}_c \leftarrow \mathrm{unit} \left( \lambda \boldsymbol{\mu}_c +
        (1 - \lambda) \, \mathrm{unit} \Big( \sum_{i : c(\mathbf{q}_i) = c} \mathbf{q}_i +
        \sum_{j : c(\mathbf{k}_j) = c} \mathbf{k}_j \Big) \right)

    They start at keys of the first batch, have no gradient, are common to all graphs and constant
    in evaluation. With ``torch.distributed`` running, every process has those of the joint batch.
    Time grows with :math:`N K C + \sum_g K w_g^2 C`, which is :math:`N^{3/2} C` for
    :math:`K = \sqrt{N}`; memory with :math:`N C`, as :math:`K w \approx N`.

    Args:
        channels: Size of a node's features, in and out.
        heads: Default: ``1``.
        num_clusters: :math:`K`, about :math:`\sqrt{N}`. Default: ``16``.
        window: :math:`w`, at most all nodes of a graph. Default: ``None``,
            :math:`\lceil n_g / K \rceil`.
        decay: :math:`\lambda`. Default: ``0.999``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.
        seed: Of the draw of the first centroids. Default: ``0``.

    Shapes:
        - **x:** :math:`(N, C)`
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If ``heads`` does not divide ``channels``, a head has a single channel, which
            knows no directions, or inputs do not fit.

    Example:
        >>> RoutingAttention(16, heads=4, num_clusters=3)(torch.randn(9, 16)).shape
        torch.Size([9, 16])
    """

    def __init__(self, channels: int, heads: int = 1, num_clusters: int = 16, *,
                 window: int | None = None, decay: float = 0.999, dropout: float = 0.0,
                 bias: bool = True, seed: int = 0) -> None:
        super().__init__(channels, heads, dropout=dropout, bias=bias)
        self.num_clusters = checks.check_count(num_clusters, "num_clusters", least=1)
        self.window = window if window is None else checks.check_count(window, "window", least=1)
        if channels == heads and (self.num_clusters > 1 or self.window is not None):
            checks.fail("heads", f"{heads} of one channel each", "heads of at least 2 channels: "
                        "nodes are routed by directions", "take fewer heads or more channels")
        self.decay = checks.check_fraction(decay, "decay")
        self.seed = checks.check_count(seed, "seed", most=2**62)
        self.register_buffer("centroid", torch.empty(heads, num_clusters, channels // heads))
        self.register_buffer("started", torch.tensor(False))
        self._reset_centroids()

    def reset_parameters(self) -> None:
        """Draws all weights anew and forgets the centroids."""
        super().reset_parameters()
        self._reset_centroids()

    @torch.compiler.disable  # it depends on sizes and draws throughout
    def forward(self, x: Tensor, batch: Tensor | None = None) -> Tensor:
        """Features of the nodes after attention; in training mode, the centroids move then.

        Args:
            x: Features of the nodes.
            batch: The graph of each node. Default: ``None``, all of one.
        """
        q, k, v = self._projected(x)
        ptr = graph_ptr(batch, x)
        if ptr is None:
            ptr = torch.tensor([0, x.shape[0]], device=x.device)
        with torch.no_grad():
            near, far = (self._normed(t) for t in (q, k))
            if self.training:
                self._start(far)
            routed = [(b.index, *self._routed(near, far, b.index)) for b in buckets(ptr, True)]
            if self.training:
                self._observe(near, far)
        head = torch.arange(self.heads, device=x.device)[:, None, None]
        q, k, v = (t.flatten(0, 1) for t in (q, k, v))  # [N * H, D]
        total = torch.zeros_like(q) if routed else nothing(q, k, v)
        times = q.new_zeros(len(q))
        for index, queries, keys in routed:  # [S, n] and twice [S, H, K, w]
            graph = torch.arange(len(index), device=x.device)[:, None, None, None]
            queries, keys = (index[graph, t] * self.heads + head for t in (queries, keys))
            queries, keys = (t.flatten(0, 2) for t in (queries, keys))  # [S * H * K, w]
            out = attend(*(t.index_select(0, row.flatten()).view(*row.shape, 1, -1)
                           for t, row in ((q, queries), (k, keys), (v, keys))),
                         dropout=self._dropout())
            total = total.index_add(0, queries.flatten(), out.flatten(0, 2))
            times.index_add_(0, queries.flatten(), times.new_ones(queries.numel()))
        out = total / times.clamp(min=1)[:, None]
        return self.lin_out(out.view(len(x), self.channels))

    def _routed(self, near: Tensor, far: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """Queries and keys of each centroid, by their places in the graphs, ``[S, H, K, w]``."""
        size = index.shape[1]
        width = -(-size // self.num_clusters) if self.window is None else min(self.window, size)
        block = max(1, _SCORES // (index.numel() * self.heads))
        found = []
        for rows in (near[index], far[index]):  # [S, n, H, D]
            rows = rows.permute(0, 2, 3, 1)
            found.append(torch.cat([(part @ rows).topk(width).indices
                                    for part in self.centroid.split(block, dim=1)], dim=2))
        return found[0], found[1]

    def _normed(self, x: Tensor) -> Tensor:
        return F.normalize(F.layer_norm(x, x.shape[-1:]), dim=-1).to(self.centroid.dtype)

    def _start(self, far: Tensor) -> None:
        if self.started:
            return
        rows = far.flatten(1)
        finite = rows.isfinite().all(dim=1).to(rows.dtype)  # NaN would stay in them for good
        drawn = draw_rows(rows, finite, self.num_clusters, self.seed)
        self.centroid[:, : len(drawn)] = drawn.unflatten(1, far.shape[1:]).transpose(0, 1)
        self.started.fill_(len(drawn) > 0)

    def _observe(self, near: Tensor, far: Tensor) -> None:
        """Turns each centroid to what is nearest to it, here and in all other processes."""
        total = torch.zeros_like(self.centroid)
        block = max(1, _SCORES // (self.heads * self.num_clusters))
        heads = torch.arange(self.heads, device=near.device)
        for rows in (near, far):
            for part in rows.split(block):  # [n, H, D]
                nearest = torch.einsum("nhd,hkd->nhk", part, self.centroid).argmax(dim=2)
                total.index_put_((heads.expand_as(nearest), nearest), part, accumulate=True)
        # NaN compares false below: what it was nearest to stays where it is.
        total = F.normalize(ops.joint_sum(total), dim=2)
        moved = F.normalize(self.centroid.lerp(total, 1 - self.decay), dim=2)
        taken = total.square().sum(dim=2, keepdim=True) > 0
        self.centroid.copy_(torch.where(taken, moved, self.centroid))

    @torch.no_grad()
    def _reset_centroids(self) -> None:
        self.centroid.copy_(F.normalize(self.centroid.normal_(), dim=2))
        self.started.fill_(False)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, num_clusters={self.num_clusters}, window={self.window}"

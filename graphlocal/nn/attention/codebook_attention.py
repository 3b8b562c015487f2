"""Attention to all nodes through centroids that stand for them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ...graph import checks
from .codebook import Codebook
from .global_attention import split_heads
from .ragged import attend, attend_groups, borders, graph_ptr
from .replicas import gather_rows

Counts = Literal["ema", "assigned", "reference"]


class CodebookAttention(nn.Module):
    r"""The global module of "GOAT: A Global Transformer on Large-scale Graphs" (ICML 2023) and of
    "Graph Transformers for Large Graphs" (arXiv:2312.11109): attention to centroids.

    .. math::
        \mathbf{x}^{\prime}_i = \mathbf{W}_o \Big\Vert_{h} \sum_{b=1}^{B}
        \mathrm{softmax}_b \left( \frac{\mathbf{q}_{ih}^{\top} \mathbf{k}_{bh}}{\sqrt{D}} +
        \log n_b \right) \mathbf{v}_{bh}

    with queries of the nodes, keys and values of the centroids :math:`\mathbf{e}_b`, and
    :math:`n_b` nodes at each. Where every node sits on a centroid, this is
    :class:`DenseAttention`. The centroids are learned by moving averages (see :class:`Codebook`):
    gradients reach the linear maps and, through the queries, ``x``. Time grows with :math:`N B C`,
    memory with :math:`(N + B) C`.

    What the counts are depends on ``batch``:

    - Without it, rows are *some or all nodes of one graph*, a mini-batch maybe, and :math:`n_b`
      tells of all its nodes: the moving average of how many rows of a batch the centroid got
      (``counts="ema"``; the scale does not matter), or how many nodes were at the centroid when a
      batch last had them (``"assigned"``, which needs ``node_id``). ``"reference"`` is the latter
      starting from random assignments, as the published code does: what it never trains on stays
      random there.
    - With it, rows are *whole graphs*, and :math:`n_b` counts the nodes of the node's own graph.
      Centroids that none of them took are out of its sight. The codebook is common to all graphs
      and changes in training only, so in evaluation nothing passes from one graph to another.

    Dead centroids are masked. Before the first training pass the centroids are random.

    Args:
        channels: Size of a node's features.
        heads: Default: ``1``.
        num_centroids: :math:`B`. Default: ``256``.
        out_channels: Size of the output. Default: ``None``, ``channels``.
        position_channels: Size of an encoding that queries and keys see and values do not.
            Default: ``0``.
        counts: ``"ema"``, ``"assigned"`` or ``"reference"``. Default: ``"ema"``.
        num_nodes: Of the graph, where assignments are counted. Default: ``None``.
        decay: Of the moving averages. Default: ``0.99``.
        dead_below: Share of the mean count below which a centroid is dead. Default: ``0.01``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.
        project: Whether a linear map follows the attention. Default: ``True``.
        seed: Of the draws of centroids. Default: ``0``.

    Shapes:
        - **x:** :math:`(N, C)`
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **position:** :math:`(N, P)`
        - **node_id:** :math:`(N)`
        - **output:** :math:`(N, C_{out})`

    Raises:
        GraphError: If ``heads`` does not divide ``out_channels``, inputs do not fit, features are
            not finite, or ``node_id`` is missing where assignments are counted.

    Example:
        >>> attention = CodebookAttention(16, heads=4, num_centroids=8)
        >>> attention(torch.randn(30, 16)).shape
        torch.Size([30, 16])
    """

    def __init__(
        self, channels: int, heads: int = 1, num_centroids: int = 256, *,
        out_channels: int | None = None, position_channels: int = 0, counts: Counts = "ema",
        num_nodes: int | None = None, decay: float = 0.99, dead_below: float = 0.01,
        dropout: float = 0.0, bias: bool = True, project: bool = True, seed: int = 0,
    ) -> None:
        super().__init__()
        self.channels = checks.check_count(channels, "channels", least=1)
        self.heads = checks.check_count(heads, "heads", least=1)
        self.out_channels = self.channels if out_channels is None else checks.check_count(
            out_channels, "out_channels", least=1)
        checks.check_heads(self.out_channels, self.heads, channels_argument="out_channels")
        self.position_channels = checks.check_count(position_channels, "position_channels")
        self.counts = checks.check_choice(counts, "counts", ("ema", "assigned", "reference"))
        self.dropout = checks.check_fraction(dropout, "dropout")

        seen = self.channels + self.position_channels
        self.codebook = Codebook(num_centroids, seen, decay=decay, dead_below=dead_below, seed=seed)
        self.lin_query = nn.Linear(seen, self.out_channels, bias)
        self.lin_key = nn.Linear(seen, self.out_channels, bias)
        self.lin_value = nn.Linear(self.channels, self.out_channels, bias)
        self.lin_out = nn.Linear(self.out_channels, self.out_channels, bias) if project else None
        if counts != "ema":
            if num_nodes is None:
                checks.fail("num_nodes", "None", "how many nodes the graph has",
                            f"counts={counts!r} keeps the centroid of each")
            num_nodes = checks.check_count(num_nodes, "num_nodes", least=1)
            self.register_buffer("assignment", torch.empty(num_nodes, dtype=torch.int32))
            self.register_buffer("assigned", torch.empty(num_centroids, dtype=torch.long))
            self._reset_assignment()

    def reset_parameters(self) -> None:
        """Draws all weights anew and forgets the centroids."""
        for module in self.children():
            module.reset_parameters()
        if self.counts != "ema":
            self._reset_assignment()

    def forward(self, x: Tensor, batch: Tensor | None = None, *, position: Tensor | None = None,
                node_id: Tensor | None = None) -> Tensor:
        """Features of the nodes after attention; in training mode, the centroids move then.

        Args:
            x: Features of the nodes.
            batch: The graph of each node. Default: ``None``, all of one.
            position: Encoding of the nodes, of ``position_channels``. Default: ``None``.
            node_id: Numbers of the nodes in the graph, where assignments are counted. Default:
                ``None``, all nodes in order.
        """
        seen = self._seen(x, position)
        ptr = graph_ptr(batch, x)
        noted = self.training and ptr is None and self.counts != "ema"
        if noted:
            node_id = self._checked(node_id, x)  # before anything moves
        if self.training:
            self.codebook.start(seen)
        centroids = self.codebook.centroids()
        k = split_heads(self.lin_key(centroids), self.heads)  # [B, H, D]
        v = split_heads(self.lin_value(centroids[:, : self.channels]), self.heads)
        q = split_heads(self.lin_query(seen), self.heads)  # [N, H, D]
        bias = self._log_counts() if ptr is None else None  # of before this batch moves them
        index = None
        if self.training:
            index = self.codebook.observe(seen)
            if noted:
                self._note(node_id, index)
        elif ptr is not None:
            index = self.codebook.nearest(seen)
        p = self.dropout if self.training else 0.0
        if ptr is None:
            out = attend(q[None], k[None], v[None], bias[None], p)[0]
        else:
            out = self._within_graphs(q, k, v, ptr, index, p)
        out = out.flatten(1)
        return out if self.lin_out is None else self.lin_out(out)

    @torch.compiler.disable
    def _within_graphs(self, q: Tensor, k: Tensor, v: Tensor, ptr: Tensor, index: Tensor,
                       dropout: float) -> Tensor:
        """Attention of each node to the centroids its own graph uses, by their counts in it."""
        graph = torch.repeat_interleave(ptr.diff())
        taken, count = torch.unique(graph * len(k) + index, return_counts=True)
        key_ptr = borders(torch.bincount(taken // len(k), minlength=len(ptr) - 1))
        return attend_groups(q, k, v, ptr, key_ptr, count.double().log(), dropout,
                             key_row=taken % len(k))

    def _seen(self, x: Tensor, position: Tensor | None) -> Tensor:
        checks.check_features(x, self.channels)
        if position is None:
            if self.position_channels:
                checks.fail("position", "None", f"a tensor of shape (N, {self.position_channels})")
            return x
        checks.check_features(position, self.position_channels, "position")
        if position.shape[0] != x.shape[0]:
            checks.fail("position", f"{position.shape[0]} rows", f"{x.shape[0]}, as 'x'")
        return torch.cat([x, position.to(x.dtype)], dim=1)

    def _log_counts(self) -> Tensor:
        """Logarithms of the counts ``[B]``, minus infinity where a centroid is dead or empty."""
        book = self.codebook
        count = book.count.double() * book.alive()  # halves stop at 65504
        if self.counts != "ema":
            assigned = self.assigned * book.alive()
            if bool(assigned.any()):  # else nobody was assigned yet
                count = assigned.double()
        return count.log()

    @torch.compiler.disable
    def _checked(self, node_id: Tensor | None, x: Tensor) -> Tensor:
        """Numbers of the rows, which are in the graph."""
        num_nodes = self.assignment.numel()
        if node_id is None:
            if x.shape[0] != num_nodes:
                checks.fail("node_id", f"None with {x.shape[0]} rows", "the number of each node in "
                            f"the graph of num_nodes={num_nodes}",
                            "pass batch.n_id[:batch.batch_size] of a NeighborLoader's batch")
            return torch.arange(num_nodes, device=x.device)
        checks.check_groups(node_id, x, "node_id")
        if node_id.numel():
            low, high = torch.aminmax(node_id)
            checks.check_bounds(int(low), int(high), "node_id", num_nodes, "num_nodes")
        return node_id

    @torch.compiler.disable
    @torch.no_grad()
    def _note(self, node_id: Tensor, index: Tensor) -> None:
        """Moves the nodes of all processes to their new centroids."""
        moved = gather_rows(torch.stack([node_id.long(), index], dim=1))[0]
        nodes = moved[:, 0].unique()
        before = self.assignment[nodes]
        self.assignment[moved[:, 0]] = moved[:, 1].int()
        for where, sign in ((before[before >= 0], -1), (self.assignment[nodes], 1)):
            self.assigned.add_(torch.bincount(where, minlength=len(self.assigned)), alpha=sign)

    @torch.no_grad()
    def _reset_assignment(self) -> None:
        if self.counts == "reference":
            self.assignment.random_(0, len(self.assigned))
            self.assigned.copy_(torch.bincount(self.assignment, minlength=len(self.assigned)))
        else:
            self.assignment.fill_(-1)
            self.assigned.zero_()

    def extra_repr(self) -> str:
        return (f"{self.channels}, heads={self.heads}, "
                f"num_centroids={self.codebook.num_centroids}, counts={self.counts!r}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"

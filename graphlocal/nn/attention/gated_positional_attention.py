"""Attention that learns, head by head, how much to look at structure and how much at content."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ... import ops
from ...graph import checks
from .local_attention import LocalAttention


class GatedPositionalAttention(LocalAttention):
    r"""The gated positional self-attention of "ConViT: Improving Vision Transformers with Soft
    Convolutional Inductive Biases" (arXiv:2103.10697), over the nodes up to ``hops`` steps away.

    .. math::
        \mathbf{x}^{\prime}_i &= \mathbf{W}_o \Big\Vert_{h} \sum_{j : d(j, i) \le K} \left(
        (1 - s_h) \, \mathrm{softmax}_j \left( \frac{\mathbf{q}_{ih}^{\top} \mathbf{k}_{jh}}
        {\sqrt{D}} \right) + s_h \, \mathrm{softmax}_j ( \mathbf{w}_h^{\top} \mathbf{r}_{ij} )
        \right) \mathbf{v}_{jh} \\
        s_h &= \sigma(\lambda_h), \qquad \mathbf{r}_{ij} =
        [ \mathrm{onehot}(d(j, i)) \,\Vert\, \mathbf{f}_{ij} ]

    Head h starts by looking at distance :math:`h \bmod (K + 1)`, or at 1, 2, ... with
    ``include_self=False``: its weight in :math:`\mathbf{w}_h` is ``locality``, the others are 0,
    and :math:`\lambda_h = 1` gives structure 73 % of the say. With :math:`s_h \to 1` and a large
    ``locality`` the head is the mean over the nodes at its distance, a convolution; with
    :math:`s_h \to 0` it is plain attention.

    Args:
        in_channels: Size of a node's features.
        out_channels: Size of a node's output; every head makes an equal share of it.
        heads: Default: ``1``.
        hops: The largest distance K that is seen. Default: ``2``.
        include_self: Whether a node sees itself, at distance 0. Default: ``True``.
        pair_dim: Size of further features :math:`\mathbf{f}_{ij}` of pairs. Default: ``None``,
            there are none.
        locality: How much a head prefers its distance at first. Default: ``1``.
        max_per_node: How many nodes a node sees at most at each distance, drawn by ``seed``.
            Default: ``None``, all.
        seed: Of that draw. Default: ``0``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.
        root_weight: Whether a linear map of the node itself is added. Default: ``False``.

    Shapes:
        - **x:** :math:`(N, F_{in})`
        - **edge_index:** :math:`(2, E)`, anything :func:`~graphlocal.ops.as_adjacency` takes, or
          a :class:`~graphlocal.ops.HopNeighbors` with P pairs
        - **pair_attr:** :math:`(P, F_r)` *(optional)*
        - **output:** :math:`(N, F_{out})`

    Raises:
        GraphError: If ``heads`` does not divide ``out_channels``, a pair is further apart than
            ``hops``, or the graph and the features do not fit together.

    Example:
        >>> attention = GatedPositionalAttention(16, 32, heads=4, hops=3)
        >>> attention(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 32])
    """

    def __init__(
        self, in_channels: int, out_channels: int, heads: int = 1, *, hops: int = 2,
        include_self: bool = True, pair_dim: int | None = None, locality: float = 1.0,
        max_per_node: int | None = None, seed: int = 0, dropout: float = 0.0, bias: bool = True,
        root_weight: bool = False,
    ) -> None:
        super().__init__(checks.check_count(in_channels, "in_channels", least=1), out_channels,
                         heads, dropout=dropout, bias=bias, root_weight=root_weight)
        self.include_self = bool(include_self)
        self.hops = checks.check_count(hops, "hops", least=0 if self.include_self else 1)
        self.pair_dim = pair_dim
        self.locality = checks.check_number(locality, "locality")
        if max_per_node is not None:
            checks.check_count(max_per_node, "max_per_node", least=1)
        self.max_per_node = max_per_node
        self.seed = checks.check_count(seed, "seed")
        self.gate = nn.Parameter(torch.empty(heads))
        self.hop_weight = nn.Parameter(torch.empty(self.hops + 1, heads))
        self.lin_pair = None
        if pair_dim is not None:
            checks.check_count(pair_dim, "pair_dim", least=1)
            self.lin_pair = nn.Linear(pair_dim, heads, bias=False)
        self._start()

    def reset_parameters(self) -> None:
        """Draws all weights anew and sets gates and distances to where they start."""
        super().reset_parameters()
        self._start()

    def _start(self) -> None:
        nn.init.ones_(self.gate)
        nn.init.zeros_(self.hop_weight)
        first = 0 if self.include_self else 1
        with torch.no_grad():
            for head in range(self.heads):
                self.hop_weight[first + head % (self.hops + 1 - first), head] = self.locality
            if self.lin_pair is not None:
                nn.init.zeros_(self.lin_pair.weight)

    def neighbors(self, edge_index: Any, num_nodes: int | None = None) -> ops.HopNeighbors:
        """The pairs the layer looks at, in the order their features go by.

        Args:
            edge_index: The graph.
            num_nodes: Number of nodes. ``None`` takes what the graph knows.
        """
        first = 0 if self.include_self else 1
        return ops.hop_neighbors(edge_index, range(first, self.hops + 1), num_nodes,
                                 max_per_node=self.max_per_node, seed=self.seed)

    def forward(self, x: Tensor, edge_index: Any, pair_attr: Tensor | None = None) -> Tensor:
        """Features of the nodes after attention.

        Args:
            x: Features of the nodes.
            edge_index: The graph, or the pairs to look at.
            pair_attr: Features of the pairs, in the order of :meth:`neighbors`.
        """
        checks.check_features(x, self._channels[0])
        pairs = edge_index
        if not isinstance(pairs, ops.HopNeighbors):
            pairs = self.neighbors(edge_index, x.size(0))
        elif not isinstance(pairs.hop, Tensor):
            checks.fail("hop", type(pairs.hop).__name__, f"a tensor of shape ({pairs.num_pairs},)",
                        kind=checks.GraphTypeError)
        elif not torch.compiler.is_compiling():
            ops.remember(pairs.hop, ("within", self.hops), lambda: self._check_pairs(pairs))
        checks.check_edge_features(pair_attr, pairs.num_pairs, self.pair_dim, "pair_attr",
                                   "pair_dim")
        adjacency = ops.as_adjacency(pairs.edge_index, x.size(0), x.size(0))
        score = self.hop_weight.index_select(0, pairs.hop.long())  # [P, H]
        if self.lin_pair is not None:
            score = score + self.lin_pair(pair_attr)
        q, k, v = self._projected(x, x)
        content = ops.neighbor_attention(q, k, v, adjacency, dropout=self.dropout,
                                         training=self.training)
        # Of one channel, all zeros: what is left of the scores is the bias.
        nothing = torch.zeros_like(q[:, :, :1])
        position = ops.neighbor_attention(nothing, nothing, v, adjacency, score.to(x.dtype),
                                          dropout=self.dropout, training=self.training)
        share = torch.sigmoid(self.gate).unsqueeze(-1)  # [H, 1]
        mixed = torch.lerp(content, position.to(content.dtype), share.to(content.dtype))
        return self._joined(mixed, x)

    def _check_pairs(self, pairs: ops.HopNeighbors) -> bool:
        """Those that were put together by hand are looked over once."""
        checks.check_integer_dtype(pairs.hop.dtype, "hop")
        if pairs.hop.shape != pairs.edge_index.shape[1:]:
            checks.fail("hop", f"shape {tuple(pairs.hop.shape)}", f"shape ({pairs.num_pairs},)")
        if pairs.num_pairs:
            low, high = torch.aminmax(pairs.hop)
            checks.check_bounds(int(low), int(high), "hop", self.hops + 1, "hops + 1")
        return True

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, hops={self.hops}"

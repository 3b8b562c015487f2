"""Attention of every node to those at a given distance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from ... import ops
from ...graph import checks
from .local_attention import LocalAttention


class DilatedNeighborAttention(LocalAttention):
    r"""Multi-head attention of each node to the nodes exactly ``dilation`` steps away and itself:
    the counterpart on graphs of "Dilated Neighborhood Attention Transformer" (arXiv:2209.15001).

    .. math::
        \mathbf{x}^{\prime}_i = \mathbf{W}_o \Big\Vert_{h} \sum_{j \in \mathcal{S}_h(i)}
        \mathrm{softmax}_j \left( \frac{\mathbf{q}_{ih}^{\top} \mathbf{k}_{jh}}{\sqrt{D}} \right)
        \mathbf{v}_{jh}, \qquad \mathcal{S}_h(i) = \{ j : d(j, i) = k_h \} \cup \{i\}

    with distances along the edges as they point. On a path, dilation k sees
    :math:`\{i - k, i, i + k\}`; on a grid whose cells touch in eight directions, dilation 1 is the
    window of 3 x 3. At the borders of a grid the neighbourhood is smaller, not shifted. Heads with
    larger dilations see further at the same number of layers, yet the rings of well connected
    graphs grow quickly: ``max_per_node`` bounds them, see :func:`~graphlocal.ops.hop_neighbors`,
    which finds the rings once for a graph that stays the same tensor.

    Args:
        in_channels: Size of a node's features.
        out_channels: Size of a node's output; every head makes an equal share of it.
        heads: Default: ``1``.
        dilation: Distance for all heads, or one for each. Default: ``1``.
        include_self: Whether a node sees itself. Default: ``True``.
        max_per_node: How many nodes of its ring a node sees at most, drawn by ``seed``.
            Default: ``None``, all.
        seed: Of that draw. Default: ``0``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.
        root_weight: Whether a linear map of the node itself is added. Default: ``False``.

    Shapes:
        - **x:** :math:`(N, F_{in})`
        - **edge_index:** :math:`(2, E)`, or anything :func:`~graphlocal.ops.as_adjacency` takes
        - **output:** :math:`(N, F_{out})`

    Raises:
        GraphError: If ``heads`` does not divide ``out_channels``, a dilation is below 1 or there
            is not one for each head, or the graph and the features do not fit together.

    Example:
        >>> attention = DilatedNeighborAttention(16, 32, heads=4, dilation=[1, 1, 2, 4])
        >>> attention(torch.randn(3, 16), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 32])
    """

    def __init__(
        self, in_channels: int, out_channels: int, heads: int = 1, *,
        dilation: int | Iterable[int] = 1, include_self: bool = True,
        max_per_node: int | None = None, seed: int = 0, dropout: float = 0.0, bias: bool = True,
        root_weight: bool = False,
    ) -> None:
        super().__init__(checks.check_count(in_channels, "in_channels", least=1), out_channels,
                         heads, dropout=dropout, bias=bias, root_weight=root_weight)
        if hasattr(dilation, "tolist"):  # of numpy or torch, a number of theirs too
            dilation = dilation.tolist()
        hops = tuple(dilation) if isinstance(dilation, Iterable) else (dilation,) * heads
        checks.check_hops(hops, "dilation", least=1)
        if len(hops) != heads:
            checks.fail("dilation", f"{len(hops)} distances", f"one, or {heads}, one per head")
        self.dilation = tuple(int(hop) for hop in hops)
        self.include_self = bool(include_self)
        if max_per_node is not None:
            checks.check_count(max_per_node, "max_per_node", least=1)
        self.max_per_node = max_per_node
        self.seed = checks.check_count(seed, "seed")
        #: Heads of each distance, and where each head's output is among those.
        self._groups = {hop: [h for h, other in enumerate(self.dilation) if other == hop]
                        for hop in sorted(set(self.dilation))}
        order = [h for group in self._groups.values() for h in group]
        self._places = [order.index(h) for h in range(heads)]

    def forward(self, x: Tensor, edge_index: Any) -> Tensor:
        """Features of the nodes after attention.

        Args:
            x: Features of the nodes.
            edge_index: The graph.
        """
        checks.check_features(x, self._channels[0])
        q, k, v = self._projected(x, x)
        adjacency = ops.as_adjacency(edge_index, x.size(0), x.size(0))
        outs = []
        for hop, heads in self._groups.items():
            pairs = ops.hop_neighbors(adjacency, [0, hop] if self.include_self else hop,
                                      max_per_node=self.max_per_node, seed=self.seed)
            part = (q, k, v)
            if len(self._groups) > 1:
                part = tuple(t[:, heads] for t in part)
            outs.append(ops.neighbor_attention(*part, pairs.edge_index, dropout=self.dropout,
                                               training=self.training))
        out = outs[0] if len(outs) == 1 else torch.cat(outs, dim=1)[:, self._places]
        return self._joined(out, x)

    def extra_repr(self) -> str:
        hops = self.dilation[0] if len(self._groups) == 1 else list(self.dilation)
        return f"{super().extra_repr()}, dilation={hops}"

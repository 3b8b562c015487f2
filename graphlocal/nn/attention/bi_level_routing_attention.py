"""Attention to the parts of a graph that suit a part best."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ... import ops
from ...graph import checks
from .global_attention import GlobalAttention
from .partition import bfs_partition
from .ragged import attend_groups, borders, buckets, graph_ptr

#: Scores between parts that exist at once.
_SCORES = 1 << 22


class BiLevelRoutingAttention(GlobalAttention):
    r"""The attention of "BiFormer: Vision Transformer with Bi-Level Routing Attention"
    (arXiv:2303.08810), with parts of a graph for the windows of a picture.

    Each part has a mean query and a mean key. The ``topk`` parts :math:`R(p)` of the graph whose
    mean keys suit the mean query of part :math:`p` best are routed to it, and there is dense
    attention of the nodes of :math:`p` to all nodes of those:

    .. math::
        R(p) = \mathrm{topk}_r \left( \bar{\mathbf{q}}_p^{\top} \bar{\mathbf{k}}_r \right), \qquad
        \mathbf{x}^{\prime}_i = \mathbf{W}_o \Big\Vert_{h} \sum_{j \in R(p(i))}
        \mathrm{softmax}_j \left( \frac{\mathbf{q}_{ih}^{\top} \mathbf{k}_{jh}}{\sqrt{D}} \right)
        \mathbf{v}_{jh}

    The choice itself has no gradient. Parts are given, or grown in ``edge_index``
    (:func:`bfs_partition`), or else blocks of nodes as they stand, as in a picture or a sequence;
    with no part left out this is :class:`DenseAttention`. With parts of :math:`s` nodes, time
    grows with :math:`N k s C + (N / s)^2 C` and memory with :math:`N k C`, :math:`k` being
    ``topk``: keys and values are copied for every part they are routed to.

    Args:
        channels: Size of a node's features, in and out.
        heads: Default: ``1``.
        topk: Parts routed to each part. Default: ``4``.
        part_size: Nodes in a part that is not given. Default: ``64``.
        seed: Of the parts grown in ``edge_index``. Default: ``0``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.

    Shapes:
        - **x:** :math:`(N, C)`
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **partition:** :math:`(N)`, the part of each node, any integers *(optional)*
        - **edge_index:** :math:`(2, |\mathcal{E}|)` *(optional)*
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If ``heads`` does not divide ``channels``, ``topk`` or ``part_size`` is too
            small, or inputs do not fit.

    Example:
        >>> attention = BiLevelRoutingAttention(16, heads=4, topk=2, part_size=3)
        >>> attention(torch.randn(9, 16), partition=torch.tensor([0, 0, 1, 1, 1, 2, 2, 3, 3])).shape
        torch.Size([9, 16])
    """

    def __init__(self, channels: int, heads: int = 1, *, topk: int = 4, part_size: int = 64,
                 seed: int = 0, dropout: float = 0.0, bias: bool = True) -> None:
        super().__init__(channels, heads, dropout=dropout, bias=bias)
        self.topk = checks.check_count(topk, "topk", least=1)
        self.part_size = checks.check_count(part_size, "part_size", least=1)
        self.seed = checks.check_count(seed, "seed")

    @torch.compiler.disable  # it depends on sizes and draws throughout
    def forward(self, x: Tensor, batch: Tensor | None = None, *, partition: Tensor | None = None,
                edge_index: Any = None) -> Tensor:
        """Features of the nodes after attention.

        Args:
            x: Features of the nodes.
            batch: The graph of each node. Default: ``None``, all of one.
            partition: The part of each node; nodes of different graphs are never in one part.
                Default: ``None``.
            edge_index: The graph, to grow parts in where none are given. Default: ``None``.
        """
        q, k, v = self._projected(x)
        ptr = graph_ptr(batch, x)
        if ptr is None:
            ptr = torch.tensor([0, x.shape[0]], device=x.device)
        graph = torch.repeat_interleave(ptr.diff())
        part = self._parts(x, batch, ptr, graph, partition, edge_index)
        row = part.argsort(stable=True)
        row = row[graph[row].argsort(stable=True)]  # by graph, then part
        part_ptr = _runs(graph[row], part[row])
        parts_ptr = borders(torch.bincount(graph[row[part_ptr[:-1]]], minlength=len(ptr) - 1))
        if len(x) == 0 or int(parts_ptr.diff().max()) <= self.topk:  # nothing is left out
            out = attend_groups(q, k, v, ptr, ptr, dropout=self._dropout())
            return self.lin_out(out.flatten(1))
        chosen, chosen_ptr = self._routed(q, k, row, part_ptr, parts_ptr)
        width = part_ptr.diff()[chosen]
        key_ptr = borders(width)
        place = torch.arange(int(key_ptr[-1]), device=x.device)
        key_row = row[place + torch.repeat_interleave(part_ptr[chosen] - key_ptr[:-1], width)]
        out = attend_groups(q, k, v, part_ptr, key_ptr[chosen_ptr], dropout=self._dropout(),
                            query_row=row, key_row=key_row)
        return self.lin_out(out.flatten(1))

    def _parts(self, x: Tensor, batch: Tensor | None, ptr: Tensor, graph: Tensor,
               partition: Tensor | None, edge_index: Any) -> Tensor:
        """A number for each node, the same in a part."""
        if partition is not None:
            return checks.check_groups(partition, x, "partition")
        if edge_index is None:
            return (torch.arange(len(x), device=x.device) - ptr[graph]) // self.part_size

        def build() -> Tensor:
            return bfs_partition(edge_index, self.part_size, len(x), batch, self.seed)

        if not isinstance(edge_index, Tensor):
            return build()
        key = ("parts", self.part_size, len(x), self.seed)
        return ops.remember((edge_index, batch), key, build)

    @torch.no_grad()
    def _routed(self, q: Tensor, k: Tensor, row: Tensor, part_ptr: Tensor, parts_ptr: Tensor
                ) -> tuple[Tensor, Tensor]:
        """Parts routed to each part, one list after another, and the borders of the lists."""
        query, key = (ops.segment_reduce(t[row].flatten(1), part_ptr, "mean") for t in (q, k))
        count = parts_ptr.diff()
        width = torch.repeat_interleave(count.clamp(max=self.topk), count)
        chosen_ptr = borders(width)
        chosen = torch.zeros(int(chosen_ptr[-1]), dtype=torch.long, device=row.device)
        for _, index, _ in buckets(parts_ptr, exact=True):  # [S, P], graphs of as many parts
            most = min(self.topk, index.shape[1])
            place = torch.arange(most, device=row.device)
            block = max(1, _SCORES // index.numel())
            for near in index.split(block, dim=1):
                score = query[near] @ key[index].transpose(1, 2)  # [S, block, P]
                best = score.topk(most).indices
                found = index[:, None, :].expand(-1, near.shape[1], -1).gather(2, best)
                chosen[chosen_ptr[near][..., None] + place] = found
        return chosen, chosen_ptr

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, topk={self.topk}, part_size={self.part_size}"


def _runs(*keys: Tensor) -> Tensor:
    """Borders of the runs in which no key changes."""
    size = len(keys[0])
    change = torch.zeros(size, dtype=torch.bool, device=keys[0].device)
    change[:1] = True
    for key in keys:
        change[1:] |= key[1:] != key[:-1]
    return torch.nn.functional.pad(change.nonzero().squeeze(1), (0, 1), value=size)

"""Attention to a random part of all nodes."""

from __future__ import annotations

import torch
from torch import Tensor

from ...graph import checks
from .global_attention import GlobalAttention
from .ragged import attend_groups, borders, graph_ptr


class SubsampledAttention(GlobalAttention):
    r"""The stochastically subsampled attention of "The Information Pathways Hypothesis:
    Transformers are Dynamic Self-Ensembles" (arXiv:2306.01705).

    In training the :math:`n` nodes of each graph are dealt at random into :math:`r` chunks of
    about :math:`n / r`, and there is dense attention within each: a :math:`1/r` of the work. Two
    nodes meet with probability :math:`(n/r - 1)/(n - 1)`, the same for all pairs. Evaluation is
    dense, or the mean over some draws.

    With ``order``, near nodes meet more often: ``piece`` nodes that follow one another in that
    order, such as the one of a breadth-first search, stay together, and pieces are dealt instead
    of nodes. Where the pieces start changes with every draw.

    Time grows with :math:`\sum_g n_g^2 C / r` in training, memory with :math:`N C`; see
    :class:`DenseAttention`, which this is for ``ratio=1``.

    Args:
        channels: Size of a node's features, in and out.
        heads: Default: ``1``.
        ratio: :math:`r`, chunks of a graph; one with fewer nodes has a chunk for each.
            Default: ``4``.
        piece: Nodes that stay together. Default: ``1``.
        draws: Draws whose mean is taken in evaluation, ``0`` for dense attention. They depend on
            ``seed`` and the size of the graph only. Default: ``0``.
        seed: Of the draws in evaluation; in training torch's generator is asked. Default: ``0``.
        dropout: Probability of dropping a weight in training. Default: ``0``.
        bias: Whether the linear maps have one. Default: ``True``.

    Shapes:
        - **x:** :math:`(N, C)`
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **order:** :math:`(N)`, place of each node, any numbers *(optional)*
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If ``heads`` does not divide ``channels``, ``ratio``, ``piece`` or ``draws`` is
            too small, or inputs do not fit.

    Example:
        >>> attention = SubsampledAttention(16, heads=4, ratio=2)
        >>> attention(torch.randn(5, 16)).shape
        torch.Size([5, 16])
    """

    def __init__(self, channels: int, heads: int = 1, *, ratio: int = 4, piece: int = 1,
                 draws: int = 0, seed: int = 0, dropout: float = 0.0, bias: bool = True) -> None:
        super().__init__(channels, heads, dropout=dropout, bias=bias)
        self.ratio = checks.check_count(ratio, "ratio", least=1)
        self.piece = checks.check_count(piece, "piece", least=1)
        self.draws = checks.check_count(draws, "draws")
        self.seed = checks.check_count(seed, "seed", most=2**62)

    @torch.compiler.disable  # it depends on sizes and draws throughout
    def forward(self, x: Tensor, batch: Tensor | None = None, *,
                order: Tensor | None = None) -> Tensor:
        """Features of the nodes after attention.

        Args:
            x: Features of the nodes.
            batch: The graph of each node. Default: ``None``, all of one.
            order: Place of each node among those of its graph, by which nodes stay together.
                Default: ``None``, the order of the rows.
        """
        q, k, v = self._projected(x)
        ptr = graph_ptr(batch, x)
        if ptr is None:
            ptr = torch.tensor([0, x.shape[0]], device=x.device)
        if order is not None:
            order = self._sorted(order, ptr, x)
        if self.ratio == 1 or not (self.training or self.draws):
            out = attend_groups(q, k, v, ptr, ptr, dropout=self._dropout())
        elif self.training:
            out = self._drawn(q, k, v, ptr, order, None)
        else:
            out = sum(self._drawn(q, k, v, ptr, order, draw)
                      for draw in range(self.draws)) / self.draws
        return self.lin_out(out.flatten(1))

    def _drawn(self, q: Tensor, k: Tensor, v: Tensor, ptr: Tensor, order: Tensor | None,
               draw: int | None) -> Tensor:
        row, chunk_ptr = self._chunks(ptr, draw)
        if order is not None:
            row = order[row]
        return attend_groups(q, k, v, chunk_ptr, chunk_ptr, dropout=self._dropout(), query_row=row,
                             key_row=row)

    def _chunks(self, ptr: Tensor, draw: int | None) -> tuple[Tensor, Tensor]:
        """Rows in their order, chunk after chunk, and the borders of the chunks."""
        size = ptr.diff()
        graph = torch.repeat_interleave(size)
        place = torch.arange(len(graph), device=ptr.device) - ptr[graph]
        pieces = (size + 2 * self.piece - 2) // self.piece  # one may be cut in two by the shift
        shift = self._number(size * 0, draw, self.piece)
        which = (place + shift[graph]) // self.piece
        piece_ptr = borders(pieces)
        owner = torch.repeat_interleave(pieces)
        local = torch.arange(len(owner), device=ptr.device) - piece_ptr[owner]
        key = self._number(local + 1, draw, 2**62)[piece_ptr[graph] + which]
        row = key.argsort(stable=True)
        row = row[graph[row].argsort(stable=True)]  # by graph, key, and place within a piece
        chunks = size.clamp(max=self.ratio)
        owner = torch.repeat_interleave(chunks)
        chunk = torch.arange(len(owner), device=ptr.device) - borders(chunks)[owner]
        width = size[owner] // chunks[owner] + (chunk < size[owner] % chunks[owner])
        return row, borders(width)

    def _number(self, counter: Tensor, draw: int | None, most: int) -> Tensor:
        """Random numbers below ``most``: torch's in training, else those of a counter."""
        if draw is None:
            return torch.randint(most, counter.shape, device=counter.device)
        start = _mixed(_mixed(torch.full_like(counter, self.seed)) + draw)
        return _mixed(start + counter) % most

    def _sorted(self, order: Tensor, ptr: Tensor, x: Tensor) -> Tensor:
        if not isinstance(order, Tensor) or order.shape != x.shape[:1]:
            got = f"shape {tuple(order.shape)}" if isinstance(order, Tensor) else repr(order)
            checks.fail("order", got, f"a tensor of shape ({x.shape[0]},), one place per node")
        row = order.to(x.device).argsort(stable=True)
        graph = torch.repeat_interleave(ptr.diff())
        return row[graph[row].argsort(stable=True)]

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, ratio={self.ratio}, piece={self.piece}"


def _mixed(value: Tensor) -> Tensor:
    """Numbers of 62 bits that look random, by the finaliser of SplitMix64."""
    for shift, factor in ((30, -0x40A7B892E31B1A47), (27, -0x6B2FB644ECCEEE15), (31, 1)):
        value = (value ^ ((value >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return value & (2**62 - 1)

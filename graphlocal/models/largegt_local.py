"""The local module of LargeGT: attention over the tokens of a node's sampled neighbourhood."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ..graph.checks import check_count, check_fraction, fail
from ..nn.dropout import Dropout


class TokenLayer(nn.Module):
    r"""One layer of attention among the tokens of a sequence, normalised first, without a
    feed-forward part.

    .. math::
        \mathbf{t}' = \mathbf{W}_{res} \mathbf{t} + \mathbf{W}_o \,
        \mathrm{Att}(\mathrm{LN}(\mathbf{t}))

    Each head has ``channels`` channels of its own, so that the output has ``heads * channels``.

    Args:
        in_channels: Size of a token.
        channels: Size of a head.
        heads: Number of heads.
        dropout: Of the attention's output and of the layer's.
        attn_dropout: Of the attention weights.

    Shapes:
        - **tokens:** :math:`(*, C_{in})`
        - **output:** :math:`(B, L, H \cdot C)`
    """

    def __init__(self, in_channels: int, channels: int, heads: int, dropout: float,
                 attn_dropout: float) -> None:
        super().__init__()
        width = heads * channels
        self.channels, self.heads, self.attn_dropout = channels, heads, attn_dropout
        self.norm = nn.LayerNorm(in_channels)
        self.lin_qkv = nn.Linear(in_channels, 3 * width)
        self.lin_out = nn.Linear(width, width)
        self.lin_skip = nn.Linear(in_channels, width)
        self.dropout = Dropout(dropout)

    def project(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Queries, keys and values side by side, and the residual: what needs no neighbour."""
        return self.lin_qkv(self.norm(tokens)), self.lin_skip(tokens)

    def attend(self, qkv: Tensor, skip: Tensor) -> Tensor:
        """The layer's output, of :meth:`project`'s brought into sequences ``[B, L, ...]``."""
        rows, length, _ = qkv.shape
        q, k, v = qkv.view(rows, length, 3, self.heads, self.channels).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(
            q, k, v, dropout_p=self.attn_dropout if self.training else 0.0)  # [B, H, L, C]
        out = out.transpose(1, 2).reshape(rows, length, self.heads * self.channels)
        return self.dropout(skip + self.dropout(self.lin_out(out)))


class TokenEncoder(nn.Module):
    r"""Sequences of tokens to one vector each: an embedding, layers of attention, and a readout in
    which the first token asks all others.

    .. math::
        \mathbf{y} = \mathbf{o}_0 + \sum_{j \ge 1} a_j \mathbf{o}_j, \quad
        a = \mathrm{softmax}_j(\mathbf{w}^{\top} \mathbf{o}_j)

    The local module of "Graph Transformers for Large Graphs" (arXiv:2312.11109). Its readout scores
    :math:`\mathbf{w}^{\top} [\mathbf{o}_0 \Vert \mathbf{o}_j] + b`; what does not depend on ``j``
    cancels in the softmax, so it has no parameters here.

    Args:
        in_channels: Size of a token.
        channels: Size of an embedding, and of a head.
        heads: Number of heads. Default: ``2``.
        num_layers: Number of layers. Default: ``1``.
        in_dropout: Inside the embedding. Default: ``0.5``.
        dropout: After attention and after each layer. Default: ``0.3``.
        attn_dropout: Of the attention weights. Default: ``0``.
        chunk_size: Sequences encoded at once in training; what is needed of the others for the
            gradient is computed again, a third more work in a fraction of the memory. ``None``
            takes all at once. Default: ``None``.
        node_only_readout: Whether the first token asks only the other nodes' first tokens.
            Default: ``False``.
        num_marks: Tokens :math:`T` of a node, to add to each a learned vector that says which of
            them it is, and whether of the sequence's own node. Default: ``0``, no marks.

    Shapes:
        - **tokens:** :math:`(B, K, T, F_{in})`, or :math:`(U, T, F_{in})` with **index**
        - **index:** :math:`(B, K)`, rows of **tokens** *(optional)*
        - **output:** :math:`(B, H \cdot C)`

    Raises:
        GraphError: If a setting is out of range.

    Example:
        >>> encoder = TokenEncoder(8, 16)
        >>> encoder(torch.randn(4, 5, 3, 8)).shape
        torch.Size([4, 32])
        >>> encoder(torch.randn(7, 3, 8), torch.randint(7, (4, 5))).shape
        torch.Size([4, 32])
    """

    def __init__(
        self, in_channels: int, channels: int, heads: int = 2, num_layers: int = 1, *,
        in_dropout: float = 0.5, dropout: float = 0.3, attn_dropout: float = 0.0,
        chunk_size: int | None = None, node_only_readout: bool = False, num_marks: int = 0,
    ) -> None:
        super().__init__()
        self.num_layers = check_count(num_layers, "num_layers", least=1)
        channels = check_count(channels, "channels", least=1)
        heads = check_count(heads, "heads", least=1)
        check_fraction(in_dropout, "dropout")
        check_fraction(dropout, "local_dropout")
        check_fraction(attn_dropout, "attn_dropout")
        if chunk_size is not None:
            chunk_size = check_count(chunk_size, "chunk_size", least=1)
        self.chunk_size, self.node_only_readout = chunk_size, bool(node_only_readout)
        self.out_channels = heads * channels
        sizes = [channels, *[self.out_channels] * self.num_layers]
        self.embed = nn.Sequential(nn.Linear(in_channels, channels), nn.ReLU(),
                                   Dropout(in_dropout), nn.Linear(channels, channels))
        self.lin_in = nn.Linear(channels, channels)
        self.layers = nn.ModuleList(TokenLayer(size, channels, heads, dropout, attn_dropout)
                                    for size, _ in pairwise(sizes))
        self.norm = nn.LayerNorm(self.out_channels)
        self.readout = nn.Linear(self.out_channels, 1, bias=False)
        marks = torch.empty(2, num_marks, channels)  # of the own node, of the others
        self.marks = nn.Parameter(marks) if num_marks else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws all weights anew; behind the embedding small ones, smaller in a deeper stack."""
        if self.marks is not None:
            nn.init.normal_(self.marks, std=0.02)
        embedding = set(self.embed.modules())
        for module in self.modules():
            if isinstance(module, nn.LayerNorm) or (
                    isinstance(module, nn.Linear) and module in embedding):
                module.reset_parameters()
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02 / self.num_layers ** 0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, tokens: Tensor, index: Tensor | None = None) -> Tensor:
        """Encodes sequences ``tokens[index]``, or ``tokens`` as they stand."""
        if tokens.dim() != (4 if index is None else 3):
            fail("tokens", f"shape {tuple(tokens.shape)}",
                 "shape (B, K, T, F), or (U, T, F) with an index (B, K)")
        if self.marks is not None and tokens.size(-2) != self.marks.size(1):
            fail("tokens", f"{tokens.size(-2)} for a node", f"{self.marks.size(1)}, one per mark")
        if index is None:
            return self._in_chunks(self._encode_all, tokens)
        # A node drawn by several sequences is projected once, with one dropout mask for all.
        embedded = self.lin_in(self.embed(tokens))
        first = self.layers[0].project(self._mark(embedded, own=False))
        if self.marks is None:
            return self._in_chunks(self._encode_drawn, index, *first)
        return self._in_chunks(self._encode_drawn, index, *first, embedded)

    def _mark(self, tokens: Tensor, own: bool) -> Tensor:
        return tokens if self.marks is None else tokens + self.marks[0 if own else 1]

    def _encode_all(self, tokens: Tensor) -> Tensor:
        kinds = tokens.size(2)
        embedded = self.lin_in(self.embed(tokens))
        if self.marks is not None:
            embedded = torch.cat([self._mark(embedded[:, :1], own=True),
                                  self._mark(embedded[:, 1:], own=False)], dim=1)
        return self._finish(*self.layers[0].project(embedded.flatten(1, 2)), kinds)

    def _encode_drawn(self, index: Tensor, qkv: Tensor, skip: Tensor,
                      embedded: Tensor | None = None) -> Tensor:
        rows, kinds = index.size(0), qkv.size(1)
        drawn = index if embedded is None else index[:, 1:]
        length = drawn.size(1) * kinds
        sequences = [part.index_select(0, drawn.reshape(-1)).view(rows, length, part.size(2))
                     for part in (qkv, skip)]
        if embedded is not None:
            own = self.layers[0].project(self._mark(embedded[index[:, 0]], own=True))
            sequences = [torch.cat(parts, dim=1) for parts in zip(own, sequences, strict=True)]
        return self._finish(*sequences, kinds)

    def _finish(self, qkv: Tensor, skip: Tensor, kinds: int) -> Tensor:
        first, *others = self.layers
        tokens = first.attend(qkv, skip)
        for layer in others:
            tokens = layer.attend(*layer.project(tokens))
        tokens = self.norm(tokens)
        own, rest = tokens[:, 0], tokens[:, 1:]
        if self.node_only_readout:
            rest = tokens[:, kinds::kinds]
        if rest.size(1) == 0:
            return own
        share = self.readout(rest).softmax(dim=1)  # [B, L - 1, 1]
        return own + (share.transpose(1, 2) @ rest).squeeze(1)

    def _in_chunks(self, encode, rows: Tensor, *shared: Tensor) -> Tensor:
        size = self.chunk_size
        if size is None or rows.size(0) <= size:
            return encode(rows, *shared)
        if not torch.is_grad_enabled():
            return torch.cat([encode(part, *shared) for part in rows.split(size)])
        return torch.cat([checkpoint(encode, part, *shared, use_reentrant=False)
                          for part in rows.split(size)])

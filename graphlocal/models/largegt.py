"""LargeGT: attention over sampled neighbourhoods, joined with attention over a codebook."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ..graph.checks import (
    check_choice,
    check_count,
    check_features,
    check_fraction,
    check_tokens,
    fail,
)
from ..nn.attention import CodebookAttention
from ..nn.batch_norm import JointBatchNorm1d
from ..nn.dropout import Dropout
from .largegt_local import TokenEncoder

ConvType = Literal["full", "local", "global"]


class LargeGT(nn.Module):
    r"""The network of "Graph Transformers for Large Graphs" (arXiv:2312.11109), on node batches.

    The local module attends over the tokens of nodes sampled within two hops, each node with a
    token for its own features and one for each of its smoothed features. The global module attends
    over a codebook that stands for all nodes. A feed-forward network joins both:

    .. math::
        \mathbf{y} = \mathrm{FFN}\left(\mathrm{Local}(\mathbf{s}) \,\Vert\,
        \mathrm{Global}(\mathbf{W} \mathbf{x} \,\Vert\, \mathbf{p})\right)

    The cost of a batch does not depend on the size of the graph. :class:`HopTokens` makes the
    batches. Where the paper's code differs from its purpose, this network does not follow it:
    parameters that nothing reads are not there, ``num_layers`` above 1 and batches of one node
    work, the codebook starts from data and dead centroids are masked, and batch statistics and
    codebook are those of the joint batch where several processes train. What can be had as in that
    code: counts of random assignments (``counts="reference"``), one draw of tokens for all epochs
    (``HopTokens(resample=False)``), its normalisation of directed graphs
    (``direction="reference"``). Tokens are its own by default: neighbours that are two hops away as
    well are candidates twice, and so is the node once more.

    Args:
        in_channels: Size of a node's features.
        hidden_channels: Size of embeddings, and of a head.
        out_channels: Number of classes, or 1.
        heads: Number of heads of both modules. Default: ``2``.
        num_layers: Layers of attention among tokens. Default: ``1``.
        conv_type: ``"full"``, or one module alone: ``"local"``, ``"global"``. Default: ``"full"``.
        global_channels: Size of the features the codebook sees. Default: ``64``.
        pos_channels: Size of the positions of nodes. Default: ``0``, without any.
        num_centroids: Size of the codebook. Default: ``4096``.
        decay: Of the codebook's moving averages. Default: ``0.99``.
        counts: What the codebook's log-count bias counts, see
            :class:`~graphlocal.nn.attention.CodebookAttention`; the paper's code does
            ``"reference"``. Default: ``"ema"``.
        num_nodes: Of the graph, where ``counts`` is not ``"ema"``. Default: ``None``.
        dropout: In the embeddings and the joining network. Default: ``0.5``.
        local_dropout: In the local module. Default: ``0.3``.
        attn_dropout: Of attention weights. Default: ``0``.
        node_only_readout: Whether the readout looks at the sampled nodes' own features only.
            Default: ``False``.
        token_marks: Whether a learned vector tells a token's hop, and the node's own tokens from
            those of sampled nodes, which the paper's network cannot. Default: ``False``.
        num_hops: Hops of smoothing, for the marks. Default: ``2``.
        chunk_size: Sequences that the local module encodes at once in training, to save memory.
            Default: ``None``, all.

    Shapes:
        - **hops:** :math:`(B, K, T, F_{in})`, or :math:`(U, T, F_{in})` with **tokens**
        - **tokens:** :math:`(B, K)`, rows of **hops**, a node's own first *(optional)*
        - **pos_enc:** :math:`(B, F_{pos})` *(optional)*
        - **n_id:** :math:`(B)`, numbers of the nodes, where ``counts`` is not ``"ema"``
        - **output:** :math:`(B, F_{out})`

    Raises:
        GraphError: If a setting is out of range, or an input does not fit.

    Example:
        >>> from graphlocal.models import HopTokens
        >>> edge_index = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
        >>> batches = HopTokens(torch.randn(4, 8), edge_index, num_tokens=3)
        >>> model = LargeGT(8, 16, 5, num_centroids=4)
        >>> model(*batches(torch.tensor([0, 2]))).shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        *,
        heads: int = 2,
        num_layers: int = 1,
        conv_type: ConvType = "full",
        global_channels: int = 64,
        pos_channels: int = 0,
        num_centroids: int = 4096,
        decay: float = 0.99,
        counts: Literal["ema", "assigned", "reference"] = "ema",
        num_nodes: int | None = None,
        dropout: float = 0.5,
        local_dropout: float = 0.3,
        attn_dropout: float = 0.0,
        node_only_readout: bool = False,
        token_marks: bool = False,
        num_hops: int = 2,
        chunk_size: int | None = None,
    ) -> None:
        super().__init__()
        self.in_channels = check_count(in_channels, "in_channels", least=1)
        self.hidden_channels = check_count(hidden_channels, "hidden_channels", least=1)
        self.out_channels = check_count(out_channels, "out_channels", least=1)
        self.heads = check_count(heads, "heads", least=1)
        self.conv_type: ConvType = check_choice(conv_type, "conv_type", ("full", "local", "global"))
        self.pos_channels = check_count(pos_channels, "pos_channels")
        check_fraction(dropout, "dropout")
        width = heads * hidden_channels
        self.local = self.embed = self.codebook = None
        if conv_type != "global":
            self.local = TokenEncoder(
                in_channels, hidden_channels, heads, num_layers, in_dropout=dropout,
                dropout=local_dropout, attn_dropout=attn_dropout, chunk_size=chunk_size,
                node_only_readout=node_only_readout,
                num_marks=check_count(num_hops, "num_hops") + 1 if token_marks else 0)
        if conv_type != "local":
            check_count(global_channels, "global_channels", least=1)
            self.embed = nn.Sequential(
                nn.Linear(in_channels, hidden_channels), JointBatchNorm1d(hidden_channels),
                nn.ReLU(), Dropout(dropout), nn.Linear(hidden_channels, hidden_channels),
                nn.Linear(hidden_channels, global_channels))
            self.codebook = CodebookAttention(
                global_channels, heads, num_centroids, out_channels=width,
                position_channels=pos_channels, counts=counts, num_nodes=num_nodes, decay=decay,
                dropout=attn_dropout, project=False)
        self.out = nn.Sequential(
            nn.Linear(2 * width if conv_type == "full" else width, width),
            JointBatchNorm1d(width), nn.ReLU(), Dropout(dropout),
            nn.Linear(width, hidden_channels), JointBatchNorm1d(hidden_channels), nn.ReLU(),
            Dropout(dropout), nn.Linear(hidden_channels, out_channels))

    def reset_parameters(self) -> None:
        """Draws all weights anew and forgets the codebook."""
        for module in (self.local, self.codebook, *(self.embed or ()), *self.out):
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()

    def forward(self, hops: Tensor, tokens: Tensor | None = None, pos_enc: Tensor | None = None,
                n_id: Tensor | None = None) -> Tensor:
        """Logits of a batch of nodes.

        Args:
            hops: Features of the sampled nodes, and after one hop, two hops, ...
            tokens: Rows of ``hops`` that make up each sequence. Default: ``None``, where ``hops``
                are sequences.
            pos_enc: Positions of the nodes. Default: ``None``.
            n_id: Numbers of the nodes. Default: ``None``.
        """
        check_tokens(hops, tokens, self.in_channels)
        parts = []
        if self.local is not None:
            parts.append(self.local(hops, tokens))
        if self.codebook is not None:
            own = hops[:, 0, 0] if tokens is None else hops[tokens[:, 0], 0]
            position = None
            if self.pos_channels:
                position = check_features(pos_enc, self.pos_channels, "pos_enc")
                if len(position) != len(own):
                    fail("pos_enc", f"{len(position)} rows", f"{len(own)}, one per node")
            parts.append(self.codebook(self.embed(own), position=position, node_id=n_id))
        return self.out(torch.cat(parts, dim=1))

    def __repr__(self) -> str:
        return (f"{type(self).__name__}({self.in_channels}, {self.hidden_channels}, "
                f"{self.out_channels}, heads={self.heads}, conv_type={self.conv_type!r})")

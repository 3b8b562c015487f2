"""Graph Mamba Networks."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..graph import checks
from ..nn.ssm import LocalEncoder, TokenScan, WalkEncoder, WalkTokenizer, WalkTokens, order_tokens
from ..nn.ssm.order_nodes import places
from ..ops import as_adjacency, remember
from .feature_encoder import Features
from .frame import edge_arguments
from .layer_choice import Factory, local_layer
from .local_layer import LocalLayer
from .scan_model import ScanModel


class GMN(ScanModel):
    r"""The network of "Graph Mamba: Towards Learning on Graphs with State Space Models"
    (arXiv:2402.08678).

    With :math:`m = 0` nodes are the tokens: blocks of a local layer and a scan in both directions
    along all nodes sorted by degree. With :math:`m \geq 1` every node first has :math:`1 + sm`
    tokens, subgraphs of the neighbourhoods that walks of length :math:`0, \ldots, m` uncover; they
    are encoded, scanned from far to near, and what stands at the last, the node itself, goes on:

    .. math::
        \mathbf{Y}_v &= \mathrm{BiMamba}(\mathbf{t}_v^{sm}, \ldots, \mathbf{t}_v^{1},
        \mathbf{t}_v^{0})_{\mathrm{last}} \\
        \mathbf{Y}^{\prime} &= \mathbf{P}^{\top} \mathrm{BiMamba}(\mathbf{P} \mathbf{Y}) +
        \mathrm{MPNN}(\mathbf{X}, \mathcal{E})

    Without a scan (``scan=False``) what is left is the MPNN: the blocks' local layers, or with
    :math:`m \geq 1` the second term alone.

    Args:
        in_channels: Number of columns of ``x``; or, for integers, how many kinds each column has;
            ``"atom"`` for OGB's molecules.
        hidden_channels: Size of all layers.
        out_channels: Number of outputs.
        num_layers: Number of blocks, and of layers of the MPNN. Default: ``2``.
        m: Longest walk; 0 for nodes as tokens. Default: ``0``.
        M: Walks that make up a token. Default: ``4``.
        s: Tokens of each length. Default: ``1``.
        token_encoder: Layer on the subgraphs, by a name ``local`` takes or as a function that makes
            one; ``None`` to pool features; ``"walk"`` for
            :class:`~graphlocal.nn.ssm.WalkEncoder`. Default: ``"gin"``.
        pooling: ``"mean"`` or ``"sum"`` over a subgraph. Default: ``"mean"``.
        token_layers: Blocks of the scan along tokens. Default: ``1``.
        window: Of the walk encoder. Default: ``4``.
        resample: Whether every training step draws new tokens; else one draw serves for ever, the
            same for a graph in any batch.
            Default: ``False``.
        non_backtracking: Whether walks never turn back unless they must. Default: ``False``.
        portion: Nodes whose tokens are encoded at once; their intermediate values are computed anew
            for the gradient, so that memory grows with the portion. ``None`` for all.
            Default: ``None``.
        local: As in :class:`ScanModel`. Default: ``"gin"``.
        seed: Names the walks and the orders of evaluation. Default: ``0``.
        **kwargs: Of :class:`ScanModel`.

    Shapes:
        - **x:** :math:`(N, F_{in})`
        - **edge_index:** :math:`(2, E)`, or whatever the local layer takes
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **output:** :math:`(N, F_{out})`, or :math:`(G, F_{out})` with a readout

    Raises:
        GraphError: If an argument is unknown or out of range, or an input does not fit.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> GMN(8, 16, 3)(torch.randn(3, 8), path).shape
        torch.Size([3, 3])
        >>> GMN(8, 16, 3, m=2, M=3, s=2, local=None)(torch.randn(3, 8), path).shape
        torch.Size([3, 3])
    """

    def __init__(
        self, in_channels: Features, hidden_channels: int, out_channels: int, num_layers: int = 2,
        *, m: int = 0, M: int = 4, s: int = 1, token_encoder: str | Factory | None = "gin",
        pooling: Literal["mean", "sum"] = "mean", token_layers: int = 1, window: int = 4,
        resample: bool = False, non_backtracking: bool = False, portion: int | None = None,
        local: str | Factory | None = "gin", seed: int = 0, **kwargs: Any,
    ) -> None:
        tokenizer = WalkTokenizer(m, M, s, seed, non_backtracking=non_backtracking)
        with_edges = kwargs.get("edge_dim") is not None
        tokens = tokenizer.m > 0
        if tokens and with_edges and local is None and token_encoder is None:
            checks.fail("local", "None, as token_encoder", "a layer, for edge_dim asks for one")
        super().__init__(in_channels, hidden_channels, out_channels, num_layers, local=local,
                         blocks_local=not tokens, seed=seed, **kwargs)
        self.tokenizer, self.resample = tokenizer, bool(resample)
        self.portion = None if portion is None else checks.check_count(portion, "portion", least=1)
        channels = self.hidden_channels
        self.token_encoder = self.token_scan = self.mpnn = None
        # Draws made in training so far: the next one is another, after an interruption too.
        self.register_buffer("draws", torch.zeros((), dtype=torch.long))
        if not tokens:
            return
        width = channels if with_edges else None
        heads = kwargs.get("heads", 4)
        if self.scan and token_encoder == "walk":
            self.token_encoder = WalkEncoder(channels, window=window, edge_dim=width)
        elif self.scan:
            # A layer that takes no features of edges leaves them to the others.
            conv = None if token_encoder is None else local_layer(
                token_encoder, channels, heads, 0.0, width, {})
            self.token_encoder = LocalEncoder(channels, conv, pooling=pooling)
        if self.scan:
            self.token_scan = TokenScan(
                channels, token_layers, bidirectional=kwargs.get("bidirectional", True),
                **{name: kwargs[name] for name in ("d_state", "d_conv") if name in kwargs},
                expand=kwargs.get("expand", 1))
        if local is not None:
            self.mpnn = nn.ModuleList(LocalLayer(
                channels, local_layer(local, channels, heads, kwargs.get("attention_dropout", 0.0),
                                      width, kwargs.get("local_options") or {}),
                residual=True, dropout=self.dropout, act=kwargs.get("act", "relu"))
                for _ in range(self.num_layers))

    def hidden(self, h: Tensor, edge_index: Any, batch: Tensor | None,
               edge_attr: Tensor | None) -> Tensor:
        """Channels of the nodes after all stages."""
        if self.tokenizer.m == 0:
            return super().hidden(h, edge_index, batch, edge_attr)
        y = None
        if self.scan:
            y = self._local_stage(h, edge_index, batch, edge_attr)
            y = super().hidden(y, edge_index, batch, None)
        if self.mpnn is None:
            return h if y is None else y
        for layer in self.mpnn:
            h = layer(h, edge_index, **edge_arguments(edge_attr))
        return h if y is None else y + h

    def _local_stage(self, h: Tensor, edge_index: Any, batch: Tensor | None,
                     edge_attr: Tensor | None) -> Tensor:
        """What the scan along the tokens of each node leaves."""
        adjacency = as_adjacency(edge_index, h.size(0), h.size(0))
        epoch = 0
        if self.resample and self.training:
            self.draws += 1
            epoch = int(self.draws)
        size = max(1, h.size(0) if self.portion is None else self.portion)
        parts = torch.arange(h.size(0), device=h.device).split(size)
        rows, place = [], None if batch is None else places(batch, h.size(0), h.device)
        for number, nodes in enumerate(parts):
            def draw(nodes: Tensor = nodes) -> Any:
                return self._draw(adjacency, nodes, epoch, None if place is None else place[nodes])

            drawn = draw() if epoch else remember(
                (adjacency.rowptr, adjacency.col, batch), ("tokens", self._key(), size, number),
                draw)
            if self.portion is None or not torch.is_grad_enabled():
                rows.append(self._read(h, edge_attr, nodes, drawn, adjacency))
            else:
                rows.append(checkpoint(self._read, h, edge_attr, nodes, drawn, adjacency,
                                       use_reentrant=False))
        return torch.cat(rows)

    def _key(self) -> tuple[Any, ...]:
        t = self.tokenizer
        return (t.m, t.M, t.s, t.seed, t.non_backtracking,
                isinstance(self.token_encoder, WalkEncoder))

    def _draw(self, graph: Any, nodes: Tensor, epoch: int,
              names: Tensor | None) -> WalkTokens | list[Tensor]:
        """Tokens of these nodes, or the walks behind them."""
        if isinstance(self.token_encoder, WalkEncoder):
            return self.tokenizer.walks(graph, nodes, epoch=epoch, names=names)
        return self.tokenizer(graph, nodes, epoch=epoch, names=names)

    def _read(self, h: Tensor, edge_attr: Tensor | None, nodes: Tensor,
              drawn: WalkTokens | list[Tensor], graph: Any) -> Tensor:
        if isinstance(self.token_encoder, WalkEncoder):
            tokens = self.token_encoder(h, nodes, drawn, graph, edge_attr)
        else:
            tokens = self.token_encoder(h, drawn, edge_attr, graph)
        tokens = tokens.view(len(nodes), self.tokenizer.tokens_per_node, self.hidden_channels)
        return self.token_scan(order_tokens(tokens, self.tokenizer.s, shuffle=self.training))

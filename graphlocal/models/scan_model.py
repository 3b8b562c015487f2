"""A stack of blocks, each with a layer of the neighbourhood and a scan along all nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor, nn

from ..graph import checks
from ..nn.attention import LocalGlobalBlock
from ..nn.ssm import NodeScan
from ..nn.ssm.order_nodes import NodeOrder
from .feature_encoder import Features
from .frame import ModelFrame, Readout, edge_arguments
from .layer_choice import Factory, local_layer


class ScanModel(ModelFrame):
    r"""Blocks of a local layer, a selective scan along the nodes of each graph, and a feed-forward
    network: what :class:`GMN`, :class:`GraphMamba` and :class:`LaMamba` are made of.

    Every part can be left out: the scan (``scan=False``), one of its directions
    (``bidirectional=False``), the local layer (``local=None``), the order (``order="random"``), the
    encodings, the feed-forward network (``ffn=None``).

    Args:
        in_channels: Number of columns of ``x``; or, for integers, how many kinds each column has;
            ``"atom"`` for OGB's molecules.
        hidden_channels: Size of all layers.
        out_channels: Number of outputs.
        num_layers: Number of blocks. Default: ``2``.
        local: ``"attention"``, ``"gat"``, ``"gatv2"``, ``"gin"`` and ``"gated-gcn"`` (which take
            features of edges), ``"gcn"``, ``"sage"``, ``None``, or a function that makes a layer of
            so many channels. Default: ``"gin"``.
        heads: Of local attention. Default: ``4``.
        scan: Whether there is a scan at all. Default: ``True``.
        order: ``"degree"``, ``"ppr"``, ``"core"``, ``"eigenvector"``, ``"orbit"`` or ``"random"``,
            see :func:`~graphlocal.nn.ssm.order_nodes`. Default: ``"degree"``.
        noise: Whether nodes of equal keys come in random order. Default: ``True``.
        descending: Whether the largest keys come first. Default: ``False``.
        bidirectional: Whether the scan has two directions. Default: ``True``.
        num_orders: Orders averaged in evaluation. Default: ``1``.
        buckets: Sequences each graph's nodes are divided into. Default: ``1``.
        d_state: States per channel. Default: ``16``.
        d_conv: Length of the convolution ahead of the scan. Default: ``4``.
        expand: Inner channels per channel. Default: ``1``.
        ffn: Width of the feed-forward networks in multiples of ``hidden_channels``, or ``None``.
            Default: ``2.0``.
        norm: ``"layer"``, ``"batch"``, ``"graph"`` or ``None``. Default: ``"layer"``.
        norm_first: Whether it comes before the layers. Default: ``True``.
        fusion: How a block joins near and far: ``"sum"``, ``"concat"``, ``"gate"`` or
            ``"sequence"``. Default: ``"sum"``.
        act: Activation, by any name PyG knows, or a function. Default: ``"relu"``.
        dropout: After every layer. Default: ``0``.
        input_dropout: Of the features. Default: ``0``.
        attention_dropout: Of attention weights. Default: ``0``.
        edge_dim: Number of columns of ``edge_attr``, or the number of kinds in each; ``"bond"``
            for OGB's molecules. Default: ``None``, edges have no features.
        encodings: For each attribute of the data with an encoding of position or structure, a
            module of :mod:`graphlocal.nn.encoding`, or its number of columns. Default: ``None``.
        readout: ``"mean"``, ``"sum"``, ``"max"`` or ``"attention"`` over the nodes of each graph;
            ``None`` for outputs of nodes. Default: ``None``.
        local_options: Further arguments of the local layers named. Default: ``None``.
        seed: Names the orders of evaluation. Default: ``0``.
        blocks_local: Whether the blocks have the local layer; without, a model that derives from
            this one has it elsewhere. Default: ``True``.

    Shapes:
        - **x:** :math:`(N, F_{in})`
        - **edge_index:** :math:`(2, E)`, or whatever the local layer takes
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **edge_attr:** :math:`(E, F_e)` *(optional)*
        - **encodings:** each :math:`(N, F)`
        - **output:** :math:`(N, F_{out})`, or :math:`(G, F_{out})` with a readout

    Raises:
        GraphError: If an argument is unknown or out of range, or an input does not fit.

    Example:
        >>> import torch
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> ScanModel(8, 16, 3, local="gcn")(torch.randn(3, 8), path).shape
        torch.Size([3, 3])
    """

    def __init__(
        self,
        in_channels: Features,
        hidden_channels: int,
        out_channels: int,
        num_layers: int = 2,
        *,
        local: str | Factory | None = "gin",
        heads: int = 4,
        scan: bool = True,
        order: NodeOrder = "degree",
        noise: bool = True,
        descending: bool = False,
        bidirectional: bool = True,
        num_orders: int = 1,
        buckets: int = 1,
        d_state: int = 16,
        d_conv: int = 4,
        expand: int = 1,
        ffn: float | None = 2.0,
        norm: Literal["layer", "batch", "graph"] | None = "layer",
        norm_first: bool = True,
        fusion: Literal["sum", "concat", "gate", "sequence"] = "sum",
        act: Any = "relu",
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        attention_dropout: float = 0.0,
        edge_dim: Features | None = None,
        encodings: Mapping[str, int | nn.Module] | None = None,
        readout: Readout | None = None,
        local_options: Mapping[str, Any] | None = None,
        seed: int = 0,
        blocks_local: bool = True,
    ) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, edge_dim=edge_dim,
                         encodings=encodings, readout=readout, dropout=dropout,
                         input_dropout=input_dropout)
        self.num_layers = checks.check_count(num_layers, "num_layers", least=1)
        heads = checks.check_count(heads, "heads", least=1)
        checks.check_fraction(attention_dropout, "attention_dropout")
        if local is None and edge_dim is not None and blocks_local:
            checks.fail("local", "None", "a layer, for edge_dim asks for one")
        channels = self.hidden_channels
        self.scan = bool(scan)
        width = None if edge_dim is None else channels

        def near() -> nn.Module | None:
            return None if local is None else local_layer(
                local, channels, heads, attention_dropout, width, local_options or {})

        def far() -> NodeScan | None:
            return NodeScan(channels, order, bidirectional=bidirectional, noise=noise,
                            descending=descending, num_orders=num_orders, buckets=buckets,
                            seed=seed, d_state=d_state, d_conv=d_conv, expand=expand
                            ) if scan else None

        self.blocks = nn.ModuleList(
            LocalGlobalBlock(channels, near() if blocks_local else None, far(), ffn=ffn, norm=norm,
                             norm_first=norm_first, fusion=fusion, dropout=dropout, act=act)
            for _ in range(self.num_layers if blocks_local or self.scan else 0))
        # What norms before each layer leave to grow is normed once at the end.
        self.norm = nn.LayerNorm(channels) if norm_first and norm is not None else None
        self.add_head(readout, act)

    def hidden(self, h: Tensor, edge_index: Any, batch: Tensor | None,
               edge_attr: Tensor | None) -> Tensor:
        """Channels of the nodes after the blocks."""
        for block in self.blocks:
            h = block(h, edge_index, batch, **edge_arguments(edge_attr))
        return h if self.norm is None else self.norm(h)

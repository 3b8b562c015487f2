"""A graph transformer for nodes and for graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..graph import checks
from ..nn.activation import activation
from ..nn.attention import LocalGlobalBlock
from .feature_encoder import Features
from .frame import ModelFrame, Readout, edge_arguments
from .layer_choice import Factory, global_layer, local_layer
from .local_layer import LocalLayer


class GraphTransformer(ModelFrame):
    r"""A stack of blocks that look near and far, as in "Recipe for a General, Powerful, Scalable
    Graph Transformer" (arXiv:2205.12454), behind a deep stage that looks near only, as in
    "Polynormer: Polynomial-Expressive Graph Transformer in Linear Time" (arXiv:2403.01232).

    Features become ``hidden_channels`` columns, to which encodings of position and structure are
    added; ``local_layers`` layers of the neighbourhood follow, then ``num_layers``
    :class:`~graphlocal.nn.attention.LocalGlobalBlock`\ s, a norm, and a linear map to the outputs
    of each node, or, with a readout, of each graph.

    Args:
        in_channels: Number of columns of ``x``; or, for integers, how many kinds each column has;
            ``"atom"`` for OGB's molecules.
        hidden_channels: Size of all layers.
        out_channels: Number of outputs.
        num_layers: Number of blocks. Default: ``2``.
        local: ``"attention"``, ``"gat"``, ``"gatv2"``, ``"gin"`` and ``"gated-gcn"`` (which take
            features of edges), ``"gcn"``, ``"sage"``, ``None``, or a function that makes a layer of
            so many channels, called as ``layer(x, edge_index)``. Default: ``"attention"``.
        global_attention: ``"codebook"``, ``"dense"``, ``"subsampled"``, ``"routing"``,
            ``"bi-level"``, ``"channel"``, ``None``, or a function that makes a layer of so many
            channels, called as ``layer(x, batch)``. Default: ``"codebook"``.
        heads: Of all attention. Default: ``4``.
        local_layers: Number of layers of the deep local stage. Default: ``0``.
        local_norm: Norm of its layers: ``"batch"``, ``"layer"`` or ``None``. Default: ``"batch"``.
        local_root: Whether its layers have a linear map of the node itself. Default: ``True``.
        local_residual: Whether its layers add their input. Default: ``False``.
        gated: Whether its layers have gates. Default: ``False``.
        jump: What the deep stage hands on, and what is read of the blocks: ``"last"`` layer's
            output, or the ``"sum"`` of all with a layer norm. Default: ``"last"``.
        block_local: Whether the blocks look near as well as far; without, they are the global
            stage behind the local one. Default: ``True``.
        ffn: Width of the blocks' feed-forward networks in multiples of ``hidden_channels``, or
            ``None`` for none. Default: ``2.0``.
        norm: Norm of the blocks: ``"layer"``, ``"batch"``, ``"graph"`` or ``None``.
            Default: ``"layer"``.
        norm_first: Whether it comes before the layers. Default: ``True``.
        fusion: How a block joins near and far: ``"sum"``, ``"concat"``, ``"gate"`` or
            ``"sequence"``. Default: ``"sum"``.
        act: Activation, by any name PyG knows, or a function. Default: ``"relu"``.
        dropout: After every layer. Default: ``0``.
        input_dropout: Of the features, those that are zero left out. Default: ``0``.
        attention_dropout: Of attention weights. Default: ``0``.
        edge_dim: Number of columns of ``edge_attr``, or the number of kinds in each; ``"bond"``
            for OGB's molecules. Default: ``None``, edges have no features.
        encodings: For each attribute of the data with an encoding of position or structure, a
            module of :mod:`graphlocal.nn.encoding`, or any called as ``module(encoding, batch)``
            that makes ``hidden_channels`` columns of it, or its number of columns for a
            :class:`~graphlocal.nn.encoding.StructuralEncoder`. Default: ``None``.
        readout: ``"mean"``, ``"sum"``, ``"max"`` or ``"attention"`` over the nodes of each graph;
            ``None`` for outputs of nodes. Default: ``None``.
        local_options: Further arguments of the local layers named. Default: ``None``.
        global_options: Further arguments of the global layers named. Default: ``None``.

    Shapes:
        - **x:** :math:`(N, F_{in})`, numbers, dense or sparse, or kinds
        - **edge_index:** :math:`(2, E)`, or whatever the local layer takes
        - **batch:** :math:`(N)`, the graph of each node, sorted *(optional)*
        - **edge_attr:** :math:`(E, F_e)` *(optional)*
        - **encodings:** each :math:`(N, F)`
        - **output:** :math:`(N, F_{out})`, or :math:`(G, F_{out})` with a readout

    Raises:
        GraphError: If an argument is unknown or out of range, or an input does not fit.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> model = GraphTransformer(8, 16, 3, local="gcn", global_attention="dense")
        >>> model(torch.randn(3, 8), path).shape
        torch.Size([3, 3])
        >>> model = GraphTransformer(8, 16, 1, local="gat", local_layers=4, gated=True,
        ...                          readout="mean")
        >>> model(torch.randn(3, 8), path, torch.tensor([0, 0, 1])).shape
        torch.Size([2, 1])
    """

    def __init__(
        self,
        in_channels: Features,
        hidden_channels: int,
        out_channels: int,
        num_layers: int = 2,
        *,
        local: str | Factory | None = "attention",
        global_attention: str | Factory | None = "codebook",
        heads: int = 4,
        local_layers: int = 0,
        local_norm: Literal["batch", "layer"] | None = "batch",
        local_root: bool = True,
        local_residual: bool = False,
        gated: bool = False,
        jump: Literal["last", "sum"] = "last",
        block_local: bool = True,
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
        global_options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(in_channels, hidden_channels, out_channels, edge_dim=edge_dim,
                         encodings=encodings, readout=readout, dropout=dropout,
                         input_dropout=input_dropout)
        self.num_layers = checks.check_count(num_layers, "num_layers")
        self.local_layers = checks.check_count(local_layers, "local_layers")
        heads = checks.check_count(heads, "heads", least=1)
        self.jump = checks.check_choice(jump, "jump", ("last", "sum"))
        checks.check_fraction(attention_dropout, "attention_dropout")
        activation(act)  # refused here, not by a layer of some name
        if local is None and (self.local_layers or edge_dim is not None):
            checks.fail("local", "None", "a layer, for local_layers and edge_dim ask for one")
        channels = self.hidden_channels
        width = None if edge_dim is None else channels

        def near() -> nn.Module | None:
            return None if local is None else local_layer(
                local, channels, heads, attention_dropout, width, local_options or {})

        def far() -> nn.Module | None:
            return None if global_attention is None else global_layer(
                global_attention, channels, heads, attention_dropout, global_options or {})

        self.stage = nn.ModuleList(
            LocalLayer(channels, near(), norm=local_norm, gated=gated, root=local_root,
                       residual=local_residual, dropout=dropout, act=act)
            for _ in range(self.local_layers))
        self.blocks = nn.ModuleList(
            LocalGlobalBlock(channels, near() if block_local else None, far(), ffn=ffn, norm=norm,
                             norm_first=norm_first, fusion=fusion, dropout=dropout, act=act)
            for _ in range(self.num_layers))
        self.stage_norm, self.block_norm = (
            nn.LayerNorm(channels) if jump == "sum" and count > 1 else None
            for count in (self.local_layers, self.num_layers))
        # What norms before each layer leave to grow is normed once at the end.
        self.norm = nn.LayerNorm(channels) if (
            self.num_layers and norm_first and norm is not None and self.block_norm is None
        ) else None
        self.add_head(readout, act)

    def hidden(self, h: Tensor, edge_index: Any, batch: Tensor | None,
               edge_attr: Tensor | None) -> Tensor:
        """Channels of the nodes after both stages."""
        edges, outputs = edge_arguments(edge_attr), []
        for layer in self.stage:
            h = layer(h, edge_index, **edges)
            outputs.append(h)
        h = _joined(outputs, self.stage_norm, h)
        outputs = []
        for block in self.blocks:
            h = block(h, edge_index, batch, **edges)
            outputs.append(h)
        h = _joined(outputs, self.block_norm, h)
        return h if self.norm is None else self.norm(h)


def _joined(outputs: list[Tensor], norm: nn.Module | None, last: Tensor) -> Tensor:
    """Sum of a stage's outputs, or the last of them where there is no norm for a sum."""
    return last if norm is None else norm(torch.stack(outputs).sum(0))

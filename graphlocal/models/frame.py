"""What comes before the layers of a model, and what after them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import aggr
from torch_geometric.nn.inits import reset

from ..graph import checks
from ..nn.activation import activation
from ..nn.dropout import Dropout
from ..nn.encoding import StructuralEncoder
from .feature_encoder import FeatureEncoder, Features

Readout = Literal["mean", "sum", "max", "attention"]


class ModelFrame(nn.Module):
    """Features, encodings and edges as channels ahead of the layers of a model, and a readout and a
    linear map behind them. A model has a method ``hidden(h, edge_index, batch, edge_attr)`` and
    calls :meth:`add_head` when its layers are made.

    Args:
        in_channels: Number of columns of ``x``; or, for integers, how many kinds each column has;
            ``"atom"`` for OGB's molecules.
        hidden_channels: Size of all layers.
        out_channels: Number of outputs.
        edge_dim: Number of columns of ``edge_attr``, or the number of kinds in each; ``"bond"``
            for OGB's molecules; ``None`` where edges have no features.
        encodings: For each attribute of the data with an encoding of position or structure, a
            module called as ``module(encoding, batch)`` that makes ``hidden_channels`` columns, or
            its number of columns for a :class:`~graphlocal.nn.encoding.StructuralEncoder`, whose
            batch norm suits counts and measures better than probabilities that are nearly always 0.
        readout: ``"mean"``, ``"sum"``, ``"max"`` or ``"attention"`` over the nodes of each graph;
            ``None`` for outputs of nodes.
        dropout: Inside the head of a readout.
        input_dropout: Of the features.

    Shapes:
        - **x:** :math:`(N, F_{in})`
        - **output:** :math:`(N, F_{out})`, or :math:`(G, F_{out})` with a readout

    Raises:
        GraphError: If an argument is unknown or out of range, or an input does not fit.
    """

    def __init__(
        self, in_channels: Features, hidden_channels: int, out_channels: int, *,
        edge_dim: Features | None, encodings: Mapping[str, int | nn.Module] | None,
        readout: Readout | None, dropout: float, input_dropout: float,
    ) -> None:
        super().__init__()
        self.hidden_channels = checks.check_count(hidden_channels, "hidden_channels", least=1)
        self.out_channels = checks.check_count(out_channels, "out_channels", least=1)
        checks.check_choice(readout, "readout", (None, "mean", "sum", "max", "attention"))
        self.dropout = checks.check_fraction(dropout, "dropout")
        channels = self.hidden_channels
        self.encoder = FeatureEncoder(
            in_channels, channels,
            dropout=checks.check_fraction(input_dropout, "input_dropout"))
        self.edge_encoder = None if edge_dim is None else FeatureEncoder(
            edge_dim, channels, "edge_attr")
        self.encodings = nn.ModuleDict({
            name: made if isinstance(made, nn.Module) else StructuralEncoder(
                checks.check_count(made, "columns of an encoding", least=1), channels)
            for name, made in (encodings or {}).items()})

    def add_head(self, readout: Readout | None, act: Any) -> None:
        """Makes the readout and the linear map to the outputs: the last weights to be drawn."""
        channels = self.hidden_channels
        self.readout = None if readout is None else (
            aggr.AttentionalAggregation(nn.Linear(channels, 1)) if readout == "attention" else
            {"mean": aggr.MeanAggregation, "sum": aggr.SumAggregation,
             "max": aggr.MaxAggregation}[readout]())
        self.head = nn.Linear(channels, self.out_channels) if readout is None else nn.Sequential(
            nn.Linear(channels, channels), activation(act), Dropout(self.dropout),
            nn.Linear(channels, self.out_channels))

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            reset(module)

    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        batch: Tensor | None = None,
        edge_attr: Tensor | None = None,
        encodings: Mapping[str, Tensor] | None = None,
        batch_size: int | None = None,
    ) -> Tensor:
        """Outputs of the nodes, or of the graphs.

        Args:
            x: Features of the nodes.
            edge_index: The graph.
            batch: The graph of each node. Default: ``None``, all of one.
            edge_attr: Features of the edges.
            encodings: The encodings named when the model was made.
            batch_size: Number of graphs, where the last ones may have no nodes. Default: ``None``.
        """
        h = self._embedded(x, encodings, batch)
        if batch is not None:
            checks.check_groups(batch, h)
            checks.check_sorted(batch)
        edges = None
        if self.edge_encoder is not None:
            if edge_attr is None:
                checks.fail("edge_attr", "None", "features of the edges, for edge_dim is given")
            edges = self.edge_encoder(edge_attr)
        h = self.hidden(h, edge_index, batch, edges)
        if self.readout is not None:
            if batch is None:
                batch, batch_size = h.new_zeros(h.size(0), dtype=torch.long), 1
            h = self.readout(h, batch, dim_size=batch_size)
        return self.head(h)

    def hidden(self, h: Tensor, edge_index: Any, batch: Tensor | None,
               edge_attr: Tensor | None) -> Tensor:
        """Channels of the nodes after the layers."""
        raise NotImplementedError

    def forward_data(self, data: Data) -> Tensor:
        """Outputs for a graph, or a batch of graphs, with all that this model uses of it.

        ``tasks.node.run`` and ``tasks.graph.run`` take it as ``forward=Model.forward_data``.

        Args:
            data: With ``x``, ``edge_index`` and, as far as the model asks for them, ``edge_attr``
                and the encodings.
        """
        encodings = {name: getattr(data, name, None) for name in self.encodings}
        return self(data.x, data.edge_index, getattr(data, "batch", None),
                    data.edge_attr if self.edge_encoder is not None else None, encodings,
                    data.num_graphs if hasattr(data, "num_graphs") else None)

    def _embedded(self, x: Tensor, encodings: Mapping[str, Tensor] | None,
                  batch: Tensor | None) -> Tensor:
        h = self.encoder(x)
        for name, module in self.encodings.items():
            value = (encodings or {}).get(name)
            if value is None:
                checks.fail("encodings", f"no {name!r}", "all the model was made with: "
                            + ", ".join(self.encodings), "apply the transform that computes it")
            if not isinstance(value, Tensor) or value.dim() == 0 or value.size(0) != x.size(0):
                got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
                checks.fail(f"encodings[{name!r}]", str(got), f"a row for each of {len(x)} nodes")
            h = h + module(value, batch)
        return h


def edge_arguments(edge_attr: Tensor | None) -> dict[str, Tensor]:
    """What local layers get beside the graph."""
    return {} if edge_attr is None else {"edge_attr": edge_attr}

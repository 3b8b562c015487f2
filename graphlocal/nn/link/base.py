"""What all link predictors share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ...graph import checks
from .neighbors import Neighbors


class LinkPredictor(nn.Module):
    """Base of predictors that score pairs of nodes by their features and their neighbourhoods.

    A subclass says in :meth:`score` what a pair is worth. Positives and negatives go in one call:
    in training mode both then see the same graph.

    Args:
        in_channels: Size of a node's features.
        out_channels: Scores per pair; a single one comes out as a vector. Default: ``1``.
        edge_dropout: Probability to forget a link of the graph in training. Default: ``0``.
        official_quirks: See the subclass. Default: ``False``.

    Shapes:
        - **h:** :math:`(|\\mathcal{V}|, F)`
        - **edge_label_index, exclude:** :math:`(2, P)`, :math:`(2, Q)`
        - **output:** :math:`(P)`, or :math:`(P, C)` for more than one score per pair
    """

    #: Names of the arguments, kept as attributes, from which the same predictor can be made again.
    arguments: tuple[str, ...] = ("in_channels", "out_channels", "edge_dropout", "official_quirks")
    #: Whether :meth:`score` looks at the graph; others may be given ``None``.
    needs_graph = True

    def __init__(self, in_channels: int, out_channels: int = 1, *, edge_dropout: float = 0.0,
                 official_quirks: bool = False) -> None:
        super().__init__()
        self.in_channels = checks.check_count(in_channels, "in_channels", least=1)
        self.out_channels = checks.check_count(out_channels, "out_channels", least=1)
        self.edge_dropout = checks.check_fraction(edge_dropout, "edge_dropout")
        self.official_quirks = bool(official_quirks)

    @property
    def config(self) -> dict[str, Any]:
        """Arguments this predictor was made with; with its ``state_dict``, all there is to keep."""
        return {name: getattr(self, name) for name in self.arguments}

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            reset(module)

    def forward(self, h: Tensor, graph: Any, edge_label_index: Tensor,
                exclude: Tensor | None = None) -> Tensor:
        """Scores of the pairs, before any sigmoid.

        Args:
            h: Features of all nodes, as an encoder made them.
            graph: Whose neighbourhoods are compared: ``edge_index``, an ``Adjacency``, a
                ``CSRGraph``, ... It is taken as simple and undirected.
            edge_label_index: The pairs, one a column.
            exclude: Links the predictor must not see: pairs, or a mask of the graph's entries.

        Raises:
            GraphError: If shapes, dtypes or indices are wrong.
        """
        pairs = check_inputs(h, edge_label_index, self.in_channels)
        neighbors = None
        if self.needs_graph:
            neighbors = Neighbors.of(graph, h.size(0), exclude)
            if self.training:
                neighbors = neighbors.drop(self.edge_dropout, not self.official_quirks)
        out = self.score(h, neighbors, pairs)
        return out.squeeze(-1) if self.out_channels == 1 else out

    def score(self, h: Tensor, neighbors: Neighbors | None, pairs: Tensor) -> Tensor:
        """Scores ``[P, C]`` of checked pairs."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"{self.in_channels}, {self.out_channels}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.extra_repr()})"


class MLPPredictor(LinkPredictor):
    """Base of predictors whose branches and head are the usual small networks.

    Args:
        in_channels: Size of a node's features.
        hidden_channels: Size of the hidden layers.
        out_channels: Scores per pair. Default: ``1``.
        num_layers: Hidden layers of the head. Default: ``1``.
        dropout: Probability of dropout, before every ReLU. Default: ``0``.
        layer_norm: Whether features are normalised before dropout. Default: ``True``.
        tail_activation: Whether branches end in a ReLU instead of a linear map. Default: ``True``.
        edge_dropout: Probability to forget a link of the graph in training. Default: ``0``.
        official_quirks: See the subclass. Default: ``False``.
    """

    arguments = ("in_channels", "hidden_channels", "out_channels", "num_layers", "dropout",
                 "layer_norm", "tail_activation", "edge_dropout", "official_quirks")

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int = 1,
        num_layers: int = 1,
        *,
        dropout: float = 0.0,
        layer_norm: bool = True,
        tail_activation: bool = True,
        edge_dropout: float = 0.0,
        official_quirks: bool = False,
    ) -> None:
        super().__init__(in_channels, out_channels, edge_dropout=edge_dropout,
                         official_quirks=official_quirks)
        self.hidden_channels = checks.check_count(hidden_channels, "hidden_channels", least=1)
        self.num_layers = checks.check_count(num_layers, "num_layers")
        self.dropout = checks.check_fraction(dropout, "dropout")
        self.layer_norm = bool(layer_norm)
        self.tail_activation = bool(tail_activation)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.hidden_channels}, {self.out_channels}"
        return text + (f", num_layers={self.num_layers}" if self.num_layers != 1 else "")


def check_inputs(h: Any, pairs: Any, in_channels: int) -> Tensor:
    """Features and pairs that fit the predictor and each other; the pairs as int64."""
    if not isinstance(h, Tensor) or not h.is_floating_point() or h.layout is not torch.strided:
        got = f"a {h.layout} tensor of {h.dtype}" if isinstance(h, Tensor) else type(h).__name__
        checks.fail("h", got, "a dense floating-point tensor", kind=checks.GraphTypeError)
    if h.dim() != 2 or h.size(1) != in_channels:
        checks.fail("h", f"shape {tuple(h.shape)}", f"shape (N, {in_channels}), the predictor's "
                    "in_channels")
    if hasattr(pairs, "as_tensor"):
        pairs = pairs.as_tensor()
    if not isinstance(pairs, Tensor):
        checks.fail("edge_label_index", type(pairs).__name__, "a tensor of shape (2, P)",
                    kind=checks.GraphTypeError)
    checks.check_pair_columns(pairs, "edge_label_index")
    if pairs.device != h.device:
        checks.fail("edge_label_index", f"a tensor on {pairs.device}", f"one on {h.device}, as 'h'",
                    "move one of them with .to(device)")
    if pairs.numel() and not torch.compiler.is_compiling():
        low, high = torch.aminmax(pairs)
        checks.check_bounds(int(low), int(high), "edge_label_index", h.size(0), "h.size(0)")
    return pairs.long()


def reset(module: nn.Module) -> None:
    """Draws the weights of a module and of all it holds anew."""
    for child in module.modules():
        if child is not module and hasattr(child, "reset_parameters"):
            child.reset_parameters()
    if hasattr(module, "reset_parameters"):
        module.reset_parameters()

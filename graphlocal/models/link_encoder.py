"""The encoder of the NCN paper, with the links to be predicted hidden by a mask."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..graph import checks
from ..nn.conv import PureConv
from ..nn.dropout import Dropout
from ..nn.feature_linear import FeatureLinear
from ..nn.link.base import reset
from ..nn.link.neighbors import Neighbors
from ..nn.normalized_relu import Branch

Conv = Literal["puregcn", "puresum", "puremean", "puremax", "gcn", "sum", "mean", "max"]
_CONVS = tuple(prefix + aggr for prefix in ("pure", "") for aggr in ("gcn", "sum", "mean", "max"))


class LinkEncoder(nn.Module):
    r"""The encoder of "Neural Common Neighbor with Completion for Link Prediction"
    (arXiv:2302.00890): a linear map or an embedding, then convolutions on the simple undirected
    graph, with or without weights of their own.

    Links in ``exclude`` are hidden by weights of 0 and the degrees that follow: the result is that
    of the graph without them, and no graph is built.

    Args:
        in_channels: Size of a node's features; of no meaning with ``num_embeddings``.
        hidden_channels: Size of all layers and of the output.
        num_layers: Number of convolutions. Default: ``1``.
        conv: ``"puregcn"``, ``"puresum"``, ``"puremean"`` or ``"puremax"`` learn nothing and
            aggregate; ``"gcn"``, ``"sum"``, ``"mean"`` and ``"max"`` do so after a linear map, with
            layer norm, dropout and ReLU between the layers. Default: ``"puregcn"``.
        residual: Whether a layer's input is added to its output. Default: ``False``.
        jumping_knowledge: Whether the output is a learned sum over all layers instead of the last
            one. Default: ``False``.
        layer_norm: Of convolutions with weights. Default: ``False``.
        input_dropout: Probability of dropping a feature. Default: ``0``.
        dropout: After the input's linear map or embedding, and between layers. Default: ``0``.
        tail_dropout: After the last convolution without weights. Default: ``0``.
        edge_dropout: Probability that a layer forgets a link in training; those it keeps weigh more
            for it. Default: ``0``.
        num_embeddings: Number of nodes, or of their kinds: nodes have an embedding each instead of
            features, found by the integers in ``x``, or by their own number if ``x`` is ``None``.
            Default: ``None``.
        official_quirks: As in the authors' code, edge dropout forgets the two directions of a link
            independently, and the weights of ``jumping_knowledge`` start at random, where they
            start equal otherwise. Default: ``False``.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F_{in})` dense or sparse, integers :math:`(|\mathcal{V}|)`
          or :math:`(|\mathcal{V}|, 1)`, or ``None``
        - **graph:** ``edge_index`` :math:`(2, |\mathcal{E}|)`, or any other form of a graph
        - **exclude:** :math:`(2, Q)` *(optional)*
        - **output:** :math:`(|\mathcal{V}|, F_{hidden})`

    Raises:
        GraphError: If an argument or an input is out of range.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> LinkEncoder(16, 32)(torch.randn(3, 16), path).shape
        torch.Size([3, 32])
        >>> LinkEncoder(0, 32, num_embeddings=3, conv="puresum")(None, path).shape
        torch.Size([3, 32])
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        num_layers: int = 1,
        conv: Conv = "puregcn",
        *,
        residual: bool = False,
        jumping_knowledge: bool = False,
        layer_norm: bool = False,
        input_dropout: float = 0.0,
        dropout: float = 0.0,
        tail_dropout: float = 0.0,
        edge_dropout: float = 0.0,
        num_embeddings: int | None = None,
        official_quirks: bool = False,
    ) -> None:
        super().__init__()
        if num_embeddings is not None:
            num_embeddings = checks.check_count(num_embeddings, "num_embeddings", least=1)
        least = 1 if num_embeddings is None else 0
        self.in_channels = checks.check_count(in_channels, "in_channels", least=least)
        self.hidden_channels = checks.check_count(hidden_channels, "hidden_channels", least=1)
        self.num_layers = checks.check_count(num_layers, "num_layers")
        self.conv = checks.check_choice(conv, "conv", _CONVS)
        self.residual, self.layer_norm = bool(residual), bool(layer_norm)
        self.jumping_knowledge = bool(jumping_knowledge)
        self.input_dropout = checks.check_fraction(input_dropout, "input_dropout")
        self.dropout = checks.check_fraction(dropout, "dropout")
        self.tail_dropout = checks.check_fraction(tail_dropout, "tail_dropout")
        self.edge_dropout = checks.check_fraction(edge_dropout, "edge_dropout")
        self.num_embeddings = num_embeddings
        self.official_quirks = bool(official_quirks)

        self.aggregate = PureConv(conv.removeprefix("pure"))
        pure = conv.startswith("pure") or num_layers == 0
        self.embedding = self.input = None
        if num_embeddings is not None:
            self.embedding = nn.Embedding(num_embeddings, hidden_channels)
        elif pure:
            self.input = FeatureLinear(in_channels, hidden_channels, dropout=input_dropout)
        self.input_tail = Dropout(0.0 if self.embedding is None and not pure else dropout)
        self.layers = nn.ModuleList()
        self.tails = nn.ModuleList()
        for number in range(0 if pure else num_layers):
            first = number == 0 and self.embedding is None
            self.layers.append(FeatureLinear(in_channels if first else hidden_channels,
                                             hidden_channels, False,
                                             input_dropout if first else 0.0))
            last = number == num_layers - 1 and number > 0
            norm = [nn.LayerNorm(hidden_channels)] if layer_norm else []
            self.tails.append(nn.Identity() if last else Branch(
                *norm, Dropout(dropout), nn.ReLU()))
        self.biases = nn.ParameterList(torch.empty(hidden_channels) for _ in self.layers)
        self.last = Dropout(tail_dropout if pure else 0.0)
        self.layer_weight = nn.Parameter(torch.empty(num_layers)) if (
            jumping_knowledge and num_layers) else None
        self.reset_parameters()

    @property
    def out_channels(self) -> int:
        """Size of the output."""
        return self.hidden_channels

    @property
    def config(self) -> dict[str, Any]:
        """Arguments this encoder was made with."""
        names = ("in_channels", "hidden_channels", "num_layers", "conv", "residual",
                 "jumping_knowledge", "layer_norm", "input_dropout", "dropout", "tail_dropout",
                 "edge_dropout", "num_embeddings", "official_quirks")
        return {name: getattr(self, name) for name in names}

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        for module in self.children():
            reset(module)
        with torch.no_grad():
            if self.embedding is not None:
                nn.init.orthogonal_(self.embedding.weight)
            for bias in self.biases:
                bias.zero_()
            if self.layer_weight is not None:
                if self.official_quirks:
                    self.layer_weight.normal_()
                else:
                    self.layer_weight.fill_(1 / self.num_layers)

    def forward(self, x: Tensor | None, graph: Any, exclude: Tensor | None = None) -> Tensor:
        """Features of all nodes.

        Args:
            x: Features, integers, or ``None``.
            graph: Taken as simple and undirected.
            exclude: Links to hide: pairs, or a mask of the entries of the simple graph.
        """
        x = self.input_tail(self._embed(x))
        if self.num_layers == 0:
            return self.last(x)
        neighbors = Neighbors.of(graph, x.size(0), exclude)
        outputs = []
        for number in range(self.num_layers):
            out = self._convolve(x, neighbors, number)
            if number == self.num_layers - 1:
                out = self.last(out)
            x = out + x if self.residual and x.shape == out.shape else out
            outputs.append(x)
        if self.layer_weight is None:
            return x
        return torch.einsum("l,lnf->nf", self.layer_weight, torch.stack(outputs))

    def _embed(self, x: Tensor | None) -> Tensor:
        if self.embedding is None:
            if x is None:
                checks.fail("x", "None", "features of the nodes",
                            "give the encoder num_embeddings=num_nodes for a graph without any")
            return x if self.input is None else self.input(x)
        if x is None:
            return self.embedding.weight
        if not isinstance(x, Tensor) or x.is_floating_point() or x.is_complex():
            got = str(x.dtype) if isinstance(x, Tensor) else type(x).__name__
            checks.fail("x", got, "integers, because the encoder has num_embeddings",
                        "pass None to give each node an embedding", kind=checks.GraphTypeError)
        if x.dim() == 2 and x.size(1) == 1:
            x = x.squeeze(1)
        if x.dim() != 1:
            checks.fail("x", f"shape {tuple(x.shape)}", "shape (N,), one integer per node")
        if x.numel() and not torch.compiler.is_compiling():
            low, high = torch.aminmax(x)
            checks.check_bounds(int(low), int(high), "x", self.num_embeddings, "num_embeddings")
        return self.embedding(x.long())

    def _convolve(self, x: Tensor, neighbors: Neighbors, number: int) -> Tensor:
        rescale = 1.0
        if self.training and self.edge_dropout:
            neighbors = neighbors.drop(self.edge_dropout, not self.official_quirks)
            rescale = 1 / (1 - self.edge_dropout)
        weight = None if neighbors.keep is None else neighbors.keep.to(x.dtype) * rescale
        if len(self.layers) == 0:
            return self.aggregate(x, neighbors.adjacency(), weight)
        x = self.layers[number](x)
        out = self.aggregate(x, neighbors.adjacency(), weight) + self.biases[number]
        return self.tails[number](out)

    def __repr__(self) -> str:
        inside = self.in_channels if self.num_embeddings is None else f"[{self.num_embeddings}]"
        return (f"{type(self).__name__}({inside}, {self.hidden_channels}, "
                f"num_layers={self.num_layers}, conv={self.conv!r})")

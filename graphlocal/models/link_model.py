"""An encoder and a predictor of links, as one network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .. import ops
from ..graph import checks
from ..nn.link.base import reset
from ..nn.link.neighbors import Neighbors
from .link_encoder import LinkEncoder


class LinkModel(nn.Module):
    r"""Any encoder of nodes, followed by a predictor of links.

    Args:
        encoder: A module called as ``encoder(x, edge_index)`` or
            ``encoder(x, edge_index, edge_weight)``: a network of PyG or GraphLocal, or a
            :class:`LinkEncoder`. Links to be hidden are taken out of its ``edge_index``.
        predictor: A predictor of :mod:`graphlocal.nn.link`.

    Shapes:
        - **x:** :math:`(|\mathcal{V}|, F)`, or whatever the encoder takes
        - **edge_index:** :math:`(2, |\mathcal{E}|)`
        - **edge_label_index, exclude:** :math:`(2, P)`, :math:`(2, Q)`
        - **edge_weight:** :math:`(|\mathcal{E}|)` *(optional)*
        - **output:** :math:`(P)`

    Raises:
        GraphError: If the parts or the inputs do not fit together.

    Example:
        >>> from graphlocal.nn import GCNConv
        >>> from graphlocal.nn.link import NCNPredictor
        >>> model = LinkModel(GCNConv(16, 32), NCNPredictor(32, 32))
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> model(torch.randn(3, 16), path, torch.tensor([[0], [2]])).shape
        torch.Size([1])
    """

    def __init__(self, encoder: nn.Module, predictor: nn.Module) -> None:
        super().__init__()
        for name, part in (("encoder", encoder), ("predictor", predictor)):
            if not isinstance(part, nn.Module):
                checks.fail(name, type(part).__name__, "a torch.nn.Module",
                            kind=checks.GraphTypeError)
        self.encoder, self.predictor = encoder, predictor
        made = getattr(encoder, "out_channels", None)
        taken = getattr(predictor, "in_channels", None)
        if isinstance(made, int) and isinstance(taken, int) and made not in (-1, taken):
            checks.fail("predictor", f"in_channels={taken}", f"{made}, the encoder's out_channels")

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the two parts, where they tell; to be kept beside the ``state_dict``."""
        parts = {"encoder": self.encoder, "predictor": self.predictor}
        return {name: {"class": type(part).__name__, **getattr(part, "config", {})}
                for name, part in parts.items()}

    def reset_parameters(self) -> None:
        """Draws all weights anew."""
        reset(self.encoder)
        reset(self.predictor)

    def forward(
        self,
        x: Any,
        edge_index: Any,
        edge_label_index: Tensor,
        exclude: Tensor | None = None,
        edge_weight: Tensor | None = None,
    ) -> Tensor:
        """Scores of the pairs, before any sigmoid.

        Args:
            x: Features of all nodes.
            edge_index: The graph messages pass along and neighbourhoods are compared in.
            edge_label_index: The pairs, one a column: positives and negatives in one call.
            exclude: Links neither part must see: pairs, or a mask of the simple graph's entries.
            edge_weight: Weights for the encoder.
        """
        neighbors = Neighbors.of(edge_index, self._count(x, edge_index), exclude)
        h = self._encode(x, edge_index, neighbors, edge_weight)
        return self.predictor(h, neighbors, edge_label_index)

    def encode(self, x: Any, edge_index: Any, exclude: Tensor | None = None,
               edge_weight: Tensor | None = None) -> Tensor:
        """Features of all nodes, ``[N, F]``, without the links ``exclude``."""
        neighbors = Neighbors.of(edge_index, self._count(x, edge_index), exclude)
        return self._encode(x, edge_index, neighbors, edge_weight)

    def decode(self, h: Tensor, graph: Any, edge_label_index: Tensor,
               exclude: Tensor | None = None) -> Tensor:
        """Scores of pairs from the features :meth:`encode` made."""
        return self.predictor(h, graph, edge_label_index, exclude)

    def _encode(self, x: Any, edge_index: Any, neighbors: Neighbors,
                edge_weight: Tensor | None) -> Tensor:
        if isinstance(self.encoder, LinkEncoder):
            if edge_weight is not None:
                checks.fail("edge_weight", "weights", "None", "LinkEncoder has no use for weights: "
                            "take an encoder of PyG or graphlocal.nn")
            return self.encoder(x, neighbors)
        if neighbors.keep is not None or not isinstance(edge_index, Tensor):
            edge_index, keep = _visible_edges(edge_index, neighbors)
            edge_weight = None if edge_weight is None or keep is None else edge_weight[keep]
        return self.encoder(x, edge_index) if edge_weight is None else (
            self.encoder(x, edge_index, edge_weight))

    def _count(self, x: Any, edge_index: Any) -> int | None:
        if isinstance(x, Tensor):
            return x.size(0)
        if x is None and isinstance(self.encoder, LinkEncoder):
            return self.encoder.num_embeddings
        return checks.known_num_nodes(edge_index)


def _visible_edges(graph: Any, neighbors: Neighbors) -> tuple[Any, Tensor | None]:
    """The graph without hidden links, as other encoders take it, and which edges were kept."""
    if not isinstance(graph, (Tensor, ops.Adjacency)):  # one that is simple already
        adjacency = neighbors.adjacency()
        target = torch.repeat_interleave(adjacency.degree, output_size=adjacency.num_edges)
        edge_index = torch.stack([adjacency.col.long(), target])
        keep = neighbors.keep
        return edge_index if keep is None else edge_index[:, keep], keep
    if neighbors.keep is None:
        return graph, None
    keep = ops.edge_mask(graph, neighbors.keep, neighbors.graph.num_nodes)
    if isinstance(graph, ops.Adjacency):
        return graph.select(keep), keep
    plain = graph.as_tensor() if hasattr(graph, "as_tensor") else graph
    return plain[:, keep], keep

"""Weights of messages, moved towards the neighbours that a link predictor believes in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.nn.conv.gcn_conv import gcn_norm
from torch_geometric.transforms import BaseTransform
from torch_geometric.utils import add_remaining_self_loops, scatter, softmax

from .. import ops
from ..graph.checks import (
    GraphTypeError,
    check_choice,
    check_count,
    check_edge_tensor,
    check_positive,
    fail,
)
from .attach import graph_of, put_edge_set

Score = Callable[[Tensor, Tensor], Tensor]


@functional_transform("concentration_reweighting")
class ConcentrationReweighting(BaseTransform):
    r"""Re-weights the edges of message passing during training so that nodes listen to neighbours
    they are likely to share links with, which raises their topological concentration, of "A
    Topological Perspective on Demystifying GNN-Based Link Prediction Performance"
    (arXiv:2310.04612); functional name: ``concentration_reweighting``.

    With embeddings :math:`\mathbf{h}`, what each node hears :math:`\mathbf{g} = \mathbf{A}
    \mathbf{h}`, and :math:`w_{ij}` the weight of what i hears from j, the paper has

    .. math::
        w_{ij}^{(\tau)} = w_{ij}^{(\tau-1)} + \alpha
        \frac{\exp s(\mathbf{g}_i, \mathbf{h}_j)}{\sum_{k \in N_i} \exp s(\mathbf{g}_i,
        \mathbf{h}_k)}

    and its code

    .. math::
        w_{ij}^{(\tau)} = w_{ij}^{(0)} + \alpha
        \frac{\exp \sigma(s(\mathbf{g}_j, \mathbf{h}_i))}{\sum_{k \in N_j} \exp
        \sigma(s(\mathbf{g}_j, \mathbf{h}_k))} \sum_{k \in N_j} w_{kj}^{(0)}

    so that ``form="paper"`` adds up over updates and shares out among what a node hears, while
    ``form="code"`` starts from the original weights each time, shares out among those who hear a
    node, in proportion to its weights, and bounds the scores.

    As a transform it gives ``data`` the self loops it lacks and the original weights. Train with
    any layer that takes ``edge_weight`` and does not normalise by itself, such as
    ``GCNConv(..., normalize=False)``, and :meth:`update` the weights where an epoch is :meth:`due`.

    Args:
        alpha: How much weight is added. (default: ``1.0``)
        form: ``"paper"`` or ``"code"``. (default: ``"paper"``)
        warm_up: First epoch of an update. (default: ``1``)
        interval: Epochs between updates. (default: ``1``)
        norm: Original weights: :math:`\mathbf{D}^{-1/2} (\mathbf{A} + \mathbf{I})
            \mathbf{D}^{-1/2}` (``"gcn"``) or :math:`\mathbf{D}^{-1} (\mathbf{A} + \mathbf{I})`
            (``"mean"``). (default: ``"gcn"``)

    Shapes:
        - **input:** ``data.edge_index`` :math:`(2, E)`, ``data.edge_weight`` :math:`(E)`
          *(optional)*
        - **output:** ``data.edge_index`` :math:`(2, E')` with all self loops, sorted by source;
          ``data.edge_weight`` :math:`(E')`

    Raises:
        GraphError: If an argument is out of range, ``data`` has several types of nodes, a wrong
            ``edge_index``, or attributes of edges other than ``edge_weight``, which would have to
            say something about self loops.

    Example:
        >>> from torch_geometric.data import Data
        >>> data = Data(edge_index=torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]]), num_nodes=3)
        >>> reweighting = ConcentrationReweighting(alpha=0.5, warm_up=2)
        >>> data = reweighting(data)
        >>> weight, h = data.edge_weight, torch.randn(3, 4)
        >>> for epoch in range(4):
        ...     if reweighting.due(epoch):  # epochs 2 and 3
        ...         weight = reweighting.update(
        ...             data.edge_index, h, lambda a, b: (a * b).sum(-1), data.edge_weight, weight)
        >>> round(float((weight - data.edge_weight).sum()), 4)  # 2 updates of 3 nodes
        3.0
    """

    def __init__(
        self, alpha: float = 1.0, form: Literal["paper", "code"] = "paper", *, warm_up: int = 1,
        interval: int = 1, norm: Literal["gcn", "mean"] = "gcn",
    ) -> None:
        self.alpha = check_positive(alpha, "alpha", zero=True)
        self.form: Literal["paper", "code"] = check_choice(form, "form", ("paper", "code"))
        self.warm_up = check_count(warm_up, "warm_up")
        self.interval = check_count(interval, "interval", least=1)
        self.norm: Literal["gcn", "mean"] = check_choice(norm, "norm", ("gcn", "mean"))

    def forward(self, data: Any) -> Any:
        num_nodes = graph_of(data).num_nodes
        there = [key for key in data.keys()  # noqa: SIM118 - a Data is no dict
                 if key not in ("edge_index", "edge_weight") and data.is_edge_attr(key)]
        if there:
            fail("data", f"'{there[0]}', an attribute of edges", "edge_weight at most",
                 f"self loops would have none: delete data.{there[0]} first", kind=GraphTypeError)
        index, weight = data.edge_index, getattr(data, "edge_weight", None)
        if weight is not None:
            weight = weight.view(-1)
            if len(weight) != index.size(1):
                fail("data.edge_weight", f"{len(weight)} values", f"{index.size(1)}, one per edge")
            if not weight.is_floating_point():
                weight = weight.float()
            if not bool((torch.isfinite(weight) & (weight >= 0)).all()):
                fail("data.edge_weight", "negative, infinite or NaN weights",
                     "finite weights of at least 0", "shares of others are not defined")
        if self.norm == "gcn":
            index, weight = gcn_norm(index, weight, num_nodes)
        else:
            if weight is None:
                weight = torch.ones(index.size(1), device=index.device)
            index, weight = add_remaining_self_loops(index, weight, 1.0, num_nodes)
            whole = scatter(weight, index[1], dim_size=num_nodes)[index[1]]
            weight = torch.where(whole == 0, torch.zeros_like(weight), weight / whole)
        order = torch.argsort(index[0], stable=True)
        data.edge_weight = None
        put_edge_set(data, "edge_index", "edge_weight", index[:, order], weight[order])
        return data

    def due(self, epoch: int) -> bool:
        """Whether weights are updated after this epoch, counted from 0 or from 1 as the caller's.

        Args:
            epoch: Number of the epoch.
        """
        return epoch >= self.warm_up and epoch % self.interval == 0

    @torch.no_grad()
    def update(
        self, edge_index: Tensor, h: Tensor, score: Score, edge_weight: Tensor,
        previous: Tensor | None = None, *, chunk_size: int = 1 << 18,
    ) -> Tensor:
        """The weights from here on; no gradient flows into them.

        Args:
            edge_index: The edges, with their self loops.
            h: Embeddings of the nodes.
            score: Called with what nodes hear and with embeddings of others, ``[C, F]`` each;
                returns how likely they are linked, as logits ``[C]`` or ``[C, 1]``: for example
                ``lambda a, b: mlp(a * b)``. Put it in evaluation mode first.
            edge_weight: The original weights.
            previous: The weights in use, which the form of the paper adds to and hears by.
                (default: ``None``, the original ones)
            chunk_size: Edges that are scored at once. (default: ``262144``)

        Shapes:
            - **edge_index:** :math:`(2, E)`
            - **h:** :math:`(N, F)`
            - **edge_weight, previous, output:** :math:`(E)`

        Raises:
            GraphError: If shapes do not fit together or ``score`` returns other than one number
                per row.
        """
        check_edge_tensor(edge_index)
        count, num_nodes = edge_index.size(1), h.size(0)
        for name, weight in (("edge_weight", edge_weight), ("previous", previous)):
            if weight is not None and weight.shape != (count,):
                fail(name, f"shape {tuple(weight.shape)}", f"shape ({count},), one per edge")
        check_count(chunk_size, "chunk_size", least=1)
        paper = self.form == "paper"
        base = edge_weight if not paper or previous is None else previous
        heard = ops.spmm(ops.as_adjacency(edge_index, num_nodes, num_nodes), h, base.to(h.dtype))
        # Weights are shared out among the edges of one node, whose surroundings are asked.
        asked, other = edge_index.flip(0) if paper else edge_index
        logits = torch.cat([
            self._scored(score, heard[asked[a : a + chunk_size]], h[other[a : a + chunk_size]])
            for a in range(0, count, chunk_size)]) if count else edge_weight.new_zeros(0)
        logits = logits.to(edge_weight.dtype)
        share = softmax(logits if paper else logits.sigmoid(), asked, num_nodes=num_nodes)
        if not paper:
            share = share * scatter(edge_weight, asked, dim_size=num_nodes)[asked]
        return base.detach() + self.alpha * share

    @staticmethod
    def _scored(score: Score, a: Tensor, b: Tensor) -> Tensor:
        logits = score(a, b)
        if not isinstance(logits, Tensor) or logits.shape not in ((len(a),), (len(a), 1)):
            got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            fail("score", f"a result of shape {got}" if isinstance(got, tuple) else f"a {got}",
                 f"one logit per pair, shape ({len(a)},) or ({len(a)}, 1)")
        return logits.view(-1)

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(alpha={self.alpha:g}, form='{self.form}', "
                f"warm_up={self.warm_up}, interval={self.interval}, norm='{self.norm}')")

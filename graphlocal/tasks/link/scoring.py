"""Scores of many pairs, in chunks, those of one source together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...graph.checks import GraphTypeError, check_choice, check_count, fail
from ...loader.pairs import pair_columns
from .data import LinkData
from .metrics import LinkMetric, get_link_metric

__all__ = ["evaluate", "score_pairs"]


@torch.no_grad()
def score_pairs(
    decode: Callable[[Tensor], Tensor], pairs: Tensor, batch_size: int = 65536
) -> Tensor:
    """Scores of pairs, made in chunks and returned in the order of the pairs.

    Pairs of one source are scored together, which intersects neighbourhoods fastest, whatever the
    order they come in.

    Args:
        decode: Gives scores ``[P]`` (or ``[P, 1]``) of pairs ``[2, P]``.
        pairs: Node pairs. A third dimension, negatives of each positive, is kept.
        batch_size: Pairs in a chunk; the scores do not depend on it.

    Shapes:
        - **pairs:** :math:`(2, P)` or :math:`(2, P, M)`
        - **output:** :math:`(P)` or :math:`(P, M)`

    Raises:
        GraphError: If the scores are not one per pair.

    Example:
        >>> h = torch.eye(3)
        >>> pairs = torch.tensor([[2, 0, 1], [2, 1, 1]])
        >>> score_pairs(lambda p: (h[p[0]] * h[p[1]]).sum(dim=1), pairs, batch_size=2)
        tensor([1., 0., 1.])
    """
    batch_size = check_count(batch_size, "batch_size", least=1)
    if pairs.dim() == 2:
        pairs = pair_columns(pairs, "pairs")
        # Negatives of one positive share a source as they stand; there are too many to sort.
        order = pairs[0].argsort(stable=True)
        scores = _in_chunks(decode, pairs[:, order], batch_size)
        return torch.empty_like(scores).index_copy_(0, order, scores)
    return _in_chunks(decode, pairs.flatten(1), batch_size).view(pairs.shape[1:])


def _in_chunks(decode: Callable[[Tensor], Tensor], pairs: Tensor, batch_size: int) -> Tensor:
    parts = []
    for chunk in pairs.split(batch_size, dim=1):
        out = decode(chunk.long())
        if not isinstance(out, Tensor) or out.numel() != chunk.size(1):
            got = f"shape {tuple(out.shape)}" if isinstance(out, Tensor) else type(out).__name__
            fail("model", f"scores of {got}", f"one score for each of {chunk.size(1)} pairs")
        parts.append(out.reshape(-1))
    return torch.cat(parts) if parts else torch.empty(0)


@torch.no_grad()
def evaluate(
    model: nn.Module,
    data: LinkData,
    part: str = "test",
    metrics: Sequence[str] | Mapping[str, LinkMetric] = ("hits@20", "hits@50", "hits@100"),
    *,
    batch_size: int = 65536,
    val_edges_as_input: bool = False,
) -> dict[str, float]:
    """Scores of a trained model on the validation or the test edges.

    The encoder runs once, on the training graph.

    Args:
        model: With ``encode(x, edge_index)`` and ``decode(h, edge_index, edge_label_index)``, as
            those of :mod:`graphlocal.models`.
        data: The split.
        part: ``"val"`` or ``"test"``.
        metrics: ``"hits@K"`` (any K), ``"mrr"``, ``"auc"``, ``"ap"``; or names and functions of
            the scores of positives and negatives.
        batch_size: Pairs scored at once.
        val_edges_as_input: Whether test edges are predicted on the graph of training and
            validation edges, as the rules of ogbl-collab allow.

    Shapes:
        - **data:** as :class:`LinkData`

    Raises:
        GraphError: If a metric is unknown, needs more negatives than there are, or a score is NaN.

    Example:
        >>> from graphlocal.models import LinkModel
        >>> from graphlocal.nn import GCNConv
        >>> from graphlocal.nn.link import DotPredictor
        >>> from graphlocal.datasets import DigitsGraph
        >>> digits = DigitsGraph()[0]
        >>> data = LinkData.random(digits.edge_index, x=digits.x)
        >>> model = LinkModel(GCNConv(64, 16), DotPredictor(16))
        >>> sorted(evaluate(model, data, metrics=["hits@50", "auc"]))
        ['auc', 'hits@50']
    """
    check_choice(part, "part", ("val", "test"))
    functions = metric_functions(metrics)
    positive, negative = getattr(data, part), getattr(data, f"{part}_neg")
    graph = data.full_edge_index if val_edges_as_input and part == "test" else data.edge_index
    was_training = model.training
    model.eval()
    try:
        h = model.encode(data.x, graph)

        def decode(pairs: Tensor) -> Tensor:
            return model.decode(h, graph, pairs)

        if negative.dim() == 2:
            scores = score_pairs(decode, torch.cat([positive, negative], dim=1), batch_size)
            pos, neg = scores.split([positive.size(1), negative.size(1)])
        else:
            pos = score_pairs(decode, positive, batch_size)
            neg = score_pairs(decode, negative, batch_size)
        return {name: float(function(pos, neg)) for name, function in functions.items()}
    finally:
        model.train(was_training)


def metric_functions(
    metrics: Sequence[str] | Mapping[str, LinkMetric]
) -> dict[str, LinkMetric]:
    """Metrics by name as functions, in their order.

    Raises:
        GraphError: If a name is unknown or there is none.

    Example:
        >>> list(metric_functions(["hits@3", "mrr"]))
        ['hits@3', 'mrr']
    """
    if isinstance(metrics, str):
        metrics = (metrics,)
    if isinstance(metrics, Mapping):
        functions: dict[str, Any] = dict(metrics)
    else:
        functions = {name: get_link_metric(name) for name in metrics}
    if not functions:
        fail("metrics", "none", "at least one metric")
    for name, function in functions.items():
        if not callable(function):
            fail("metrics", f"{type(function).__name__} for {name!r}",
                 "a function of the scores of positives and negatives", kind=GraphTypeError)
    return functions

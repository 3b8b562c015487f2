"""How well edges are told from pairs that are none: Hits@K, MRR, AUC, average precision."""

from __future__ import annotations

import re
from collections.abc import Callable

import torch
from torch import Tensor

from ...graph.checks import GraphTypeError, check_count, fail

#: A score of the logits of positives ``[P]`` and of negatives ``[M]`` or ``[P, M]``; larger is
#: better.
LinkMetric = Callable[[Tensor, Tensor], float]

__all__ = ["LinkMetric", "average_precision", "get_link_metric", "hits_at_k",
           "mean_reciprocal_rank", "ogb_metric", "roc_auc"]


def hits_at_k(pos: Tensor, neg: Tensor, k: int) -> float:
    """Share of positives that score above all but ``k - 1`` negatives; equal scores do not.

    With negatives common to all positives this is the score of OGB's Evaluator, which says 1
    where there are fewer than ``k`` of them: here that is an error.

    Args:
        pos: Scores of edges.
        neg: Scores of negatives, common or one row for each edge.
        k: Negatives of which one may score higher, or equal, counted from 1.

    Shapes:
        - **pos:** :math:`(P)`
        - **neg:** :math:`(M)` or :math:`(P, M)`

    Raises:
        GraphError: If there are fewer than ``k`` negatives, no positive, or a score is NaN.

    Example:
        >>> pos, neg = torch.tensor([0.9, 0.5, 0.1]), torch.tensor([0.8, 0.3, 0.2])
        >>> hits_at_k(pos, neg, 1), hits_at_k(pos, neg, 2)
        (0.3333333333333333, 0.6666666666666666)
    """
    k = check_count(k, "k", least=1)
    pos, neg = _check_scores(pos, neg)
    if k > neg.size(-1):
        fail("k", str(k), f"at most {neg.size(-1)}, the number of negatives",
             "every score would be among the best: lower k or pass more negatives")
    threshold = neg.topk(k, dim=-1).values[..., -1]
    return int((pos > threshold).sum()) / pos.numel()


def mean_reciprocal_rank(pos: Tensor, neg: Tensor) -> float:
    """Mean of 1/rank of each edge among its negatives.

    Among equal scores the rank is midway between the best and the worst place, as in OGB's
    Evaluator, with which it agrees.

    Args:
        pos: Scores of edges.
        neg: Scores of negatives, common or one row for each edge.

    Shapes:
        - **pos:** :math:`(P)`
        - **neg:** :math:`(M)` or :math:`(P, M)`

    Raises:
        GraphError: If there is no positive, no negative, or a score is NaN.

    Example:
        >>> mean_reciprocal_rank(torch.tensor([0.5, 0.2]), torch.tensor([[0.9, 0.1], [0.1, 0.0]]))
        0.75
    """
    return float(_ranks(*_check_scores(pos, neg)).reciprocal().mean())


def _ranks(pos: Tensor, neg: Tensor) -> Tensor:
    """Rank ``[P]`` of each positive among its negatives, counted from 1."""
    if neg.dim() == 2:
        above = (neg > pos[:, None]).sum(dim=1)
        not_below = (neg >= pos[:, None]).sum(dim=1)
    else:
        ordered = neg.sort().values
        above = len(neg) - torch.searchsorted(ordered, pos, right=True)
        not_below = len(neg) - torch.searchsorted(ordered, pos)
    return 0.5 * (above + not_below).double() + 1


def roc_auc(pos: Tensor, neg: Tensor) -> float:
    """Area under the ROC curve of all positives against all negatives.

    Args:
        pos: Scores of edges.
        neg: Scores of negatives.

    Shapes:
        - **pos:** :math:`(P)`
        - **neg:** :math:`(M)` or :math:`(P, M)`

    Raises:
        GraphError: If there is no positive, no negative, or a score is NaN.

    Example:
        >>> roc_auc(torch.tensor([0.9, 0.4]), torch.tensor([0.5, 0.1]))
        0.75
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(*_labelled(pos, neg)))


def average_precision(pos: Tensor, neg: Tensor) -> float:
    """Precision averaged over the recall of all positives against all negatives.

    Args:
        pos: Scores of edges.
        neg: Scores of negatives.

    Shapes:
        - **pos:** :math:`(P)`
        - **neg:** :math:`(M)` or :math:`(P, M)`

    Raises:
        GraphError: If there is no positive, no negative, or a score is NaN.

    Example:
        >>> average_precision(torch.tensor([0.9, 0.4]), torch.tensor([0.5, 0.1]))
        0.8333333333333333
    """
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(*_labelled(pos, neg)))


def _labelled(pos: Tensor, neg: Tensor) -> tuple[object, object]:
    pos, neg = _check_scores(pos, neg)
    neg = neg.flatten()
    label = torch.cat([torch.ones(len(pos)), torch.zeros(len(neg))])
    # Places in the order of all scores: numpy has no bfloat16 and scikit-learn takes no infinity.
    place = torch.cat([pos, neg]).unique(return_inverse=True)[1]
    return label.numpy(), place.cpu().numpy()


def _check_scores(pos: Tensor, neg: Tensor) -> tuple[Tensor, Tensor]:
    # Converted, since OGB's own MRR trips over numpy arrays; not widened, to keep its ties.
    pos, neg = torch.as_tensor(pos).detach(), torch.as_tensor(neg).detach()
    for name, scores in (("pos", pos), ("neg", neg)):
        if scores.dtype is torch.bool or scores.is_complex():
            fail(name, str(scores.dtype), "numbers that can be compared", kind=GraphTypeError)
    if pos.dim() != 1 or neg.dim() not in (1, 2) or (neg.dim() == 2 and len(neg) != len(pos)):
        fail("pos, neg", f"shapes {tuple(pos.shape)} and {tuple(neg.shape)}",
             "shapes (P,) and (M,) or (P, M)")
    if pos.numel() == 0 or neg.numel() == 0:
        fail("pos, neg", f"{pos.numel()} positives and {neg.numel()} negatives",
             "at least one of each")
    if bool(pos.isnan().any()) or bool(neg.isnan().any()):
        fail("pos, neg", "NaN", "numbers that can be compared",
             "look for NaN in the features, or lower the learning rate")
    return pos, neg


_NAMED: dict[str, LinkMetric] = {"mrr": mean_reciprocal_rank, "auc": roc_auc,
                                 "ap": average_precision}


def get_link_metric(name: str) -> LinkMetric:
    """The function behind ``"hits@20"`` (any K), ``"mrr"``, ``"auc"`` or ``"ap"``.

    Args:
        name: Name of the score.

    Raises:
        GraphError: If the name is unknown.

    Example:
        >>> get_link_metric("hits@2")(torch.tensor([0.5]), torch.tensor([0.9, 0.1]))
        1.0
    """
    if not isinstance(name, str):
        fail("metrics", repr(name), "names such as 'hits@20'", kind=GraphTypeError)
    found = re.fullmatch(r"hits@([1-9]\d*)", name)
    if found:
        k = int(found[1])
        return lambda pos, neg: hits_at_k(pos, neg, k)
    if name not in _NAMED:
        fail("metrics", repr(name), "'hits@K' with a number K, 'mrr', 'auc' or 'ap'")
    return _NAMED[name]


def ogb_metric(dataset: str) -> tuple[str, LinkMetric]:
    """Name and function of the score OGB's own Evaluator gives to a data set.

    Args:
        dataset: Such as ``"ogbl-ddi"``.

    Raises:
        GraphError: If OGB does not know the data set.

    Example:
        >>> name, metric = ogb_metric("ogbl-ddi")
        >>> name, metric(torch.ones(4), torch.zeros(30))
        ('hits@20', 1.0)
    """
    from ...datasets.ogb import ogb_modules

    ogb_modules()  # imported here first, OGB does not ask the network for a newer OGB
    from ogb.linkproppred import Evaluator

    try:
        evaluator = Evaluator(dataset)
    except Exception as error:  # OGB raises a bare ValueError, or what its table trips over
        fail("dataset", repr(dataset), "a link data set of OGB", f"{error}".splitlines()[0])
    if evaluator.eval_metric == "mrr":
        def metric(pos: Tensor, neg: Tensor) -> float:
            pos, neg = _check_scores(pos, neg)
            neg = neg if neg.dim() == 2 else neg.expand(len(pos), -1)
            return float(evaluator.eval({"y_pred_pos": pos, "y_pred_neg": neg})["mrr_list"].mean())
        return "mrr", metric
    if not evaluator.eval_metric.startswith("hits@"):
        return {"rocauc": "auc"}[evaluator.eval_metric], roc_auc
    k = int(evaluator.eval_metric.removeprefix("hits@"))

    def metric(pos: Tensor, neg: Tensor) -> float:
        pos, neg = _check_scores(pos, neg)
        if neg.dim() == 2 or k > len(neg):
            return hits_at_k(pos, neg, k)  # says what is wrong; OGB would say 1
        return float(evaluator.eval({"y_pred_pos": pos, "y_pred_neg": neg})[f"hits@{k}"])

    return f"hits@{k}", metric

"""What node classification is scored by."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..graph.checks import check_choice, fail

#: A score of the model's output ``[M, C]`` against labels ``[M]``; larger is better.
Metric = Callable[[Tensor, Tensor], float]


def accuracy(out: Tensor, y: Tensor) -> float:
    """Share of nodes whose largest output is their label.

    Args:
        out: Logits; a single column is read as the logit of class 1.
        y: Labels.

    Shapes:
        - **out:** :math:`(M, C)`
        - **y:** :math:`(M)`

    Example:
        >>> import torch
        >>> accuracy(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0]))
        0.5
    """
    predicted = (out[:, 0] > 0).long() if out.size(1) == 1 else out.argmax(dim=1)
    return float((predicted == y).double().mean())


def roc_auc(out: Tensor, y: Tensor) -> float:
    """Area under the ROC curve of a binary classifier; ties count one half.

    Args:
        out: Logits: one column, or two whose difference is the score.
        y: Labels 0 and 1, both present.

    Shapes:
        - **out:** :math:`(M, 1)` or :math:`(M, 2)`
        - **y:** :math:`(M)`

    Raises:
        GraphError: If ``out`` has more than two columns or one of the classes is missing.

    Example:
        >>> import torch
        >>> roc_auc(torch.tensor([[0.1], [0.4], [0.35], [0.8]]), torch.tensor([0, 0, 1, 1]))
        0.75
    """
    if out.size(1) > 2:
        fail("metric", f"'roc_auc' with {out.size(1)} outputs per node", "one or two outputs",
             "use metric='accuracy' for more than two classes")
    positive = int((y == 1).sum())
    if not 0 < positive < y.numel():
        fail("y", f"{positive} of {y.numel()} nodes of a split in class 1", "both classes in it",
             "the area under the ROC curve is not defined otherwise")
    if bool(out.isnan().any()):
        fail("out", f"nan for {int(out.isnan().any(dim=1).sum())} of {y.numel()} nodes", "numbers",
             "the model has diverged: lower the learning rate")
    from sklearn.metrics import roc_auc_score

    # Widened first: in float32 large logits swallow a small difference and make false ties.
    score = out[:, -1].double() - (out[:, 0].double() if out.size(1) == 2 else 0.0)
    return float(roc_auc_score(y.cpu().numpy(), score.cpu().numpy()))


METRICS: dict[str, Metric] = {"accuracy": accuracy, "roc_auc": roc_auc}


def get_metric(metric: str | Metric) -> tuple[str, Metric]:
    """Name and function of a metric given by either.

    Args:
        metric: ``"accuracy"``, ``"roc_auc"`` or a function of ``(out, y)``.

    Raises:
        GraphError: If the name is unknown.

    Example:
        >>> get_metric("accuracy")[0]
        'accuracy'
    """
    if callable(metric):
        return getattr(metric, "__name__", type(metric).__name__), metric
    check_choice(metric, "metric", tuple(METRICS))
    return metric, METRICS[metric]

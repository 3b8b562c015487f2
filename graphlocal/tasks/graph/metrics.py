"""What predictions for whole graphs are scored by."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...graph.checks import check_choice, fail

#: A score of outputs ``[G, T]`` against labels: ``[G]`` of classes, otherwise ``[G, T]``.
GraphMetric = Callable[[Tensor, Tensor], float]

__all__ = ["GraphMetric", "accuracy", "average_precision", "get_graph_metric",
           "mean_absolute_error", "ogb_metric", "roc_auc", "root_mean_squared_error"]


def accuracy(out: Tensor, y: Tensor) -> float:
    """Share of right answers: of the largest output for classes, of its sign for questions.

    Args:
        out: Logits.
        y: Classes, or answers 0, 1 and ``nan``, which do not count.

    Shapes:
        - **out:** :math:`(G, T)`
        - **y:** :math:`(G)` or :math:`(G, T)`

    Example:
        >>> accuracy(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0]))
        0.5
        >>> accuracy(torch.tensor([[2.0], [-1.0]]), torch.tensor([[1.0], [torch.nan]]))
        1.0
    """
    if y.dim() == 1:
        return float((out.argmax(dim=1) == y).double().mean())
    known = ~y.isnan()
    return float(((out > 0) == (y > 0.5))[known].double().mean())


def roc_auc(out: Tensor, y: Tensor) -> float:
    """Area under the ROC curve, the mean over the questions answered both ways, as OGB's.

    Args:
        out: Logits.
        y: Answers 0, 1 and ``nan``, which do not count.

    Shapes:
        - **out, y:** :math:`(G, T)`

    Raises:
        GraphError: If no question has both answers.

    Example:
        >>> out = torch.tensor([[0.1], [0.4], [0.35], [0.8]])
        >>> roc_auc(out, torch.tensor([[0.0], [0.0], [1.0], [1.0]]))
        0.75
    """
    from sklearn.metrics import roc_auc_score

    return _mean_over_questions(roc_auc_score, out, y)


def average_precision(out: Tensor, y: Tensor) -> float:
    """Average precision, the mean over the questions answered both ways, as OGB's.

    Args:
        out: Logits.
        y: Answers 0, 1 and ``nan``, which do not count.

    Shapes:
        - **out, y:** :math:`(G, T)`

    Raises:
        GraphError: If no question has both answers.

    Example:
        >>> average_precision(torch.tensor([[0.9], [0.5], [0.1]]), torch.tensor([[1.], [0], [0]]))
        1.0
    """
    from sklearn.metrics import average_precision_score

    return _mean_over_questions(average_precision_score, out, y)


def root_mean_squared_error(out: Tensor, y: Tensor) -> float:
    """Root of the mean squared error, the mean over the columns; smaller is better.

    Args:
        out: Predicted numbers.
        y: True ones; ``nan`` does not count.

    Shapes:
        - **out, y:** :math:`(G, T)`

    Example:
        >>> root_mean_squared_error(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [4.0]]))
        1.4142135623730951
    """
    return _mean_over_columns(lambda error: error.square().mean().sqrt(), out, y)


def mean_absolute_error(out: Tensor, y: Tensor) -> float:
    """Mean absolute error, the mean over the columns; smaller is better.

    Args:
        out: Predicted numbers.
        y: True ones; ``nan`` does not count.

    Shapes:
        - **out, y:** :math:`(G, T)`

    Example:
        >>> mean_absolute_error(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [4.0]]))
        1.0
    """
    return _mean_over_columns(lambda error: error.abs().mean(), out, y)


def _mean_over_questions(score: Callable[..., float], out: Tensor, y: Tensor) -> float:
    if y.dim() != 2 or out.shape != y.shape:
        fail("metric", f"outputs {tuple(out.shape)} for labels {tuple(y.shape)}",
             "an output for every yes/no question", "pass task='binary' to GraphData")
    # Widened first: in float32 large logits may swallow a difference and make false ties.
    guess, truth = out.double().cpu().numpy(), y.double().cpu().numpy()
    scores = []
    for column in range(truth.shape[1]):
        known = ~np.isnan(truth[:, column])
        answers = truth[known, column]
        if 0 < answers.sum() < len(answers):
            scores.append(float(score(answers, guess[known, column])))
    if not scores:
        fail("y", "a split in which no question has both answers", "both of them",
             "the metric is not defined otherwise")
    return float(np.mean(scores))


def _mean_over_columns(score: Callable[[Tensor], Tensor], out: Tensor, y: Tensor) -> float:
    if out.shape != y.shape:
        fail("metric", f"outputs {tuple(out.shape)} for labels {tuple(y.shape)}",
             "an output for every number", "pass task='regression' to GraphData")
    error = out.double() - y.double()
    columns = [error[known, number] for number, known in enumerate(~y.isnan().T)]
    return float(torch.stack([score(part) for part in columns if part.numel()]).mean())


#: name -> (function, whether larger is better)
METRICS: dict[str, tuple[GraphMetric, bool]] = {
    "accuracy": (accuracy, True), "roc_auc": (roc_auc, True), "ap": (average_precision, True),
    "rmse": (root_mean_squared_error, False), "mae": (mean_absolute_error, False),
}
#: What a task is scored by where nothing else is said.
USUAL = {"binary": "roc_auc", "classes": "accuracy", "regression": "rmse"}


def get_graph_metric(
    metric: str | GraphMetric, maximize: bool | None = None
) -> tuple[str, GraphMetric, bool]:
    """Name and function of a metric given by either, and whether larger is better.

    Args:
        metric: ``"accuracy"``, ``"roc_auc"``, ``"ap"``, ``"rmse"``, ``"mae"``, the name of a data
            set of OGB for the score of its Evaluator, or a function of outputs and labels.
        maximize: Whether larger is better; ``None`` means what is usual for a name, and true for a
            function.

    Raises:
        GraphError: If the name is unknown.

    Example:
        >>> name, function, maximize = get_graph_metric("rmse")
        >>> name, maximize
        ('rmse', False)
    """
    if callable(metric):
        name = getattr(metric, "__name__", type(metric).__name__)
        return name, metric, maximize is not False
    if isinstance(metric, str) and metric.startswith("ogbg-"):
        name, function = ogb_metric(metric)
    else:
        name = check_choice(metric, "metric", tuple(METRICS))
        function = METRICS[name][0]
    return name, function, METRICS[name][1] if maximize is None else maximize


def ogb_metric(dataset: str) -> tuple[str, GraphMetric]:
    """Name and function of the score OGB's own Evaluator gives to a data set.

    Args:
        dataset: Such as ``"ogbg-molhiv"``.

    Raises:
        GraphError: If OGB does not know the data set, or scores it by texts.

    Example:
        >>> name, metric = ogb_metric("ogbg-molesol")
        >>> name, metric(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [2.0]]))
        ('rmse', 0.0)
    """
    from ...datasets.ogb import ogb_modules

    ogb_modules()  # imported here first, OGB does not ask the network for a newer OGB
    from ogb.graphproppred import Evaluator

    try:
        evaluator = Evaluator(dataset)
    except Exception as error:  # OGB raises a bare ValueError, or what its table trips over
        fail("dataset", repr(dataset), "a graph data set of OGB", f"{error}".splitlines()[0])
    names = {"rocauc": "roc_auc", "ap": "ap", "rmse": "rmse", "mae": "mae", "acc": "accuracy"}
    key = evaluator.eval_metric
    if key not in names:
        fail("dataset", f"{dataset!r}, which is scored by {key}", "one scored by numbers")

    def metric(out: Tensor, y: Tensor) -> float:
        if key == "acc":
            out, y = out.argmax(dim=1, keepdim=True), y.reshape(-1, 1)
        try:
            return float(evaluator.eval({"y_pred": out.double().cpu().numpy(),
                                         "y_true": y.double().cpu().numpy()})[key])
        except RuntimeError as error:
            fail("metric", f"outputs {tuple(out.shape)} for labels {tuple(y.shape)}",
                 f"what OGB's Evaluator takes ({error})")

    return names[key], metric

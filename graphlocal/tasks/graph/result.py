"""What the training of a model for graphs returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..result import FitResult, RunResult
from ..summary import MeanStd, mean_std

__all__ = ["GraphResult", "GraphRunResult"]

#: Scores between 0 and 1, which are printed in percent.
_SHARES = ("accuracy", "roc_auc", "ap")


@dataclass(frozen=True)
class GraphResult(FitResult):
    """One training run, scored at the epoch that was best on validation.

    Args:
        maximize: Whether a larger score is better; the others are those of a
            :class:`~graphlocal.tasks.FitResult`.

    Example:
        >>> history = {"val": [0.9, 0.7], "train": [0.8, 0.6], "seconds": [1.0, 1.0]}
        >>> result = GraphResult("rmse", 2, 0.6, 0.7, 0.8, history, 10, maximize=False)
        >>> result.highest_val  # the best, which is the lowest
        0.7
    """

    maximize: bool = True

    @property
    def highest_train(self) -> float:
        """Best training score of any epoch."""
        return (max if self.maximize else min)(self.history["train"])

    @property
    def highest_val(self) -> float:
        """Best validation score of any epoch."""
        return (max if self.maximize else min)(self.history["val"])

    def record(self) -> dict[str, Any]:
        """The line of a log: everything but the history.

        Example:
            >>> history = {"val": [0.5], "train": [0.6], "seconds": [1.0]}
            >>> GraphResult("ap", 1, 0.6, 0.5, 0.4, history, 10, seed=3).record()["metric"]
            'ap'
        """
        return {name: value for name, value in super().record().items() if name != "split"}


@dataclass(frozen=True)
class GraphRunResult(RunResult):
    """Several runs; printed, the scores have mean and deviation.

    Args:
        runs: The runs, in the order of their seeds.

    Example:
        >>> history = {"val": [0.5], "train": [0.6], "seconds": [1.0]}
        >>> runs = [GraphResult("rmse", 1, 0.6, 0.5, test, history, 10, maximize=False)
        ...         for test in (0.75, 1.0)]
        >>> print(GraphRunResult(runs))
        2 runs, rmse
          Best Train: 0.6000 ± 0.0000
          Best Valid: 0.5000 ± 0.0000
         Final Train: 0.6000 ± 0.0000
          Final Test: 0.8750 ± 0.1768
    """

    runs: list[GraphResult]

    def __str__(self) -> str:
        many = f"{len(self.runs)} runs" if len(self.runs) > 1 else "1 run"
        metric = self.runs[0].metric
        percent = metric in _SHARES

        def text(value: MeanStd) -> str:
            if percent:
                return value.percent()
            return f"{value.mean:.4f}" + ("" if value.std is None else f" ± {value.std:.4f}")

        return "\n".join([
            f"{many}, {metric.replace('_', '-')}" + (" in percent" if percent else ""),
            f"  Best Train: {text(mean_std(run.highest_train for run in self.runs))}",
            f"  Best Valid: {text(mean_std(run.highest_val for run in self.runs))}",
            f" Final Train: {text(self.train)}",
            f"  Final Test: {text(self.test)}",
        ])

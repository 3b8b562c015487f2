"""What training returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .summary import MeanStd, mean_std


@dataclass(frozen=True)
class FitResult:
    """One training run, scored at the epoch that was best on validation.

    Args:
        metric: Name of the score; larger is better.
        best_epoch: Epoch, counted from 1, whose weights the model now has.
        train: Score of the training nodes at that epoch.
        val: Score of the validation nodes at that epoch.
        test: Score of the test nodes at that epoch.
        history: ``loss`` and ``seconds`` of every epoch; ``evaluated``, the epochs with scores, and
            of those ``val_loss, train, val, test``.
        num_params: Number of the model's parameters.
        seed: Seed of the run, where one was set.
        split: Number of the split used.

    Example:
        >>> history = {"val": [0.5, 0.75, 0.7], "train": [0.6, 0.9, 1.0], "seconds": [3., 1., 2.]}
        >>> result = FitResult("accuracy", 2, 0.9, 0.75, 0.8, history, 10)
        >>> result.epochs, result.highest_val, result.seconds_per_epoch
        (3, 0.75, 2.0)
    """

    metric: str
    best_epoch: int
    train: float
    val: float
    test: float
    history: dict[str, list[float]] = field(repr=False)
    num_params: int
    seed: int | None = None
    split: int = 0

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return len(self.history["seconds"])

    @property
    def highest_train(self) -> float:
        """Largest training score of any epoch."""
        return max(self.history["train"])

    @property
    def highest_val(self) -> float:
        """Largest validation score of any epoch."""
        return max(self.history["val"])

    @property
    def seconds_per_epoch(self) -> float:
        """Median wall-clock seconds of an epoch, its evaluation included."""
        ordered = sorted(self.history["seconds"])
        return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2

    def record(self) -> dict[str, Any]:
        """The line of a log: everything but the history.

        Example:
            >>> history = {"val": [0.5], "train": [0.6], "seconds": [1.0]}
            >>> FitResult("accuracy", 1, 0.6, 0.5, 0.4, history, 10, seed=3).record()["seed"]
            3
        """
        return {
            "seed": self.seed, "split": self.split, "metric": self.metric,
            "best_epoch": self.best_epoch, "epochs": self.epochs,
            "train": self.train, "val": self.val, "test": self.test,
            "seconds_per_epoch": round(self.seconds_per_epoch, 6), "num_params": self.num_params,
        }


@dataclass(frozen=True)
class RunResult:
    """Several runs; printed, it reads like the summary of an OGB script.

    Args:
        runs: The runs, in the order of their seeds.

    Example:
        >>> history = {"val": [0.5], "train": [0.6], "seconds": [1.0]}
        >>> runs = [FitResult("accuracy", 1, 0.6, 0.5, test, history, 10) for test in (0.4, 0.5)]
        >>> print(RunResult(runs))
        2 runs, accuracy in percent
        Highest Train: 60.00 ± 0.00
        Highest Valid: 50.00 ± 0.00
          Final Train: 60.00 ± 0.00
           Final Test: 45.00 ± 7.07
    """

    runs: list[FitResult]

    @property
    def train(self) -> MeanStd:
        """Training score at the best epochs."""
        return mean_std(run.train for run in self.runs)

    @property
    def val(self) -> MeanStd:
        """Validation score at the best epochs."""
        return mean_std(run.val for run in self.runs)

    @property
    def test(self) -> MeanStd:
        """Test score at the best epochs: the figure to report."""
        return mean_std(run.test for run in self.runs)

    def __str__(self) -> str:
        many = f"{len(self.runs)} runs" if len(self.runs) > 1 else "1 run"
        highest_train = mean_std(run.highest_train for run in self.runs)
        highest_val = mean_std(run.highest_val for run in self.runs)
        return "\n".join([
            f"{many}, {self.runs[0].metric.replace('_', '-')} in percent",
            f"Highest Train: {highest_train.percent()}",
            f"Highest Valid: {highest_val.percent()}",
            f"  Final Train: {self.train.percent()}",
            f"   Final Test: {self.test.percent()}",
        ])

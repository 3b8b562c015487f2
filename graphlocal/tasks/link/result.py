"""What the training of a link predictor returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..summary import MeanStd, mean_std

__all__ = ["Best", "LinkResult", "LinkRunResult"]


class Best(NamedTuple):
    """The epoch in which one metric was best on validation, and its two scores then.

    Args:
        epoch: Counted from 1.
        val: Score on validation, the largest of all epochs.
        test: Score on test in that epoch.

    Example:
        >>> Best(epoch=12, val=0.9, test=0.88).test
        0.88
    """

    epoch: int
    val: float
    test: float


@dataclass(frozen=True)
class LinkResult:
    """One training run. The model has the weights of the epoch that was best in ``metric``.

    Args:
        metric: The score the best epoch was chosen by.
        best: For every metric the epoch that was best in it on validation, as the papers choose.
        val: All scores on validation in the epoch chosen by ``metric``.
        test: All scores on test in that epoch.
        history: ``loss`` and ``seconds`` of every epoch; ``evaluated``, the epochs after which
            there was validation, and of those ``evaluation_seconds`` and each metric.
        num_params: Number of the model's parameters.
        seed: Seed of the run, where one was set.

    Example:
        >>> history = {"loss": [1.4, 0.9], "seconds": [3.0, 2.0], "evaluated": [2],
        ...            "evaluation_seconds": [0.5], "mrr": [0.4]}
        >>> result = LinkResult("mrr", {"mrr": Best(2, 0.4, 0.3)}, {"mrr": 0.4}, {"mrr": 0.3},
        ...                     history, 10)
        >>> result.best_epoch, result.epochs, result.seconds_per_epoch
        (2, 2, 2.5)
    """

    metric: str
    best: dict[str, Best]
    val: dict[str, float]
    test: dict[str, float]
    history: dict[str, list[float]] = field(repr=False)
    num_params: int
    seed: int | None = None

    @property
    def best_epoch(self) -> int:
        """Epoch whose weights the model has."""
        return self.best[self.metric].epoch

    @property
    def epochs(self) -> int:
        """Number of epochs trained."""
        return len(self.history["loss"])

    @property
    def seconds_per_epoch(self) -> float:
        """Median wall-clock seconds of the training of one epoch, without evaluation."""
        return _median(self.history["seconds"])

    def record(self) -> dict[str, Any]:
        """The line of a log: everything but the history.

        Example:
            >>> history = {"loss": [0.9], "seconds": [2.0], "evaluated": [1],
            ...            "evaluation_seconds": [0.5], "mrr": [0.4]}
            >>> result = LinkResult("mrr", {"mrr": Best(1, 0.4, 0.3)}, {"mrr": 0.4}, {"mrr": 0.3},
            ...                     history, 10, seed=5)
            >>> result.record()["best"]
            {'mrr': {'epoch': 1, 'val': 0.4, 'test': 0.3}}
        """
        return {
            "seed": self.seed, "metric": self.metric, "epochs": self.epochs,
            "best": {name: best._asdict() for name, best in self.best.items()},
            "val": self.val, "test": self.test,
            "seconds_per_epoch": round(self.seconds_per_epoch, 6),
            "seconds_per_evaluation": round(_median(self.history["evaluation_seconds"]), 6),
            "num_params": self.num_params,
        }


@dataclass(frozen=True)
class LinkRunResult:
    """Several runs; printed, each metric has mean and deviation at the epochs best in it.

    Args:
        runs: The runs, in the order of their seeds.

    Example:
        >>> history = {"loss": [0.9], "seconds": [2.0], "evaluated": [1],
        ...            "evaluation_seconds": [0.5], "hits@20": [0.4]}
        >>> runs = [LinkResult("hits@20", {"hits@20": Best(1, 0.5, test)}, {}, {}, history, 10)
        ...         for test in (0.4, 0.5)]
        >>> print(LinkRunResult(runs))
        2 runs, percent, each metric at its own best epoch on validation
        hits@20  valid 50.00 ± 0.00   test 45.00 ± 7.07
    """

    runs: list[LinkResult]

    @property
    def metric(self) -> str:
        """The score by which the models were chosen."""
        return self.runs[0].metric

    def val(self, metric: str | None = None) -> MeanStd:
        """Validation score at the epochs that are best in the metric.

        Args:
            metric: One of those scored; ``None`` means :attr:`metric`.
        """
        return mean_std(run.best[metric or self.metric].val for run in self.runs)

    def test(self, metric: str | None = None) -> MeanStd:
        """Test score at the epochs that are best in the metric on validation: what to report.

        Args:
            metric: One of those scored; ``None`` means :attr:`metric`.
        """
        return mean_std(run.best[metric or self.metric].test for run in self.runs)

    def __str__(self) -> str:
        many = f"{len(self.runs)} runs" if len(self.runs) > 1 else "1 run"
        names = list(self.runs[0].best)
        width = max(map(len, names))
        lines = [f"{name:{width}}  valid {self.val(name).percent()}   "
                 f"test {self.test(name).percent()}" for name in names]
        return "\n".join([f"{many}, percent, each metric at its own best epoch on validation",
                          *lines])


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2

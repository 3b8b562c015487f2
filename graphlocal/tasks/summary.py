"""Mean and deviation over runs, as leaderboards ask for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch

from ..graph.checks import fail


class MeanStd(NamedTuple):
    """Mean and unbiased standard deviation; ``std`` is ``None`` for a single value.

    Args:
        mean: Arithmetic mean.
        std: Square root of the sum of squares over ``n - 1``.

    Example:
        >>> print(MeanStd(0.815, 0.006))
        0.815 ± 0.006
        >>> MeanStd(0.815, 0.006).percent(), MeanStd(0.815, None).percent()
        ('81.50 ± 0.60', '81.50')
    """

    mean: float
    std: float | None

    def percent(self, digits: int = 2) -> str:
        """A hundred times the values with ``digits`` decimals, the way OGB prints them.

        Example:
            >>> MeanStd(0.5, 0.25).percent(1)
            '50.0 ± 25.0'
        """
        text = f"{100 * self.mean:.{digits}f}"
        return text if self.std is None else f"{text} ± {100 * self.std:.{digits}f}"

    def __str__(self) -> str:
        return f"{self.mean:.4g}" if self.std is None else f"{self.mean:.4g} ± {self.std:.2g}"


def mean_std(values: Iterable[float]) -> MeanStd:
    """Mean and unbiased standard deviation (``torch.std``) of the results of several runs.

    Args:
        values: At least one number. One alone has no deviation: ``std`` is ``None``.

    Raises:
        GraphError: If there is no value.

    Example:
        >>> mean_std([1.0, 2.0, 3.0])
        MeanStd(mean=2.0, std=1.0)
        >>> mean_std([0.5])
        MeanStd(mean=0.5, std=None)
    """
    numbers = torch.tensor([float(value) for value in values], dtype=torch.float64)
    if numbers.numel() == 0:
        fail("values", "none", "at least one number")
    std = float(torch.std(numbers)) if numbers.numel() > 1 else None
    return MeanStd(float(numbers.mean()), std)

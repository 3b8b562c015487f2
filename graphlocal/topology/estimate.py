"""Values known up to a stated error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Estimate:
    """Values of the nodes, each with the error it may have.

    Args:
        values: The estimates.
        error: True values lie within ``values ± error``, 0 where they are exact.
        samples: What was drawn; ``None`` where nothing was.
        confidence: Probability with which the errors hold.

    Shapes:
        - **values, error:** :math:`(N)`

    Example:
        >>> Estimate(np.array([0.5]), np.array([0.1]), 100, 0.95).error.max().item()
        0.1
    """

    values: NDArray[np.float64]
    error: NDArray[np.float64]
    samples: int | None
    confidence: float

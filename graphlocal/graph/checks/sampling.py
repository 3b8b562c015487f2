"""How many neighbours are drawn, and with what weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GraphTypeError, fail
from .arrays import check_nonnegative, to_numpy


def check_fan_out(counts: Any, argument: str = "num_neighbors") -> list[int]:
    """Integers of at least -1, one for every hop."""
    if hasattr(counts, "tolist"):
        counts = counts.tolist()
    if not isinstance(counts, (list, tuple)):
        fail(argument, repr(counts), "a list with a number for every hop", "such as [10, 10]",
             kind=GraphTypeError)
    for count in counts:
        if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
            fail(argument, repr(count), "integers", kind=GraphTypeError)
        if not -1 <= count < 2**63:
            fail(argument, str(count), "numbers of at least 0, or -1 for all neighbours")
    return [int(count) for count in counts]


def check_draw_weights(weight: Any, num_edges: int, argument: str) -> NDArray[np.float64]:
    """Finite numbers ``[E]`` (or ``[E, 1]``) of at least 0."""
    array = to_numpy(weight, argument)
    if array.dtype.kind not in "fiub":
        fail(argument, f"dtype {array.dtype}", "numbers", kind=GraphTypeError)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (num_edges,):
        fail(argument, f"shape {tuple(array.shape)}", f"shape ({num_edges},), one weight per edge")
    check_nonnegative(array, argument)
    return np.ascontiguousarray(array, np.float64)

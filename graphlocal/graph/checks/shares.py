"""What walks go by: probabilities, restarts, weights of steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GraphTypeError, fail
from .arrays import check_nonnegative, to_numpy


def check_fraction(value: Any, argument: str) -> float:
    """A number of at least 0 and below 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        fail(argument, repr(value), "a number", kind=GraphTypeError)
    if not 0 <= value < 1:
        fail(argument, str(value), "a number of at least 0 and below 1")
    return float(value)


def check_shares(shares: Any, num_nodes: int, argument: str) -> NDArray[np.float64]:
    """Numbers ``[N]`` of at least 0, as a new array that adds up to 1."""
    array = to_numpy(shares, argument)
    if array.dtype.kind not in "fiub":
        fail(argument, f"dtype {array.dtype}", "numbers", kind=GraphTypeError)
    if array.shape != (num_nodes,):
        fail(argument, f"shape {tuple(array.shape)}", f"shape ({num_nodes},), one per node")
    check_nonnegative(array, argument)
    array = array.astype(np.float64)
    if num_nodes == 0:
        return array
    largest = array.max()
    if largest == 0:
        fail(argument, "zeros only", "a share above 0 for some node", "None treats all alike")
    array /= largest  # first, so that the sum is finite whatever the numbers
    return array / array.sum()


def check_walk_weights(
    weight: NDArray[np.float64], degree: NDArray[np.float64], argument: str = "weight"
) -> None:
    """Weights above zero whose sums at the nodes can be divided by."""
    if len(weight) and weight.min() < 0:
        fail(argument, f"an edge of weight {weight.min()}", "weights of at least 0",
             "a walk cannot follow an edge of negative weight: pass weight=False to ignore them")
    if not np.isfinite(degree).all() or ((degree > 0) & (degree < 1e-300)).any():
        fail(argument, "weights at a node that add up to infinity or to nearly 0",
             "sums from 1e-300 to 1e308", "scale the weights")

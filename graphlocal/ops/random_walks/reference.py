"""The law of a step in plain Python: what the frequencies of the walks are tested against."""

from __future__ import annotations

import math
from collections.abc import Sequence


def step_law(
    neighbors: Sequence[Sequence[int]], node: int, previous: int | None = None, *,
    p: float = 1.0, q: float = 1.0, non_backtracking: bool = False,
) -> dict[int, float]:
    """Probability of every next node of a walk at ``node`` that came from ``previous``.

    Args:
        neighbors: Out-neighbours of every node, parallel edges as often as there are.
        node: Where the walk is.
        previous: Where it was before; ``None`` at the start.
        p: Return parameter.
        q: In-out parameter.
        non_backtracking: As if ``p`` were infinite, but back where there is no other way.

    Example:
        >>> path = [[1], [0, 2], [1]]
        >>> step_law(path, 1), step_law(path, 1, 0, non_backtracking=True)
        ({0: 0.5, 2: 0.5}, {2: 1.0})
    """
    if not neighbors[node]:
        return {node: 1.0}
    weight: dict[int, float] = {}
    for other in neighbors[node]:
        if previous is None:
            factor = 1.0
        elif other == previous:
            factor = 0.0 if non_backtracking else 1 / p
        else:
            factor = 1.0 if other in neighbors[previous] else 1 / q
        weight[other] = weight.get(other, 0.0) + factor
    total = math.fsum(weight.values())
    if total == 0:
        return {previous: 1.0}
    return {other: value / total for other, value in weight.items() if value > 0}

"""Counts of whole numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .frame import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, axis_names, rule, svg, text, ticks


def bars(
    values: Sequence[int],
    counts: ArrayLike,
    *,
    x_name: str,
    y_name: str,
    mark: float | None = None,
    mark_name: str = "",
) -> str:
    """Counts of consecutive whole numbers.

    Args:
        values: The numbers.
        counts: How often each occurs.
        x_name: Under the axis of the numbers.
        y_name: Above the axis of the counts.
        mark: Where a dashed line stands. (default: ``None``)
        mark_name: Beside it.

    Example:
        >>> picture = bars([1, 2, 3], [4, 0, 2], x_name="degree", y_name="nodes")
        >>> picture.startswith("<svg"), picture.count('class="bar"')
        (True, 2)
    """
    counts = np.asarray(counts, float)
    right = WIDTH - 6
    step = (right - LEFT) / len(values)
    top = max(float(counts.max(initial=0)), 1.0)
    top = ticks(0, top * 1.12)[-1] if ticks(0, top * 1.12)[-1] >= top else top * 1.05

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    parts = [rule(LEFT, right, y(t), f"{t:g}") for t in ticks(0, top, 4)]
    gap = min(4.0, step * 0.2)
    for number, count in enumerate(counts):
        if count:
            parts.append(f'<rect class="bar" x="{LEFT + number * step + gap / 2:.1f}" '
                         f'y="{y(count):.1f}" width="{step - gap:.1f}" '
                         f'height="{y(0) - y(count):.1f}"/>')
    every = max(1, math.ceil(26 / step))
    for number in range(0, len(values), every):
        parts.append(text("tick", LEFT + (number + 0.5) * step, HEIGHT - BOTTOM + 19,
                           f"{values[number]}", "middle"))
    if mark is not None:
        at = LEFT + (mark - values[0] + 0.5) * step
        parts.append(f'<path class="mark" d="M{at:.1f} {TOP - 8}V{y(0):.1f}"/>')
        parts.append(text("tick", at + 7, TOP + 5, mark_name, "start"))
    parts.append(axis_names(x_name, y_name, LEFT, right))
    return svg(WIDTH, HEIGHT, f"{y_name} by {x_name}", "".join(parts))

"""How one value goes with another: means over ranges, with bands that say how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from .frame import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Axis, axis_names, dots, foot, line, side, svg
from .frame import text as words

#: Where a mean stands: its x and its y, and the lower and the upper end of the band.
Means = tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]


def trends(
    series: Mapping[str, tuple[str, Means]],
    *,
    x_name: str,
    y_name: str,
    share: bool = False,
    log_x: bool = False,
) -> str:
    """A line through means with a dot for each and the band around them, one for each series.

    Args:
        series: Name -> (colour variable, (x, mean, lower end, upper end)), finite numbers, x in
            ascending order.
        x_name: Under the axis of x.
        y_name: Above the axis of y.
        share: Whether y is shown in percent. (default: ``False``)
        log_x: Whether the axis of x is logarithmic; x is above zero then. (default: ``False``)

    Shapes:
        - **x, mean, lower end, upper end:** :math:`(B)`, at least one

    Example:
        >>> means = ([0.1, 0.4], [0.5, 0.7], [0.4, 0.6], [0.6, 0.8])
        >>> picture = trends({"NCN": ("a", means)}, x_name="TC", y_name="recall")
        >>> picture.count("h0"), picture.count('class="band"')
        (2, 1)
    """
    right = WIDTH - 14 - 8.5 * max(map(len, series))  # room for the names
    data = {name: (colour, [np.asarray(values, float) for values in means])
            for name, (colour, means) in series.items()}
    every = [np.concatenate([means[i] for _, means in data.values()]) for i in range(4)]
    across = Axis(float(every[0].min()), float(every[0].max()), LEFT + 8, right - 8, log=log_x)
    up = Axis(float(every[2].min()), float(every[3].max()), HEIGHT - BOTTOM - 6, TOP)
    parts = [side(up, LEFT, right, share=share), foot(across, HEIGHT - BOTTOM)]
    for colour, (x, _, low, high) in data.values():  # below all lines
        at = np.concatenate([x, x[::-1]])
        around = line(across(at), up(np.concatenate([high, low[::-1]])))
        parts.append(f'<path class="band" fill="var(--{colour})" d="{around}Z"/>')
    names = []
    for name, (colour, (x, mean, _, _)) in data.items():
        at, middle = across(x), up(mean)
        parts.append(f'<path class="curve" stroke="var(--{colour})" d="{line(at, middle)}"/>')
        parts.append(f'<path class="points" stroke="var(--{colour})" d="{dots(at, middle)}"/>')
        names.append([float(middle[-1]), colour, name])
    names.sort()
    for previous, following in pairwise(names):
        following[0] = max(following[0], previous[0] + 18)
    for place, colour, name in names:
        parts.append(words("name", right + 6, place + 5, name, "start", f"fill:var(--{colour})"))
    parts.append(axis_names(x_name, y_name, LEFT, right))
    return svg(WIDTH, HEIGHT, f"{y_name} by {x_name}", "".join(parts))

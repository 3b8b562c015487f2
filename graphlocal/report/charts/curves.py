"""Scores over epochs."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .frame import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, axis_names, rule, svg, text, ticks


def curves(
    series: Mapping[str, tuple[str, NDArray[np.floating]]], *, x_name: str, y_name: str
) -> str:
    """Mean over runs by epoch with a band from the lowest to the highest run, in percent.

    The first twentieth of the epochs may start below the picture, or the rise would be all of it.

    Args:
        series: Name -> (colour variable, scores between 0 and 1).

    Shapes:
        - **scores:** :math:`(R, T)`, runs and epochs

    Example:
        >>> picture = curves({"GCN": ("a", np.array([[0.5, 0.8], [0.6, 0.9]]))},
        ...                  x_name="epoch", y_name="accuracy")
        >>> "GCN" in picture, picture.count('class="band"')
        (True, 1)
    """
    right = WIDTH - 74
    length = max(scores.shape[1] for _, scores in series.values())
    low = min(float(scores[:, (length - 1) // 20 :].min()) for _, scores in series.values())
    high = max(float(scores.max()) for _, scores in series.values())
    low, high = max(0.0, low - 0.02), min(1.0, high + 0.02)

    def x(epoch: float) -> float:
        return LEFT + (epoch - 1) / max(length - 1, 1) * (right - LEFT)

    def y(score: float) -> float:
        return HEIGHT - BOTTOM - (score - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def path(scores: NDArray[np.floating], epochs: Sequence[int]) -> str:
        return "L".join(f"{x(e):.1f} {y(s):.1f}" for e, s in zip(epochs, scores, strict=True))

    # Of its own on a page with other curves.
    clip = f"plot{zlib.crc32(repr(sorted(series)).encode())}"
    parts = [rule(LEFT, right, y(t), f"{100 * t:g} %") for t in ticks(low, high)]
    parts.append(f'<clipPath id="{clip}"><rect x="0" y="0" width="{WIDTH}" '
                 f'height="{HEIGHT - BOTTOM}"/></clipPath>')
    for epoch in ticks(0, length, 4):
        parts.append(text("tick", x(max(epoch, 1)), HEIGHT - BOTTOM + 19, f"{max(epoch, 1):g}",
                           "middle"))
    names = []
    for name, (colour, scores) in series.items():
        epochs = range(1, scores.shape[1] + 1)
        band = path(scores.max(0), epochs) + "L" + path(scores.min(0)[::-1], epochs[::-1])
        mean = scores.mean(0)
        parts.append(f'<g clip-path="url(#{clip})"><path class="band" fill="var(--{colour})" '
                     f'd="M{band}Z"/><path class="curve" stroke="var(--{colour})" '
                     f'd="M{path(mean, epochs)}"/></g>')
        names.append([y(float(mean[-1])), colour, name, f"{100 * mean[-1]:.1f} %"])
    names.sort()
    for previous, following in pairwise(names):
        following[0] = max(following[0], previous[0] + 36)  # two lines of text each
    for at, colour, name, value in names:
        parts.append(text("name", right + 10, at + 1, name, "start", f"fill:var(--{colour})"))
        parts.append(text("tick", right + 10, at + 17, value, "start"))
    parts.append(axis_names(x_name, y_name, LEFT, right))
    return svg(WIDTH, HEIGHT, f"{y_name} by {x_name}", "".join(parts))

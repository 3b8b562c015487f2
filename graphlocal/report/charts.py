"""Bars and curves as SVG that takes its colours from the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

_WIDTH, _HEIGHT = 460, 300
_TOP, _BOTTOM, _LEFT = 32, 46, 46


def svg(width: float, height: float, label: str, body: str) -> str:
    """An SVG element that screen readers call ``label``."""
    return (f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}" '
            f'xmlns="http://www.w3.org/2000/svg">{body}</svg>')


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round numbers from ``low`` to ``high``.

    Example:
        >>> ticks(0, 97), ticks(0.42, 1.0)
        ([0.0, 20.0, 40.0, 60.0, 80.0], [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    """
    raw = max(high - low, 1e-12) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * min((f for f in (1, 2, 5, 10)), key=lambda f: abs(f * power - raw))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


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
    right = _WIDTH - 6
    step = (right - _LEFT) / len(values)
    top = max(float(counts.max(initial=0)), 1.0)
    top = ticks(0, top * 1.12)[-1] if ticks(0, top * 1.12)[-1] >= top else top * 1.05

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_rule(_LEFT, right, y(t), f"{t:g}") for t in ticks(0, top, 4)]
    gap = min(4.0, step * 0.2)
    for number, count in enumerate(counts):
        if count:
            parts.append(f'<rect class="bar" x="{_LEFT + number * step + gap / 2:.1f}" '
                         f'y="{y(count):.1f}" width="{step - gap:.1f}" '
                         f'height="{y(0) - y(count):.1f}"/>')
    every = max(1, math.ceil(26 / step))
    for number in range(0, len(values), every):
        parts.append(_text("tick", _LEFT + (number + 0.5) * step, _HEIGHT - _BOTTOM + 19,
                           f"{values[number]}", "middle"))
    if mark is not None:
        at = _LEFT + (mark - values[0] + 0.5) * step
        parts.append(f'<path class="mark" d="M{at:.1f} {_TOP - 8}V{y(0):.1f}"/>')
        parts.append(_text("tick", at + 7, _TOP + 5, mark_name, "start"))
    parts.append(_axis_names(x_name, y_name, right))
    return svg(_WIDTH, _HEIGHT, f"{y_name} by {x_name}", "".join(parts))


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
    right = _WIDTH - 74
    length = max(scores.shape[1] for _, scores in series.values())
    low = min(float(scores[:, (length - 1) // 20 :].min()) for _, scores in series.values())
    high = max(float(scores.max()) for _, scores in series.values())
    low, high = max(0.0, low - 0.02), min(1.0, high + 0.02)

    def x(epoch: float) -> float:
        return _LEFT + (epoch - 1) / max(length - 1, 1) * (right - _LEFT)

    def y(score: float) -> float:
        return _HEIGHT - _BOTTOM - (score - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def path(scores: NDArray[np.floating], epochs: Sequence[int]) -> str:
        return "L".join(f"{x(e):.1f} {y(s):.1f}" for e, s in zip(epochs, scores, strict=True))

    parts = [_rule(_LEFT, right, y(t), f"{100 * t:g} %") for t in ticks(low, high)]
    parts.append(f'<clipPath id="plot"><rect x="0" y="0" width="{_WIDTH}" '
                 f'height="{_HEIGHT - _BOTTOM}"/></clipPath>')
    for epoch in ticks(0, length, 4):
        parts.append(_text("tick", x(max(epoch, 1)), _HEIGHT - _BOTTOM + 19, f"{max(epoch, 1):g}",
                           "middle"))
    names = []
    for name, (colour, scores) in series.items():
        epochs = range(1, scores.shape[1] + 1)
        band = path(scores.max(0), epochs) + "L" + path(scores.min(0)[::-1], epochs[::-1])
        mean = scores.mean(0)
        parts.append(f'<g clip-path="url(#plot)"><path class="band" fill="var(--{colour})" '
                     f'd="M{band}Z"/><path class="curve" stroke="var(--{colour})" '
                     f'd="M{path(mean, epochs)}"/></g>')
        names.append([y(float(mean[-1])), colour, name, f"{100 * mean[-1]:.1f} %"])
    names.sort()
    for previous, following in pairwise(names):
        following[0] = max(following[0], previous[0] + 36)  # two lines of text each
    for at, colour, name, value in names:
        parts.append(_text("name", right + 10, at + 1, name, "start", f"fill:var(--{colour})"))
        parts.append(_text("tick", right + 10, at + 17, value, "start"))
    parts.append(_axis_names(x_name, y_name, right))
    return svg(_WIDTH, _HEIGHT, f"{y_name} by {x_name}", "".join(parts))


def _rule(left: float, right: float, at: float, text: str) -> str:
    return (f'<path class="grid" d="M{left} {at:.1f}H{right}"/>'
            + _text("tick", left - 8, at + 4.5, text, "end"))


def _axis_names(x_name: str, y_name: str, right: float) -> str:
    return (_text("tick", (_LEFT + right) / 2, _HEIGHT - 6, x_name, "middle")
            + _text("tick", 0, 11, y_name, "start"))


def _text(kind: str, x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    style = f' style="{style}"' if style else ""
    return (f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>'
            f"{escape(text)}</text>")

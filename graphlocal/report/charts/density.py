"""One value against another for any number of points: how dense they lie, and their mean."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .frame import BOTTOM, HEIGHT, TOP, WIDTH, Axis, axis_names, dots, foot, line, side, svg

_LEFT = 46
_ACROSS, _UP = 44, 30
#: Up to so many points each is drawn.
_FEW = 400


def density(
    x: ArrayLike, y: ArrayLike, *, x_name: str, y_name: str, log_x: bool = True,
    y_low: float | None = None, y_high: float | None = None,
) -> str:
    """Dots where points are few, else cells that are stronger in colour the more points they hold;
    above, the mean of ``y`` over ranges of ``x``.

    Args:
        x: Values, above zero where ``log_x``.
        y: Finite values.
        x_name: Under the axis of x.
        y_name: Above the axis of y.
        log_x: Whether that axis is logarithmic. (default: ``True``)
        y_low: Where the axis of y begins; ``None`` is the smallest value.
        y_high: Where it ends; ``None`` is the largest.

    Shapes:
        - **x, y:** :math:`(P)`, at least one point

    Example:
        >>> picture = density([1, 2, 2], [0.0, 1.0, 0.5], x_name="degree", y_name="clustering")
        >>> picture.count("h0")  # three points and two means
        5
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    across = Axis(float(x.min()), float(x.max()), _LEFT + 8, WIDTH - 12, log=log_x)
    up = Axis(float(y.min()) if y_low is None else y_low,
              float(y.max()) if y_high is None else y_high, HEIGHT - BOTTOM - 6, TOP)
    places = across(x), up(y)
    parts = [side(up, _LEFT, WIDTH - 6), foot(across, HEIGHT - BOTTOM)]
    if len(x) <= _FEW:
        parts.append(f'<path class="points faint" d="{dots(*places)}"/>')
    else:
        parts.append(_cells(*places))
    where, mean = means(x, y, log=log_x)
    at = across(where), up(mean)
    if len(mean) > 1:
        parts.append(f'<path class="curve" stroke="var(--b)" d="{line(*at)}"/>')
    parts.append(f'<path class="points" stroke="var(--b)" d="{dots(*at)}"/>')
    parts.append(axis_names(x_name, y_name, _LEFT))
    return svg(WIDTH, HEIGHT, f"{y_name} by {x_name}", "".join(parts))


def means(
    x: NDArray[np.floating], y: NDArray[np.floating], *, log: bool = True, ranges: int = 14
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of both over ranges of ``x`` that hold points.

    Example:
        >>> [m.tolist() for m in means(np.array([1.0, 100, 100]), np.array([0.0, 2, 4]))]
        [[1.0, 100.0], [0.0, 3.0]]
    """
    scaled = np.log10(x) if log else x
    low, high = float(scaled.min()), float(scaled.max())
    place = np.zeros(len(x), np.int64)
    if high > low:
        place = np.minimum((scaled - low) / (high - low) * ranges, ranges - 1).astype(np.int64)
    counts = np.bincount(place, minlength=ranges)
    some = counts > 0
    where = np.bincount(place, scaled, ranges)[some] / counts[some]
    return (10.0**where if log else where), np.bincount(place, y, ranges)[some] / counts[some]


def _cells(x: NDArray[np.floating], y: NDArray[np.floating]) -> str:
    """One path for each shade, so that a hundred thousand points take a few kilobytes."""
    width = (WIDTH - 12 - _LEFT - 8) / _ACROSS
    height = (HEIGHT - BOTTOM - 6 - TOP) / _UP
    column = np.clip((x - _LEFT - 8) / width, 0, _ACROSS - 1).astype(np.int64)
    row = np.clip((y - TOP) / height, 0, _UP - 1).astype(np.int64)
    counts = np.bincount(row * _ACROSS + column, minlength=_ACROSS * _UP)
    filled = np.flatnonzero(counts)
    shade = np.log1p(counts[filled]) / np.log1p(counts.max())
    levels = np.clip(np.ceil(8 * shade), 1, 8).astype(np.int64)
    parts = []
    for level in range(1, 9):
        places = "".join(
            f"M{_LEFT + 8 + cell % _ACROSS * width:.1f} {TOP + cell // _ACROSS * height:.1f}"
            f"h{width:.1f}v{height:.1f}h-{width:.1f}z"
            for cell in filled[levels == level].tolist())
        if places:
            parts.append(f'<path class="shade" opacity="{0.09 * level:.2f}" d="{places}"/>')
    return "".join(parts)

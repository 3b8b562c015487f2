"""How values are spread: the share above each, and how many in each range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .frame import (
    BOTTOM,
    HEIGHT,
    TOP,
    WIDTH,
    Axis,
    axis_names,
    dots,
    foot,
    log_ticks,
    number,
    rule,
    side,
    svg,
    text,
    tick_name,
    ticks,
)

_LEFT = 56
_MOST_BARS = 44


def ccdf(series: Mapping[str, tuple[str, ArrayLike]], *, x_name: str, y_name: str) -> str:
    """Share of the values at or above each value, both axes logarithmic; zeros are left out of the
    picture but not of the share.

    Args:
        series: Name to colour variable and values of at least 0, some above it.
        x_name: Under the axis of the values.
        y_name: Above the axis of the shares.

    Shapes:
        - **values:** :math:`(N)` each

    Example:
        >>> picture = ccdf({"": ("a", [1, 1, 2, 4])}, x_name="degree", y_name="share of nodes")
        >>> picture.count("h0")
        3
    """
    found = {name: (colour, *_tail(np.asarray(values)))
             for name, (colour, values) in series.items()}
    lows, highs, shares = zip(*((v.min(), v.max(), s.min()) for _, v, s in found.values()),
                              strict=True)
    x = Axis(float(min(lows)), float(max(highs)), _LEFT + 6, WIDTH - 10, log=True)
    y = Axis(float(min(shares)), 1.0, HEIGHT - BOTTOM - 6, TOP, log=True)
    parts = [side(y, _LEFT, WIDTH - 6, share=True), foot(x, HEIGHT - BOTTOM)]
    for colour, values, share in found.values():
        parts.append(f'<path class="points" stroke="var(--{colour})" '
                     f'd="{dots(x(values), y(share))}"/>')
    parts.append(axis_names(x_name, y_name, _LEFT))
    return svg(WIDTH, HEIGHT, f"{y_name} by {x_name}", "".join(parts))


def _tail(values: NDArray[np.generic]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every distinct value above zero, and the share of all values that are at least it."""
    distinct, counts = np.unique(values, return_counts=True)
    share = np.cumsum(counts[::-1])[::-1] / len(values)
    return distinct[distinct > 0].astype(np.float64), share[distinct > 0]


@dataclass(frozen=True)
class Bins:
    """Ranges of values and how many values fall into each.

    Args:
        edges: Borders of the ranges, each with its lower one.
        counts: How many.
        zeros: How many are zero, where these have a bar of their own; else ``None``.
        log: Whether the ranges grow by ratios.
        whole: Whether every range is one whole number, in the middle of its borders.

    Shapes:
        - **edges:** :math:`(B + 1)`
        - **counts:** :math:`(B)`
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    zeros: int | None = None
    log: bool = False
    whole: bool = False


def bins(values: ArrayLike, *, log: bool | None = None) -> Bins:
    """Ranges that suit the values: one per whole number where these are few, of equal ratio where
    the largest is far from the middle, else of equal width.

    Args:
        values: Finite numbers, at least one.
        log: Equal ratios or not; ``None`` decides by the values.

    Shapes:
        - **values:** :math:`(N)`

    Example:
        >>> bins([1, 1, 2, 4]).counts.tolist()
        [2, 1, 0, 1]
        >>> found = bins([0, 1, 10, 100, 100000])
        >>> found.log, found.zeros, int(found.counts.sum())
        (True, 1, 4)
    """
    values = np.asarray(values)
    low, high = float(values.min()), float(values.max())
    whole = values.dtype.kind in "iub"
    if whole and high - low < _MOST_BARS and not log:
        counts = np.bincount(values.astype(np.int64) - int(low))
        return Bins(np.arange(len(counts) + 1) + low - 0.5, counts, whole=True)
    positive = values[values > 0]
    if log is None:
        middle = float(np.median(positive)) if len(positive) else 0.0
        log = low >= 0 and len(positive) > 0 and high > 20 * middle
        log |= low > 0 and high > 100 * low and high > 8 * middle
    if not log:
        if low == high:
            room = max(0.5, 0.1 * abs(low))
            low, high = low - room, high + room
        edges = _even(low, high, whole)
        # Multiples of a step are round to people, but seldom to a computer.
        edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)
        return Bins(edges, np.histogram(values, edges)[0])
    least = float(positive.min())
    if least == high:
        edges = np.array([least / 2, least * 2])
    else:
        steps = min(30, max(6, round(5 * (math.log10(high) - math.log10(least)))))
        edges = np.geomspace(least, high, steps + 1)
    if positive.dtype.kind in "iu" and len(edges) > 2:
        # A range without a whole number would be a gap that is not in the values.
        edges = np.unique(np.concatenate([np.ceil(edges[:-1] - 1e-9), [np.floor(high) + 1]]))
    else:
        edges[0], edges[-1] = min(edges[0], least), max(edges[-1], high)
    counts = np.histogram(positive, edges)[0]
    zeros = int((values == 0).sum())
    return Bins(edges, counts, zeros if zeros else None, log=True)


def _even(low: float, high: float, whole: bool) -> NDArray[np.float64]:
    """Borders of round ranges of equal width that hold all values."""
    marks = ticks(low, high, 24)
    step = marks[1] - marks[0] if len(marks) > 1 else high / 24 - low / 24
    if whole:
        step = max(1.0, round(step))
    first = math.floor(low / step + 1e-9)
    count = max(1, math.ceil(high / step - first + (1e-9 if whole else -1e-9)))
    if whole and first * step + count * step <= high:
        count += 1
    return (first + np.arange(count + 1)) * float(step)


def histogram(found: Bins, *, x_name: str, y_name: str, mark: float | None = None,
              mark_name: str = "") -> str:
    """Bars of the ranges; the counts' axis is logarithmic where most bars would else be invisible.

    Args:
        found: The ranges, from :func:`bins`.
        x_name: Under the axis of the values.
        y_name: Above the axis of the counts.
        mark: Where a dashed line stands. (default: ``None``)
        mark_name: Beside it.

    Example:
        >>> histogram(bins([1, 1, 3]), x_name="core", y_name="nodes").count('class="bar"')
        2
    """
    right, floor = WIDTH - 6, HEIGHT - BOTTOM
    zeros = 0 if found.zeros is None else found.zeros
    counts = found.counts
    most = max(int(counts.max(initial=0)), zeros, 1)
    # A few low bars are part of the shape; where most of them would vanish there is none to see.
    steep = most > 80 * float(np.median([c for c in (*counts.tolist(), zeros) if c] or [1]))
    if steep:
        y = Axis(0.6, most * 1.15, floor, TOP, log=True)
        parts = [rule(_LEFT, right, float(y(t)), tick_name(t)) for t in log_ticks(1, most * 1.15)]
    else:
        y = Axis(0, most * 1.06, floor, TOP)
        parts = [rule(_LEFT, right, float(y(t)), tick_name(t)) for t in ticks(0, most * 1.06, 4)
                 if t == int(t)]
    start = _LEFT + 4.0
    if found.zeros is not None:
        width = min(24.0, (right - start) / (len(counts) + 2))
        parts.append(_bar(start, width, y, found.zeros, floor, "0"))
        parts.append(text("tick", start + width / 2, floor + 19, "0", "middle"))
        start += width + 16
    # Of few numbers: no bar as wide as the picture.
    room = max(0.0, (5 - len(counts)) / 2) if found.whole else 0.0
    x = Axis(float(found.edges[0]) - room, float(found.edges[-1]) + room, start, right,
             log=found.log)
    places = x(found.edges)
    gap = min(4.0, 0.2 * float(np.diff(places).min()))
    for i, count in enumerate(counts.tolist()):
        if count:
            parts.append(_bar(places[i] + gap / 2, places[i + 1] - places[i] - gap, y, count,
                              floor, _range(found, i)))
    parts.append(_marks(found, x, floor, start))
    if mark is not None and found.edges[0] <= mark <= found.edges[-1]:
        at = float(x(mark))
        parts.append(f'<path class="mark" d="M{at:.1f} {TOP - 10}V{floor}"/>')
        late = at > 0.75 * WIDTH
        parts.append(text("tick", at + (-7 if late else 7), TOP - 1, mark_name,
                          "end" if late else "start"))
    parts.append(axis_names(x_name, f"{y_name}{', logarithmic' if steep else ''}", _LEFT, right))
    return svg(WIDTH, HEIGHT, f"{y_name} by {x_name}", "".join(parts))


def _bar(left: float, width: float, y: Axis, count: int, floor: float, what: str) -> str:
    top = min(float(y(count)), floor - 0.8)  # one node among many still leaves a trace
    return (f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
            f'height="{floor - top:.1f}"><title>{what}: {count:,}</title></rect>')


def _range(found: Bins, i: int) -> str:
    low, high = found.edges[i : i + 2]
    return number(low + 0.5) if found.whole else f"{number(low)} to {number(high)}"


def _marks(found: Bins, x: Axis, floor: float, start: float) -> str:
    if not found.whole:
        return foot(x, floor)
    values = found.edges[:-1] + 0.5
    widest = 9 * max(len(tick_name(v)) for v in values.tolist()) + 8
    room = float(x(1.0) - x(0.0))
    every = next(e for e in (1, 2, 5, 10, 20, 50) if e * room >= widest or e == 50)
    return "".join(text("tick", float(x(v)), floor + 19, tick_name(v), "middle")
                   for v in values.tolist() if v % every == 0 or len(values) == 1)

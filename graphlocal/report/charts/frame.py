"""What every chart is made of: axes from values to places, lines and text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH, HEIGHT = 460, 300
TOP, BOTTOM, LEFT = 32, 46, 46

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def svg(width: float, height: float, label: str, body: str) -> str:
    """An SVG element that screen readers call ``label``."""
    return (f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}" '
            f'xmlns="http://www.w3.org/2000/svg">{body}</svg>')


def text(kind: str, x: float, y: float, words: str, anchor: str, style: str = "") -> str:
    """Words at a place."""
    style = f' style="{style}"' if style else ""
    return (f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>'
            f"{escape(words)}</text>")


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About ``count`` round numbers from ``low`` to ``high``.

    Example:
        >>> ticks(0, 97), ticks(0.42, 1.0)
        ([0.0, 20.0, 40.0, 60.0, 80.0], [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    """
    # Two values next to each other have no round number between them.
    raw = max(high / count - low / count, 1e-12 * max(abs(low), abs(high)), 1e-300)
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * min((f for f in (1, 2, 5, 10)), key=lambda f: abs(f * power - raw))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    digits = max(0, 12 - round(math.log10(step)))
    return [round(i * step, digits) if digits < 300 else i * step for i in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten from ``low`` to ``high``; where they are few, also their 2 and 5 fold, and
    where they are many, every second or third.

    Example:
        >>> log_ticks(1, 3000), log_ticks(3, 40)
        ([1.0, 10.0, 100.0, 1000.0], [5.0, 10.0, 20.0])
    """
    def between(values: Iterable[float]) -> list[float]:
        return [v for v in values if 0 < low * (1 - 1e-9) <= v <= high * (1 + 1e-9)]

    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = between(10.0**p for p in powers)
    if len(found) >= 3:
        every = math.ceil(len(found) / 6)
        return found[::every]
    found = between(f * 10.0**p for p in powers for f in (1, 2, 5))
    return found if len(found) >= 2 else ticks(low, high, 3)


def number(value: float) -> str:
    """A number as people write it, with about three figures that count.

    Example:
        >>> number(12345.0), number(0.12345), number(3.2e11), number(4e-7), number(float("nan"))
        ('12,345', '0.123', '3.2·10¹¹', '4·10⁻⁷', '–')
    """
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    if value == int(value) and abs(value) < 1e7:
        return f"{int(value):,}"
    if 1e-4 <= abs(value) < 1e7:
        if abs(value) >= 1000:
            return f"{value:,.0f}"
        shown = f"{value:.3g}"
        return f"{float(shown):,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"
    return _scientific(value)


def _scientific(value: float) -> str:
    head, _, power = f"{value:.2e}".partition("e")
    head = head.rstrip("0").rstrip(".")
    power = exponent(int(power))
    return f"10{power}" if head == "1" else f"{head}·10{power}"


def exponent(power: int) -> str:
    """A power in small figures.

    Example:
        >>> exponent(-12)
        '⁻¹²'
    """
    return str(power).translate(_SUPERSCRIPT)


def tick_name(value: float, *, share: bool = False) -> str:
    """A tick's label; a ``share`` is in percent.

    Example:
        >>> tick_name(0.001, share=True), tick_name(2000), tick_name(1e6), tick_name(0.25)
        ('0.1 %', '2,000', '10⁶', '0.25')
    """
    if share:
        return f"{tick_name(100 * value)} %"
    if value and (abs(value) >= 1e6 or abs(value) < 1e-4 * (1 - 1e-9)):
        return _scientific(value)
    return f"{value:,.12g}"


@dataclass(frozen=True)
class Axis:
    """From values to places along one side of a chart.

    Args:
        low: The smallest value.
        high: The largest; equal ones are set apart.
        start: Place of ``low``.
        stop: Place of ``high``.
        log: Whether equal ratios are equally far apart; values are above zero then.

    Example:
        >>> axis = Axis(1, 100, 0, 10, log=True)
        >>> axis(np.array([1, 10, 100])).tolist()
        [0.0, 5.0, 10.0]
    """

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __post_init__(self) -> None:
        if self.low == self.high:
            room = max(1.0, 0.1 * abs(self.low))
            low, high = (self.low / 2, self.low * 2) if self.log else (self.low - room,
                                                                       self.high + room)
            object.__setattr__(self, "low", low)
            object.__setattr__(self, "high", high)

    def __call__(self, values: ArrayLike) -> Any:
        # Halves: a difference of two floats may be none.
        scaled, low, high = (np.log10(v) if self.log else v / 2
                             for v in (np.asarray(values, float), self.low, self.high))
        return self.start + (scaled - low) / (high - low) * (self.stop - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """Round values on it."""
        return log_ticks(self.low, self.high) if self.log else ticks(self.low, self.high, count)


def side(axis: Axis, left: float, right: float, *, share: bool = False, count: int = 5) -> str:
    """Lines across the chart at the ticks of an upright axis, and their labels."""
    return "".join(rule(left, right, float(axis(t)), tick_name(t, share=share))
                   for t in axis.ticks(count))


def foot(axis: Axis, at: float, *, share: bool = False, count: int = 5) -> str:
    """Labels and small strokes at the ticks of a lying axis."""
    parts = []
    for t in axis.ticks(count):
        x = float(axis(t))
        parts.append(f'<path class="grid" d="M{x:.1f} {at:.1f}v5"/>'
                     + text("tick", x, at + 19, tick_name(t, share=share), "middle"))
    return "".join(parts)


def rule(left: float, right: float, at: float, words: str) -> str:
    """A line across the chart with a label at its left."""
    return (f'<path class="grid" d="M{left} {at:.1f}H{right}"/>'
            + text("tick", left - 8, at + 4.5, words, "end"))


def axis_names(x_name: str, y_name: str, left: float = LEFT, right: float = WIDTH - 6) -> str:
    """What the lying and the upright axis show."""
    return (text("tick", (left + right) / 2, HEIGHT - 6, x_name, "middle")
            + text("tick", 0, 11, y_name, "start"))


def dots(x: NDArray[np.floating], y: NDArray[np.floating]) -> str:
    """The path of a dot at each place, to be drawn with a round cap; equal places once."""
    places = np.unique(np.stack([np.round(x, 1), np.round(y, 1)], axis=1), axis=0)
    return "".join(f"M{a:g} {b:g}h0" for a, b in places.tolist())


def line(x: NDArray[np.floating], y: NDArray[np.floating]) -> str:
    """The path of a line through places."""
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))

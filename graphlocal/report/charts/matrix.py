"""Rows and columns of coloured cells."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from .frame import exponent, svg, text, tick_name

_WIDTH = 920
#: Up to so many columns there is room for the numbers, and for a title under the pointer.
_WRITTEN, _TITLED = 24, 40


def correlations(matrix: NDArray[np.floating], names: Sequence[str]) -> str:
    """A correlation matrix: one colour above zero, one below, stronger the farther from it.

    Args:
        matrix: Values from -1 to 1; NaN where there is no correlation.
        names: Of the rows and columns.

    Shapes:
        - **matrix:** :math:`(C, C)`

    Example:
        >>> picture = correlations(np.array([[1, -0.5], [-0.5, 1]]), ["degree", "core"])
        >>> picture.count("<rect"), picture.count(">-.50<")
        (4, 2)
    """
    count = len(names)
    shown = [name if len(name) <= 22 else f"{name[:20]}…" for name in names]
    longest = max(map(len, shown), default=0)
    cell, label = 44.0, 0.0
    for _ in range(8):  # how long names are goes by the cells, whose size goes by what names leave
        font = min(13.0, max(6.0, 0.9 * cell))
        label = 0.58 * font * longest + 12
        cell = min(44.0, (_WIDTH - 1.72 * label) / max(count, 1))
    head = 0.72 * label + 10
    left = max(0.0, (_WIDTH - label - cell * count - 0.72 * label) / 2) + label
    parts = []
    for i, name in enumerate(shown):
        y = head + (i + 0.5) * cell
        x = left + (i + 0.5) * cell
        style = f"font-size:{font:.1f}px"
        parts.append(text("tick", left - 7, y + 0.35 * font, name, "end", style))
        parts.append(f'<g transform="translate({x:.1f} {head - 7:.1f})rotate(-45)">'
                     + text("tick", 0, 0.35 * font, name, "start", style) + "</g>")
    size = cell - min(1.0, 0.1 * cell)
    for (i, j), value in np.ndenumerate(matrix):
        x, y = left + j * cell, head + i * cell
        known = bool(np.isfinite(value))
        title = ""
        if count <= _TITLED:
            said = f"{value:.3f}" if known else "not defined"
            title = f"<title>{escape(names[i])}, {escape(names[j])}: {said}</title>"
        look = (f'fill="var(--{"a" if value >= 0 else "b"})" fill-opacity="{abs(value):.2f}"'
                if known else 'fill="var(--well)"')
        parts.append(f'<rect {look} x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" '
                     f'height="{size:.1f}">{title}</rect>')
        if count <= _WRITTEN and i != j:
            words = _short(float(value)) if known else "–"
            kind = "cell on" if known and abs(value) > 0.62 else "cell"
            parts.append(text(kind, x + size / 2, y + size / 2 + 4, words, "middle",
                              f"font-size:{min(12.5, 0.36 * cell):.1f}px"))
    height = head + cell * count + 4
    return svg(_WIDTH, height, f"correlations of {count} columns", "".join(parts))


def _short(value: float) -> str:
    if abs(value) < 0.005:
        return "0"
    return f"{value:.2f}".replace("0.", ".", 1)


def tallies(
    rows: Sequence[NDArray[np.integer]], names: Sequence[str], drawings: Sequence[str] = (), *,
    what: str,
) -> str:
    """For each row of whole numbers, how many are 0, 1 to 3, 4 to 9, 10 to 31, and so on: the more,
    the stronger the colour, on a logarithmic scale; a stroke at the median.

    Args:
        rows: The numbers, at least 0.
        names: Of the rows.
        drawings: An SVG group for each row, 26 units wide and high. (default: none)
        what: What is counted, such as ``"nodes"``.

    Shapes:
        - **rows:** :math:`(N)` each, N at least 1

    Example:
        >>> picture = tallies([np.array([0, 1, 3, 50])], ["o0"], what="nodes")
        >>> "o0: 1 to 3 for 2 nodes" in picture
        True
    """
    total = len(rows[0])
    most = max(int(row.max()) for row in rows)
    borders = half_decades(most)
    height = 30.0 if len(rows) <= 20 else 17.0
    left, top = (112.0 if drawings else 56.0), 30.0
    width = min(46.0, (_WIDTH - left - 8) / (len(borders) - 1))
    across = width * (len(borders) - 1)
    start = left + max(0.0, (_WIDTH - left - 8 - across) / 2)
    parts = []
    for i, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = top + i * height
        counts = np.histogram(row, borders)[0]
        parts.append(text("tick", start - 8, y + height / 2 + 4.5, name, "end"))
        if drawings:
            scale = 0.9 * height / 26
            parts.append(f'<g transform="translate({start - 80 - 13 * scale:.1f} '
                         f'{y + 0.05 * height:.1f})scale({scale:.2f})">{drawings[i]}</g>')
        for j, count in enumerate(counts.tolist()):
            if count:
                parts.append(
                    f'<rect class="shade" opacity="{_shade(count, total):.2f}" '
                    f'x="{start + j * width:.1f}" y="{y:.1f}" width="{width - 1:.1f}" '
                    f'height="{height - 1:.1f}"><title>'
                    f"{escape(name)}: {_between(borders, j)} for {count:,} {escape(what)}"
                    f"</title></rect>")
        place = int(np.searchsorted(borders, np.median(row), side="right")) - 1
        stroke = (f'd="M{start + (place + 0.5) * width - 0.5:.1f} {y + 0.28 * height:.1f}'
                  f'v{0.44 * height - 1:.1f}"/>')
        parts.append(f'<path class="median under" {stroke}<path class="median" {stroke}')
    parts.append(text("tick", start + width / 2, top - 10, "0", "middle"))
    for power in range(0, (len(borders) - 1) // 2 + 1):
        if 2 * power + 1 < len(borders) - 1:
            name = tick_name(10**power) if power < 4 else f"10{exponent(power)}"
            parts.append(text("tick", start + (1 + 2 * power) * width + 3, top - 10, name,
                              "start"))
    bottom = top + len(rows) * height
    parts.append(_scale(start, bottom + 14, total, what))
    return svg(_WIDTH, bottom + 34, f"{what} by count", "".join(parts))


def _shade(count: int, total: int) -> float:
    """From faint to full; the power keeps hundreds and thousands apart."""
    return float(0.07 + 0.93 * (np.log1p(count) / np.log1p(total)) ** 1.7)


def _scale(left: float, top: float, total: int, what: str) -> str:
    """What the shades stand for."""
    counts = [10**power for power in range(len(str(total)))]
    if counts[-1] < total:
        counts.append(total)
    parts = []
    for i, count in enumerate(counts):
        parts.append(f'<rect class="shade" opacity="{_shade(count, total):.2f}" '
                     f'x="{left + 92 * i:.1f}" y="{top}" width="16" height="16"/>')
        words = f"{what[:-1] if count == 1 else what}" if i == 0 else ""
        parts.append(text("tick", left + 92 * i + 22, top + 12.5,
                          f"{tick_name(count)} {words}".strip(), "start"))
    return "".join(parts)


def half_decades(most: int) -> NDArray[np.float64]:
    """Borders at 0, 1, √10, 10, ... beyond ``most``.

    Example:
        >>> half_decades(40).round(1).tolist()
        [0.0, 1.0, 3.2, 10.0, 31.6, 100.0]
    """
    steps = 1
    while 10 ** (steps / 2) <= most:
        steps += 1
    return np.concatenate([[0.0], 10.0 ** (np.arange(steps + 1) / 2)])


def _between(borders: NDArray[np.float64], j: int) -> str:
    low, high = int(np.ceil(borders[j])), int(np.ceil(borders[j + 1])) - 1
    return tick_name(low) if low == high else f"{tick_name(low)} to {tick_name(high)}"

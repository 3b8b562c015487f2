"""Correlation matrices as heat maps side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# From blue over white to red: told apart with every common colour blindness, and in grey by how
# far a value is from zero.
_COLOURS = "RdBu_r"
#: Up to so many rows there is room for the numbers.
_WRITTEN = 15


def correlations(
    matrices: Sequence[NDArray[np.float64]], orbits: Sequence[int], titles: Sequence[str],
    title: str,
) -> Any:
    """A matplotlib figure with one map for each matrix, all from -1 to 1.

    Args:
        matrices: Correlations of the same orbits.
        orbits: Numbers of the rows and columns.
        titles: One above each map.
        title: Above all.

    Shapes:
        - **matrices:** :math:`(K, K)` each
        - **orbits:** :math:`(K)`
    """
    # Not pyplot, which keeps figures and asks for a display.
    from matplotlib.figure import Figure

    side = max(4.6, 0.155 * len(orbits))
    few = len(orbits) <= _WRITTEN
    label, text = (9, 11) if few else (7, 15)
    figure = Figure(figsize=(len(matrices) * (side + 0.5) + 1.2, side + 1.5), layout="compressed")
    axes = figure.subplots(1, len(matrices), squeeze=False)[0]
    for axis, matrix, name in zip(axes, matrices, titles, strict=True):
        image = axis.imshow(matrix, vmin=-1, vmax=1, cmap=_COLOURS, interpolation="nearest")
        ticks = range(len(orbits))
        axis.set_xticks(ticks, [str(orbit) for orbit in orbits], fontsize=label,
                        rotation=0 if few else 90)
        axis.set_yticks(ticks, [str(orbit) for orbit in orbits], fontsize=label)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
        # File names may hold dollars, which are no formulas.
        axis.set_title(name, fontsize=text, parse_math=False)
        axis.set_xlabel("orbit", fontsize=text)
        if few:
            _write_numbers(axis, matrix)
    axes[0].set_ylabel("orbit", fontsize=text)
    bar = figure.colorbar(image, ax=list(axes), ticks=np.linspace(-1, 1, 9), aspect=30)
    bar.set_label("Spearman's rank correlation of the counts", fontsize=text)
    bar.ax.tick_params(labelsize=label + 1)
    bar.outline.set_visible(False)
    figure.suptitle(title, fontsize=text + 3)
    return figure


def _write_numbers(axis: Any, matrix: NDArray[np.float64]) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        if row != column:
            text = f"{value:.2f}".replace("0.", ".", 1).replace("-.00", ".00")
            axis.text(column, row, text, ha="center", va="center", fontsize=6.5,
                      color="white" if abs(value) > 0.65 else "black")

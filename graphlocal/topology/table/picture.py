"""One sheet of pictures of a table, drawn by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...report import NodeColumns

_BLUE, _RED, _GREY = "#0b6396", "#b5501b", "#5c676e"
#: Histograms beside the other pictures, at most.
_MOST = 12


def picture(graph: NodeColumns) -> Any:
    """A matplotlib figure: degrees, clustering against degree, cores, orbits, correlations, and a
    histogram of every other column, as far as the columns are there."""
    # Not pyplot, which keeps figures and asks for a display.
    from matplotlib.figure import Figure

    panels = _panels(graph)
    columns = min(3, max(1, len(panels)))
    rows = max(1, -(-len(panels) // columns))
    figure = Figure(figsize=(max(9.2, 4.6 * columns), 3.7 * rows + 0.7), layout="constrained")
    # File names may hold dollars, which are no formulas.
    facts = ", ".join(f"{fact.name.lower()} {fact.value}" for fact in graph.facts()[:5])
    figure.suptitle(f"{graph.title}\n{facts}", fontsize=12, parse_math=False)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    for axis, (draw, *arguments) in zip(axes, panels, strict=False):
        draw(axis, *arguments)
    for axis in axes[len(panels):]:
        axis.set_axis_off()
    if not panels:
        axes[0].text(0.5, 0.5, "no column of numbers with more than one value", ha="center")
    return figure


def _panels(graph: NodeColumns) -> list[tuple[Any, ...]]:
    degree, clustering = graph.column("degree"), graph.column("clustering")
    found: list[tuple[Any, ...]] = []
    if degree is not None and len(np.unique(degree[degree > 0])) > 1:
        found.append((_ccdf, degree))
        if clustering is not None and len(np.unique(degree[degree > 1])) > 1:
            found.append((_against, degree[degree > 1], clustering[degree > 1]))
    core = graph.column("core")
    if core is not None and len(core) and (core != core[0]).any():
        found.append((_histogram, core, "core"))
    orbits = [name for name in graph.orbits if name in graph.columns]
    if any(graph.columns[name].max(initial=0) > 0 for name in orbits):
        found.append((_orbits, [graph.columns[name] for name in orbits], orbits))
    if graph.correlation is not None:
        index = [i for i, name in enumerate(graph.numbers)
                 if name != "component" and np.isfinite(graph.correlation[i, i])]
        if len(index) > 1:
            found.append((_correlations, graph.correlation[np.ix_(index, index)],
                          [graph.numbers[i] for i in index]))
    shown = {"degree", "core", "component", *orbits}
    for name in [n for n in graph.numbers if n not in shown][:_MOST]:
        values = graph.columns[name]
        values = values[np.isfinite(values)]
        if len(values) and (values != values[0]).any():
            found.append((_histogram, values, name))
    return found


def _ccdf(axis: Any, degree: Any) -> None:
    distinct, counts = np.unique(degree, return_counts=True)
    share = np.cumsum(counts[::-1])[::-1] / len(degree)
    axis.loglog(distinct[distinct > 0], share[distinct > 0], ".", color=_BLUE, markersize=4)
    _plain_ticks(axis, distinct[distinct > 0])
    axis.set_xlabel("degree k")
    axis.set_ylabel("share of nodes with at least k neighbours")


def _against(axis: Any, degree: Any, clustering: Any) -> None:
    from ...report.charts.density import means

    if len(degree) > 400:
        axis.hexbin(degree, clustering, xscale="log", bins="log", gridsize=(36, 22), cmap="Blues",
                    mincnt=1, linewidths=0)
    else:
        axis.plot(degree, clustering, ".", color=_BLUE, alpha=0.4)
        axis.set_xscale("log")
    axis.plot(*means(degree.astype(float), clustering), ".-", color=_RED, label="mean")
    _plain_ticks(axis, degree)
    axis.set_ylim(-0.02, 1.02)
    axis.set_xlabel("degree")
    axis.set_ylabel("clustering")
    axis.legend(frameon=False)


def _plain_ticks(axis: Any, values: Any) -> None:
    """Where a logarithmic axis spans less than a decade, its own ticks are hard to read."""
    from ...report.charts.frame import log_ticks, tick_name

    marks = log_ticks(float(values.min()), float(values.max()))
    axis.set_xticks(marks, [tick_name(mark) for mark in marks])
    axis.set_xticks([], minor=True)


def _histogram(axis: Any, values: Any, name: str) -> None:
    from ...report import bins

    found = bins(values)
    left, counts = found.edges, found.counts
    if found.zeros is not None:
        # A bar of their own, as wide as the first and beside it.
        ratio = left[1] / left[0]
        axis.bar(left[0] / ratio**2, found.zeros, left[0] / ratio - left[0] / ratio**2,
                 align="edge", color=_GREY, label="zero")
        axis.legend(frameon=False)
    axis.bar(left[:-1], counts, np.diff(left), align="edge", color=_BLUE, edgecolor="white",
             linewidth=0.4)
    if found.log:
        axis.set_xscale("log")
    axis.set_xlabel(name, parse_math=False)
    axis.set_ylabel("rows" if name != "core" else "nodes")


def _orbits(axis: Any, rows: list[Any], names: list[str]) -> None:
    from matplotlib.colors import LogNorm

    from ...report.charts.matrix import half_decades

    borders = half_decades(max(int(row.max()) for row in rows))
    counts = np.array([np.histogram(row, borders)[0] for row in rows])
    image = axis.imshow(np.where(counts > 0, counts, np.nan), aspect="auto", cmap="Blues",
                        norm=LogNorm(1, max(2, len(rows[0]))), interpolation="nearest")
    powers = range(1, (len(borders) - 1) // 2, max(1, len(borders) // 10))
    axis.set_xticks([0, *(2 * p + 0.5 for p in powers)], ["0", *(f"$10^{{{p}}}$" for p in powers)])
    every = 1 if len(names) <= 20 else 4
    axis.set_yticks(range(0, len(names), every), names[::every], fontsize=7)
    axis.set_xlabel("count")
    axis.figure.colorbar(image, ax=axis, label="nodes")


def _correlations(axis: Any, matrix: Any, names: list[str]) -> None:
    image = axis.imshow(matrix, vmin=-1, vmax=1, cmap="RdBu_r", interpolation="nearest")
    size = 7 if len(names) <= 30 else 3.5
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=size, parse_math=False)
    axis.set_yticks(range(len(names)), names, fontsize=size, parse_math=False)
    axis.figure.colorbar(image, ax=axis, label="Spearman")

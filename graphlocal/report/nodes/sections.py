"""The sections of the page of a table, each left out where its columns are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..charts import bins, ccdf, correlations, density, histogram, tallies
from ..charts.frame import number
from ..charts.pattern import pattern
from ..page import Beside, Block, Figure, Pair, Section, Table
from .columns import NodeColumns

_FIRST = 10
#: Figures of a description, in the order in which they are shown.
_FIGURES = ("count", "mean", "std", "min", "q25", "median", "q75", "max")


def sections(graph: NodeColumns) -> list[Section]:
    """All there is to say of one graph."""
    found = [_degrees(graph), _orbits(graph), _others(graph), _together(graph), _rows(graph)]
    return [section for section in found if section is not None]


def _degrees(graph: NodeColumns) -> Section | None:
    degree = graph.column("degree")
    if degree is None or not len(degree) or degree.max() < 1:
        return None
    figures: list[Figure] = []
    if len(np.unique(degree[degree > 0])) > 1:
        figures.append(tail({"": ("a", degree)}))
    clustering, several = graph.column("clustering"), degree > 1
    if clustering is not None and len(np.unique(degree[several])) > 1:
        figures.append(Figure(
            density(degree[several], clustering[several], x_name="degree, logarithmic",
                    y_name="clustering", y_low=0.0, y_high=1.0),
            "Clustering against degree.",
            "The line is the mean over nodes of about that degree. Nodes with fewer than two "
            "neighbours are left out."))
    core = graph.column("core")
    if core is not None and not _constant(core):
        figures.append(Figure(
            histogram(bins(core), x_name="core number", y_name="nodes"), "Cores.",
            "How many nodes have which core number: the largest k such that they are among nodes "
            "with k neighbours each."))
    if _constant(degree):
        text = f"Every node has {_count(int(degree[0]), 'neighbour', 'neighbours')}."
    else:
        isolated = int((degree == 0).sum())
        half = number(float(np.median(degree)))
        text = (f"Half of the nodes have at most {half} neighbour{'' if half == '1' else 's'}, the "
                f"one with the most has {degree.max():,}."
                + (f" {_count(isolated, 'node has', 'nodes have')} none." if isolated else ""))
    return Section("Degrees" if core is None else "Degrees and cores", text, paired(figures))


def tail(series: dict[str, tuple[str, NDArray[Any]]]) -> Figure:
    """The distribution of degrees of one graph, or of several."""
    several = len(series) > 1
    return Figure(
        ccdf(series, x_name="degree k, logarithmic",
             y_name="share of nodes with at least k neighbours"),
        "Degree distribution.", "Both axes are logarithmic: a power law would be a straight line.",
        legend=[(colour, name) for name, (colour, _) in series.items()] if several else ())


def _orbits(graph: NodeColumns) -> Section | None:
    names = [name for name in graph.orbits if name in graph.columns]
    if not any(graph.columns[name].max(initial=0) > 0 for name in names):
        return None
    drawings = [pattern(*graph.orbits[name]) for name in names]
    picture = tallies([graph.columns[name] for name in names], names, drawings, what="nodes")
    return Section(
        "Graphlet orbits",
        "A row is a place in a small pattern, the marked one in its drawing. How often do nodes "
        "take that place?",
        [Figure(picture, "Orbit counts.",
                "The stronger the colour of a cell, the more nodes have a count in that range, on "
                "a logarithmic scale; ranges are half powers of ten. The stroke is at the "
                "median node.", wide=True)])


def _others(graph: NodeColumns) -> Section | None:
    """A histogram of every column that has no picture yet."""
    shown = {"degree", "component", *graph.orbits}
    degree = graph.column("degree")
    if degree is not None and degree.max(initial=0) > 0:
        shown |= {"core"}
    figures: list[Figure] = []
    constant = []
    for name in graph.numbers:
        values = graph.columns[name]
        known = values[np.isfinite(values)]
        if not len(known) or (name in shown and not (name == "core" and _constant(known))):
            continue
        if _constant(known):
            constant.append(f"{name} ({plain(known[0])})")
        else:
            figures.append(_spread(graph, name, known))
    if not figures and not constant:
        return None
    text = (f"How the values of each column are spread over the {graph.row}s." if figures else "")
    if constant:
        text += f" The same for all: {', '.join(constant)}."
    return Section("Each on its own", text.strip(), paired(figures))


def _spread(graph: NodeColumns, name: str, known: NDArray[Any]) -> Figure:
    found = bins(known)
    notes = []
    if name in graph.descriptions:
        meaning = graph.descriptions[name]
        notes.append(f"{meaning[0].upper()}{meaning[1:]}.")
    else:
        notes.append(f"How many {graph.row}s have which value.")
    if found.log:
        notes.append("The axis of the values is logarithmic"
                     + ("; zeros have a bar of their own." if found.zeros else "."))
    missing = len(graph) - len(known)
    if missing:
        notes.append(f"{_count(missing, f'{graph.row} has', f'{graph.row}s have')} no value.")
    mean = float(known.mean())
    picture = histogram(found, x_name=name, y_name=f"{graph.row}s", mark=mean,
                        mark_name=f"mean {number(mean)}")
    return Figure(picture, f"{name}.", " ".join(notes))


def _together(graph: NodeColumns) -> Section | None:
    if graph.correlation is None:
        return None
    # Numbers of components are names, and what is constant orders nothing.
    index = [i for i, name in enumerate(graph.numbers)
             if name != "component" and np.isfinite(graph.correlation[i, i])]
    names = [graph.numbers[i] for i in index]
    if len(names) < 2:
        return None
    matrix = graph.correlation[np.ix_(index, index)]
    return Section(
        "All together", _strongest(names, matrix),
        [Figure(correlations(matrix, names), "Correlations.",
                "Spearman's rank correlation: 1 where two columns order the rows alike.", wide=True,
                legend=[("a", "rise together"), ("b", "one rises, one falls")])])


def _strongest(names: Sequence[str], matrix: NDArray[np.floating]) -> str:
    """The pair that is farthest from saying the same, in words."""
    upper = np.triu(np.where(np.isnan(matrix), 0, matrix), 1)
    low = np.unravel_index(np.argmin(upper), upper.shape)
    text = "Which metrics say the same about a node, and which something of their own?"
    if upper[low] < -0.05:
        text += (f" {names[low[0]]} and {names[low[1]]} disagree the most: "
                 f"{upper[low]:.2f}.")
    return text


def _rows(graph: NodeColumns) -> Section:
    columns = {**graph.keys, **graph.columns}
    blocks: list[Block] = []
    if graph.describe and len(graph):
        rows = [[name, *(number(figures[figure]) for figure in _FIGURES)]
                for name, figures in graph.describe.items() if name != "component"]
        head = ["", *(figure.replace("q25", "25 %").replace("q75", "75 %") for figure in _FIGURES)]
        if rows:
            blocks.append(Table("Every column in figures.", head, rows))
    size = len(graph)
    if not size:
        return Section("The table", f"There are no {graph.row}s.", blocks)
    blocks.append(Table(f"The first {min(size, _FIRST)} rows." if size > 1 else "The only row.",
                        list(columns), list(_cells(columns, np.arange(min(size, _FIRST))))))
    degree = graph.column("degree")
    if degree is not None and size > _FIRST:
        most = np.argsort(-degree.astype(np.int64), kind="stable")[:_FIRST]
        blocks.append(Table("The ten nodes with the most neighbours.", list(columns),
                            list(_cells(columns, most))))
    return Section("The table", f"{_count(size, 'row', 'rows')} and "
                   f"{_count(len(columns), 'column', 'columns')}.", blocks)


def _cells(columns: dict[str, NDArray[Any]], rows: NDArray[np.integer]) -> Iterator[list[str]]:
    for row in rows.tolist():
        yield [plain(values[row]) for values in columns.values()]


def plain(value: Any, most: int = 40) -> str:
    """A cell in one short line: control characters are spelled out, long text loses its middle.

    Example:
        >>> plain("two\\nlines"), plain(0.123456), plain("x" * 50, 9)
        ('two\\\\nlines', '0.123', 'xxxx…xxxx')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return number(float(value))
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode()
                   for c in str(value))
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most // 2) :]}"


def _constant(values: NDArray[Any]) -> bool:
    return bool(len(values)) and bool((values == values[0]).all())


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def paired(figures: Sequence[Figure]) -> list[Block]:
    """Two beside each other; the last with its caption where they are odd."""
    pairs: list[Block] = [Pair(a, b) for a, b in zip(figures[::2], figures[1::2], strict=False)]
    if len(figures) % 2:
        pairs.append(Beside(figures[-1]))
    return pairs

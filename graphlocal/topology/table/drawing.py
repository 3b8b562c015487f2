"""A table as a page for the browser, or as one sheet of pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ...graph import checks
from ...graph.output import replacing

if TYPE_CHECKING:
    from ...report import NodeColumns
    from .node import NodeTable

#: Suffixes of what a table can be drawn to; all but the first by matplotlib.
PICTURES = (".html", ".png", ".pdf", ".svg")


def draw(
    table: NodeTable, path: Path, *, title: str | None = None, degree: ArrayLike | None = None
) -> None:
    """Writes the format that the suffix names."""
    if checks.check_suffix(path, PICTURES) != ".html":
        checks.check_installed("matplotlib", "path", f"'{path}'")
    write([page_columns(table, title=title, degree=degree)], path)


def write(graphs: Sequence[NodeColumns], path: Path, footer: Sequence[str] = ()) -> None:
    """A page about one graph or several, or a picture of the only one."""
    from ...report import node_page
    from ...version import __version__

    with replacing(path) as temporary:
        if path.suffix.lower() == ".html":
            page = node_page(graphs, [*footer, f"Made by graphlocal {__version__}."]).html()
            # Ids may hold half of a surrogate pair, which is no text that a file can have.
            temporary.write_bytes(page.encode("utf-8", "backslashreplace"))
        else:
            from .picture import picture

            (graph,) = graphs
            picture(graph).savefig(temporary, format=path.suffix[1:].lower(), dpi=150)


def page_columns(
    table: NodeTable, *, title: str | None = None, degree: ArrayLike | None = None,
    notes: Sequence[str] = (),
) -> NodeColumns:
    """What the page says of a table."""
    from ...report import NodeColumns

    if degree is not None:
        degree = checks.to_numpy(degree, "degree")
        if degree.shape != table.ids.shape or degree.dtype.kind not in "iu":
            checks.fail("degree", f"dtype {degree.dtype} of shape {degree.shape}",
                        f"whole numbers of shape {table.ids.shape}")
    name = "A table" if table.source is None else table.source.name
    return NodeColumns(
        name if title is None else str(title), table._key_columns(), table.columns, degree,
        table.describe(), table.correlation() if len(table) else None,
        *((_orbits(table.columns), notes, table._row, _descriptions()) if table._row == "node" else
          ({}, notes, table._row)))


def _descriptions() -> dict[str, str]:
    """What the columns mean of metrics that have one."""
    from ..registry import METRICS

    return {metric.columns[0]: metric.description for metric in METRICS.values()
            if len(metric.columns) == 1}


def _orbits(columns: dict[str, Any]) -> dict[str, tuple[int, Any, list[int]]]:
    """Columns that count orbits, each with its graphlet and the places of the orbit in it."""
    from ..orbits.graphlets import GRAPHLETS

    of_orbit = {orbit: graphlet for graphlet in GRAPHLETS for orbit in graphlet.node_orbits}
    found = {}
    for name, values in columns.items():
        match = re.fullmatch(r"o(\d{1,2})", name)
        if match and int(match[1]) in of_orbit and values.dtype.kind in "iu" and not (
                values.size and np.min(values) < 0):
            graphlet = of_orbit[int(match[1])]
            marked = [i for i, orbit in enumerate(graphlet.node_orbits) if orbit == int(match[1])]
            found[name] = (graphlet.size, graphlet.edges, marked)
    return found

"""What the page of a table is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..charts.frame import number
from ..page import Fact


@dataclass(frozen=True)
class NodeColumns:
    """The rows of one graph.

    Args:
        title: What it is called.
        keys: Columns of ids.
        columns: Name to values.
        degree: Degree of each node, where it is known. (default: ``None``)
        describe: For each column of numbers, its figures by name.
        correlation: Of the columns of numbers, in their order; NaN where there is none.
        orbits: For columns that count orbits: the pattern, as size, edges and marked nodes.
        notes: Small print, such as what reading the file changed.
        row: What a row is.
        descriptions: What columns mean, in a few words.

    Shapes:
        - **keys, columns, degree:** :math:`(N)` each
        - **correlation:** :math:`(C, C)`

    Example:
        >>> graph = NodeColumns("path", {"node": np.arange(3)}, {"core": np.ones(3, int)},
        ...                     degree=np.array([1, 2, 1]))
        >>> [(fact.name, fact.value) for fact in graph.facts()][:3]
        [('Nodes', '3'), ('Edges', '2'), ('Mean degree', '1.33')]
    """

    title: str
    keys: Mapping[str, NDArray[Any]]
    columns: Mapping[str, NDArray[Any]]
    degree: NDArray[np.integer] | None = None
    describe: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    correlation: NDArray[np.floating] | None = None
    orbits: Mapping[str, tuple[int, Sequence[tuple[int, int]], Sequence[int]]] = field(
        default_factory=dict)
    notes: Sequence[str] = ()
    row: str = "node"
    descriptions: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.keys.values())))

    @property
    def numbers(self) -> list[str]:
        """Names of the columns that hold numbers."""
        return [name for name, values in self.columns.items() if values.dtype.kind in "iufb"]

    def column(self, name: str) -> NDArray[Any] | None:
        """Its values; the degree also where no column holds it."""
        if name in self.columns and self.columns[name].dtype.kind in "iufb":
            return self.columns[name]
        return self.degree if name == "degree" else None

    def facts(self) -> list[Fact]:
        """Figures for the head of the page: those that follow from the columns there are."""
        n = len(self)
        found = [Fact(f"{self.row.capitalize()}s", f"{n:,}")]
        degree = self.column("degree")
        if degree is not None and n:
            edges = int(degree.astype(np.int64).sum()) // 2
            found.append(Fact("Edges", f"{edges:,}"))
            found.append(Fact("Mean degree", number(2 * edges / n), f"up to {degree.max():,}"))
            if n > 1:
                found.append(Fact("Density", _share(2 * edges / n / (n - 1))))
        component = self.column("component")
        if component is not None and n:
            sizes = np.unique(component, return_counts=True)[1]
            extra = f"largest {_share(sizes.max() / n)}" if len(sizes) > 1 else ""
            found.append(Fact("Components", f"{len(sizes):,}", extra))
        found.extend(self._closure(degree))
        core = self.column("core")
        if core is not None and n:
            size = int((core == core.max()).sum())
            found.append(Fact("Largest core", f"{core.max():,}",
                              f"{size:,} node{'' if size == 1 else 's'}"))
        return found

    def _closure(self, degree: NDArray[np.integer] | None) -> list[Fact]:
        """Triangles: how many, and the share of wedges they close."""
        found = []
        triangles, clustering = self.column("triangles"), self.column("clustering")
        if triangles is not None:
            found.append(Fact("Triangles", f"{int(triangles.sum()) // 3:,}"))
        if degree is not None and (triangles is not None or clustering is not None):
            wedges = degree.astype(np.float64) * (degree.astype(np.float64) - 1) / 2
            closed = triangles if triangles is not None else clustering * wedges
            if wedges.sum() > 0:
                found.append(Fact("Transitivity", number(float(closed.sum() / wedges.sum()))))
        if clustering is not None and len(self):
            found.append(Fact("Mean clustering", number(float(clustering.mean()))))
        return found


def _share(value: float) -> str:
    if 0.9995 <= value < 1:
        return "over 99.9 %"
    return f"{100 * value:.3g} %" if value >= 1e-6 or value == 0 else f"{number(100 * value)} %"

"""A graph drawn as SVG, coloured by class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph
from ..graph.checks import check_label_range, fail
from .charts.frame import svg
from .style import NUM_CLASS_COLOURS

_WIDTH, _MARGIN = 920, 12


def draw_network(
    graph: CSRGraph, position: NDArray[np.floating], label: NDArray[np.integer],
    names: Sequence[str],
) -> str:
    """Edges as faint lines, nodes as dots in the colour of their class, a name at each class.

    Args:
        graph: The graph.
        position: Where nodes go.
        label: Class of each node.
        names: Name of each class, ten at most.

    Shapes:
        - **position:** :math:`(N, 2)`
        - **label:** :math:`(N)`

    Raises:
        GraphError: If there are more than ten classes or a label without a name.

    Example:
        >>> path = CSRGraph.from_edges([(0, 1), (1, 2)])
        >>> place = np.array([[0.0, 0.0], [1.0, 0.5], [2.0, 0.0]])
        >>> draw_network(path, place, np.array([0, 0, 1]), ["x", "y"]).count('class="dots"')
        2
    """
    if len(names) > NUM_CLASS_COLOURS:
        fail("names", f"{len(names)} classes", f"at most {NUM_CLASS_COLOURS}",
             "there are no more colours that can be told apart")
    label = np.asarray(label, np.int64)
    check_label_range(label, len(names), "label")
    place = np.asarray(position, float) - np.min(position, axis=0)
    width, height = np.maximum(place.max(axis=0), 1e-9)
    place = place * (_WIDTH - 2 * _MARGIN) / width + _MARGIN
    height = height * (_WIDTH - 2 * _MARGIN) / width + 2 * _MARGIN
    # Whole tenths written as integers: the group scales them back, and the file halves in size.
    at = np.rint(10 * place).astype(int)
    row = np.repeat(np.arange(graph.num_nodes), graph.degree)
    once = row < graph.col
    lines = "".join(f"M{x} {y}L{u} {v}" for (x, y), (u, v) in
                    zip(at[row[once]].tolist(), at[graph.col[once]].tolist(), strict=True))
    size = 65 if graph.num_nodes > 500 else 110
    parts = [f'<g transform="scale(.1)"><path class="edges" style="stroke-width:6" d="{lines}"/>']
    for number in range(len(names)):
        dots = "".join(f"M{x} {y}h0" for x, y in at[label == number].tolist())
        parts.append(f'<path class="halo" stroke-width="{size + 22}" d="{dots}"/>'
                     f'<path class="dots" stroke="var(--c{number})" stroke-width="{size}" '
                     f'd="{dots}"/>')
    parts.append("</g>")
    for number, name in enumerate(names):
        points = place[label == number]
        if len(points):
            x, y = _middle(points)
            parts.append(f'<text class="class" x="{x:.0f}" y="{y + 10:.0f}">{escape(name)}</text>')
    return svg(_WIDTH, height, f"drawing of {graph.num_nodes:,} nodes by class", "".join(parts))


def _middle(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """The point of a class nearest to the others: a mean may lie between two clusters."""
    sample = points[:: max(1, len(points) // 500)]
    distance = np.linalg.norm(sample[:, None] - sample[None], axis=2)
    return sample[np.median(distance, axis=1).argmin()]

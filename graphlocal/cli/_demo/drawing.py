"""Section: the graph itself."""

from __future__ import annotations

import numpy as np

from ...report import Command, Figure, Section, draw_network, force_layout
from .workspace import Workspace

_ITERATIONS = 120
_CODE = """\
from sklearn.decomposition import PCA
from graphlocal import CSRGraph, datasets
from graphlocal.report import draw_network, force_layout

data = datasets.DigitsGraph()[0]
graph = CSRGraph.from_edge_index(data.edge_index, data.num_nodes)
start = PCA(2, svd_solver="full").fit_transform(data.x.numpy())
position = force_layout(graph, start)
svg = draw_network(graph, position, data.y.numpy(), list("0123456789"))
"""


def section(work: Workspace) -> Section:
    """Draws the graph, coloured by the digit of each image."""
    from sklearn.decomposition import PCA

    x, y = work.data.x.numpy(), work.data.y.numpy()
    work.say("  principal components to start from, then forces between the nodes")
    start = PCA(2, svd_solver="full").fit_transform(x)
    with work.bar(_ITERATIONS, "  layout") as bar:
        position = force_layout(work.graph, start, iterations=_ITERATIONS, on_step=bar.update)
    names = [str(digit) for digit in range(10)]
    row = np.repeat(y, work.graph.degree)
    same = float((row == y[work.graph.col]).mean())
    return Section(
        "The graph",
        f"{100 * same:.0f} % of the edges join two images of the same digit. The drawing does not "
        "know the digits: it starts from the two principal components of the pixels, then "
        "neighbours pull each other close while all images push each other apart.",
        [Figure(
            draw_network(work.graph, position, y, names), "Every dot is an image,",
            "every line joins one to a near neighbour, every colour is a digit.",
            [Command(_CODE, "python")],
            [(f"c{i}", f"{name} ({int((y == i).sum())})") for i, name in enumerate(names)],
        )],
    )

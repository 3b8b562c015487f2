"""Section: the metrics of every node, as the command line counts them."""

from __future__ import annotations

import shlex

import numpy as np

from ...graph.checks import GraphError
from ...report import Command, Fact, Figure, Pair, Section, Table, bars
from .workspace import Workspace

_METRICS = "degree,triangles,clustering,core,component"


def section(work: Workspace) -> Section:
    """Writes ``edges.csv``, runs ``graphlocal metrics`` on it, and shows what came out."""
    from .. import main

    graph = work.graph
    row = np.repeat(np.arange(graph.num_nodes), graph.degree)
    once = row < graph.col
    lines = zip(row[once].tolist(), graph.col[once].tolist(), strict=True)
    edges = work.folder.write("edges.csv", "source,target\n" + "".join(
        f"{u},{v}\n" for u, v in lines))
    nodes = work.folder.file("nodes.csv")
    words = ["metrics", str(edges), "-m", _METRICS, "-o", str(nodes)]
    command = shlex.join(["graphlocal", *words])
    work.say(f"  {command}")
    if main([*words, "--quiet"]) != 0:
        raise GraphError("graphlocal metrics failed, as said above")
    table = np.genfromtxt(nodes, delimiter=",", names=True)
    degree = table["degree"].astype(int)
    components = len(np.unique(table["component"]))
    work.facts[:0] = [Fact("Images", f"{graph.num_nodes:,}"),
                      Fact("Edges", f"{graph.num_edges:,}")]
    work.say(f"  {graph.num_nodes:,} nodes, {graph.num_edges:,} edges, "
             f"mean degree {degree.mean():.1f}, mean clustering {table['clustering'].mean():.2f}")
    low, high = int(degree.min()), int(degree.max())
    counts = np.bincount(degree, minlength=high + 1)[low:]
    picture = bars(range(low, high + 1), counts, x_name="degree", y_name="images",
                   mark=float(degree.mean()), mark_name=f"mean {degree.mean():.1f}")
    parts = "one piece" if components == 1 else f"{components} pieces"
    return Section(
        "Local structure",
        f"The graph is in {parts} and holds {int(table['triangles'].sum()) // 3:,} triangles. Of "
        "two neighbours of an image, the chance that they are neighbours of each other is "
        f"{100 * table['clustering'].mean():.0f} % on average: the clustering coefficient.",
        [Pair(
            Figure(picture, "Degrees.", "How many images have how many neighbours.",
                   [Command(command)]),
            Table("Metrics of the nodes.", ("", "lowest", "median", "mean", "highest"),
                  [(name, *(_number(f(table[name])) for f in (np.min, np.median, np.mean, np.max)))
                   for name in ("degree", "triangles", "clustering", "core")],
                  f"One row per image is in {nodes.name}."),
        )],
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"

"""The page of one table, or of one for each of several graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..page import Beside, Page, Section, Table
from ..style import NUM_CLASS_COLOURS
from .columns import NodeColumns as NodeColumns
from .sections import plain, sections, tail


def node_page(graphs: Sequence[NodeColumns], footer: Sequence[str] = ()) -> Page:
    """One page about all graphs: first what they have in figures, then the sections of each.

    Args:
        graphs: At least one.
        footer: Closing lines.

    Example:
        >>> import numpy as np
        >>> graph = NodeColumns("a <b>", {"node": np.arange(3)}, {"degree": np.array([1, 2, 1])})
        >>> page = node_page([graph]).html()
        >>> "<h1>a &lt;b&gt;</h1>" in page, "share of nodes" in page
        (True, True)
    """
    if len(graphs) == 1:
        graph = graphs[0]
        return Page(f"Table of {graph.row}s", plain(graph.title, 90), _lead(graph), graph.facts(),
                    sections(graph), footer, notes=graph.notes)
    named = [replace(graph, title=plain(graph.title, 60)) for graph in graphs]
    parts = [_overview(named)]
    for graph in named:
        first, *others = sections(graph)
        facts = "; ".join(f"{fact.name.lower()} {fact.value}" for fact in graph.facts())
        parts.append(Section(graph.title, f"{facts[0].upper()}{facts[1:]}. "
                             + " ".join(graph.notes), chapter=True))
        parts += [first, *others]
    return Page("Tables of nodes", f"{len(graphs)} graphs",
                "The figures of all graphs, then the pages of each.", (), parts, footer)


def _lead(graph: NodeColumns) -> str:
    others = [name for name in graph.columns if name not in graph.orbits]
    orbits = [name for name in graph.columns if name in graph.orbits]
    listed = others + ([f"the orbits {orbits[0]} to {orbits[-1]}"] if len(orbits) > 1 else orbits)
    if not listed:
        return f"A table of {graph.row}s without a column."
    words = ", ".join(listed[:-1]) + (" and " if len(listed) > 1 else "") + listed[-1]
    return f"For every {graph.row}: {words}."


def _overview(graphs: Sequence[NodeColumns]) -> Section:
    names = list(dict.fromkeys(fact.name for graph in graphs for fact in graph.facts()))
    rows = []
    for graph in graphs:
        values = {fact.name: fact.value for fact in graph.facts()}
        rows.append([graph.title, *(values.get(name, "–") for name in names)])
    blocks: list = [Table("The graphs in figures.", ["", *names], rows)]
    degrees = {graph.title: graph.column("degree") for graph in graphs}
    series = {name: (f"c{i}", degree) for i, (name, degree) in enumerate(degrees.items())
              if degree is not None and degree.max(initial=0) > 0}
    if 1 < len(series) <= NUM_CLASS_COLOURS and len(degrees) <= NUM_CLASS_COLOURS:
        blocks.append(Beside(tail(series)))
    return Section("Side by side", "One line a graph.", blocks)

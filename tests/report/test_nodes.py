"""The page of a table: figures by hand, any size of graph, nothing that could run or load."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import networkx as nx
import numpy as np
import pytest

from graphlocal import CSRGraph, NodeTable, metrics
from graphlocal.report import NodeColumns, node_page
from graphlocal.report.nodes.sections import plain
from graphlocal.topology import EdgeTable
from graphlocal.topology.table.drawing import page_columns
from tests.zoo import ZOO, each_zoo_graph

NAMES = "degree,triangles,clustering,core,component,orbits4"
BAD = "<script>alert(1)</script>"


class Reader(HTMLParser):
    """Every element is closed in order, and none has what runs or loads something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, int] = {}
        self.headings: list[str] = []
        self.feed(page)
        assert self.open == []
        assert not {"script", "link", "iframe", "object", "base", "form"} & set(self.seen)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1
        names = {name for name, _ in attrs}
        assert not {"src", "href", "srcset", "action"} & names
        assert not any(name.startswith("on") for name in names)
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def page_of(table: NodeTable, **options: object) -> str:
    return node_page([page_columns(table, **options)]).html()


def test_facts_by_hand() -> None:
    """A triangle with a tail, and a node alone."""
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)], num_nodes=5)
    facts = {f.name: (f.value, f.extra) for f in page_columns(metrics(graph, NAMES)).facts()}
    assert facts == {
        "Nodes": ("5", ""), "Edges": ("4", ""), "Mean degree": ("1.60", "up to 3"),
        "Density": ("40 %", ""), "Components": ("2", "largest 80 %"), "Triangles": ("1", ""),
        "Transitivity": ("0.600", ""), "Mean clustering": ("0.467", ""),
        "Largest core": ("2", "3 nodes")}


def test_transitivity_is_that_of_networkx_also_without_triangles() -> None:
    theirs = nx.gnm_random_graph(40, 120, seed=1)
    graph = CSRGraph.from_networkx(theirs)
    for names in ("degree,triangles", "degree,clustering"):
        facts = {f.name: f.value for f in page_columns(metrics(graph, names)).facts()}
        assert float(facts["Transitivity"]) == pytest.approx(nx.transitivity(theirs), rel=5e-3)


@each_zoo_graph
def test_any_graph_has_a_page(name: str) -> None:
    edge_index, num_nodes = ZOO[name]
    graph = CSRGraph.from_edge_index(edge_index, num_nodes)
    page = page_of(metrics(graph, NAMES), title=name)
    reader = Reader(page)
    assert reader.headings[-1] == "The table"
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert ("Degrees and cores" in reader.headings) == (graph.num_edges > 0)
    assert ("Graphlet orbits" in reader.headings) == (graph.num_edges > 0)


def test_sections_of_a_rich_table() -> None:
    reader = Reader(page_of(metrics(CSRGraph.from_networkx(nx.karate_club_graph()), NAMES)))
    assert reader.headings == ["Degrees and cores", "Graphlet orbits", "Each on its own",
                               "All together", "The table"]
    assert reader.seen["svg"] == 3 + 1 + 2 + 1
    assert reader.seen["table"] == 3


def test_columns_decide_what_is_drawn() -> None:
    graph = CSRGraph.from_networkx(nx.karate_club_graph())
    alone = Reader(page_of(metrics(graph, "core")))
    assert alone.headings == ["Each on its own", "The table"] and alone.seen["svg"] == 1
    with_degree = Reader(page_of(metrics(graph, "core"), degree=graph.degree))
    assert with_degree.headings[0] == "Degrees and cores" and with_degree.seen["svg"] == 2
    nothing = Reader(page_of(NodeTable(np.arange(3), {})))
    assert nothing.headings == ["The table"]


def test_ids_and_names_are_only_text() -> None:
    ids = np.array([BAD, "=cmd|' /C calc'!A0", "two\nlines", "x" * 300, "\u202eright to left"])
    table = NodeTable(ids, {BAD: np.arange(5), "text": np.array([BAD] * 5),
                            "degree": np.array([1, 2, 3, 1, 1])})
    page = page_of(table, title=BAD)
    Reader(page)
    assert "<script" not in page
    assert "two\\nlines" in page and "x" * 41 not in page and "\u202e" not in page
    assert plain("\ud800") == "\\ud800"
    assert "default-src 'none'" in page


def test_constant_and_missing_values() -> None:
    table = NodeTable(np.arange(4), {
        "same": np.full(4, 7), "gaps": np.array([1.0, np.nan, 2.0, np.nan]),
        "none": np.full(4, np.nan), "huge": np.array([1.0, np.inf, 2.0, 3.0])})
    page = page_of(table)
    assert "The same for all: same (7)." in page
    assert "2 nodes have no value." in page
    Reader(page)


def test_edges_have_a_page_of_their_own() -> None:
    table = EdgeTable(np.array(["a", "b"]), np.array(["c", "d"]), {
        "aa": np.array([0.5, 1.5]), "degree": np.array([3, 4])})
    page = page_of(table, title="pairs")
    reader = Reader(page)
    assert "Edges</dt><dd>2<" in page
    assert "The table" in reader.headings


def test_many_graphs_on_one_page() -> None:
    graphs = [page_columns(metrics(CSRGraph.from_networkx(graph), "degree,core"), title=name)
              for name, graph in (("ring", nx.cycle_graph(5)), (BAD, nx.star_graph(4)),
                                  ("empty", nx.empty_graph(0)))]
    page = node_page(graphs).html()
    reader = Reader(page)
    assert reader.headings[:2] == ["Side by side", "ring"]
    assert reader.headings.count("The table") == 3
    assert "<script" not in page
    assert "<h1>3 graphs</h1>" in page


def test_a_large_table_has_a_small_page() -> None:
    rng = np.random.default_rng(0)
    n = 170_000
    degree = (rng.pareto(1.3, n) * 4).astype(np.int64) + 1
    columns = {"degree": degree, "clustering": rng.random(n), "core": np.minimum(degree, 90),
               "component": np.zeros(n, np.int64), "triangles": degree**2,
               "pagerank": degree / degree.sum()}
    columns |= {f"o{i}": degree * rng.integers(0, 10**6, n) for i in range(15)}
    page = page_of(NodeTable(np.arange(n), columns))
    assert len(page.encode()) < 400_000
    Reader(page)


def test_all_orbits_of_five_nodes_fit() -> None:
    table = metrics(CSRGraph.from_networkx(nx.karate_club_graph()), "degree,orbits5")
    page = page_of(table)
    assert len(page.encode()) < 1_000_000
    assert page.count('class="median"') == 73
    Reader(page)


def test_what_the_reader_changed_is_said() -> None:
    columns = NodeColumns("t", {"node": np.arange(1)}, {}, notes=["Reading the file: 3 loops."])
    assert "Reading the file: 3 loops." in node_page([columns]).html()
    assert "Reading the file: 3 loops." in node_page([columns, columns]).html()

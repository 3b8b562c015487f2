"""Tables draw themselves."""

from __future__ import annotations

import os
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from graphlocal import CSRGraph, GraphError, NodeTable, metrics
from tests.zoo import ZOO

NAMES = "degree,triangles,clustering,core,component,orbits4"


@pytest.fixture(scope="module")
def table() -> NodeTable:
    return metrics(CSRGraph.from_networkx(nx.karate_club_graph()), NAMES)


@pytest.mark.parametrize(("name", "magic"), [
    ("t.html", b"<!doctype html>"), ("t.png", b"\x89PNG"), ("t.PDF", b"%PDF"), ("t.svg", b"<?xml")])
def test_every_format(name: str, magic: bytes, table: NodeTable, tmp_path: Path) -> None:
    if name != "t.html":
        pytest.importorskip("matplotlib")
    table.plot(tmp_path / name, title="$50 and <b>")
    assert (tmp_path / name).read_bytes().startswith(magic)
    assert os.listdir(tmp_path) == [name]


def test_panels_of_the_picture(table: NodeTable) -> None:
    pytest.importorskip("matplotlib")
    from graphlocal.topology.table.drawing import page_columns
    from graphlocal.topology.table.picture import picture

    axes = {axis.get_xlabel(): axis for axis in picture(page_columns(table)).axes}
    assert {"degree k", "degree", "core", "count", "triangles", "clustering"} <= set(axes)
    (line,) = axes["degree k"].get_lines()
    degree = table["degree"]
    x, y = line.get_data()
    assert x.tolist() == sorted(set(degree.tolist()))
    assert y.tolist() == pytest.approx([float((degree >= k).mean()) for k in x])
    assert sum(bar.get_height() for bar in axes["core"].patches) == 34


@pytest.mark.parametrize("name", ["empty", "one_node", "no_edges", "star", "complete"])
def test_pictures_of_small_graphs(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    edge_index, num_nodes = ZOO[name]
    metrics(CSRGraph.from_edge_index(edge_index, num_nodes), NAMES).plot(tmp_path / "t.png")
    assert (tmp_path / "t.png").stat().st_size > 1000


def test_chosen_columns(table: NodeTable, tmp_path: Path) -> None:
    table.plot(tmp_path / "t.html", "core,clustering")
    page = (tmp_path / "t.html").read_text()
    assert "Orbit counts" not in page and "Each on its own" in page
    with pytest.raises(GraphError, match="did you mean 'core'"):
        table.plot(tmp_path / "t.html", "cores")


def test_the_title_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "friends.csv").write_text("a,b\nb,c\n")
    metrics(tmp_path / "friends.csv").plot(tmp_path / "t.html")
    assert "<h1>friends.csv</h1>" in (tmp_path / "t.html").read_text()


@pytest.mark.parametrize(("options", "message"), [
    ({"path": "t.gif"}, "ends in .html, .png, .pdf or .svg"),
    ({"path": "no/t.html"}, "make the folder"),
    ({"path": "t.html", "degree": [1, 2]}, r"shape \(2,\), expected whole numbers"),
    ({"path": "t.html", "degree": np.ones(34)}, "dtype float64"),
])
def test_bad_plots(options: dict, message: str, table: NodeTable, tmp_path: Path) -> None:
    path = tmp_path / options.pop("path")
    with pytest.raises(GraphError, match=message):
        table.plot(path, **options)
    assert not os.listdir(tmp_path)


def test_without_matplotlib(table: NodeTable, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *a: None)
    with pytest.raises(GraphError, match="pip install matplotlib"):
        table.plot(tmp_path / "t.png")
    table.plot(tmp_path / "t.html")


def test_the_input_is_never_drawn_over(tmp_path: Path) -> None:
    (tmp_path / "edges.html").write_text("0,1\n1,2\n")
    (tmp_path / "edges.csv").symlink_to("edges.html")
    table = metrics(tmp_path / "edges.csv", "degree")
    with pytest.raises(GraphError, match="the input is never overwritten"):
        table.plot(tmp_path / "edges.html")


def test_ids_that_no_file_can_hold(tmp_path: Path) -> None:
    NodeTable(np.array(["\ud800x"], object), {"degree": np.array([0])}).plot(tmp_path / "t.html")
    assert "\\ud800x" in (tmp_path / "t.html").read_text(encoding="utf-8")

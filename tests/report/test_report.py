from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import CSRGraph, GraphError
from graphlocal.report import (
    Figure,
    Page,
    Section,
    Table,
    bars,
    curves,
    draw_network,
    force_layout,
)
from graphlocal.report.charts.frame import ticks
from tests.zoo import ZOO, each_zoo_graph


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_round_and_inside(low, width) -> None:
    found = np.array(ticks(low, low + width))
    slack = 1e-6 * (abs(low) + width)
    assert 1 <= len(found) <= 12
    assert (found >= low - slack).all() and (found <= low + width + slack).all()
    if len(found) > 1:
        step = found[1] - found[0]
        assert np.allclose(np.diff(found), step, rtol=1e-3)


def test_bars_have_the_height_of_their_count() -> None:
    picture = bars([2, 3, 4, 5], [10, 0, 5, 20], x_name="degree", y_name="nodes", mark=3.5)
    heights = [float(h) for h in re.findall(r'class="bar".*?height="([\d.]+)"', picture)]
    assert len(heights) == 3
    assert heights[0] / heights[2] == pytest.approx(10 / 20, abs=0.01)
    assert heights[1] / heights[2] == pytest.approx(5 / 20, abs=0.01)
    ElementTree.fromstring(picture)


def test_curves_draw_the_mean_and_the_range() -> None:
    scores = np.array([[0.5, 0.7, 0.9], [0.5, 0.9, 0.9]])
    picture = curves({"A<B": ("a", scores), "C": ("b", scores - 0.1)}, x_name="epoch", y_name="y")
    root = ElementTree.fromstring(picture)
    curve, band = (next(p.get("d") for p in root.iter() if p.get("class") == kind)
                   for kind in ("curve", "band"))
    points = [tuple(map(float, p.split())) for p in re.split("[MLZ]+", curve) if p]
    edge = [tuple(map(float, p.split())) for p in re.split("[MLZ]+", band) if p]
    assert len(points) == 3 and len(edge) == 6
    assert points[1][1] == pytest.approx((edge[1][1] + edge[4][1]) / 2, abs=0.11)
    assert points[2][1] < points[1][1] < points[0][1], "larger scores are higher up"
    texts = [t.text for t in root.iter() if t.text]
    assert "A<B" in texts and "90.0 %" in texts and "80.0 %" in texts


def test_one_epoch_and_one_seed_can_be_drawn() -> None:
    picture = curves({"A": ("a", np.array([[0.5]]))}, x_name="epoch", y_name="y")
    assert "nan" not in picture
    ElementTree.fromstring(picture)


@each_zoo_graph
def test_any_graph_has_a_layout_and_a_drawing(name) -> None:
    edge_index, num_nodes = ZOO[name]
    graph = CSRGraph.from_edge_index(edge_index, num_nodes)
    position = force_layout(graph, np.zeros((num_nodes, 2)), iterations=20)
    assert position.shape == (num_nodes, 2) and np.isfinite(position).all()
    assert np.array_equal(position, force_layout(graph, np.zeros((num_nodes, 2)), iterations=20))
    if num_nodes > 1:
        assert len(np.unique(position.round(9), axis=0)) == num_nodes
    if num_nodes:
        picture = draw_network(graph, position, np.arange(num_nodes) % 3, ["a", "b", "<"])
        ElementTree.fromstring(picture)
        assert "nan" not in picture


def test_neighbours_come_close() -> None:
    half = [(i, j) for i in range(15) for j in range(i)]
    graph = CSRGraph.from_edges([*half, *((i + 15, j + 15) for i, j in half), (0, 15)])
    start = np.random.default_rng(0).normal(size=(30, 2))
    position = force_layout(graph, start)
    distance = np.linalg.norm(position[:, None] - position[None], axis=2)
    assert distance[:15, :15].max() < distance[:15, 15:].min()
    spread = position.max(0) - position.min(0)
    assert spread[0] > spread[1], "wider than high"


def test_text_is_escaped() -> None:
    bad = "<script>alert(1)</script>&\"'"
    page = Page(bad, bad, bad, sections=[Section(bad, bad, [
        Table(bad, [bad], [[bad, bad]], bad), Figure("<svg/>", bad, bad, legend=[("c0", bad)])])],
        footer=[bad])
    assert "<script" not in page.html()
    assert page.html().count("&lt;script&gt;") == 15


def test_bad_input() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)])
    with pytest.raises(GraphError, match="argument 'start'"):
        force_layout(graph, np.zeros((2, 2)))
    with pytest.raises(GraphError, match="argument 'start'"):
        force_layout(graph, np.full((3, 2), np.nan))
    place = np.eye(3, 2)
    with pytest.raises(GraphError, match="at most 10"):
        draw_network(graph, place, np.zeros(3, int), [str(i) for i in range(11)])
    with pytest.raises(GraphError, match="argument 'label'"):
        draw_network(graph, place, np.array([0, 1, 2]), ["a", "b"])

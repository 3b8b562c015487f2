"""What a chart draws is what it was given: marks are counted and their places computed by hand."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal.report import bins, ccdf, correlations, density, histogram, tallies, trends
from graphlocal.report.charts.frame import Axis, log_ticks, number, tick_name
from graphlocal.report.charts.matrix import half_decades
from graphlocal.report.charts.pattern import pattern

SVG = "{http://www.w3.org/2000/svg}"


def parse(picture: str) -> ElementTree.Element:
    assert "nan" not in picture and "inf" not in picture.replace("info", "")
    return ElementTree.fromstring(picture)


def texts(root: ElementTree.Element) -> list[str]:
    return [t.text for t in root.iter(f"{SVG}text") if t.text]


def dots(root: ElementTree.Element, kind: str = "points") -> list[tuple[float, float]]:
    return [(float(x), float(y)) for path in root.iter(f"{SVG}path") if path.get("class") == kind
            for x, y in re.findall(r"M([\d.-]+) ([\d.-]+)h0", path.get("d", ""))]


def tick_places(root: ElementTree.Element, anchor: str) -> dict[str, float]:
    """Label of every tick, with its place along its axis."""
    at = "x" if anchor == "middle" else "y"
    return {t.text or "": float(t.get(at, "")) for t in root.iter(f"{SVG}text")
            if t.get("class") == "tick" and t.get("text-anchor") == anchor}


def test_ccdf_points_stand_where_the_ticks_say() -> None:
    # Degrees 0 (one), 1 (five), 10 (three), 100 (one): shares 9/10, 4/10, 1/10.
    root = parse(ccdf({"": ("a", [0, 1, 1, 1, 1, 1, 10, 10, 10, 100])}, x_name="k", y_name="share"))
    points = sorted(dots(root))
    assert len(points) == 3
    across, up = tick_places(root, "middle"), tick_places(root, "end")
    assert [x for x, _ in points] == pytest.approx([across["1"], across["10"], across["100"]],
                                                   abs=0.11)
    top, bottom = up["100 %"], up["10 %"]
    for (_, y), share in zip(points, (0.9, 0.4, 0.1), strict=True):
        place = top + (bottom - top) * -math.log10(share)
        assert y + 4.5 == pytest.approx(place, abs=0.11), share


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60).filter(any))
def test_ccdf_has_a_point_for_every_degree(degrees: list[int]) -> None:
    root = parse(ccdf({"": ("a", degrees)}, x_name="k", y_name="share"))
    points = sorted(dots(root))
    assert len(points) == len(set(degrees) - {0})
    heights = [y for _, y in points]
    assert heights == sorted(heights), "the larger the degree, the lower the share"


def test_ccdf_of_many_degrees_is_small() -> None:
    degrees = (np.random.default_rng(0).pareto(1.2, 170_000) * 5).astype(np.int64) + 1
    picture = ccdf({"a": ("c0", degrees), "b": ("c1", degrees[:1000])}, x_name="k", y_name="s")
    assert len(picture) < 60_000
    assert len([p for p in parse(picture).iter(f"{SVG}path") if p.get("class") == "points"]) == 2


@given(st.lists(st.one_of(st.integers(-50, 10**9)), min_size=1, max_size=80))
def test_bins_of_whole_numbers_hold_every_value_once(values: list[int]) -> None:
    check(np.array(values))


@given(st.lists(st.one_of(st.floats(-1e3, 1e9), st.just(0.0), st.floats(0, 1e-9)), min_size=1,
                max_size=80))
def test_bins_of_numbers_hold_every_value_once(values: list[float]) -> None:
    check(np.array(values))


@pytest.mark.parametrize("values", [[5e-324, 1e308], [2e-309, 9.0, 1.0], [-1e308, 1e308], [1e300]])
def test_bins_at_the_ends_of_floats(values: list[float]) -> None:
    check(np.array(values))


def check(values: np.ndarray) -> None:
    found = bins(values)
    assert found.counts.sum() + (found.zeros or 0) == len(values)
    assert (np.diff(found.edges) > 0).all()
    assert len(found.counts) == len(found.edges) - 1 <= 60
    parse(histogram(found, x_name="x", y_name="y", mark=float(values.mean()), mark_name="mean"))


def test_bars_have_the_height_of_their_count() -> None:
    picture = histogram(bins([1, 1, 1, 1, 2, 2, 4]), x_name="core", y_name="nodes")
    heights = [float(bar.get("height", "")) for bar in parse(picture).iter(f"{SVG}rect")]
    assert heights == pytest.approx([heights[0], heights[0] / 2, heights[0] / 4], abs=0.11)
    assert re.findall(r"<title>([^<]*)", picture) == ["1: 4", "2: 2", "4: 1"]


def test_zeros_and_long_tails() -> None:
    found = bins(np.array([0, 0, 1, 2, 3, 5, 100, 10_000]))
    assert found.log and found.zeros == 2
    assert "0: 2" in histogram(found, x_name="x", y_name="nodes")
    assert not bins(np.array([1, 50, 99, 100])).log
    assert bins(np.array([1e-6, 2e-6, 1e-3])).log


def test_where_most_bars_would_vanish_the_counts_are_logarithmic() -> None:
    steep = np.repeat([1, 2, 3, 4], [100_000, 3, 5, 4])
    assert "nodes, logarithmic" in histogram(bins(steep), x_name="x", y_name="nodes")
    flat = np.repeat([1, 2, 3], [400, 300, 1])
    assert "logarithmic" not in histogram(bins(flat), x_name="x", y_name="nodes")


def test_density_draws_points_and_their_means() -> None:
    root = parse(density([2, 2, 200], [1.0, 0.5, 0.0], x_name="degree", y_name="clustering",
                         y_low=0.0, y_high=1.0))
    up = tick_places(root, "end")
    means = sorted(dots(root))
    expected = [0.75 * up["1"] + 0.25 * up["0"] - 4.5, up["0"] - 4.5]
    assert [y for _, y in means] == pytest.approx(expected, abs=0.2)
    assert len(dots(root, "points faint")) == 3


def test_density_of_many_points_is_small_and_counts_all() -> None:
    rng = np.random.default_rng(0)
    degree = (rng.pareto(1.5, 170_000) * 3).astype(np.int64) + 2
    picture = density(degree, rng.random(170_000), x_name="degree", y_name="clustering")
    assert len(picture) < 100_000
    root = parse(picture)
    shades = [p for p in root.iter(f"{SVG}path") if p.get("class") == "shade"]
    assert 1 < len(shades) <= 8
    assert len({p.get("opacity") for p in shades}) == len(shades)


def test_correlations_colour_by_sign_and_strength() -> None:
    matrix = np.array([[1, -0.25, np.nan], [-0.25, 1, np.nan], [np.nan] * 3])
    root = parse(correlations(matrix, ["a", "b<", "same"]))
    cells = list(root.iter(f"{SVG}rect"))
    assert len(cells) == 9
    assert (cells[1].get("fill"), cells[1].get("fill-opacity")) == ("var(--b)", "0.25")
    assert (cells[0].get("fill"), cells[0].get("fill-opacity")) == ("var(--a)", "1.00")
    assert cells[2].get("fill") == "var(--well)"
    assert [t.text for t in root.iter(f"{SVG}title")][1:3] == ["a, b<: -0.250",
                                                              "a, same: not defined"]
    assert texts(root).count("-.25") == 2 and texts(root).count("–") == 4


def test_many_correlations_fit() -> None:
    names = [f"o{i}" for i in range(73)]
    picture = correlations(np.eye(73), names)
    assert len(picture) < 700_000
    assert set(names) <= set(texts(parse(picture)))


def test_tallies_count_every_node_once() -> None:
    rows = [np.array([0, 0, 1, 3, 4, 31, 32]), np.array([5] * 7)]
    root = parse(tallies(rows, ["o1", "o2"], what="nodes"))
    said = [t.text for t in root.iter(f"{SVG}title")]
    assert said == ["o1: 0 for 2 nodes", "o1: 1 to 3 for 2 nodes", "o1: 4 to 9 for 1 nodes",
                    "o1: 10 to 31 for 1 nodes", "o1: 32 to 99 for 1 nodes",
                    "o2: 4 to 9 for 7 nodes"]
    medians = [p.get("d", "") for p in root.iter(f"{SVG}path") if p.get("class") == "median"]
    cells = [r for r in root.iter(f"{SVG}rect") if r.find(f"{SVG}title") is not None]
    for median, cell in zip(medians, (cells[1], cells[5]), strict=True):
        x = float(re.match(r"M([\d.]+)", median).group(1))
        left = float(cell.get("x"))
        assert left < x < left + float(cell.get("width"))


@given(st.integers(0, 10**15))
def test_half_decades_reach_beyond(most: int) -> None:
    borders = half_decades(most)
    assert borders[-1] > most and (len(borders) == 3 or borders[-2] <= most)


@given(st.floats(1e-9, 1e9), st.floats(1.01, 1e9))
def test_log_ticks_are_inside_and_rising(low: float, ratio: float) -> None:
    found = log_ticks(low, low * ratio)
    assert found == sorted(set(found))
    assert all(low * 0.999 <= t <= low * ratio * 1.001 for t in found)
    assert len(found) <= 12


@pytest.mark.parametrize(("value", "name"), [
    (0, "0"), (3, "3"), (-2, "-2"), (1234567, "1,234,567"), (0.5, "0.500"), (12.345, "12.3"),
    (99999.6, "100,000"), (1e9, "10⁹"), (-3e-9, "-3·10⁻⁹"), (0.00012, "0.000120"),
    (float("nan"), "–"), (float("inf"), "∞"), (float("-inf"), "-∞")])
def test_numbers_as_people_write_them(value: float, name: str) -> None:
    assert number(value) == name


def test_names_of_ticks() -> None:
    assert [tick_name(t, share=True) for t in (1, 0.2, 0.001, 1e-5)] == [
        "100 %", "20 %", "0.1 %", "0.001 %"]
    assert [tick_name(t) for t in (0, 0.25, 0.001, 1e-5, 100_000, 1e7)] == [
        "0", "0.25", "0.001", "10⁻⁵", "100,000", "10⁷"]


def test_an_axis_of_one_value_has_room() -> None:
    assert Axis(5, 5, 0, 10)(5) == 5
    assert Axis(5, 5, 0, 10, log=True)(5) == pytest.approx(5)


@pytest.mark.parametrize(("size", "edges"), [
    (1, []), (2, [(0, 1)]), (3, [(0, 1), (1, 2)]), (4, [(0, 1), (0, 2), (0, 3)]),
    (5, [(0, 1), (1, 2), (2, 3), (3, 4)]), (5, [(i, j) for j in range(5) for i in range(j)])])
def test_patterns_have_their_nodes_apart(size: int, edges: list) -> None:
    root = parse(f'<svg xmlns="http://www.w3.org/2000/svg">{pattern(size, edges, [0])}</svg>')
    circles = list(root.iter(f"{SVG}circle"))
    assert len(circles) == size
    assert [c.get("class") for c in circles] == ["self"] + ["node"] * (size - 1)
    assert len({(c.get("cx"), c.get("cy")) for c in circles}) == size
    assert root[0].get("d", "").count("L") == len(edges)


def test_no_edge_of_a_pattern_hides_behind_another() -> None:
    """Of all thirty graphlets: no node lies on an edge it is no end of."""
    from graphlocal.report.charts.pattern import _places
    from graphlocal.topology.orbits.graphlets import GRAPHLETS

    for graphlet in GRAPHLETS:
        place = np.array(_places(graphlet.size, graphlet.edges))
        for u, v in graphlet.edges:
            for w in set(range(graphlet.size)) - {u, v}:
                along = place[v] - place[u]
                t = np.clip((place[w] - place[u]) @ along / (along @ along), 0, 1)
                assert np.linalg.norm(place[u] + t * along - place[w]) > 2, graphlet


def test_trends_stand_where_the_ticks_say() -> None:
    means = ([0.0, 0.4, 1.0], [0.2, 0.4, 0.6], [0.1, 0.2, 0.4], [0.3, 0.8, 0.7])
    root = parse(trends({"A": ("a", means), "B": ("b", means)}, x_name="x", y_name="y", share=True))
    across, up = tick_places(root, "middle"), tick_places(root, "end")
    points = sorted(dots(root))[::2]
    assert [x for x, _ in points] == pytest.approx([across[t] for t in ("0", "0.4", "1")], abs=0.11)
    assert [y + 4.5 for _, y in points] == pytest.approx(
        [up[t] for t in ("20 %", "40 %", "60 %")], abs=0.11)
    band = next(p for p in root.iter(f"{SVG}path") if p.get("class") == "band").get("d", "")
    corners = [tuple(map(float, corner.split())) for corner in band.strip("MZ").split("L")]
    upper, lower = corners[:3], corners[3:][::-1]
    assert [x for x, _ in upper] == [x for x, _ in lower] == [x for x, _ in points]
    assert [y + 4.5 for _, y in upper[1:2]] == pytest.approx([up["80 %"]], abs=0.11)
    assert [y + 4.5 for _, y in lower[1:]] == pytest.approx([up["20 %"], up["40 %"]], abs=0.11)
    names = [float(t.get("y", "")) for t in root.iter(f"{SVG}text") if t.get("class") == "name"]
    assert len(names) == 2 and abs(names[0] - names[1]) >= 18, "names do not lie on each other"


def test_trends_of_one_value() -> None:
    root = parse(trends({"A": ("a", ([3.0], [0.5], [0.5], [0.5]))}, x_name="x", y_name="y"))
    assert len(dots(root)) == 1

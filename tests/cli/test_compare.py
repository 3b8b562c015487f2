"""graphlocal compare: the functions' numbers, one table, a picture that can be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from graphlocal import CSRGraph
from graphlocal.cli import compare, main
from graphlocal.topology import (
    gdd_agreement,
    graphlet_correlation_distance,
    graphlet_correlation_matrix,
)
from graphlocal.topology.signatures import GCM_ORBITS
from tests.cli import commands

ORBITS = ["11", "15", "56", "73"]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "karate.txt", tmp_path / "ws.txt"
    graphs = nx.karate_club_graph(), nx.watts_strogatz_graph(40, 4, 0.2, seed=1)
    for path, graph in zip(paths, graphs, strict=True):
        nx.write_edgelist(graph, path, data=False)
    return paths


def fails(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    said = commands.fails(capsys, "compare", *args)
    assert said.startswith("graphlocal compare: error: ")
    return said


@pytest.mark.parametrize("orbits", ORBITS)
def test_values(
    files: tuple[Path, Path], orbits: str, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = map(CSRGraph.read, files)
    size = 4 if int(orbits) <= 15 else 5
    expected = [graphlet_correlation_distance(a, b, orbits),
                gdd_agreement(a, b, size=size),
                gdd_agreement(a, b, mean="geometric", size=size)]
    args = ["compare", *map(str, files), "--orbits", orbits, "-q"]
    assert main(args) == 0
    out, err = capsys.readouterr()
    assert err == ""
    header, *lines = [line.split() for line in out.splitlines()]
    assert header[:3] == ["measure", "orbits", "value"]
    assert [line[:2] for line in lines] == [
        [f"GCD-{orbits}", orbits], ["GDDA-arithmetic", "15" if size == 4 else "73"],
        ["GDDA-geometric", "15" if size == 4 else "73"]]
    np.testing.assert_allclose([float(line[2]) for line in lines], expected, atol=5e-7)
    assert len({len(line) for line in out.splitlines()}) == 1

    assert main([*args, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [found["gcd"], found["gdda_arithmetic"], found["gdda_geometric"]] == expected
    assert found["a"] == {"file": str(files[0]), "nodes": 34, "edges": 78}
    assert (found["b"]["edges"], found["orbits"]) == (80, int(orbits))


def test_a_graph_equals_itself(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(files[0]), str(files[0]), "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["gcd"], found["gdda_arithmetic"], found["gdda_geometric"]) == (0, 1, 1)
    assert err.count("34 nodes, 78 edges") == 2


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_picture_is_whole(
    files: tuple[Path, Path], tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / f"picture{suffix}"
    assert main(["compare", *map(str, files), "-o", str(out), "-q"]) == 0
    capsys.readouterr()
    begins = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}
    assert out.read_bytes().startswith(begins[suffix])
    assert len(os.listdir(tmp_path)) == 3


@pytest.mark.parametrize("orbits", ORBITS)
def test_what_the_picture_shows(files: tuple[Path, Path], orbits: str) -> None:
    pytest.importorskip("matplotlib")
    from graphlocal.cli._heatmap import correlations

    matrices = [graphlet_correlation_matrix(CSRGraph.read(file), orbits) for file in files]
    # A file name that matplotlib would take for a formula, and fail on.
    figure = correlations(matrices, GCM_ORBITS[orbits], ["$a", "b_$x^$"], "both")
    figure.draw_without_rendering()
    maps = [axis for axis in figure.axes if axis.images]
    assert len(maps) == 2
    for axis, matrix, title in zip(maps, matrices, ["$a", "b_$x^$"], strict=True):
        (image,) = axis.images
        np.testing.assert_array_equal(image.get_array(), matrix)
        assert image.get_clim() == (-1, 1) and image.get_cmap().name == "RdBu_r"
        assert axis.get_title() == title
        for labels in (axis.get_xticklabels(), axis.get_yticklabels()):
            assert [text.get_text() for text in labels] == [str(o) for o in GCM_ORBITS[orbits]]
            # No label covers the next.
            boxes = [label.get_window_extent() for label in labels]
            assert not any(one.overlaps(other) for one, other in pairwise(boxes))


def test_names_of_files_are_cut() -> None:
    assert compare._short("-") == "stdin"
    assert compare._short("/somewhere/graph/") == "graph"
    assert len(compare._short("x" * 300)) == 40


def test_without_matplotlib(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    err = fails(capsys, *files, "-o", tmp_path / "out.png")
    assert "matplotlib" in err and "pip install" in err
    assert main(["compare", *map(str, files), "-q"]) == 0


def test_bad_input(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = files
    assert "required: B" in fails(capsys, a)
    assert "there is no such file" in fails(capsys, a, tmp_path / "nowhere")
    assert "stdin holds one graph" in fails(capsys, "-", "-")
    assert "invalid choice: '12'" in fails(capsys, a, b, "--orbits", 12)
    assert "ends in .png" in fails(capsys, a, b, "-o", tmp_path / "out.jpg")
    assert "make the folder" in fails(capsys, a, b, "-o", tmp_path / "no" / "out.png")


def test_no_torch_and_stdin(files: tuple[Path, Path]) -> None:
    a, b = files
    code = (f"import sys; from graphlocal.cli import main; main(['compare', '-', {str(b)!r}]); "
            "sys.exit(bool({'torch', 'torch_geometric', 'matplotlib'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], input=a.read_text(), text=True,
                          capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "GCD-11" in done.stdout and "nodes" not in done.stdout
    assert done.stderr.startswith("-: 34 nodes")

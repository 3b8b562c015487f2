"""graphlocal summary: the function's numbers, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import pytest

from graphlocal.cli import main
from graphlocal.topology import graph_summary


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    paths = [tmp_path / "karate.txt", tmp_path / "long_name_of_a_path.txt"]
    for path, graph in zip(paths, (nx.karate_club_graph(), nx.path_graph(1200)), strict=True):
        nx.write_edgelist(graph, path, data=False)
    return [str(path) for path in paths]


def test_one_graph(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", files[0]]) == 0
    printed = capsys.readouterr()
    assert printed.out == str(graph_summary(files[0])) + "\n"
    rows = dict(line.rsplit(maxsplit=1) for line in printed.out.splitlines())
    assert (rows["nodes"], rows["edges"], rows["triangles"]) == ("34", "78", "45")
    assert printed.err == "34 nodes, 78 edges\n"


def test_two_graphs_side_by_side(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", "-q", *files]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == files
    assert len({len(line) for line in [head, *lines]}) == 1
    assert ["edges", "78", "1,199"] in [line.split() for line in lines]


def test_for_programs(files: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    alone = tmp_path / "alone.txt"
    alone.write_text("3 3\n")
    assert main(["summary", "-q", "--json", "--samples", "5", files[0], str(alone)]) == 0
    karate, loop = map(json.loads, capsys.readouterr().out.splitlines())
    assert karate == {"file": files[0], **graph_summary(files[0], samples=5).to_dict()}
    assert loop["mean_distance"] is None
    assert loop["nodes"] == 1


@pytest.mark.parametrize(("arguments", "message"), [
    ([], "name a file"),
    (["no_such_file"], "no_such_file: there is no such file"),
    (["--samples", "0", "{file}"], "'--samples': got 0, expected at least 1"),
    (["--seed", "-1", "{file}"], "'--seed': got -1"),
])
def test_bad_arguments(arguments: list[str], message: str, files: list[str],
                       capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", *(part.format(file=files[0]) for part in arguments)]) == 2
    assert message in capsys.readouterr().err

from __future__ import annotations

import html
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from graphlocal import CSRGraph, topology
from graphlocal.cli import main
from graphlocal.datasets import DigitsGraph

FILES = {"demo.json", "edges.csv", "nodes.csv", "report.html", "runs.jsonl"}
VOID = {"meta", "br", "hr", "img", "link", "input"}


def shorten_layout(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("graphlocal.cli._demo.drawing._ITERATIONS", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "a folder"
    with pytest.MonkeyPatch.context() as patch:
        shorten_layout(patch)
        assert main(["demo", "-o", str(path), "--seeds", "2", "--epochs", "6", "-q"]) == 0
    return path


@pytest.fixture(scope="module")
def page(folder) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def programs(page: str, language: str) -> list[str]:
    found = re.findall(rf'<pre class="{language}"><code>(.*?)</code>', page, re.DOTALL)
    return [html.unescape(text) for text in found]


def test_it_writes_its_files_and_nothing_else(folder) -> None:
    assert {path.name for path in folder.iterdir()} == FILES
    lines = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    assert [(line["config"]["model"], line["seed"]) for line in lines] == [
        ("GCN", 0), ("MLP", 0), ("GCN", 1), ("MLP", 1)]


def test_the_table_is_that_of_the_graph(folder) -> None:
    data = DigitsGraph()[0]
    graph = CSRGraph.from_edge_index(data.edge_index, data.num_nodes)
    table = np.genfromtxt(folder / "nodes.csv", delimiter=",", names=True)
    assert table["node"].tolist() == list(range(1797))
    assert (table["degree"] == graph.degree).all()
    assert (table["core"] == topology.core_number(graph)).all()
    assert table["clustering"] == pytest.approx(topology.clustering(graph))


def test_the_page_is_whole_and_loads_nothing(page) -> None:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.seen: dict[str, int] = {}

        def handle_starttag(self, tag, attrs) -> None:
            self.seen[tag] = self.seen.get(tag, 0) + 1
            assert not {"src", "href", "srcset", "onload"} & {name for name, _ in attrs}
            if tag not in VOID:
                self.open.append(tag)

        def handle_startendtag(self, tag, attrs) -> None:
            self.handle_starttag(tag, attrs)
            self.handle_endtag(tag)

        def handle_endtag(self, tag) -> None:
            assert self.open.pop() == tag

    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert reader.seen["svg"] == 3 and reader.seen["table"] == 2 and reader.seen["section"] == 3
    assert "script" not in reader.seen and "link" not in reader.seen
    assert "default-src 'none'" in page and "@import" not in page
    assert re.findall(r"https?://[^\"' ]+", page) == ["http://www.w3.org/2000/svg"] * 3
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {"#plot"}
    assert "prefers-color-scheme:dark" in page


def test_the_drawing_has_every_node_and_edge(page) -> None:
    edges = re.search(r'class="edges"[^>]* d="([^"]*)"', page).group(1)
    assert edges.count("M") == edges.count("L") == 6309
    dots = re.findall(r'class="dots"[^>]* d="([^"]*)"', page)
    counts = np.bincount(DigitsGraph()[0].y.numpy())
    assert [path.count("M") for path in dots] == counts.tolist()


def test_the_shown_training_gives_the_shown_figures(page, capsys) -> None:
    (program,) = (text for text in programs(page, "python") if "node.run" in text)
    exec(compile(program, "report", "exec"), {})
    printed = re.findall(r"Final Test: ([\d.]+) ± ([\d.]+)", capsys.readouterr().out)
    rows = re.findall(r'<th scope="row">(?:GCN|MLP)</th><td>.*?</td><td>.*?</td><td>([\d.]+) ± '
                      r"([\d.]+)</td>", page)
    assert len(printed) == len(rows) == 2
    for (mean, std), (shown_mean, shown_std) in zip(printed, rows, strict=True):
        assert float(shown_mean) == pytest.approx(float(mean), abs=0.056)
        assert float(shown_std) == pytest.approx(float(std), abs=0.056)


def test_the_shown_command_and_drawing_run(folder, page, tmp_path) -> None:
    (command,) = programs(page, "shell")
    name, *words = shlex.split(command)
    assert name == "graphlocal"
    words[-1] = str(tmp_path / "again.csv")
    assert main([*words, "--quiet"]) == 0
    assert (tmp_path / "again.csv").read_text() == (folder / "nodes.csv").read_text()
    (program,) = (text for text in programs(page, "python") if "draw_network" in text)
    short = program.replace("(graph, start)", "(graph, start, iterations=1)")
    assert short != program
    names: dict = {}
    exec(compile(short, "report", "exec"), names)
    assert names["svg"].count('class="dots"') == 10


def test_again_into_the_same_folder(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    shorten_layout(monkeypatch)
    for epochs in (1, 2):
        assert main(["demo", "--seeds", "1", "--epochs", str(epochs)]) == 0
        captured = capsys.readouterr()
        assert captured.out == "graphlocal-demo/report.html\n"
        assert "[3/3]" in captured.err and "test accuracy" in captured.err
    lines = (tmp_path / "graphlocal-demo" / "runs.jsonl").read_text().splitlines()
    assert [json.loads(line)["epochs"] for line in lines] == [2, 2]
    assert "±" not in (tmp_path / "graphlocal-demo" / "report.html").read_text().replace(
        "Mean ± standard", "")


def test_nothing_of_others_is_overwritten(tmp_path, capsys, monkeypatch) -> None:
    shorten_layout(monkeypatch)
    (tmp_path / "thesis.tex").write_text("mine")
    assert main(["demo", "-o", str(tmp_path)]) == 2
    assert "files of another origin" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]

    assert main(["demo", "-o", str(tmp_path / "thesis.tex")]) == 2
    assert "a file, expected a folder" in capsys.readouterr().err

    demo = tmp_path / "demo"
    demo.mkdir()
    (demo / "demo.json").write_text('{"made by": "graphlocal demo", "files": ["report.html"]}')
    (demo / "nodes.csv").write_text("mine")
    assert main(["demo", "-o", str(demo), "--seeds", "1", "--epochs", "1"]) == 2
    assert "nodes.csv, which the demo did not make" in capsys.readouterr().err
    assert (demo / "nodes.csv").read_text() == "mine"

    for content in ("[]", "{", '{"files": []}', '{"made by": "x", "files": []}'):
        (demo / "demo.json").write_text(content)
        assert main(["demo", "-o", str(demo)]) == 2


@pytest.mark.parametrize("option", ["--seeds", "--epochs"])
def test_bad_counts(option, tmp_path, capsys) -> None:
    assert main(["demo", "-o", str(tmp_path / "new"), option, "0"]) == 2
    assert f"argument '{option}': got 0" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()

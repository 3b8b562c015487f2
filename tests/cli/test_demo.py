from __future__ import annotations

import dataclasses
import html
import importlib.util
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from graphlocal import CSRGraph, tasks, topology
from graphlocal.cli import main
from graphlocal.datasets import DigitsGraph

FILES = {"demo.json", "edges.csv", "far.jsonl", "links.jsonl", "nodes.csv", "report.html",
         "runs.jsonl"}
NAMES = ("GAE", "NCN", "NCNC")
ROOT = Path(__file__).parents[2]
VOID = {"meta", "br", "hr", "img", "link", "input"}


def shorten(patch: pytest.MonkeyPatch) -> None:
    """One step of the layout, and few of the hidden edges ranked among all nodes."""
    rank = tasks.link.node_link_scores

    def few(model, data, **options):
        return rank(model, dataclasses.replace(data, test=data.test[:, :60]), **options)

    patch.setattr("graphlocal.cli._demo.drawing._ITERATIONS", 1)
    patch.setattr(tasks.link, "node_link_scores", few)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "a folder"
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
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
    lines = [json.loads(line) for line in (folder / "far.jsonl").read_text().splitlines()]
    assert [line["config"]["model"] for line in lines] == [
        "GCN", "Transformer", "GMN"] * 2
    lines = [json.loads(line) for line in (folder / "links.jsonl").read_text().splitlines()]
    assert [(line["config"]["model"], line["seed"]) for line in lines] == [
        (name, seed) for name in NAMES for seed in (0, 1)]


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
    assert reader.seen["svg"] == 5 and reader.seen["table"] == 4 and reader.seen["section"] == 5
    assert "script" not in reader.seen and "link" not in reader.seen
    assert "default-src 'none'" in page and "@import" not in page
    assert re.findall(r"https?://[^\"' ]+", page) == ["http://www.w3.org/2000/svg"] * 5
    clips = re.findall(r'<clipPath id="([^"]*)"', page)
    assert len(set(clips)) == len(clips) == 2
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {f"#{clip}" for clip in clips}
    assert "prefers-color-scheme:dark" in page


def test_the_drawing_has_every_node_and_edge(page) -> None:
    edges = re.search(r'class="edges"[^>]* d="([^"]*)"', page).group(1)
    assert edges.count("M") == edges.count("L") == 6309
    dots = re.findall(r'class="dots"[^>]* d="([^"]*)"', page)
    counts = np.bincount(DigitsGraph()[0].y.numpy())
    assert [path.count("M") for path in dots] == counts.tolist()


@pytest.mark.parametrize("place, names", [
    (0, ("GCN", "MLP")), (1, ("GCN", "Transformer", "GMN"))])
def test_the_shown_training_gives_the_shown_figures(page, capsys, place, names) -> None:
    program = [text for text in programs(page, "python") if "node.run" in text][place]
    exec(compile(program, "report", "exec"), {})
    printed = re.findall(r"Final Test: ([\d.]+) ± ([\d.]+)", capsys.readouterr().out)
    rows = [re.findall(rf'<th scope="row">{name}</th><td>.*?</td><td>.*?</td><td>([\d.]+) ± '
                       r"([\d.]+)</td>", page) for name in names]
    rows = [found[place if name == "GCN" else 0] for name, found in zip(names, rows, strict=True)]
    assert len(printed) == len(rows) == len(names)
    for (mean, std), (shown_mean, shown_std) in zip(printed, rows, strict=True):
        assert float(shown_mean) == pytest.approx(float(mean), abs=0.056)
        assert float(shown_std) == pytest.approx(float(std), abs=0.056)


def test_the_shown_prediction_of_edges_gives_the_shown_figures(page, capsys, monkeypatch) -> None:
    (program,) = (text for text in programs(page, "python") if "link.run" in text)
    shorten(monkeypatch)
    exec(compile(program, "report", "exec"), {})
    printed = capsys.readouterr().out
    parts = re.split(r"^(?:GAE|NCN|NCNC) ", printed, flags=re.MULTILINE)[1:]
    assert len(parts) == 5
    for name, part in zip(NAMES, parts, strict=False):
        found = re.findall(r"test ([\d.]+) ± ([\d.]+)", part)
        row = re.search(rf'<th scope="row">{name}</th>(.*?)</tr>', page).group(1)
        shown = re.findall(r"<td>([\d.]+) ± ([\d.]+)</td>", row)
        assert len(found) == len(shown) == 3
        for pair, shown_pair in zip(found, shown, strict=True):
            assert [float(v) for v in shown_pair] == pytest.approx(
                [float(v) for v in pair], abs=0.056)
        assert re.search(r"<td>\d+ ms</td>", row)
    ranks = [float(re.search(r"Spearman (-?[\d.]+)", part).group(1)) for part in parts[3:]]
    shown = re.search(r"correlation is (-?[\d.]+) for NCN, (-?[\d.]+) for GAE", page)
    assert [float(v) for v in shown.groups()[::-1]] == pytest.approx(ranks, abs=0.0056)


def test_edges_are_predicted_with_the_settings_of_the_example() -> None:
    from graphlocal.cli._demo import links

    spec = importlib.util.spec_from_file_location("ogbl_ncn", ROOT / "examples" / "ogbl_ncn.py")
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    setting = example.SETTINGS["digits"]
    train = {name: value for name, value in setting["train"].items() if name != "epochs"}
    assert setting["encoder"] == {"hidden_channels": links._HIDDEN, **links._ENCODER}
    assert setting["predictor"] == links._PREDICTOR
    assert setting["completion"] == links._COMPLETION
    assert train == links._TRAIN


@pytest.mark.parametrize(("gae", "ncn", "ncnc", "said"), [
    ([0.5, 0.6], [0.6, 0.7], [0.5, 0.5],
     "NCN is 10.0 points ahead (higher in 2 of 2 seeds) and NCNC is 5.0 points behind "
     "(higher in 0 of 2 seeds); in Hits@100 it is +5.0 and -2.5 points."),
    ([0.5], [0.5], [0.75],
     "NCN is level and NCNC is 25.0 points ahead; in Hits@100 it is +0.0 and +12.5 points."),
])
def test_the_verdict_is_what_the_figures_say(gae, ncn, ncnc, said) -> None:
    from graphlocal.cli._demo.links import _verdict

    def result(scores):
        best = [{"hits@20": tasks.link.Best(1, 0.0, score),
                 "hits@100": tasks.link.Best(1, 0.0, score / 2)} for score in scores]
        return tasks.link.LinkRunResult([
            tasks.link.LinkResult("hits@20", b, {}, {}, {}, 1) for b in best])

    found = _verdict(dict(zip(NAMES, map(result, (gae, ncn, ncnc)), strict=True)))
    assert found == f"Compared with GAE in Hits@20, {said}"


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
    shorten(monkeypatch)
    for epochs in (1, 2):
        assert main(["demo", "--seeds", "1", "--epochs", str(epochs)]) == 0
        captured = capsys.readouterr()
        assert captured.out == "graphlocal-demo/report.html\n"
        assert "[5/5]" in captured.err and "test accuracy" in captured.err
    lines = (tmp_path / "graphlocal-demo" / "runs.jsonl").read_text().splitlines()
    assert [json.loads(line)["epochs"] for line in lines] == [2, 2]
    assert "±" not in (tmp_path / "graphlocal-demo" / "report.html").read_text().replace(
        "Mean ± standard", "")


def test_nothing_of_others_is_overwritten(tmp_path, capsys, monkeypatch) -> None:
    shorten(monkeypatch)
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

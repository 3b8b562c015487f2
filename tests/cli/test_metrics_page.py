"""graphlocal metrics --plot: a page or a picture beside the table or alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graphlocal import NodeTable
from graphlocal.cli import main
from tests.cli.commands import LINES, NAMES, TABLE, fails, graphlocal, rows


def test_page_and_table(edges: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, table = tmp_path / "report.html", tmp_path / "t.csv"
    assert main(["metrics", str(edges), "-m", NAMES, "-o", str(table), "--plot", str(page)]) == 0
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("4 nodes, 4 edges")
    assert rows(table.read_text()) == TABLE
    text = page.read_text(encoding="utf-8")
    assert "<h1>edges.txt</h1>" in text
    assert "Reading the file: 1 self loops removed, 1 duplicates merged." in text
    assert "-m degree,triangles,core --plot" in text
    assert sorted(os.listdir(tmp_path)) == ["edges.txt", "report.html", "t.csv"]


def test_page_alone_or_with_stdout(
    edges: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = str(tmp_path / "report.html")
    assert main(["metrics", str(edges), "-q", "-m", NAMES, "--plot", page]) == 0
    assert capsys.readouterr().out == ""
    assert main(["metrics", str(edges), "-q", "-m", NAMES, "--plot", page, "-o", "-"]) == 0
    assert rows(capsys.readouterr().out) == TABLE


def test_page_of_stdin_without_the_degree(tmp_path: Path) -> None:
    """The degree distribution is drawn also where the table has no such column."""
    page = tmp_path / "report.html"
    done = graphlocal("metrics", "-", "-m", "core", "--plot", page, stdin=LINES)
    assert (done.returncode, done.stdout) == (0, "")
    text = page.read_text(encoding="utf-8")
    assert "<h1>stdin</h1>" in text and "Degree distribution." in text


def test_page_of_several_files(edges: Path, tmp_path: Path) -> None:
    other = tmp_path / "<b>.txt"
    other.write_text("7 8\n8 9\n")
    page = tmp_path / "report.html"
    assert main(["metrics", str(edges), str(other), "-q", "-m", "degree", "--plot", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "2 graphs" in text and "<h2>&lt;b&gt;.txt</h2>" in text and "<b>.txt" not in text


def test_picture(edges: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert main(["metrics", str(edges), "-q", "-m", NAMES, "--plot", str(tmp_path / "t.png")]) == 0
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")


def test_page_is_no_input_and_no_other_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edges = tmp_path / "edges.html"
    edges.write_text(LINES)
    assert "never overwritten" in fails(capsys, "metrics", edges, "--plot", edges)
    link = tmp_path / "link.html"
    link.symlink_to(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("old")
    said = fails(capsys, "metrics", edges, "-o", tmp_path / "t.csv", "--plot", link)
    assert "another file than that of --output" in said
    assert (tmp_path / "t.csv").read_text() == "old" and edges.read_text() == LINES


def test_a_failed_table_takes_the_page_with_it(
    edges: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: NodeTable, file: object, separator: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(NodeTable, "_write_rows", stop)
    (tmp_path / "report.html").write_text("old")
    assert main(["metrics", str(edges), "-q", "-o", str(tmp_path / "t.csv"), "--plot",
                 str(tmp_path / "report.html")]) == 130
    assert (tmp_path / "report.html").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["edges.txt", "report.html"]

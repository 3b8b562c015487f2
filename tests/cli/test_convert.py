"""From files to a directory, on the command line."""

from __future__ import annotations

import gzip
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from graphlocal.cli import main
from graphlocal.cli._progress import Progress
from graphlocal.graph import CSRGraph, read
from tests.graph.streaming.small import contents


def test_convert_and_measure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "edges.tsv"
    file.write_bytes(b"# three\n10\t20\t5\n20\t30\t1\n20\t10\t2\n30\t30\t1\n10\t30\t9\n")
    assert main(["convert", str(file), str(tmp_path / "graph"), "--memory", "64MB"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (f"{tmp_path}/graph: 3 nodes, 3 edges, 1 self loops removed, 1 of 3 edges listed "
                   "in both directions: taken as undirected\n")
    read(file, weight=False).save(tmp_path / "saved")
    assert contents(tmp_path / "graph") == contents(tmp_path / "saved")
    assert main(["metrics", str(tmp_path / "graph"), "-m", "degree,triangles,core,orbits4",
                 "-q"]) == 0
    from_directory = capsys.readouterr().out
    assert main(["metrics", str(file), "-m", "degree,triangles,core,orbits4", "-q"]) == 0
    assert capsys.readouterr().out == from_directory
    assert from_directory.startswith("node,degree,triangles,core,o0,")


def test_several_files_weights_and_stdin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").write_bytes(b"0 1 0.5\n")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"1 2 3\n"))
    stdin = io.TextIOWrapper(io.BytesIO(b"0 2 7\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["convert", str(tmp_path / "a"), str(tmp_path / "b.gz"), "-",
                 str(tmp_path / "graph"), "--weight", "2", "-q", "--threads", "1"]) == 0
    assert capsys.readouterr() == ("", "")
    graph = CSRGraph.open(tmp_path / "graph")
    assert graph.weight is not None and graph.weight.tolist() == [0.5, 7, 0.5, 3, 7, 3]


@pytest.mark.parametrize(("arguments", "message"), [
    (["--memory", "lots"], "argument 'memory': got 'lots', expected a size such as '2GB'"),
    (["--memory", "3kB"], "argument 'memory': got '3kB', expected at least 16MB"),
    (["--directed", "error"], "1 of 2 edges in one direction only"),
    (["--weight", "7"], "argument 'weight': got column 7"),
    (["--threads", "0"], "argument '--threads': got 0"),
    (["--num-nodes", "1"], "index 2, expected 0 <= index < num_nodes=1"),
])
def test_refusals(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "edges").write_bytes(b"0 1\n1 0\n1 2\n")
    assert main(["convert", str(tmp_path / "edges"), str(tmp_path / "graph"), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["edges"]


def test_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, target = tmp_path / "edges", tmp_path / "graph"
    file.write_bytes(b"0 1\n")
    assert main(["convert", str(tmp_path / "none"), str(target)]) == 2
    assert "none: there is no such file" in capsys.readouterr().err
    assert main(["convert", str(file), str(target)]) == 0
    capsys.readouterr()
    assert main(["convert", str(file), str(target)]) == 2
    assert "which exists, expected a new name" in capsys.readouterr().err
    assert main(["convert", str(file), str(target), "--overwrite"]) == 0
    assert main(["convert", str(file), str(file), "--overwrite"]) == 2
    assert file.read_bytes() == b"0 1\n"
    capsys.readouterr()
    assert main(["convert", str(target), str(tmp_path / "again")]) == 2
    assert "a file that can be read" in capsys.readouterr().err


def test_interruption_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from graphlocal.cli import main; sys.exit(main())",
         "convert", "-", str(tmp_path / "graph"), "--memory", "16MB"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None and process.stderr is not None
    piece = b"".join(b"%d %d\n" % tuple(pair)
                     for pair in np.random.default_rng(0).integers(0, 10**6, (50_000, 2)))
    for _ in range(10):
        process.stdin.write(piece)
    process.stdin.flush()
    while not os.listdir(tmp_path):  # until it works on what it was given
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert b"interrupted" in process.stderr.read()
    process.stdin.close()
    process.stderr.close()
    assert os.listdir(tmp_path) == []


def test_bar_follows_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress() as progress:
        progress.start("opening")
        progress.reach("reading", None)
        for what, share in (("reading", 0.25), ("sorting", 0.75), ("sorting", 0.5)):
            progress.reach(what, share)
        progress._follow("merge_bucket", 1, 2)  # a kernel of the work: it knows nothing of shares
        assert progress._bar.n == 0.75 and progress._bar.total == 1
        assert "sorting" in str(progress._bar)
    with Progress(quiet=True) as progress:
        progress.reach("reading", 0.5)

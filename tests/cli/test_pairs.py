"""graphlocal pairs: the scores of the functions, ids as they went in, files whole or not there."""

from __future__ import annotations

import csv
import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from graphlocal import CSRGraph
from graphlocal.cli import main
from graphlocal.cli.pairs import _shares
from graphlocal.kernels.cpu.parallel import on_progress
from graphlocal.topology import PAIR_SCORES, pair_scores, top_pairs
from tests.cli import commands
from tests.cli.commands import graphlocal, rows

# A square with a tail, its ids neither numbers nor in order.
SQUARE = "source,target\ndora,eve\neve,ann\nann,bob\nbob,dora\nbob,tim\n"
PAIRS = "a,b\nann,dora\neve,bob\ntim,ann\nann,ann\n"


@pytest.fixture
def square(tmp_path: Path) -> Path:
    path = tmp_path / "square.csv"
    path.write_text(SQUARE)
    return path


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.csv"
    path.write_text(PAIRS)
    return path


@pytest.fixture
def numbers(tmp_path: Path) -> tuple[Path, Path, CSRGraph, np.ndarray]:
    """Files of integer ids with gaps: edges and pairs."""
    rng = np.random.default_rng(3)
    edges, pairs = tmp_path / "edges.txt", tmp_path / "wanted.txt"
    np.savetxt(edges, 10 * rng.integers(0, 30, (150, 2)) + 7, fmt="%d")
    graph = CSRGraph.read(edges)
    wanted = rng.choice(graph.ids, (40, 2))
    np.savetxt(pairs, wanted, fmt="%d")
    return edges, pairs, graph, wanted


def run(*args: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return graphlocal("pairs", *args, stdin=stdin)


def fails(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    said = commands.fails(capsys, "pairs", *args)
    assert said.startswith("graphlocal pairs: error: ")
    return said


def test_square(square: Path, pairs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Names over names: nothing in the file tells a header.
    assert main(["pairs", str(square), str(pairs), "--pairs-header", "-m", "cn,jaccard,pa"]) == 0
    out, err = capsys.readouterr()
    # By hand: both corners across, one of the tail, and all that ann has.
    assert rows(out) == [["source", "target", "cn", "jaccard", "pa"],
                         ["ann", "dora", "2", "1.0", "4"],
                         ["eve", "bob", "2", repr(2 / 3), "6"],
                         ["tim", "ann", "1", "0.5", "2"],
                         ["ann", "ann", "2", "1.0", "4"]]
    assert err.startswith("5 nodes, 5 edges")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".npz", ".parquet"])
def test_files_hold_what_the_function_returns(
    numbers: tuple[Path, Path, CSRGraph, np.ndarray], tmp_path: Path, suffix: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    edges, pairs, graph, wanted = numbers
    out = tmp_path / f"out{suffix}"
    assert main(["pairs", str(edges), str(pairs), "-m", "all", "-o", str(out), "--beta", "0.1",
                 "--alpha", "0.3", "--eps", "1e-7"]) == 0
    assert capsys.readouterr().out == ""
    if suffix == ".npz":
        table = {name: array.tolist() for name, array in np.load(out).items()}
    elif suffix == ".parquet":
        table = pytest.importorskip("pyarrow.parquet").read_table(out).to_pydict()
    else:
        with open(out, newline="") as text:
            header, *body = csv.reader(text, delimiter="," if suffix == ".csv" else "\t")
        table = {name: [float(row[i]) for row in body] for i, name in enumerate(header)}
    expected = pair_scores(graph, wanted, "all", ids=True, beta=0.1, alpha=0.3, eps=1e-7)
    assert list(table) == ["source", "target", *PAIR_SCORES]
    np.testing.assert_array_equal(np.stack(list(table.values()), axis=1),
                                  np.concatenate([wanted, expected], axis=1))
    assert sorted(os.listdir(tmp_path)) == sorted([out.name, edges.name, pairs.name])


@pytest.mark.parametrize("form", ["comma", "header", "gzip", "parquet", "returns", "extra"])
def test_pairs_in_any_form(
    numbers: tuple[Path, Path, CSRGraph, np.ndarray], tmp_path: Path, form: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    edges, pairs, _, wanted = numbers
    assert main(["pairs", str(edges), str(pairs), "-q"]) == 0
    expected = capsys.readouterr().out
    lines = [f"{u},{v}" for u, v in wanted.tolist()]
    path = tmp_path / ("other.parquet" if form == "parquet" else "other.csv")
    if form == "parquet":
        pa = pytest.importorskip("pyarrow")
        pytest.importorskip("pyarrow.parquet").write_table(
            pa.table({"u": wanted[:, 0], "v": wanted[:, 1]}), path)
    elif form == "gzip":
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
    elif form == "header":
        path.write_text("\n".join(["one,two", "# said before", *lines]))
    elif form == "extra":
        path.write_text("\n".join(f"{line},x,0.5" for line in lines))
    else:
        path.write_bytes({"comma": "\n", "returns": "\r"}[form].join(lines).encode())
    assert main(["pairs", str(edges), str(path), "-q"]) == 0
    assert capsys.readouterr().out == expected


def test_stdin_of_either_and_no_torch(square: Path, pairs: Path) -> None:
    expected = run(square, pairs, "--pairs-header", "-m", "ra", "-q")
    assert expected.returncode == 0 and expected.stderr == ""
    for args, text in (((square, "-"), PAIRS), (("-", pairs), SQUARE)):
        done = run(*args, "--pairs-header", "-m", "ra", stdin=text)
        assert (done.returncode, done.stdout) == (0, expected.stdout)
        assert "nodes" in done.stderr and "%" not in done.stderr
    code = (f"import sys; from graphlocal.cli import main; "
            f"main(['pairs', {str(square)!r}, {str(pairs)!r}, '-q', '--pairs-header', '-m', 'all'])"
            "; sys.exit(bool({'torch', 'torch_geometric', 'matplotlib'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False,
                          timeout=120).returncode == 0


def test_unknown_ids(square: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "some.txt"
    path.write_text("# of two\nann dora\n\nann zoe\nmax eve\n")
    said = fails(capsys, square, path)
    assert f"{path}:4: got id 'zoe'" in said and "2 of 3 pairs" in said
    assert main(["pairs", str(square), str(path), "--unknown", "skip", "-m", "cn"]) == 0
    out, err = capsys.readouterr()
    assert rows(out)[1:] == [["ann", "dora", "2"]]
    assert "2 of 3 pairs left out" in err
    path.write_text("")
    assert main(["pairs", str(square), str(path), "-m", "cn", "-q"]) == 0
    assert rows(capsys.readouterr().out) == [["source", "target", "cn"]]


def test_unknown_numbers(
    numbers: tuple[Path, Path, CSRGraph, np.ndarray], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    edges, _, graph, _ = numbers
    path = tmp_path / "some.txt"
    first = graph.ids[0]
    path.write_text(f"from to\n{first} {first}\n{first} 8\n")
    assert f"{path}:3: got id 8" in fails(capsys, edges, path)
    path.write_text(f"{first} {first}\n{first} ann\n")
    assert f"{path}:2: got 'ann'" in fails(capsys, edges, path)
    path.write_text(f"{first}\n")
    assert f"{path}:1: got 1 column" in fails(capsys, edges, path)
    pa = pytest.importorskip("pyarrow")
    table = tmp_path / "some.parquet"
    pytest.importorskip("pyarrow.parquet").write_table(
        pa.table({"u": [int(first), 8], "v": [int(first)] * 2}), table)
    assert "got id 8 in row 2" in fails(capsys, edges, table)


def test_top(numbers: tuple[Path, Path, CSRGraph, np.ndarray],
             capsys: pytest.CaptureFixture[str]) -> None:
    edges, _, graph, _ = numbers
    for per_node in (False, True):
        args = ["pairs", str(edges), "--top", "5", "--score", "ra", "-q"]
        args += ["--per-node"] * per_node
        assert main(args) == 0
        header, *body = rows(capsys.readouterr().out)
        table = top_pairs(graph, 5, "ra", per_node=per_node)
        assert header == ["source", "target", "ra"]
        np.testing.assert_array_equal(
            np.array(body, float), np.stack([table.ids, table.target_ids, table["ra"]], axis=1))
        assert main([*args, "-m", "cn,ra"]) == 0
        header, *body = rows(capsys.readouterr().out)
        assert header == ["source", "target", "ra", "cn"]
        ends = np.array([row[:2] for row in body], int)
        np.testing.assert_array_equal(np.array([row[3] for row in body], float),
                                      pair_scores(graph, ends, "cn", ids=True)[:, 0])


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pairs", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(PAIR_SCORES)


def test_bad_input(
    square: Path, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "there is no such file" in fails(capsys, square, tmp_path / "nowhere.csv")
    assert "name a file with edges" in fails(capsys)
    assert "pass --top K" in fails(capsys, square)
    assert "leave out" in fails(capsys, square, pairs, "--top", 3)
    assert "stdin holds FILE or PAIRS, not both" in fails(capsys, "-", "-")
    assert "--per-node goes with --top" in fails(capsys, square, pairs, "--per-node")
    assert "at least 1" in fails(capsys, square, "--top", 0)
    assert "'--score': got 'pa'" in fails(capsys, square, "--top", 3, "--score", "pa")
    assert "did you mean 'cosine'" in fails(capsys, square, pairs, "-m", "cosin")
    assert "'alpha'" in fails(capsys, square, pairs, "-m", "ppr", "--alpha", 3)
    assert "'--beta'" in fails(capsys, square, pairs, "--beta", -1)
    assert "ends in .csv" in fails(capsys, square, pairs, "-o", tmp_path / "out.xlsx")
    for file in (square, pairs):
        assert "never overwritten" in fails(capsys, square, pairs, "-o", file)
    assert (square.read_text(), pairs.read_text()) == (SQUARE, PAIRS)


def test_ctrl_c_leaves_no_file(tmp_path: Path) -> None:
    edges, out = tmp_path / "edges.txt", tmp_path / "out.csv"
    rng = np.random.default_rng(0)
    np.savetxt(edges, rng.integers(0, 20_000, (200_000, 2)), fmt="%d")
    out.write_text("before")
    # Strict enough to take minutes.
    process = subprocess.Popen(
        [sys.executable, "-m", "graphlocal", "pairs", str(edges), "-", "-m", "ppr", "--eps",
         "1e-12", "-o", str(out)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"".join(b"%d %d\n" % (i, i + 1) for i in range(5000)))
    process.stdin.close()
    process.stdin = None
    time.sleep(4)  # wherever it is by then, nothing is to be left
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in err and b"Traceback" not in err
    assert out.read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["edges.txt", "out.csv"]


@pytest.mark.parametrize("names", [["cn"], ["aa", "ppr"], ["ppr"], ["jaccard", "ra"]])
def test_bar_knows_the_kernels(names: list[str]) -> None:
    graph = CSRGraph.from_edge_index(np.random.default_rng(1).integers(0, 500, (2, 600)), 500)
    ran: dict[str, None] = {}
    with on_progress(lambda kernel, *_: ran.setdefault(kernel)):
        pair_scores(graph, [(0, 1), (2, 3)], names)
    # Whatever else runs is a small part of the time.
    assert [kernel for kernel in ran if kernel in _shares(names)] == list(_shares(names))


def test_a_file_scores_its_own_edges(
    square: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pairs", str(square), str(square), "-m", "cn", "-q"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[:2] for line in lines] == [
        line.split(",") for line in SQUARE.splitlines()]

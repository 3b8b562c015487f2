"""graphlocal orbits: the counts of the functions, ids kept, files whole or not there."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from graphlocal import CSRGraph
from graphlocal.cli import main
from graphlocal.cli._passes import _COSTS, passes
from graphlocal.cli._progress import Course
from graphlocal.graph.output import replacing
from graphlocal.kernels.cpu.parallel import on_progress
from graphlocal.topology import METRICS, edge_orbit_counts, orbit_counts
from graphlocal.topology.table import EdgeTable, NodeTable
from tests.cli import commands
from tests.cli.commands import graphlocal, rows

# A triangle with a tail, its ids neither numbers nor in order.
PAW = "source,target\ndora,eve\nann,dora\nbob,ann\nbob,dora\nbob,bob\nann,bob\n"


@pytest.fixture
def paw(tmp_path: Path) -> Path:
    path = tmp_path / "paw.csv"
    path.write_text(PAW)
    return path


@pytest.fixture
def random(tmp_path: Path) -> tuple[Path, CSRGraph]:
    """A file of integer ids with gaps, and its graph."""
    rng = np.random.default_rng(3)
    path = tmp_path / "random.txt"
    np.savetxt(path, 10 * rng.integers(0, 30, (120, 2)) + 7, fmt="%d")
    return path, CSRGraph.read(path)


def run(*args: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return graphlocal("orbits", *args, stdin=stdin)


def fails(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    said = commands.fails(capsys, "orbits", *args)
    assert said.startswith("graphlocal orbits: error: ")
    return said


def test_nodes_of_the_paw(paw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["orbits", str(paw)]) == 0
    out, err = capsys.readouterr()
    header, *table = rows(out)
    assert header == ["node", *(f"o{i}" for i in range(15))]
    counts = {name: dict(zip(header[1:], map(int, values), strict=True))
              for name, *values in table}
    # By hand: degree, paths from an end and in the middle, triangles, and the paw itself.
    nonzero = {name: {o: c for o, c in of.items() if c} for name, of in counts.items()}
    assert nonzero == {
        "dora": {"o0": 3, "o2": 2, "o3": 1, "o11": 1},
        "eve": {"o0": 1, "o1": 2, "o9": 1},
        "ann": {"o0": 2, "o1": 1, "o3": 1, "o10": 1},
        "bob": {"o0": 2, "o1": 1, "o3": 1, "o10": 1},
    }
    assert err.startswith("4 nodes, 4 edges, 1 self loops removed")


def test_edges_of_the_paw(paw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["orbits", str(paw), "--edges", "-q"]) == 0
    out, err = capsys.readouterr()
    header, *table = rows(out)
    assert header == ["source", "target", *(f"e{i}" for i in range(12))]
    assert err == ""
    order = [str(name) for name in CSRGraph.read(paw).ids]
    ends = [(source, target) for source, target, *_ in table]
    places = [(order.index(u), order.index(v)) for u, v in ends]
    assert places == sorted(places) and all(u < v for u, v in places)
    nonzero = {frozenset(e): {h: int(v) for h, v in zip(header[2:], row[2:], strict=True)
                              if v != "0"} for e, row in zip(ends, table, strict=True)}
    assert nonzero == {
        frozenset({"dora", "eve"}): {"e0": 2, "e6": 1},
        frozenset({"ann", "bob"}): {"e1": 1, "e7": 1},
        frozenset({"ann", "dora"}): {"e0": 1, "e1": 1, "e8": 1},
        frozenset({"bob", "dora"}): {"e0": 1, "e1": 1, "e8": 1},
    }


@pytest.mark.parametrize("size", [4, 5])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".npz", ".parquet"])
@pytest.mark.parametrize("edges", [False, True])
def test_files_hold_what_the_functions_return(
    random: tuple[Path, CSRGraph], tmp_path: Path, suffix: str, size: int, edges: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, graph = random
    out = tmp_path / f"out{suffix}"
    args = ["orbits", str(file), "--size", str(size), "-o", str(out)] + ["--edges"] * edges
    assert main(args) == 0
    assert capsys.readouterr().out == ""
    if suffix == ".npz":
        table = {name: array.tolist() for name, array in np.load(out).items()}
    elif suffix == ".parquet":
        table = pytest.importorskip("pyarrow.parquet").read_table(out).to_pydict()
    else:
        with open(out, newline="") as text:
            header, *body = csv.reader(text, delimiter="," if suffix == ".csv" else "\t")
        table = {name: [int(row[i]) for row in body] for i, name in enumerate(header)}
    if edges:
        expected, keys = edge_orbit_counts(graph, size), ["source", "target"]
        ids = graph.ids[graph.to_edges()]
    else:
        expected, keys, ids = orbit_counts(graph, size), ["node"], graph.ids[:, None]
    letter = "e" if edges else "o"
    assert list(table) == keys + [f"{letter}{i}" for i in range(expected.shape[1])]
    np.testing.assert_array_equal(np.stack(list(table.values()), axis=1),
                                  np.concatenate([ids, expected], axis=1))
    assert sorted(os.listdir(tmp_path)) == sorted([out.name, file.name])


def test_stdin_to_stdout_and_no_torch(random: tuple[Path, CSRGraph]) -> None:
    file, graph = random
    done = run("-", "--size", 5, stdin=file.read_text())
    assert done.returncode == 0
    table = np.array(rows(done.stdout)[1:], int)
    np.testing.assert_array_equal(table[:, 0], graph.ids)
    np.testing.assert_array_equal(table[:, 1:], orbit_counts(graph, 5))
    assert "nodes" in done.stderr and "%" not in done.stderr
    code = (f"import sys; from graphlocal.cli import main; main(['orbits', {str(file)!r}, '-q']); "
            "main(['orbits', '--edges', '--size', '5', '-q', " + repr(str(file)) + "]); "
            "sys.exit(bool({'torch', 'torch_geometric', 'matplotlib'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False,
                          timeout=120).returncode == 0


def test_metrics_has_the_orbits(
    random: tuple[Path, CSRGraph], capsys: pytest.CaptureFixture[str]
) -> None:
    file, graph = random
    assert main(["metrics", str(file), "-m", "orbits4,orbits5,degree", "-q"]) == 0
    header, *body = rows(capsys.readouterr().out)
    assert header == ["node", *(f"o{i}" for i in range(73)), "degree"]
    np.testing.assert_array_equal(np.array(body, int)[:, 1:74], orbit_counts(graph, 5))


def test_no_edges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "edges.txt"
    file.write_text("0 0\n")
    assert main(["orbits", str(file), "--num-nodes", "3", "-q"]) == 0
    assert rows(capsys.readouterr().out)[1:] == [[str(i)] + ["0"] * 15 for i in range(3)]
    assert main(["orbits", str(file), "--num-nodes", "3", "-q", "--edges"]) == 0
    assert len(rows(capsys.readouterr().out)) == 1


def test_bad_input(paw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no such file" in fails(capsys, tmp_path / "nowhere.csv")
    assert "invalid choice: 6" in fails(capsys, paw, "--size", 6)
    assert "required: FILE" in fails(capsys)
    assert "ends in .csv" in fails(capsys, paw, "-o", tmp_path / "out.xlsx")
    assert "never overwritten" in fails(capsys, paw, "-o", paw)
    assert "make the folder" in fails(capsys, paw, "-o", tmp_path / "no" / "out.csv")
    assert "at least 1" in fails(capsys, paw, "--threads", 0)
    assert "one direction only" in fails(capsys, _directed(tmp_path), "--directed", "error")
    assert paw.read_text() == PAW


def _directed(folder: Path) -> Path:
    path = folder / "directed.txt"
    path.write_text("0 1\n1 0\n1 2\n")
    return path


def _large(folder: Path) -> Path:
    """A graph that takes a second or more."""
    path = folder / "large.txt"
    np.savetxt(path, np.random.default_rng(0).integers(0, 3000, (250_000, 2)), fmt="%d")
    return path


def _on_a_terminal(*args: object) -> tuple[subprocess.Popen[bytes], int]:
    """The command with a terminal of 100 columns as stderr, and our end of it."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 100))
    process = subprocess.Popen([sys.executable, "-m", "graphlocal", "orbits", *map(str, args)],
                               stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    return process, ours


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the other end is closed
        return b""


def test_bar_never_goes_back_and_is_not_data(tmp_path: Path) -> None:
    process, terminal = _on_a_terminal(_large(tmp_path), "--size", 5, "-o", tmp_path / "out.npz")
    seen = b""
    while part := _read(terminal):
        seen += part
    out, _ = process.communicate(timeout=120)
    os.close(terminal)
    assert (process.returncode, out) == (0, b"")
    shares = [int(share) for share in re.findall(rb"orbits5: +(\d+)%", seen)]
    assert len(shares) > 3 and shares == sorted(shares)
    assert b"left" in seen and b"nodes" in seen


def test_ctrl_c_leaves_no_file(tmp_path: Path) -> None:
    file, out = _large(tmp_path), tmp_path / "out.csv"
    out.write_text("before")
    process, terminal = _on_a_terminal(file, "--size", 5, "--edges", "-o", out)
    seen, until = b"", time.monotonic() + 100
    while b"edge_orbits5" not in seen and time.monotonic() < until:
        seen += _read(terminal)
    process.send_signal(signal.SIGINT)
    while part := _read(terminal):
        seen += part
    process.communicate(timeout=60)
    os.close(terminal)
    assert process.returncode == 130
    assert b"interrupted" in seen and b"Traceback" not in seen
    assert out.read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["large.txt", "out.csv"]


def test_interrupted_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The moment that matters most, without a race."""
    table = EdgeTable(np.arange(3), np.arange(3), {"e0": np.arange(3)})
    monkeypatch.setattr(NodeTable, "_write_rows", _write_and_stop)
    with pytest.raises(KeyboardInterrupt):
        table.to_csv(tmp_path / "out.csv")
    assert os.listdir(tmp_path) == []
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "b") as path:
        path.write_text("half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def _write_and_stop(self: NodeTable, file: io.TextIOBase, separator: str) -> None:
    file.write("source,tar")
    raise KeyboardInterrupt


class TestPasses:
    """The bar knows the kernels that run: a renamed or new one must be entered in _passes.py."""

    functions: ClassVar = {
        "edge_orbits4": lambda graph: edge_orbit_counts(graph, 4),
        "edge_orbits5": lambda graph: edge_orbit_counts(graph, 5),
    }

    @pytest.mark.parametrize("metric", list(_COSTS))
    def test_every_kernel_is_known_and_runs(self, metric: str) -> None:
        graph = CSRGraph.from_edge_index(np.random.default_rng(1).integers(0, 50, (2, 600)))
        ran: dict[str, None] = {}
        function = self.functions.get(metric) or METRICS[metric].function
        with on_progress(lambda kernel, *_: ran.setdefault(kernel)):
            function(graph)
        expected = passes(metric, graph)
        assert expected is not None and list(ran) == list(expected)
        assert all(cost > 0 for cost in expected.values())

    def test_nothing_to_do(self) -> None:
        assert passes("orbits5", CSRGraph.from_edges([], 3)) is None
        assert passes("unheard of", CSRGraph.from_edges([(0, 1)])) is None

    def test_course(self) -> None:
        course = Course({"a": 1.0, "b": 2.0, "c": 1.0})
        assert course.total == 4.0
        # Kernel b reports nothing: c begins where b ends. A repeated one holds its place.
        steps = [("a", 0.5), ("a", 1.0), ("c", 0.5), ("a", 0.5), ("new", 1.0), ("c", 1.0)]
        assert [course.reach(*step) for step in steps] == [0.5, 1.0, 3.5, 3.5, 3.5, 4.0]


def test_edge_table() -> None:
    table = EdgeTable(np.array(["a", "a"]), np.array(["b", "c"]), {"e0": np.array([1, 2])})
    assert repr(table) == "EdgeTable(num_edges=2, columns=['e0'])"
    both = EdgeTable.concatenate({"x": table, "y": table})
    assert both.target_ids.tolist() == ["b", "c", "b", "c"]
    assert both["file"].tolist() == ["x", "x", "y", "y"]
    frame = pytest.importorskip("pandas") and table.to_pandas()
    assert frame.index.names == ["source", "target"] and frame.loc[("a", "c"), "e0"] == 2
    with pytest.raises(ValueError, match="a column 'target'"):
        EdgeTable(np.arange(1), np.arange(1), {"target": np.arange(1)})
    with pytest.raises(ValueError, match="one id per edge"):
        EdgeTable(np.arange(2), np.arange(1), {"e0": np.arange(2)})

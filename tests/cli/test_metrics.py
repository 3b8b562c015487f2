"""graphlocal metrics: data on stdout, everything else on stderr, one sentence on bad input."""

from __future__ import annotations

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
from graphlocal.topology import METRICS, metrics
from graphlocal.topology.registry import order, resolve
from tests.cli.commands import LINES, NAMES, TABLE, fails, graphlocal, rows


def test_table_on_stdout_summary_on_stderr(
    edges: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["metrics", str(edges), "-m", NAMES]) == 0
    out, err = capsys.readouterr()
    assert rows(out) == TABLE
    assert err == "4 nodes, 4 edges, 1 self loops removed, 1 duplicates merged\n"


def test_quiet(edges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", str(edges), "-q", "-m", "degree", "-m", "triangles,core"]) == 0
    out, err = capsys.readouterr()
    assert rows(out) == TABLE
    assert err == ""


@pytest.mark.parametrize(("name", "separator"), [("t.csv", ","), ("T.TSV", "\t")])
def test_text_files(
    edges: Path, tmp_path: Path, name: str, separator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / name
    assert main(["metrics", str(edges), "-m", NAMES, "-o", str(target)]) == 0
    assert rows(target.read_text(), separator) == TABLE
    assert capsys.readouterr().out == ""
    assert sorted(os.listdir(tmp_path)) == sorted(["edges.txt", name])


def test_npz_and_parquet(edges: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for suffix in ("npz", "parquet"):
        assert main(["metrics", str(edges), "-q", "-m", NAMES, "-o",
                     str(tmp_path / f"t.{suffix}")]) == 0
    with np.load(tmp_path / "t.npz") as file:
        arrays = {name: file[name].tolist() for name in file.files}
    expected = {name: [int(row[i]) for row in TABLE[1:]] for i, name in enumerate(TABLE[0])}
    assert arrays == expected
    assert parquet.read_table(tmp_path / "t.parquet").to_pydict() == expected


def test_pipe_in_and_out(edges: Path) -> None:
    done = graphlocal("metrics", "-", "-o", "-", "-m", NAMES, stdin=LINES)
    assert done.returncode == 0
    assert rows(done.stdout) == TABLE
    assert done.stderr.startswith("4 nodes, 4 edges")


def test_gzip_and_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "friends.csv.gz"
    path.write_bytes(gzip.compress("a,b\nann,bób\nbób,\"c, d\"\n".encode()))
    assert main(["metrics", str(path), "--header", "-m", "degree"]) == 0
    found = rows(capsys.readouterr().out)[1:]
    assert sorted(found) == sorted([["ann", "1"], ["bób", "2"], ["c, d", "1"]])


def test_several_files(edges: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.txt"
    other.write_text("7 8\n")
    assert main(["metrics", str(edges), str(other), "-m", "degree"]) == 0
    out, err = capsys.readouterr()
    assert rows(out)[0] == ["node", "file", "degree"]
    assert rows(out)[-1] == ["8", str(other), "1"]
    assert len(rows(out)) == 7
    assert [line.split(": ")[0] for line in err.splitlines()] == [str(edges), str(other)]


def test_options_of_the_reader(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edges.dat"
    path.write_text("0;1;0.5\n1;2;nan\n")
    assert main(["metrics", str(path), "-q", "-m", "degree", "--sep", ";",
                 "--no-header", "--num-nodes", "5", "--threads", "1"]) == 0
    assert rows(capsys.readouterr().out)[1:] == [
        ["0", "1"], ["1", "2"], ["2", "1"], ["3", "0"], ["4", "0"]]


def test_directed_graphs_are_announced_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "follows.txt"
    path.write_text("0 1\n1 0\n1 2\n")
    assert main(["metrics", str(path), "-m", "degree"]) == 0
    assert "1 of 2 edges listed in both directions: taken as undirected" in capsys.readouterr().err
    assert "directed='symmetrize'" in fails(capsys, "metrics", path, "--directed", "error")


def test_graph_without_edges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.txt"
    path.write_text("# nothing yet\n")
    assert "empty.txt: got no edges" in fails(capsys, "metrics", path)
    assert main(["metrics", str(path), "--num-nodes", "2", "-m", NAMES]) == 0
    out, err = capsys.readouterr()
    assert rows(out) == [TABLE[0], ["0", "0", "0", "0"], ["1", "0", "0", "0"]]
    assert err == "2 nodes, 0 edges, 2 isolated\n"


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "--list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    from graphlocal.topology import METRICS

    assert listed == list(METRICS)


def test_bad_input_is_one_sentence(
    edges: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("0,1\n1,2\n2,x\n")
    (tmp_path / "folder.csv").mkdir()
    for arguments, said in [
        ([tmp_path / "missing.csv"], "missing.csv: there is no such file"),
        ([], "name a file with edges"),
        ([edges, edges], "named twice"),
        ([broken], "broken.csv:3: got"),
        ([edges, "-m", "tringles"], "did you mean 'triangles'?"),
        ([edges, "-m", ""], "no name, expected any of degree"),
        ([edges, "-o", edges], "ends in .csv"),
        ([broken, "-o", broken], "the input is never overwritten"),
        ([edges, "-o", tmp_path / "no" / "t.csv"], "make the folder"),
        ([edges, "-o", tmp_path / "folder.csv"], "it is a folder"),
        ([edges, "-o", "t.xlsx"], "expected a file name that ends in .csv, .tsv, .npz or .parquet"),
        ([edges, "--threads", "0"], "'--threads': got 0, expected at least 1"),
        ([edges, "--threads", "many"], "invalid int value: 'many'"),
        ([edges, "--directed", "maybe"], "invalid choice: 'maybe'"),
        ([edges, "--num-nodes", "2"], "index 3"),
        ([edges, "--nonsense"], "unrecognized arguments: --nonsense"),
        ([edges, "--plot", "t.gif"], "ends in .html, .png, .pdf or .svg"),
        ([edges, "--plot", tmp_path / "no" / "t.html"], "make the folder"),
        ([edges, "--plot", tmp_path / "folder.csv"], "ends in .html"),
        ([edges, broken, "--plot", "t.png"], "for 2 files, expected a page that ends in .html"),
        ([edges, "--seed", "-1"], "'--seed': got -1"),
        ([edges, "--seed", "x"], "invalid int value: 'x'"),
        ([edges, "--sep", "long"], "sep"),
    ]:
        assert said in fails(capsys, "metrics", *arguments), arguments
    assert edges.read_text() == LINES
    assert "invalid choice: 'metric'" in fails(capsys, "metric")


def test_thread_variable_that_is_no_number(
    edges: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHLOCAL_NUM_THREADS", "all")
    assert "GRAPHLOCAL_NUM_THREADS: got 'all'" in fails(capsys, "metrics", edges)


def test_parquet_without_pyarrow(
    edges: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = __import__("importlib.util").util.find_spec
    monkeypatch.setattr("importlib.util.find_spec",
                        lambda name, *a: None if name == "pyarrow" else found(name, *a))
    assert "pip install pyarrow" in fails(capsys, "metrics", edges, "-o", "t.parquet")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0,
                    reason="nothing is read-only to the superuser")
def test_read_only_folder(edges: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "no permission" in fails(capsys, "metrics", edges, "-o", locked / "t.csv")


def test_folder_that_takes_no_files(
    edges: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when only the attempt shows it; the file named is the user's, not a temporary one."""
    if not os.path.isdir("/proc/self"):
        pytest.skip("no /proc here")
    monkeypatch.setattr(os, "access", lambda *args: True)
    said = fails_after_summary(capsys, "metrics", edges, "-q", "-o", "/proc/self/t.csv")
    assert "/proc/self/t.csv: " in said
    assert ".part" not in said


def fails_after_summary(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    assert main(list(map(str, args))) == 2
    return capsys.readouterr().err


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big.txt"
    rng = np.random.default_rng(0)
    np.savetxt(path, rng.integers(0, 200_000, (200_000, 2)), fmt="%d")
    return path


def test_reader_that_leaves_early(big: Path) -> None:
    command = f"'{sys.executable}' -m graphlocal metrics '{big}' -q -m degree | head -n 2"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[0] == "node,degree"
    assert (done.returncode, done.stderr) == (0, "")


def test_seed(edges: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [name for name, metric in METRICS.items() if metric.seeded]
    assert "betweenness" in names and "degree" not in names
    found = []
    for seed in ("1", "1", "2"):
        assert main(["metrics", str(edges), "-q", "-m", "betweenness", "--seed", seed]) == 0
        found.append(capsys.readouterr().out)
    assert found[0] == found[1] != found[2]


def test_all_says_what_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    left_out = [line.split()[0] for line in lines if line.endswith("(not part of all)")]
    assert left_out == [name for name in METRICS if name not in resolve("all")]
    assert "orbits5" in left_out and "orbits4" not in left_out


def test_order_is_that_of_the_computation() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0)])
    for names in (["clustering", "degree", "orbits4", "orbits5"], resolve("all"), ["core"]):
        started: list[str] = []
        metrics(graph, names, starting=started.append)
        assert started == order(names)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_interrupt_leaves_nothing_behind(big: Path, tmp_path: Path) -> None:
    """Interrupted while it writes."""
    code = (
        "import sys, time\n"
        "from graphlocal.cli import main\n"
        "from graphlocal.topology import NodeTable\n"
        "def slowly(self, file, separator):\n"
        "    file.write('half'); file.flush()\n"
        "    print('writing', flush=True); time.sleep(60)\n"
        "NodeTable._write_rows = slowly\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    target = tmp_path / "t.csv"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "metrics", str(big), "-q", "-o", str(target),
         "--plot", str(tmp_path / "t.html")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "graphlocal metrics: interrupted\n"
    assert sorted(os.listdir(tmp_path)) == ["big.txt"]


def test_torch_is_never_imported(edges: Path) -> None:
    code = (
        "import sys; from graphlocal.cli import main\n"
        f"code = main(['metrics', {str(edges)!r}, '-q', '-m', 'degree,triangles,clustering,core,"
        "component'])\n"
        "heavy = {'torch', 'torch_geometric', 'networkx', 'pandas'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0
    assert done.stderr == "[]\n"


def test_output_is_never_what_stdin_reads(edges: Path, tmp_path: Path) -> None:
    file = tmp_path / "edges.csv"
    for target in (file, tmp_path / "link.csv"):
        file.write_text(LINES)
        if target != file:
            target.symlink_to(file)
        for command in ("metrics", "orbits"):
            with open(file) as stdin:
                call = [sys.executable, "-m", "graphlocal", command, "-", "-o", target]
                ran = subprocess.run(call, stdin=stdin, text=True, capture_output=True,
                                     timeout=120)
            assert ran.returncode == 2 and "the input is never overwritten" in ran.stderr
            assert file.read_text() == LINES


def test_closed_stdin(edges: Path) -> None:
    ran = subprocess.run(["sh", "-c", f"{sys.executable} -m graphlocal metrics - <&-"], text=True,
                         capture_output=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (2, "graphlocal metrics: error: -: stdin is closed\n")


def test_matrix_without_nodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "nothing.mtx"
    file.write_text("%%MatrixMarket matrix coordinate pattern general\n0 0 0\n")
    assert main(["metrics", str(file), "-m", NAMES]) == 0
    assert rows(capsys.readouterr().out) == [TABLE[0]]


@pytest.mark.parametrize(("options", "degrees"), [([], "121"), (["--weight", "2"], "011")])
def test_a_third_column_of_zeros_costs_no_edge(
    options: list[str], degrees: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "times.txt"
    path.write_text("1 2 0\n2 3 5\n")
    assert main(["metrics", str(path), "-m", "degree", *options]) == 0
    assert "".join(row[1] for row in rows(capsys.readouterr().out)[1:]) == degrees
    assert "".join(map(str, metrics(path, "degree")["degree"])) == "121"


def test_a_tab_can_be_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "names.txt"
    path.write_text("New York\tLos Angeles\n")
    assert main(["metrics", str(path), "-m", "degree", "--sep", "\\t"]) == 0
    assert rows(capsys.readouterr().out)[1:] == [["New York", "1"], ["Los Angeles", "1"]]


@pytest.mark.parametrize("col", [[1, 0, 99, 1], [1, 0, -5, 1], [2, 0, 2, 1]])
@pytest.mark.parametrize("command", [
    ["metrics", "GRAPH", "-m", "all"], ["orbits", "GRAPH"], ["summary", "GRAPH"],
    ["pairs", "GRAPH", "PAIRS"], ["compare", "PAIRS", "GRAPH"]])
def test_damaged_directories_reach_no_kernel(
    col: list[int], command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, pairs = tmp_path / "graph", tmp_path / "pairs.txt"
    pairs.write_text("0 1\n")
    CSRGraph.from_edges([(0, 1), (1, 2)]).save(folder)
    np.save(folder / "col.npy", np.array(col, np.int32))
    places = {"GRAPH": str(folder), "PAIRS": str(pairs)}
    assert main([places.get(word, word) for word in command]) == 2
    assert f"{folder}: argument 'col'" in capsys.readouterr().err


def test_stdout_is_closed(edges: Path) -> None:
    for options, code, message in ((["-o", "-"], 2, "stdout is closed: name a file"),
                                   (["-o", "nodes.csv"], 0, "4 nodes")):
        done = subprocess.run(
            ["sh", "-c", 'exec "$0" "$@" >&-', sys.executable, "-m", "graphlocal", "metrics",
             str(edges), "-m", "degree", *options],
            stderr=subprocess.PIPE, text=True, timeout=120, check=False, cwd=edges.parent)
        assert done.returncode == code, done.stderr
        assert message in done.stderr and "Traceback" not in done.stderr
    assert (edges.parent / "nodes.csv").exists()


@pytest.mark.parametrize("name", ["nodes.csv", "nodes.npz", "nodes.parquet"])
def test_a_full_disk_is_said_of_the_file(tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "edges.txt", rng.integers(0, 20_000, (20_000, 2)), fmt="%d")
    # The limit is on compiled kernels too: they are kept before.
    assert main(["metrics", str(tmp_path / "edges.txt"), "-q", "-m", "degree,core", "-o",
                 str(tmp_path / name)]) == 0
    (tmp_path / name).unlink()
    done = subprocess.run(
        ["sh", "-c", 'trap "" XFSZ; ulimit -f 40; exec "$0" "$@"', sys.executable, "-B", "-m",
         "graphlocal", "metrics", "edges.txt", "-q", "-m", "degree,core", "-o", name],
        stderr=subprocess.PIPE, text=True, timeout=120, check=False, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith(f"graphlocal metrics: error: {name}: ")
    assert "too large" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["edges.txt"]

"""Tables: what goes in comes out again, in every format, and never over the input."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphlocal
from graphlocal import CSRGraph, GraphError, NodeTable
from graphlocal.graph.output import replacing
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology import METRICS

IDS = np.array(["ann", "b, or not b", '"quoted"', "=1+1", "ünï", "two\nlines"])


@pytest.fixture
def table() -> NodeTable:
    rng = np.random.default_rng(0)
    return NodeTable(IDS, {"count": np.arange(6) - 3, "share": rng.random(6) / 3})


def test_csv_reads_back_the_same(table: NodeTable, tmp_path: Path) -> None:
    table.to_csv(tmp_path / "t.csv")
    with open(tmp_path / "t.csv", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["node", "count", "share"]
    assert [row[0] for row in rows] == IDS.tolist()
    assert [int(row[1]) for row in rows] == table["count"].tolist()
    assert [float(row[2]) for row in rows] == table["share"].tolist()


def test_csv_to_an_open_file(table: NodeTable) -> None:
    file = io.StringIO()
    table.to_csv(file, separator="\t")
    assert file.getvalue().startswith("node\tcount\tshare\nann\t-3\t")


def test_more_rows_than_are_written_at_once(tmp_path: Path) -> None:
    n = 150_000
    NodeTable(np.arange(n), {"x": np.arange(n) * 2}).save(tmp_path / "t.tsv")
    back = np.loadtxt(tmp_path / "t.tsv", skiprows=1, dtype=np.int64)
    np.testing.assert_array_equal(back, np.stack([np.arange(n), np.arange(n) * 2], axis=1))


@pytest.mark.parametrize("ids", [IDS, IDS.astype(object), np.arange(6) + 10**12])
def test_npz_reads_back_without_pickle(ids: np.ndarray, tmp_path: Path) -> None:
    NodeTable(ids, {"x": np.arange(6)}).save(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as file:
        assert file["node"].tolist() == ids.tolist()
        assert file["x"].tolist() == list(range(6))


def test_parquet_reads_back(table: NodeTable, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table.save(tmp_path / "t.parquet")
    back = parquet.read_table(tmp_path / "t.parquet").to_pydict()
    assert back == {"node": IDS.tolist(), "count": table["count"].tolist(),
                    "share": table["share"].tolist()}


def test_parquet_without_pyarrow(
    table: NodeTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(GraphError, match="pip install pyarrow"):
        table.to_parquet(tmp_path / "t.parquet")
    assert not os.listdir(tmp_path)


def test_pandas(table: NodeTable) -> None:
    pytest.importorskip("pandas")
    frame = table.to_pandas()
    assert frame.index.name == "node"
    assert frame.loc["ann", "count"] == -3
    assert list(frame.columns) == ["count", "share"]


def test_numpy_and_describe(table: NodeTable) -> None:
    matrix = table.to_numpy()
    assert matrix.shape == (6, 2)
    assert matrix.dtype == np.float64
    assert table.describe()["count"] == pytest.approx({
        "count": 6, "mean": -0.5, "std": (17.5 / 6) ** 0.5, "min": -3, "q25": -1.75,
        "median": -0.5, "q75": 0.75, "max": 2})
    empty = NodeTable(np.zeros(0, np.int64), {"x": np.zeros(0)})
    assert empty.describe()["x"]["count"] == 0 and np.isnan(empty.describe()["x"]["mean"])
    assert empty.to_numpy().shape == (0, 1)


def test_unknown_column(table: NodeTable) -> None:
    with pytest.raises(KeyError, match="no column 'core': there are count, share"):
        _ = table["core"]


def test_columns_must_fit() -> None:
    with pytest.raises(GraphError, match="'columns': got ndarray, expected a mapping of names"):
        NodeTable({"x": np.arange(3)}, np.arange(3))  # type: ignore[arg-type]
    with pytest.raises(GraphError, match=r"shape \(2,\) for 'x'.*one value per node"):
        NodeTable(np.arange(3), {"x": np.arange(2)})
    with pytest.raises(GraphError, match="a column 'node'"):
        NodeTable(np.arange(3), {"node": np.arange(3)})


@pytest.mark.parametrize(("name", "message"), [
    ("missing/t.csv", "make the folder"),
    ("t.xlsx", r"ends in .csv, .tsv, .npz or .parquet"),
    ("t", r"ends in .csv, .tsv, .npz or .parquet"),
    ("folder.csv", "it is a folder"),
])
def test_paths_that_cannot_be_written(
    table: NodeTable, tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(GraphError, match=message):
        table.save(tmp_path / name)
    assert os.listdir(tmp_path) == ["folder.csv"]


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "edges.csv"
    file.write_text("0,1\n1,2\n")
    link = tmp_path / "link.csv"
    link.symlink_to(file)
    table = graphlocal.metrics(file, "degree")
    for target in (file, link, tmp_path / "." / "edges.csv"):
        with pytest.raises(GraphError, match="the input is never overwritten"):
            table.to_csv(target)
    assert file.read_text() == "0,1\n1,2\n"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    class Stops:
        """A value whose text cannot be had."""

        def __str__(self) -> str:
            raise KeyboardInterrupt

    target = tmp_path / "t.csv"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        NodeTable(np.arange(1), {"x": np.array([Stops()], object)}).to_csv(target)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["t.csv"]


def test_a_link_stays_a_link(table: NodeTable, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    table.to_csv(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text(encoding="utf-8").startswith("node,count")


def test_metrics_of_names_in_any_form() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
    for names in ("core,triangles", ["core", "triangles"], " core , triangles ,", ("core",
                  "triangles", "core")):
        assert list(graphlocal.metrics(graph, names)) == ["core", "triangles"]
    everything = graphlocal.metrics(graph, "all")
    # A column has one meaning, whichever metrics have it.
    assert list(everything) == list(dict.fromkeys(
        column for metric in METRICS.values() if metric.in_all for column in metric.columns))
    assert "o14" in everything and "o15" not in everything
    assert "o72" in graphlocal.metrics(graph, "all,orbits5")
    assert everything.ids.tolist() == [0, 1, 2, 3]


def test_shared_work_is_done_once() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0)])
    started: list[str] = []
    table = graphlocal.metrics(graph, "clustering,triangles", starting=started.append)
    assert started == ["triangles", "clustering"]
    assert list(table) == ["clustering", "triangles"]
    assert table["triangles"].tolist() == [1, 1, 1]


def test_a_metric_within_another_is_not_computed_twice() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0)])
    started: list[str] = []
    both = graphlocal.metrics(graph, "orbits4,orbits5", starting=started.append)
    assert started == ["orbits5"]
    small = graphlocal.metrics(graph, "orbits4")
    for column in small:
        np.testing.assert_array_equal(both[column], small[column])


@pytest.mark.parametrize(("names", "message"), [
    ("tringles", "'tringles'.*did you mean 'triangles'"),
    ("Core", "did you mean 'core'"),
    ("degree,xyzzy", "'xyzzy', expected any of degree, triangles"),
    ("", "no name, expected any of"),
    ([], "no name, expected any of"),
    ([3], "got 3, expected names"),
])
def test_unknown_metrics(names: object, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        graphlocal.metrics(CSRGraph.from_edges([(0, 1)]), names)


def test_ids_of_the_caller_come_along(tmp_path: Path) -> None:
    file = tmp_path / "edges.csv"
    file.write_text("ann,bob\nbob,cid\ncid,ann\ncid,=evil\n")
    table = graphlocal.metrics(file, "degree")
    assert dict(zip(table.ids.tolist(), table["degree"].tolist(), strict=True)) == {
        "ann": 2, "bob": 2, "cid": 3, "=evil": 1}
    table.to_csv(tmp_path / "out.csv")
    assert "=evil,1" in (tmp_path / "out.csv").read_text()


def test_concatenated_tables_keep_their_files() -> None:
    a = NodeTable(np.array([1, 2]), {"x": np.array([1, 2])})
    b = NodeTable(np.array(["n"]), {"x": np.array([3])})
    both = NodeTable.concatenate({"a.csv": a, "b.csv": b})
    assert list(both) == ["file", "x"]
    assert [str(i) for i in both.ids] == ["1", "2", "n"]
    assert both["file"].tolist() == ["a.csv", "a.csv", "b.csv"]
    assert both.to_numpy().tolist() == [[1], [2], [3]]


INT64 = np.iinfo(np.int64)


@given(st.lists(st.tuples(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r"), max_size=5),
    st.integers(INT64.min, INT64.max), st.integers(-128, 127), st.floats(), st.booleans(),
    st.integers(0, 2**64 - 1)), max_size=20), st.sampled_from(",\t;"))
def test_csv_is_what_pythons_writer_writes(rows: list[tuple], separator: str) -> None:
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    ids, *arrays = (np.array(c, t) for c, t in zip(
        columns, (object, np.int64, np.int8, np.float64, bool, np.uint64), strict=True))
    table = NodeTable(ids, dict(zip("abcde", arrays, strict=True)))
    ours, theirs = io.StringIO(), io.StringIO()
    table.to_csv(ours, separator=separator)
    writer = csv.writer(theirs, delimiter=separator, lineterminator="\n")
    writer.writerow(["node", *"abcde"])
    writer.writerows(rows)
    assert ours.getvalue() == theirs.getvalue()


@pytest.mark.parametrize("threads", [1, 3])
def test_many_rows_are_those_of_pythons_writer(threads: int) -> None:
    rng = np.random.default_rng(0)
    rows = 70_000  # more than are written at a time, and several blocks of them
    names = np.array([f"é{i % 7}" * (i % 3) for i in range(rows)], object)
    columns = {"x": rng.random(rows), "name": names, "n": rng.integers(-9, 10**12, rows),
               "half": rng.standard_normal(rows).astype(np.float16),
               "single": rng.standard_normal((rows, 2)).astype(np.float32)[:, 1],
               "swapped": rng.standard_normal(rows).astype(">f8")}
    ours, theirs = io.StringIO(), io.StringIO()
    set_num_threads(threads)
    try:
        NodeTable(np.arange(rows), columns).to_csv(ours)
    finally:
        set_num_threads(None)
    writer = csv.writer(theirs, lineterminator="\n")
    writer.writerow(["node", *columns])
    writer.writerows(zip(range(rows), *(c.tolist() for c in columns.values()), strict=True))
    assert ours.getvalue() == theirs.getvalue()


@pytest.mark.parametrize("value", [0, 1, -1, 9, 10, -10, 10**18, INT64.max, INT64.min])
def test_integers_at_the_borders(value: int) -> None:
    file = io.StringIO()
    NodeTable(np.array([value]), {}).to_csv(file)
    assert file.getvalue() == f"node\n{value}\n"


@pytest.mark.parametrize("ids", [["a", 7], [(0, 1), (1, 0)], [None, 2.5]])
def test_labels_of_any_kind_are_written_as_text(ids: list, tmp_path: Path) -> None:
    labels = np.empty(2, object)
    labels[:] = ids
    table = NodeTable(labels, {"core": np.array([1, 2])})
    table.save(tmp_path / "t.npz")
    assert np.load(tmp_path / "t.npz")["node"].tolist() == [str(label) for label in ids]
    parquet = pytest.importorskip("pyarrow.parquet")
    table.save(tmp_path / "t.parquet")
    back = parquet.read_table(tmp_path / "t.parquet").to_pydict()
    assert back == {"node": [str(label) for label in ids], "core": [1, 2]}


@pytest.mark.parametrize("separator", ["ab", "é", "\n", '"', "", None])
def test_what_cannot_separate(separator: str, table: NodeTable, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"argument 'separator': got .*one ASCII character"):
        table.to_csv(tmp_path / "t.csv", separator=separator)
    assert not os.listdir(tmp_path)


def test_threads_write_one_file(table: NodeTable, tmp_path: Path) -> None:
    """Each its own temporary file: the last to end wins, and what is there is whole."""
    inside = threading.Barrier(2, timeout=30)

    def write() -> None:
        with replacing(tmp_path / "t.csv") as temporary:
            temporary.write_text("begun")
            inside.wait()
            table.to_csv(temporary)
            inside.wait()
            ended.append(temporary)

    ended: list[Path] = []
    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(ended)) == 2
    assert os.listdir(tmp_path) == ["t.csv"]


def test_stdout_by_its_name() -> None:
    code = ("import graphlocal, numpy\n"
            "graphlocal.metrics(numpy.array([[0], [1]]), 'core').to_csv('/dev/stdout')")
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "node,core\n0,1\n1,1\n", ran.stderr


def test_a_lone_carriage_return_is_quoted() -> None:
    """Where older versions of Python's writer leave it bare, and no reader finds the row again."""
    file = io.StringIO(newline="")
    NodeTable(np.array(["a\rb"], object), {"x": np.array([1])}).to_csv(file)
    assert list(csv.reader(io.StringIO(file.getvalue(), newline="")))[1] == ["a\rb", "1"]

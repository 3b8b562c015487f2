"""A converted directory is, to the byte, the one that reading and saving makes."""

from __future__ import annotations

import gzip
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlocal.graph import CSRGraph, GraphError, convert_file, read
from graphlocal.graph.streaming import builder, spool
from tests.graph.streaming.small import contents, small_pieces
from tests.zoo import ZOO, each_zoo_graph

MB = 10**6


def check_same(source: Any, expected: Any = None, **options: Any) -> None:
    """In large pieces and in pieces of an edge, the files are those of ``read`` and ``save``."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        read(source if expected is None else expected, **options).save(folder / "read")
        convert_file(source, folder / "large", memory="16MB", **options)
        with small_pieces():
            convert_file(source, folder / "small", memory="16MB", **options)
        files = contents(folder / "read")
        assert files == contents(folder / "large")
        assert files == contents(folder / "small")
        assert sorted(os.listdir(folder)) == ["large", "read", "small"]


def text_of(ends: np.ndarray, *columns: Any) -> bytes:
    return "".join(" ".join(map(str, row)) + "\n"
                   for row in zip(*ends.tolist(), *columns, strict=True)).encode()


@st.composite
def lists(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    count = draw(st.integers(1, 40))
    some = draw(st.sampled_from([
        st.integers(0, 5), st.integers(0, 60), st.integers(-40, 40), st.integers(10**6, 10**6 + 9),
        st.integers(-(2**63), 2**63 - 1), st.sampled_from([-(2**63), 0, 2**63 - 1]),
        st.sampled_from(["ann", "bob", "éve", "x" * 30, "a-b", '"d e"'])]))
    rows = [[str(draw(some)), str(draw(some))] for _ in range(count)]
    weighted = draw(st.booleans())
    sep = draw(st.sampled_from(["\t", ",", ";"]))
    for row in rows:
        if weighted:
            row.append(draw(st.sampled_from(["1", "0.5", "2.25", "0", "-0.5", "1e3"])))
        row += draw(st.sampled_from([[], [], ["{}"]])) if weighted else []
    lines = [sep.join(row) for row in rows]
    if draw(st.booleans()):
        lines.insert(0, sep.join(["source", "target", "weight"][: 2 + weighted]))
    for _ in range(draw(st.integers(0, 3))):
        lines.insert(draw(st.integers(0, len(lines))),
                     draw(st.sampled_from(["", "# note", "  ", "% 1 2"])))
    text = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])).join(lines)
    return (text + draw(st.sampled_from(["", "\n"]))).encode(), {
        "weight": draw(st.sampled_from([None, False])) if weighted else None}


@settings(max_examples=150, deadline=None)
@given(lists())
def test_same_as_in_memory(made: tuple[bytes, dict[str, Any]]) -> None:
    content, options = made
    check_same(content, **options)


@each_zoo_graph
@pytest.mark.parametrize("weighted", [False, True])
def test_zoo(name: str, weighted: bool) -> None:
    index, num_nodes = ZOO[name]
    if index.shape[1] == 0:
        pytest.skip("no edges: see the test of empty lists")
    weight = [np.random.default_rng(3).random(index.shape[1]).tolist()] if weighted else []
    content = text_of(index, *weight)
    check_same(content)
    check_same(content, num_nodes=num_nodes)
    check_same(content, relabel=False)
    check_same(content, ids="str")


@pytest.mark.parametrize("size", [2, 7, 100, 1 << 20])
def test_any_size_of_pieces(size: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(size)
    content = text_of(rng.integers(0, 300, (2, 2000)) * 7 + 3, rng.integers(-2, 3, 2000).tolist())
    read(content).save(tmp_path / "read")
    with small_pieces(size):
        convert_file(content, tmp_path / "pieces")
    assert contents(tmp_path / "read") == contents(tmp_path / "pieces")


def test_hub_and_far_ids() -> None:
    """A row as long as the list, and ids that no table has a place for."""
    rng = np.random.default_rng(0)
    ends = np.stack([np.full(300, -(2**63)), rng.integers(-(2**62), 2**62, 300)])
    check_same(text_of(ends))


def test_files_of_all_kinds(tmp_path: Path) -> None:
    content = b"source,target\n10,20\n20,30\n"
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    check_same(tmp_path / "a.csv")
    check_same(str(tmp_path / "a.csv.gz"))
    check_same(gzip.compress(content), content)
    read(content).save(tmp_path / "read")
    for number, stream in enumerate((io.BytesIO(content), io.StringIO(content.decode()),
                                     open(tmp_path / "a.csv", "rb"))):  # noqa: SIM115
        convert_file(stream, tmp_path / str(number))
        assert not stream.closed, "the stream is the caller's"
        stream.close()
        assert contents(tmp_path / str(number)) == contents(tmp_path / "read")


def test_several_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"# one\n5 6 2\n6 7 1")
    (tmp_path / "b").write_bytes(b"source,target,weight\r\n7,5,0.5\r\n5,6,3\r\n")
    check_same([tmp_path / "a", tmp_path / "b"], b"5 6 2\n6 7 1\n7 5 0.5\n5 6 3\n")
    check_same([tmp_path / "b", tmp_path / "a"], b"7 5 0.5\n5 6 3\n5 6 2\n6 7 1\n")
    (tmp_path / "c").write_bytes(b"ann bob\n")
    check_same([tmp_path / "c", tmp_path / "a"], b"ann bob\n5 6\n6 7\n", weight=False,
               header=False)
    with pytest.raises(GraphError, match=r"c:1: got 'ann', expected an integer id"):
        convert_file([tmp_path / "a", tmp_path / "c"], tmp_path / "graph", weight=False)
    with pytest.raises(GraphError, match=r"/c: got 2 columns, expected a column of weights"):
        convert_file([tmp_path / "a", tmp_path / "c"], tmp_path / "graph")
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "c"]


def test_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    edges = rng.integers(0, 500, (200, 2)) * 3
    check_same(edges, text_of(edges.T))
    check_same([edges[:40].astype(np.int32), edges[40:]], text_of(edges.T))
    read(text_of(edges.T)).save(tmp_path / "read")
    convert_file((edges[i : i + 7] for i in range(0, 200, 7)), tmp_path / "generated")
    assert contents(tmp_path / "read") == contents(tmp_path / "generated")
    weight = rng.random(200)
    pairs = [(edges[:10], weight[:10]), (edges[10:], weight[10:])]
    check_same(pairs, text_of(edges.T, weight.tolist()), weight=True)


@pytest.mark.parametrize(("source", "options", "message"), [
    (5, {}, "'source': got int, expected a path, an open file"),
    ([np.zeros((2, 5), int)], {}, r"'source\[0\]': got shape \(2, 5\), expected shape \(E, 2\) "
     r"\(pass edge_index.T\)"),
    ([np.zeros((3, 2))], {}, r"'source\[0\]': got dtype float64"),
    ([np.zeros((3, 2), int)], {"sep": ","}, "'sep': got ',', expected None"),
    ([np.zeros((3, 2), int)], {"weight": "w"}, "'weight': got 'w', expected True or False"),
    ([np.zeros((3, 2), int)], {"weight": True}, r"expected a pair \(edges, weights\)"),
    ([], {}, "source: got no edges"),
    ([b"0 1", 5], {}, "got int among files"),
    (b"", {}, "<bytes>: got no edges, expected at least one line with an edge"),
    (b"# nothing\nsource,target\n", {}, "<bytes>: got no edges"),
    (b"a b\n", {"num_nodes": 3}, "got names as ids, such as 'a'"),
    (b"0 5\n", {"num_nodes": 3}, "got index 5, expected 0 <= index < num_nodes=3"),
    (b"0 -5\n", {"relabel": False}, "got index -5"),
    (b"0 5000000000\n", {"relabel": False}, "indices that number the nodes"),
    (b"0 1\n", {"num_nodes": 3, "relabel": True}, "'relabel': got True with num_nodes"),
    (b"0 1\n0 2\n2 0\n", {"directed": "error"}, "1 of 2 edges in one direction only"),
    (b"0 1 2\n1 0 3\n", {"directed": "error"}, "1 edges with different weights"),
    (b"0 1\n", {"directed": "maybe"}, "'directed': got 'maybe'"),
    (b"0 1\n", {"ids": "hex"}, "'ids': got 'hex'"),
    (b"0 1 1e308\n0 1 1e308\n", {}, "whose sum is infinite"),
    (b"%%MatrixMarket matrix\n", {}, r"format mtx, expected an edge list in text or Parquet .gra"),
    (b"\x1f\x8b\x08garbage", {}, "<bytes>: got damaged gzip data"),
    (gzip.compress(b"0 1\n" * 99)[:-9], {}, "<bytes>: got damaged gzip data"),
    (b"<html>", {}, "HTML, XML or JSON"),
    (b"0 1\n" + b"\0" * 5000, {}, "a binary file"),
    ("none.txt", {}, "none.txt: got no such file"),
])
def test_bad_sources(source: Any, options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=message):
        convert_file(source, tmp_path / "graph", **options)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("memory", "message"), [
    ("2 apples", "'2 apples', expected a size such as '2GB'"), ("", "'', expected a size"),
    ("-1GB", "'-1GB', expected a size"), ("1iB", "'1iB', expected a size"),
    (None, "None, expected a size"),
    (True, "True, expected a size"), ("1MB", "'1MB', expected at least 16MB"),
    (0, "0, expected at least 16MB"),
])
def test_bad_limits(memory: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=f"argument 'memory': got {message}"):
        convert_file(b"0 1\n", tmp_path / "graph", memory=memory)


@pytest.mark.parametrize(("memory", "size"), [
    ("2GB", 2 * 10**9), ("512MB", 512 * 10**6), ("1.5GiB", 3 << 29), ("1 tb", 10**12),
    (".5g", 5 * 10**8), ("20000kb", 2 * 10**7), (2**30, 2**30), ("16000000", 16 * 10**6),
    ("9" * 400, 2**60),
])
def test_sizes(memory: str | int, size: int) -> None:
    from graphlocal.graph.checks import check_memory

    assert check_memory(memory) == size


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    far = rng.integers(-(2**62), 2**62, (400_000, 2))
    with pytest.raises(GraphError, match=r"'memory': got 16MB, expected at least \d\dMB .the ids "
                       r"of .* nodes so far have to be held"):
        convert_file(far, tmp_path / "graph", memory="16MB")
    with pytest.raises(GraphError, match=r"'memory': .*names so far have to be held"):
        convert_file(text_of(far.T), tmp_path / "graph", memory="16MB", ids="str")
    with pytest.raises(GraphError, match=r"'memory': .*nodes 0 to .*, with .* ends of edges"):
        convert_file(np.stack([np.arange(600_000), np.zeros(600_000, int)], axis=1),
                     tmp_path / "graph", memory="16MB")
    with pytest.raises(GraphError, match=r"'memory': .*with 2 ends of edges, are built at once"):
        convert_file(b"0 1\n", tmp_path / "graph", memory="16MB", num_nodes=2**33)
    with pytest.raises(GraphError, match=r"'num_nodes': got 1099511627776, expected a graph of"):
        convert_file(b"0 1\n", tmp_path / "graph", num_nodes=2**40)
    assert os.listdir(tmp_path) == []


def test_bad_line_in_a_later_piece(tmp_path: Path) -> None:
    content = b"# head\nSource,Target\n" + b"10,20\n" * 3000
    for bad, message in ((b"30;40\n", "got 1 column"), (b"30,x\n", "got 'x', expected an integer")):
        path = tmp_path / "edges.csv.gz"
        path.write_bytes(gzip.compress(content + bad + b"1,2\n" * 300))
        with small_pieces(1000), pytest.raises(GraphError, match=f"edges.csv.gz:3003: {message}"):
            convert_file(path, tmp_path / "graph")
    weights = b"1 2 0.5\r\n" * 500 + b"1 2 nan\r\n"
    with small_pieces(100), pytest.raises(GraphError, match="<bytes>:501: got 'nan'"):
        convert_file(weights, tmp_path / "graph")
    with small_pieces(100), pytest.raises(GraphError, match="<bytes>:2001: got a zero byte"):
        convert_file(b"a b\n" * 2000 + b"a\0 b\n", tmp_path / "graph")
    assert os.listdir(tmp_path) == ["edges.csv.gz"]


def test_reports_are_equal() -> None:
    rng = np.random.default_rng(5)
    ends = rng.integers(0, 30, (2, 400))
    with TemporaryDirectory() as folder, small_pieces(11):
        graph = convert_file(ends.T, f"{folder}/graph")
        assert graph.report == CSRGraph.from_edge_index(ends).report
        again = convert_file(graph.to_edges(), f"{folder}/again")
        both = convert_file([graph.to_edges(), graph.to_edges()[:, ::-1]], f"{folder}/both")
        for other in (again, both):  # symmetrising what is symmetric changes nothing
            np.testing.assert_array_equal(other.col, graph.col)
            np.testing.assert_array_equal(other.rowptr, graph.rowptr)
        assert both.report.two_way == graph.num_edges


def test_graph_is_mapped_and_kernels_agree(tmp_path: Path) -> None:
    from graphlocal.topology import metrics

    ends = np.random.default_rng(6).integers(0, 200, (3000, 2))
    graph = convert_file(ends, tmp_path / "graph")
    owner = graph.col
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    assert isinstance(owner, np.memmap)
    names = ["degree", "triangles", "clustering", "core", "orbits4"]
    mapped, held = metrics(graph, names), metrics(read(text_of(ends.T)), names)
    for name in mapped.columns:
        np.testing.assert_array_equal(mapped[name], held[name])


def test_existing_places(tmp_path: Path) -> None:
    convert_file(b"0 1\n", tmp_path / "graph")
    with pytest.raises(GraphError, match=r"which exists, expected a new name .pass overwrite"):
        convert_file(b"0 1\n1 2\n", tmp_path / "graph")
    assert convert_file(b"0 1\n1 2\n", tmp_path / "graph", overwrite=True).num_edges == 2
    with pytest.raises(GraphError, match="<bytes>:2: got 'x'"):
        convert_file(b"0 1\nx 2\n", tmp_path / "graph", overwrite=True)
    assert CSRGraph.open(tmp_path / "graph").num_edges == 2
    (tmp_path / "thesis").mkdir()
    with pytest.raises(GraphError, match="it holds something else"):
        convert_file(b"0 1\n", tmp_path / "thesis", overwrite=True)
    with pytest.raises(GraphError, match="a place in a directory that exists"):
        convert_file(b"0 1\n", tmp_path / "no" / "graph")


@pytest.mark.parametrize("place", ["spool", "array", "header"])
def test_full_disk_leaves_nothing(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    owner, method = {"spool": (spool.Spool, "write"), "array": (builder.ArrayWriter, "append"),
                     "header": (builder.ArrayWriter, "_header")}[place]
    monkeypatch.setattr(owner, method, full)
    with pytest.raises(OSError, match="No space left") as raised:
        convert_file(b"0 1\n5 3\n", tmp_path / "graph")
    assert raised.value.filename == str(tmp_path / "graph")
    assert os.listdir(tmp_path) == []


def test_interruption_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C in the middle, in a process of its own."""
    code = f"""
import numpy as np
from graphlocal.graph import convert_file
def edges():
    while True:
        print("on", flush=True)
        yield np.random.default_rng(0).integers(0, 10**6, (10**5, 2))
convert_file(edges(), {str(tmp_path / 'graph')!r}, memory="16MB")
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    for _ in range(8):  # by then the spool is on disk
        assert process.stdout.readline() == "on\n"
    assert os.listdir(tmp_path) != []
    process.send_signal(signal.SIGINT)
    process.stdout.close()
    assert process.wait(60) != 0
    time.sleep(0.01)
    assert os.listdir(tmp_path) == []


def test_following(tmp_path: Path) -> None:
    said: list[tuple[str, float | None]] = []
    with small_pieces(1):
        convert_file(b"0 1\n1 5\n" * 20, tmp_path / "graph",
                     following=lambda *what: said.append(what))
    assert list(dict.fromkeys(what for what, _ in said)) == [
        "reading", "finding ids", "ranking", "sorting", "building"]
    shares = [share for _, share in said]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    said.clear()
    convert_file(iter([np.array([[0, 1]])]), tmp_path / "other",
                 following=lambda *what: said.append(what))
    assert said[0] == ("reading", None)

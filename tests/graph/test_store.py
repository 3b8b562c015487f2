"""Saved graphs open as they were, or not at all."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphlocal.graph import CSRGraph, GraphError, read
from graphlocal.graph.checks import check_csr
from tests.zoo import ZOO, each_zoo_graph


@each_zoo_graph
@pytest.mark.parametrize("weighted", [False, True])
def test_round_trip(name: str, weighted: bool, tmp_path: Path) -> None:
    index, num_nodes = ZOO[name]
    weight = np.random.default_rng(3).random(index.shape[1]) + 0.1
    graph = CSRGraph.from_edge_index(index, num_nodes, weight if weighted else None,
                                     ids=np.arange(num_nodes) * 3)
    graph.save(tmp_path / "graph")
    assert [path.name for path in tmp_path.iterdir()] == ["graph"]
    for again in (CSRGraph.open(tmp_path / "graph", check=True), read(tmp_path / "graph")):
        for part in ("rowptr", "col", "weight", "ids"):
            mine, theirs = getattr(graph, part), getattr(again, part)
            assert (mine is None) == (theirs is None)
            if mine is not None:
                assert mine.dtype == theirs.dtype and not theirs.flags.writeable
                np.testing.assert_array_equal(mine, theirs)
        assert again.report == graph.report


def test_arrays_are_mapped(tmp_path: Path) -> None:
    CSRGraph.from_edges([(0, 1), (1, 2)]).save(tmp_path / "graph")
    col = CSRGraph.open(tmp_path / "graph").col
    owner = col
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    assert isinstance(owner, np.memmap)


@pytest.mark.parametrize("graph", [
    CSRGraph.read(b"ann bob\nbob \xc3\xa9ve\n"),
    CSRGraph.from_networkx(nx.Graph([("a", 1), (2**70, "b")])),
])
def test_names(graph: CSRGraph, tmp_path: Path) -> None:
    graph.save(tmp_path / "graph")
    again = CSRGraph.open(tmp_path / "graph")
    assert graph.ids is not None and again.ids is not None
    assert again.ids.tolist() == graph.ids.tolist()


def test_other_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match="'ids': got labels of other types, expected integers or"):
        CSRGraph.from_networkx(nx.grid_2d_graph(2, 2)).save(tmp_path / "graph")
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_is_overwritten(tmp_path: Path) -> None:
    first, second = CSRGraph.from_edges([(0, 1)]), CSRGraph.from_edges([(0, 1), (1, 2)])
    first.save(tmp_path / "graph")
    with pytest.raises(GraphError, match=r"which exists, expected a new name .pass overwrite=True"):
        second.save(tmp_path / "graph")
    second.save(tmp_path / "graph", overwrite=True)
    assert CSRGraph.open(tmp_path / "graph").num_edges == 2
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work")
    with pytest.raises(GraphError, match="it holds something else"):
        second.save(other, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph", "thesis"]
    with pytest.raises(GraphError, match="expected a place in a directory that exists"):
        second.save(tmp_path / "no" / "graph")
    with pytest.raises(GraphError, match="expected a name without a zero byte"):
        second.save("a\0b")


def test_a_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("disk full")

    graph = CSRGraph.from_edges([(0, 1)])
    graph.save(tmp_path / "graph")
    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="disk full"):
        graph.save(tmp_path / "graph", overwrite=True)
    with pytest.raises(OSError, match="disk full"):
        graph.save(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["graph"]
    assert CSRGraph.open(tmp_path / "graph").num_edges == 1


def damage(folder: Path, how: str) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    if how == "no meta":
        (folder / "meta.json").unlink()
    elif how == "no json":
        (folder / "meta.json").write_text("{")
    elif how == "a list":
        (folder / "meta.json").write_text("[]")
    elif how in ("version", "format", "num_nodes", "num_edges", "report"):
        meta[how] = {"report": {"other": 1}, "format": "zarr"}.get(how, 9)
        (folder / "meta.json").write_text(json.dumps(meta))
    elif how == "no col":
        (folder / "col.npy").unlink()
    elif how == "short col":
        (folder / "col.npy").write_bytes((folder / "col.npy").read_bytes()[:-4])
    elif how == "no array":
        (folder / "col.npy").write_bytes(b"hello")
    elif how == "objects":
        np.save(folder / "col.npy", np.array([{}], object), allow_pickle=True)
    elif how == "dtype":
        np.save(folder / "col.npy", np.zeros(4))
    elif how == "rowptr":
        np.save(folder / "rowptr.npy", np.array([0, 4, 1, 4]))
    elif how == "ids":
        np.save(folder / "ids.npy", np.arange(7))
    elif how == "weight":
        (folder / "weight.npy").unlink()


@pytest.mark.parametrize(("how", "message"), [
    ("no meta", "got no meta.json, expected a directory that CSRGraph.save made"),
    ("no json", "meta.json: got damaged JSON"),
    ("a list", "meta.json: got another format, expected format 'graphlocal-csr'"),
    ("format", "meta.json: got another format, expected format 'graphlocal-csr'"),
    ("version", "meta.json: got version 9, expected version 1 .update graphlocal"),
    ("num_nodes", r"rowptr.npy: got int64 of shape \(4,\), expected int64 of shape \(10,\)"),
    ("num_edges", r"col.npy: got int32 of shape \(4,\), expected int32 of shape \(18,\)"),
    ("report", "meta.json: got a damaged report"),
    ("no col", "col.npy: got what numpy cannot read"),
    ("short col", "col.npy: got what numpy cannot read"),
    ("no array", "col.npy: got what numpy cannot read"),
    ("objects", "col.npy: got what numpy cannot read"),
    ("dtype", r"col.npy: got float64 of shape \(4,\), expected int32"),
    ("rowptr", "rowptr.npy: got row pointers that fall or end elsewhere"),
    ("ids", r"ids.npy: got int64 of shape \(7,\), expected ids of shape \(3,\)"),
    ("weight", "weight.npy: got what numpy cannot read"),
])
def test_damaged_directories(how: str, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    CSRGraph.read(b"a b 1\nb c 2\n").save(folder)
    damage(folder, how)
    for opener in (CSRGraph.open, read):
        with pytest.raises(GraphError, match=message):
            opener(folder)


@pytest.mark.parametrize(("file", "content", "message"), [
    ("meta.json", b"[" * 200_000, "meta.json: got damaged JSON .maximum recursion"),
    ("col.npy", b"\x93NUMPY\x01\x00v\x00" + b"(" * 117 + b"\n", "col.npy: got what numpy cannot"),
    ("col.npy", b"\x93NUMPY\x01\x00v\x00" + (
        b"{'descr': '<i4', 'fortran_order': False, 'shape': (%d,), }" % 10**19).ljust(117) + b"\n",
     "col.npy: got what numpy cannot"),
    ("ids.npy", np.array([0.5, 1, 2]), "ids.npy: got float64, expected integers or text"),
    ("ids.npy", np.array([1, 2, 3], ">i8"), "ids.npy: got >i8, expected integers or text"),
    ("ids.npy", np.array([97, 98, 0x110000], np.uint32).view("U1"), "numbers that are no letters"),
    ("ids.npy", np.array([97, 98, 0xD800], np.uint32).view("U1"), "numbers that are no letters"),
    ("ids.json", b"[" * 200_000, "ids.json: got maximum recursion"),
    ("ids.json", b"[[1], {}, 2]", "ids.json: got something else, expected a list of 3 integers"),
    ("ids.json", b"[1, true, 2]", "ids.json: got something else, expected a list of 3 integers"),
    ("ids.json", b'["a", "\\ud800", "b"]', "ids.json: got .* surrogates not allowed"),
])
def test_tampered_directories(file: str, content: Any, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    CSRGraph.read(b"a b 1\nb c 2\n").save(folder)
    if isinstance(content, bytes):
        (folder / file).write_bytes(content)
    else:
        np.save(folder / file, content)
    if file == "ids.json":
        meta = json.loads((folder / "meta.json").read_text())
        (folder / "meta.json").write_text(json.dumps(meta | {"ids": file}))
    with pytest.raises(GraphError, match=message):
        CSRGraph.open(folder)


def test_check_finds_what_opening_does_not_look_for(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    CSRGraph.from_edges([(0, 1), (1, 2)]).save(folder)
    np.save(folder / "col.npy", np.array([1, 0, 99, 1], np.int32))
    CSRGraph.open(folder)
    with pytest.raises(GraphError, match="'col': got index 99, expected 0 <= index < num_nodes=3"):
        CSRGraph.open(folder, check=True)
    with pytest.raises(GraphError, match="graph: argument 'col'"):
        read(folder)


def fault(rowptr: NDArray[Any], col: NDArray[Any], weight: NDArray[Any] | None) -> bool:
    """Whether arrays are no simple undirected graph, the plain way."""
    rows = np.split(col, rowptr[1:-1])
    entries = [(u, int(v)) for u, row in enumerate(rows) for v in row]
    value = dict(zip(entries, [1.0] * len(col) if weight is None else weight, strict=True))
    return (any(sorted(set(row.tolist())) != row.tolist() for row in rows)
            or any(u == v or (v, u) not in value for u, v in entries)
            or any(not np.isfinite(w) or w == 0 or w != value[v, u]
                   for (u, v), w in value.items()))


@given(st.data())
def test_check_finds_any_damage(data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    nodes = data.draw(st.integers(2, 12))
    weighted = data.draw(st.booleans())
    index = rng.integers(0, nodes, (2, 2 * nodes))
    graph = CSRGraph.from_edge_index(
        index, nodes, rng.integers(1, 3, index.shape[1]) if weighted else None)
    col, weight = graph.col.copy(), None if graph.weight is None else graph.weight.copy()
    if len(col):
        for _ in range(data.draw(st.integers(0, 2))):
            at = data.draw(st.integers(0, len(col) - 1))
            if weight is not None and data.draw(st.booleans()):
                weight[at] = data.draw(st.sampled_from([0.0, -0.0, 1.0, -1.0, np.nan, np.inf]))
            else:
                col[at] = data.draw(st.integers(-2, nodes + 1))
    wrong = fault(graph.rowptr, col, weight)
    with pytest.raises(GraphError) if wrong else nullcontext():
        CSRGraph(graph.rowptr, col, weight)
    if weight is None or np.isfinite(weight).all():
        return
    with pytest.raises(GraphError, match="finite and not zero"):
        check_csr(graph.rowptr, graph.col, weight)


def test_rows_that_are_exchanged_are_found() -> None:
    """Sums of hashes see neither their order nor how often: rows are looked at for both."""
    rowptr = np.arange(0, 10, 2)
    CSRGraph(rowptr, np.array([1, 3, 0, 2, 1, 3, 0, 2]))
    for col in ([3, 1, 0, 2, 1, 3, 0, 2], [1, 1, 0, 0, 1, 3, 0, 2], [1, 2, 0, 2, 1, 3, 0, 2]):
        with pytest.raises(GraphError, match="'col'"):
            CSRGraph(rowptr, np.array(col))


def test_what_is_no_directory(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"a directory that CSRGraph.save made .there is"):
        CSRGraph.open(tmp_path / "none")
    (tmp_path / "file").write_text("0 1")
    with pytest.raises(GraphError, match=r"CSRGraph.read takes files"):
        CSRGraph.open(tmp_path / "file")
    with pytest.raises(GraphError, match="'sep': got ',', expected None"):
        read(tmp_path, sep=",")


def test_old_graph_stays_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "graph"
    CSRGraph.from_edges([(0, 1)]).save(target)
    replace = os.replace

    def refuse(source: Path, destination: Path) -> None:
        if destination == target and not str(source).endswith(".old"):
            raise OSError("no")
        replace(source, destination)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no"):
        CSRGraph.from_edges([(0, 1), (1, 2)]).save(target, overwrite=True)
    assert CSRGraph.open(target).num_edges == 1
    assert os.listdir(tmp_path) == ["graph"]


@pytest.mark.parametrize("report", [{"self_loops": "many"}, {"zeros": -1}, 5, {"unknown": 1}])
def test_damaged_report(report: Any, tmp_path: Path) -> None:
    CSRGraph.from_edges([(0, 1)]).save(tmp_path / "graph")
    file = tmp_path / "graph" / "meta.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"report": report}))
    with pytest.raises(GraphError, match=r"damaged report|'zeros': got -1"):
        CSRGraph.open(tmp_path / "graph")


def test_a_graph_whose_weights_cancelled_is_read_back(tmp_path: Path) -> None:
    graph = CSRGraph.from_edge_index([[0, 0, 1], [1, 1, 2]], edge_weight=[1.0, -1.0, 2.0])
    assert graph.weight.tolist() == [2.0, 2.0] and graph.col.tolist() == [2, 1]
    assert (graph.report.cancelled, graph.report.isolated) == (1, 1)
    graph.save(tmp_path / "graph")
    assert read(tmp_path / "graph").weight.tolist() == graph.weight.tolist()
    assert read(tmp_path / "graph", weight=False).weight is None

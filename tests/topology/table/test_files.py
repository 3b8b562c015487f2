"""Every format is read back as it was written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import GraphError, NodeTable
from graphlocal.topology import EdgeTable

IDS = ["ann", "b, or not b", '"quoted"', "=cmd|' /C calc'!A0", "two\nlines", "007", "", "ünï\t"]
FORMATS = ("csv", "tsv", "npz", "parquet")


def table(ids: list) -> NodeTable:
    rng = np.random.default_rng(0)
    size = len(ids)
    return NodeTable(np.array(ids), {
        "count": np.arange(size) - 3, "big": np.full(size, 2**62 + 1),
        "share": rng.random(size) / 3, "gaps": np.where(np.arange(size) % 2, np.nan, 0.5),
        "flag": np.arange(size) % 3 == 0,
        "file": np.array([f"{i},x" for i in range(size)], object)})


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("ids", [IDS, list(range(8)), [10**12 + i for i in range(8)]])
def test_round_trip(suffix: str, ids: list, tmp_path: Path) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    before = table(ids)
    before.save(tmp_path / f"t.{suffix}")
    after = NodeTable.read(tmp_path / f"t.{suffix}")
    assert after.ids.tolist() == ids
    assert list(after) == list(before)
    for name in before:
        np.testing.assert_array_equal(after[name], before[name], err_msg=name)
        assert after[name].dtype.kind == before[name].dtype.kind or name == "file", name


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_rows(suffix: str, tmp_path: Path) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    NodeTable(np.zeros(0, np.int64), {"x": np.zeros(0)}).save(tmp_path / f"t.{suffix}")
    after = NodeTable.read(tmp_path / f"t.{suffix}")
    assert len(after) == 0 and list(after) == ["x"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_edges(suffix: str, tmp_path: Path) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    ends = np.array(["a", "b"]), np.array(["c,d", "1"])
    EdgeTable(*ends, {"aa": np.array([0.1, 1 / 3])}).save(tmp_path / f"t.{suffix}")
    after = EdgeTable.read(tmp_path / f"t.{suffix}")
    assert after.ids.tolist() == ["a", "b"] and after.target_ids.tolist() == ["c,d", "1"]
    assert after["aa"].tolist() == [0.1, 1 / 3]
    with pytest.raises(GraphError, match=r"columns source, target, aa, expected 'node'"):
        NodeTable.read(tmp_path / f"t.{suffix}")


@given(rows=st.lists(st.tuples(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)), min_size=1, max_size=9),
    separator=st.sampled_from(("csv", "tsv")))
def test_any_text_comes_back(rows: list[tuple], separator: str, tmp_path_factory) -> None:
    ids, counts, shares = zip(*rows, strict=True)
    keys = np.empty(len(ids), object)
    keys[:] = ids
    path = tmp_path_factory.mktemp("t") / f"t.{separator}"
    NodeTable(keys, {"count": np.array(counts, np.int64), "share": np.array(shares)}).save(path)
    after = NodeTable.read(path)
    # Ids that all are written like whole numbers are taken for such.
    assert [str(i) for i in after.ids.tolist()] == list(ids)
    assert after["count"].tolist() == list(counts)
    assert after["share"].tolist() == list(shares)


def test_tables_of_others(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text('node,a,b\n"x",1,yes\ny,,no\n')
    after = NodeTable.read(file)
    np.testing.assert_array_equal(after["a"], [1, np.nan])
    assert after["b"].tolist() == ["yes", "no"]


@pytest.mark.parametrize(("name", "content", "message"), [
    ("t.csv", b"", "columns of no name, expected 'node'"),
    ("t.csv", b"a,b\n1,2\n", "expected 'node' as column 1"),
    ("t.csv", b"node,b,b\n1,2,3\n", "t.csv:1: got two columns of one name"),
    ("t.csv", b"node,b\n1,2\n3\n", "t.csv:3: got 1 fields, expected 2"),
    ("t.csv", b"node,b\n\xff,2\n", "a file in UTF-8"),
    ("t.npz", b"nothing", "what is no table"),
    ("t.parquet", b"nothing", "what is no Parquet file"),
    ("t.xlsx", b"", "ends in .csv, .tsv, .npz or .parquet"),
])
def test_what_is_no_table(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GraphError, match=message):
        NodeTable.read(tmp_path / name)


def test_no_pickle_is_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", node=np.array([{"a": 1}], object))
    with pytest.raises(GraphError, match="what is no table"):
        NodeTable.read(tmp_path / "t.npz")


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    for suffix in FORMATS[:3]:
        with pytest.raises(FileNotFoundError):
            NodeTable.read(tmp_path / f"t.{suffix}")


def test_several_files_as_npz(tmp_path: Path) -> None:
    """``file`` is a column, and the name of a parameter of ``np.savez``."""
    one = NodeTable(np.arange(1), {"core": np.array([2])})
    NodeTable.concatenate({"a.csv": one, "b.csv": one}).save(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz") as file:
        assert file["file"].tolist() == ["a.csv", "b.csv"]


def test_formulas_stay_in_their_field(tmp_path: Path) -> None:
    """Ids come out as they went in; none spills into a second field or row."""
    table(IDS).save(tmp_path / "t.csv")
    with open(tmp_path / "t.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows[1:]] == IDS
    assert {len(row) for row in rows} == {7}

"""Edges in Parquet, read whole and in pieces."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphlocal.graph import GraphError, convert_file, read
from tests.graph.streaming.small import contents, small_pieces
from tests.graph.streaming.test_convert import check_same, text_of

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

ENDS = np.random.default_rng(0).integers(-20, 30, (2, 150)) * 4
NAMES = [["ann", "bob", "é漢", 'the "x"', "a b", "#c"][i % 6] + "z" * (i % 3) for i in range(60)]


def table(**columns: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file, row_group_size=7)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["int64", "int32", "int8", "uint16"])
def test_integers(kind: str) -> None:
    ends = np.abs(ENDS) if kind[0] == "u" else ENDS
    content = table(a=pa.array(ends[0]).cast(kind), b=pa.array(ends[1]).cast(kind))
    check_same(content)
    assert read(content).to_edges().tolist() == read(text_of(ends)).to_edges().tolist()
    assert read(content).ids.tolist() == read(text_of(ends)).ids.tolist()


def test_columns_are_found() -> None:
    rng = np.random.default_rng(1)
    time, weight = rng.random(150), rng.random(150)
    swapped = table(time=time, Target=ENDS[1], Source=ENDS[0], Weight=weight)
    expected = text_of(ENDS, weight.tolist())
    for options in ({}, {"weight": True}, {"weight": "weight"}, {"weight": 3}):
        found = read(swapped, **options)
        assert found.weight.tolist() == read(expected).weight.tolist()
        check_same(swapped, **options)
    assert read(swapped, weight=False).weight is None
    other = table(time=time, u=ENDS[0], v=ENDS[1])
    assert read(other).col.tolist() == read(expected, weight=False).col.tolist()


@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary"])
def test_names(kind: str, tmp_path: Path) -> None:
    column = pa.array(NAMES).dictionary_encode() if kind == "dictionary" else (
        pa.array(NAMES).cast(getattr(pa, kind)()))
    content = table(a=column[:30] if kind != "dictionary" else column.slice(0, 30),
                    b=column.slice(30, 30))
    check_same(content)
    graph = read(content)
    in_order = [name for pair in zip(NAMES[:30], NAMES[30:], strict=True) for name in pair]
    assert graph.ids.tolist() == list(dict.fromkeys(in_order))
    assert read(table(a=ENDS[0], b=ENDS[1]), ids="str").ids.tolist() == (
        read(text_of(ENDS), ids="str").ids.tolist())


def test_files_and_mixtures(tmp_path: Path) -> None:
    (tmp_path / "edges.parquet").write_bytes(table(a=ENDS[0], b=ENDS[1]))
    (tmp_path / "more.txt").write_bytes(text_of(ENDS + 1))
    check_same(tmp_path / "edges.parquet")
    both = text_of(np.concatenate([ENDS, ENDS + 1], axis=1))
    check_same([tmp_path / "edges.parquet", tmp_path / "more.txt"], both)
    with open(tmp_path / "edges.parquet", "rb") as stream:
        convert_file(stream, tmp_path / "graph")
    read(tmp_path / "edges.parquet").save(tmp_path / "read")
    assert contents(tmp_path / "graph") == contents(tmp_path / "read")


@pytest.mark.parametrize(("content", "options", "message"), [
    (table(a=[1, 2]), {}, "columns a, expected two columns of ids, integers or text"),
    (table(a=[1, 2], b=[1.5, 2]), {}, "columns a, b, expected two columns of ids"),
    (table(source=[1, 2], target=[1.5, 2]), {}, "got double in column 'target'"),
    (table(a=[1, None], b=[1, 2]), {}, "nothing in row 1 of column 'a', expected an id"),
    (table(a=["x"], b=["y"]), {"ids": "int"}, "got string in column 'a', expected integers"),
    (table(a=["x"], b=[""]), {}, "got an empty text, expected an id"),
    (table(a=["x"], b=["a\0b"]), {}, "a zero byte"),
    (table(a=["x"], b=["y" * 70_000]), {}, "at most 65,536 bytes"),
    (table(a=[1], b=[2], weight=[float("nan")]), {}, "nan in row 0 of column 'weight'"),
    (table(a=[1], b=[2], weight=["much"]), {}, "got string in column 'weight', expected numbers"),
    (table(a=[1], b=[2]), {"weight": True}, "expected a column called 'weight'"),
    (table(a=[1], b=[2]), {"weight": "w"}, "'weight': got 'w', expected a column of a, b"),
    (table(a=[1], b=[2]), {"weight": 5}, "'weight': got 5, expected at most 1"),
    (table(a=pa.array([2**63], pa.uint64()), b=[1]), {}, "9223372036854775808"),
    (table(a=pa.array([], pa.int64()), b=pa.array([], pa.int64())), {}, "got no edges"),
    (table(a=[1], b=[2])[:-9], {}, "what pyarrow cannot read"),
])
def test_bad_files(
    content: bytes, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(GraphError, match=message):
        read(content, **options)
    with small_pieces(2), pytest.raises(GraphError, match=message):
        convert_file(content, tmp_path / "graph", **options)
    assert list(tmp_path.iterdir()) == []


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    content = table(a=[1], b=[2])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for call in (lambda: read(content), lambda: convert_file(content, tmp_path / "graph")):
        with pytest.raises(GraphError, match=r"package pyarrow for it.*pip install pyarrow"):
            call()


def test_options_of_text_are_refused(tmp_path: Path) -> None:
    content = table(a=[1], b=[2])
    with pytest.raises(GraphError, match="'sep': got ',', expected None"):
        read(content, sep=",")
    with pytest.raises(GraphError, match="'header': got True, expected None"):
        convert_file(content, tmp_path / "graph", header=True)

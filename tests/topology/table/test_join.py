"""Joins give what pandas gives, and refuse what it would quietly get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import GraphError, NodeTable
from graphlocal.graph import GraphTypeError
from graphlocal.topology import EdgeTable

HOWS = ("left", "inner", "outer")


@st.composite
def tables(draw: st.DrawFn, text: bool, unique: bool) -> NodeTable:
    ids = draw(st.lists(st.integers(0, 8), max_size=9, unique=unique))
    keys = np.array([f"n{i}" for i in ids], object) if text else np.array(ids, np.int64)
    size = len(ids)
    return NodeTable(keys, {
        "x": np.array(draw(st.lists(st.integers(-9, 9), min_size=size, max_size=size)), np.int64),
        "y": np.array(draw(st.lists(st.floats(0, 1), min_size=size, max_size=size)), np.float64)})


@pytest.mark.parametrize("how", HOWS)
@given(data=st.data(), text=st.booleans())
def test_joins_are_those_of_pandas(how: str, data: st.DataObject, text: bool) -> None:
    pytest.importorskip("pandas")
    left = data.draw(tables(text, unique=False))
    right = data.draw(tables(text, unique=True))
    ours = left.join(right, how).to_pandas().reset_index()
    # merge keeps the order of neither side in an outer join: rows are compared in order of id.
    theirs = left.to_pandas().reset_index().merge(
        right.to_pandas().reset_index(), on="node", how=how, suffixes=("", "_other"))
    assert list(ours) == list(theirs) == ["node", "x", "y", "x_other", "y_other"]
    both = [frame.astype({"node": str}).sort_values(list(frame), ignore_index=True)
            for frame in (ours, theirs)]
    assert both[0]["node"].tolist() == both[1]["node"].tolist()
    for column in list(ours)[1:]:
        np.testing.assert_array_equal(both[0][column].to_numpy(float),
                                      both[1][column].to_numpy(float))


def test_rows_stand_in_their_order() -> None:
    left = NodeTable(np.array([5, 1, 3]), {"x": np.array([50, 10, 30])})
    right = NodeTable(np.array([9, 3, 5, 8]), {"z": np.array([90, 31, 51, 80])})
    assert left.join(right).ids.tolist() == [5, 1, 3]
    assert left.join(right, "inner")["z"].tolist() == [51, 31]
    outer = left.join(right, "outer")
    assert outer.ids.tolist() == [5, 1, 3, 9, 8]
    np.testing.assert_array_equal(outer["x"], [50, 10, 30, np.nan, np.nan])
    np.testing.assert_array_equal(outer["z"], [51, np.nan, 31, 90, 80])
    assert left.join(right, "outer", fill=-1)["x"].dtype == np.int64


def test_labels_of_every_kind() -> None:
    pd = pytest.importorskip("pandas")
    torch = pytest.importorskip("torch")
    table = NodeTable(np.array([2, 0]), {"core": np.array([1, 2])})
    assert table.join({0: "a", 2: "b"}, name="label")["label"].tolist() == ["b", "a"]
    assert table.join({0: "a"}, name="label")["label"].tolist() == ["", "a"]
    assert table.join(np.array([7, 8, 9]), name="y")["y"].tolist() == [9, 7]
    assert table.join(torch.tensor([7, 8, 9]), name="y")["y"].tolist() == [9, 7]
    assert table.join([7, 8], name="y", fill=0)["y"].tolist() == [0, 7]
    assert table.join(pd.Series([1, 2], index=[0, 2], name="s"))["s"].tolist() == [2, 1]
    frame = pd.DataFrame({"core": [5, 6], "t": ["x", "y"]}, index=[0, 2])
    joined = table.join(frame, suffix="_true")
    assert list(joined) == ["core", "core_true", "t"]
    assert joined["t"].tolist() == ["y", "x"]
    assert list(table) == ["core"], "the table itself stays"


def test_mixed_ids_are_told_apart() -> None:
    ids = np.empty(2, object)
    ids[:] = [1, "1"]
    table = NodeTable(ids, {})
    assert table.join({1: "number", "1": "text"}, name="is")["is"].tolist() == ["number", "text"]


def test_large_counts_are_not_rounded() -> None:
    table = NodeTable(np.arange(1), {})
    big = NodeTable(np.arange(2)[1:], {"o14": np.array([2**53 + 1])})
    with pytest.raises(GraphError, match="past 2\\^53"):
        table.join(big, "outer")
    assert table.join(big, "outer", fill=0)["o14"].tolist() == [0, 2**53 + 1]


def test_pairs_join_by_both_ends() -> None:
    ends = np.array(["a", "a", "b"]), np.array(["b", "c", "c"])
    left = EdgeTable(*ends, {"cn": np.array([1, 2, 3])})
    right = EdgeTable(ends[0][::-1], ends[1][::-1], {"aa": np.array([0.3, 0.2, 0.1])})
    joined = left.join(right)
    assert isinstance(joined, EdgeTable)
    assert joined["aa"].tolist() == [0.1, 0.2, 0.3]
    with pytest.raises(GraphTypeError, match="one row per node, expected one row per edge"):
        left.join(NodeTable(np.array(["a"]), {}))
    with pytest.raises(GraphTypeError, match="an EdgeTable"):
        left.join({"a": 1}, name="x")


@pytest.mark.parametrize(("other", "options", "message"), [
    (NodeTable(np.array(["0", "1"]), {"x": np.arange(2)}), {}, "ids that are text.*numbers"),
    (NodeTable(np.array([1, 1]), {"x": np.arange(2)}), {}, "id 1 twice"),
    (np.zeros((2, 2)), {"name": "y"}, "one value per id"),
    ({0: 1}, {}, "a name for the new column"),
    ({0: 1}, {"name": "core"}, None),
    ({0: 1}, {"name": "core", "suffix": ""}, "there is a column 'core' already"),
    ({0: 1}, {"name": "x", "how": "right"}, "one of 'left', 'inner', 'outer'"),
])
def test_bad_joins(other: object, options: dict, message: str | None) -> None:
    table = NodeTable(np.arange(2), {"core": np.array([1, 2])})
    if message is None:
        assert list(table.join(other, **options)) == ["core", "core_other"]
        return
    with pytest.raises(GraphError, match=message):
        table.join(other, **options)


def test_text_ids_that_occur_twice() -> None:
    table = NodeTable(np.array(["a"]), {})
    with pytest.raises(GraphError, match="id 'a' twice"):
        table.join(NodeTable(np.array(["a", "b", "a"]), {"x": np.arange(3)}))


def test_neither_input_is_overwritten(tmp_path) -> None:
    for name in ("a.csv", "b.csv"):
        NodeTable(np.arange(2), {"x": np.arange(2)}).save(tmp_path / name)
    joined = NodeTable.read(tmp_path / "a.csv").join(NodeTable.read(tmp_path / "b.csv"))
    for name in ("a.csv", "b.csv"):
        with pytest.raises(GraphError, match="the input is never overwritten"):
            joined.save(tmp_path / name)

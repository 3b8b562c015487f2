"""Columns: chosen, ordered, described, correlated, and handed to torch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import GraphError, NodeTable
from graphlocal.graph import GraphTypeError
from graphlocal.topology import EdgeTable


@pytest.fixture
def table() -> NodeTable:
    return NodeTable(np.array(["a", "b", "c", "d"]), {
        "x": np.array([3, 1, 3, 2]), "y": np.array([0.5, np.nan, 0.25, 1.0]),
        "t": np.array(["p", "q", "r", "s"]), "f": np.array([True, False, True, True])})


def test_select(table: NodeTable) -> None:
    assert list(table.select("y, x")) == ["y", "x"]
    assert list(table.select(["t"])) == ["t"]
    for rows in (np.array([True, False, True, False]), [0, 2], slice(0, 3, 2)):
        assert table.select(rows=rows).ids.tolist() == ["a", "c"]
    assert len(table.select(rows=[])) == 0
    odd = NodeTable(np.arange(1), {"a,b": np.arange(1)})
    assert list(odd.select("a,b")) == ["a,b"]
    ends = EdgeTable(np.arange(2), np.arange(2) + 5, {"s": np.arange(2)}).select(rows=[1])
    assert isinstance(ends, EdgeTable) and ends.target_ids.tolist() == [6]


@pytest.mark.parametrize(("arguments", "message"), [
    ({"columns": "z"}, "'z', expected one of x, y, t, f"),
    ({"columns": 3}, "got 3, expected names of columns"),
    ({"rows": [4]}, "index 4"),
    ({"rows": [-1]}, "index -1"),
    ({"rows": [True]}, r"a mask of shape \(1,\)"),
    ({"rows": [0.5]}, "dtype float64"),
])
def test_bad_selections(table: NodeTable, arguments: dict, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        table.select(**arguments)


def test_sort_and_top(table: NodeTable) -> None:
    assert table.sort("x").ids.tolist() == ["b", "d", "a", "c"]
    assert table.sort("x", descending=True).ids.tolist() == ["a", "c", "d", "b"]
    assert table.sort("y", descending=True).ids.tolist() == ["d", "a", "c", "b"]
    assert table.sort("t", descending=True).ids.tolist() == ["d", "c", "b", "a"]
    assert table.top("x", 2).ids.tolist() == ["a", "c"]
    assert len(table.top("x", 9)) == 4 and len(table.top("x", 0)) == 0
    with pytest.raises(GraphError, match="argument 'k'"):
        table.top("x", -1)
    mixed = NodeTable(np.arange(2), {"m": np.array([1, "a"], object)})
    with pytest.raises(GraphError, match="a mixture of types"):
        mixed.sort("m")


@given(st.lists(st.tuples(*[st.one_of(st.just(float("nan")), st.integers(-3, 3).map(float),
                                      st.floats(-1e3, 1e3))] * 3), min_size=0, max_size=12),
       st.sampled_from(("spearman", "pearson")))
def test_correlation_is_that_of_pandas(rows: list[tuple], method: str) -> None:
    pytest.importorskip("pandas")
    values = np.array(rows, float).reshape(-1, 3)
    # Differences next to rounding are constant to one and not to the other.
    values = values.round(3)
    table = NodeTable(np.arange(len(values)), dict(zip("abc", values.T, strict=True)))
    ours = table.correlation(method)
    theirs = table.to_pandas().corr(method=method).to_numpy()
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_correlation_by_hand() -> None:
    table = NodeTable(np.arange(4), {
        "a": np.array([1, 2, 3, 4]), "square": np.array([1, 4, 9, 16]),
        "down": np.array([4, 3, 2, 1], np.uint64), "same": np.full(4, 7),
        "huge": np.array([1, 2, 3, 4]) * 2**60, "who": np.array(list("abcd"))})
    expected = np.array([[1, 1, -1, np.nan, 1], [1, 1, -1, np.nan, 1], [-1, -1, 1, np.nan, -1],
                         [np.nan] * 5, [1, 1, -1, np.nan, 1]])
    np.testing.assert_allclose(table.correlation(), expected)
    pearson = table.correlation("pearson", "a,huge,square")
    np.testing.assert_allclose(pearson[0], [1, 1, np.corrcoef([1, 2, 3, 4], [1, 4, 9, 16])[0, 1]])
    with pytest.raises(GraphError, match="one of 'spearman', 'pearson'"):
        table.correlation("kendall")
    with pytest.raises(GraphTypeError, match="'who', of dtype"):
        table.correlation(columns="who")


@given(st.lists(st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6)), max_size=12))
def test_description_is_that_of_pandas(values: list[float]) -> None:
    pytest.importorskip("pandas")
    table = NodeTable(np.arange(len(values)), {"x": np.array(values, float)})
    theirs = table.to_pandas()["x"].describe()
    ours = table.describe()["x"]
    for mine, name in (("count", "count"), ("mean", "mean"), ("min", "min"), ("q25", "25%"),
                       ("median", "50%"), ("q75", "75%"), ("max", "max")):
        assert ours[mine] == pytest.approx(theirs[name], nan_ok=True, abs=1e-6), name
    assert ours["std"] == pytest.approx(table.to_pandas()["x"].std(ddof=0), nan_ok=True, abs=1e-5)


def test_torch(table: NodeTable) -> None:
    torch = pytest.importorskip("torch")
    features = table.to_torch()
    assert features.dtype == torch.float32 and features.shape == (4, 3)
    np.testing.assert_array_equal(features[:, 1], [0.5, np.nan, 0.25, 1.0])
    big = NodeTable(np.arange(1), {"o": np.array([2**60 + 1])})
    assert big.to_torch("o", dtype=torch.int64).item() == 2**60 + 1
    backwards = NodeTable(np.arange(3), {"x": np.arange(3)[::-1]})
    assert backwards.to_torch().ravel().tolist() == [2, 1, 0]
    with pytest.raises(GraphTypeError, match="'t', of dtype <U1, expected columns of numbers"):
        table.to_torch("x,t")
    with pytest.raises(GraphTypeError, match="'t', of dtype"):
        table.to_numpy("t")
    assert NodeTable(np.arange(2), {}).to_torch().shape == (2, 0)


def test_numbers(table: NodeTable) -> None:
    assert table.numbers == ["x", "y", "f"]
    assert table.to_numpy("f,x").tolist() == [[1, 3], [0, 1], [1, 3], [1, 2]]

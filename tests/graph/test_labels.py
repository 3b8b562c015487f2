"""Relabelling against numpy.unique."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal.graph.labels import name_array, relabel


def check(edges: np.ndarray) -> None:
    expected, inverse = np.unique(edges, return_inverse=True)
    index = edges.copy()
    ids, count = relabel(index)
    assert count == len(expected)
    np.testing.assert_array_equal(index, inverse.reshape(edges.shape))
    if ids is None:
        np.testing.assert_array_equal(expected, np.arange(count))
    else:
        np.testing.assert_array_equal(ids, expected)


@given(st.lists(st.tuples(*[st.one_of(
    st.integers(0, 9), st.integers(-100, 100), st.integers(-(2**63), 2**63 - 1),
    st.integers(10**9, 10**9 + 50))] * 2), max_size=30))
def test_relabel(pairs: list[tuple[int, int]]) -> None:
    check(np.array(pairs, np.int64).reshape(-1, 2).T.copy())


@pytest.mark.parametrize("span", [50_000, 10**7, 2**62])
def test_relabel_many(span: int) -> None:
    """Dense ids go through a table, sparse ones through hashing, which has to grow."""
    check(np.random.default_rng(0).integers(0, span, (2, 300_000)))


def test_one_long_name_does_not_widen_all() -> None:
    names = ["a"] * 20_000 + ["b" * 60_000]
    array = name_array(names)
    assert array.dtype == object and array.tolist() == names
    assert name_array(["a", "bc"]).dtype.kind == "U" and len(name_array([])) == 0

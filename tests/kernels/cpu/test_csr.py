"""Sorting and merging of keys, and the numbering of ids, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal.graph.labels import BitRanks, HashRanks, distinct
from graphlocal.kernels.cpu import csr as kernel


@pytest.mark.parametrize("bits", [2, 3, 11, 12, 13, 23, 24, 40, 62])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 3000])
def test_keys_are_sorted_stably_without_their_lowest_bit(
    bits: int, weighted: bool, count: int
) -> None:
    rng = np.random.default_rng(bits * 10 + count)
    key = rng.integers(0, 2**bits, count)
    if count > 2:
        key[rng.random(count) < 0.5] = key[0] ^ 1
    value = rng.random(count if weighted else 0)
    order = np.argsort(key >> 1, kind="stable")
    expected, expected_value = key[order], value[order] if weighted else value
    kernel.sort_keys(key, value, bits)
    np.testing.assert_array_equal(key, expected)
    np.testing.assert_array_equal(value, expected_value)


@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-70, 70)), min_size=1,
                max_size=300))
def test_ranks_of_ids_anywhere(ids: list[int]) -> None:
    values = np.array(ids * 2, np.int64)
    known = distinct(np.array_split(values, 3))
    expected, ranks = np.unique(values, return_inverse=True)
    np.testing.assert_array_equal(known, expected)
    source, target = values.copy(), values[::-1].copy()
    HashRanks(known).replace(source, target)
    np.testing.assert_array_equal(source, ranks)
    np.testing.assert_array_equal(target, ranks[::-1])


@given(st.lists(st.booleans(), min_size=1, max_size=400), st.integers(-(2**62), 2**62))
def test_ranks_of_ids_close_together(seen: list[bool], low: int) -> None:
    flags = np.array([True, *seen])
    ids = np.flatnonzero(flags) + low
    source, target = ids.copy(), ids[::-1].copy()
    BitRanks(low, flags).replace(source, target)
    np.testing.assert_array_equal(source, np.arange(len(ids)))
    np.testing.assert_array_equal(target, np.arange(len(ids))[::-1])

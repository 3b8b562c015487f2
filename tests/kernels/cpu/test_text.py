"""Numbers are parsed to the very double, or left to the caller."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphlocal.kernels.cpu import text as kernel


def parse(word: str) -> tuple[int, float]:
    data = np.frombuffer(word.encode(), np.uint8)
    return kernel.read_number(data, 0, len(data))


@given(st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map("{:.18e}".format),
    st.floats(-1e9, 1e9).map("{:f}".format),
    st.from_regex(r"[+-]?([0-9]{1,25}\.[0-9]{0,25}|\.[0-9]{1,20})([eE][+-]?[0-9]{1,3})?",
                  fullmatch=True),
    st.integers(0, 2**70).map(str),
))
@example("1.2E100")
@example("0.E400")
@example("9007199254740993")
def test_numbers_are_exact(word: str) -> None:
    status, value = parse(word)
    expected = float(word)
    if status == kernel.FINE:
        assert value == expected
        assert np.signbit(value) == np.signbit(expected)
    else:  # too large, or so that a double more of precision would not tell
        assert status == (kernel.NOT_FINITE if np.isinf(expected) and status > 0 else -1)


def test_few_numbers_are_left_to_the_caller() -> None:
    values = np.random.default_rng(0).standard_normal(20_000)
    for form in ("{!r}", "{:.18e}", "{:.6f}"):
        words = [form.format(value) for value in values.tolist()]
        assert all(parse(word) == (kernel.FINE, float(word)) for word in words)


@pytest.mark.parametrize("word", ["", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x1", "1_0", "1 2",
                                  "--1", "nano", "india", "٣"])
def test_words_that_are_no_numbers(word: str) -> None:
    assert parse(word)[0] == kernel.NOT_NUMBER


@pytest.mark.parametrize("word", ["nan", "NaN", "-inf", "Infinity", "1e999", "1" * 400])
def test_numbers_that_are_not_finite(word: str) -> None:
    assert parse(word)[0] == kernel.NOT_FINITE


@given(st.one_of(st.integers(-(2**64), 2**64), st.integers(2**63 - 3, 2**63 + 3),
                 st.integers(-(2**63) - 3, -(2**63) + 3)), st.sampled_from(["", "0", "000"]))
def test_integers(value: int, zeros: str) -> None:
    word = f"{'-' if value < 0 else ''}{zeros}{abs(value)}".encode()
    found = kernel.read_integer(np.frombuffer(word, np.uint8), 0, len(word))
    if -(2**63) <= value < 2**63:
        assert found == (kernel.FINE, value)
    else:
        assert found[0] == kernel.TOO_LARGE

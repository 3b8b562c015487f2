"""Doubles are written as Python writes them, byte for byte."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from graphlocal.kernels.cpu import float_text
from graphlocal.kernels.cpu.parallel import jit


@jit
def write_all(bits: Any, powers: Any, out: Any, ends: Any) -> int:
    at = 0
    for i in range(len(bits)):
        at = float_text.write_float(bits[i], powers, out, at)
        ends[i] = at
    return at


def written(values: ArrayLike) -> list[str]:
    array = np.asarray(values, np.float64)
    room = len(array) * float_text.LONGEST_FLOAT
    out, ends = np.full(room + 8, 255, np.uint8), np.empty(len(array), np.int64)
    size = write_all(array.view(np.uint64), float_text.powers_of_ten(), out, ends)
    assert size <= room
    assert (out[size:] == 255).all(), "written past the end"
    text = out[:size].tobytes().decode("ascii")
    return [text[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def check(values: ArrayLike) -> None:
    array = np.asarray(values, np.float64)
    assert written(array) == list(map(repr, array.tolist()))


def around(values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, np.float64)
    both = [array, np.nextafter(array, 0), np.nextafter(array, np.inf)]
    return np.concatenate([*both, *(-a for a in both)])


@given(st.integers(0, 2**64 - 1))
@example(0x000FFFFFFFFFFFFF)
@example(0x0010000000000000)
@example(0x7FEFFFFFFFFFFFFF)
@example(0xFFF8000000000001)
def test_any_bits(bits: int) -> None:
    check(np.array([bits], np.uint64).view(np.float64))


@given(st.floats())
@example(9007199254740993.0)
@example(2.0**-44)  # as near to one decimal of sixteen digits as to another
@example(-5e-324)
def test_any_double(value: float) -> None:
    check([value])


def test_many_random_bits() -> None:
    rng = np.random.default_rng(0)
    check(rng.integers(0, 2**64, 300_000, dtype=np.uint64).view(np.float64))
    check(rng.integers(0, 2**52, 50_000, dtype=np.uint64).view(np.float64))  # subnormal
    check(rng.random(50_000))
    check(np.round(rng.random(50_000) * 1e6, 3))
    check(rng.integers(-2**63, 2**63, 50_000).astype(np.float64))


def test_powers_of_two_and_their_neighbours() -> None:
    check(around(np.ldexp(1.0, np.arange(-1074, 1024))))


def test_powers_of_ten_and_their_neighbours() -> None:
    check(around([float(f"1e{k}") for k in range(-323, 309)]))


def test_whole_numbers() -> None:
    check(np.arange(20_000))
    check(2.0**53 + 2.0 * np.arange(5_000))
    check(2.0**60 + 2.0**8 * np.arange(-5_000, 5_000))


@pytest.mark.parametrize(("value", "text"), [
    (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (1e-4, "0.0001"), (1e-5, "1e-05"),
    (1.5e-5, "1.5e-05"), (1e15, "1000000000000000.0"), (1e16, "1e+16"), (1e100, "1e+100"),
    (9999999999999998.0, "9999999999999998.0"), (0.1, "0.1"), (5e-324, "5e-324"),
    (1.7976931348623157e308, "1.7976931348623157e+308"), (np.nan, "nan"), (-np.nan, "nan"),
    (np.inf, "inf"), (-np.inf, "-inf"),
])
def test_forms(value: float, text: str) -> None:
    assert written([value]) == [text]


def test_longest_is_the_longest() -> None:
    longest = -2.2250738585072014e-308
    assert len(repr(longest)) == float_text.LONGEST_FLOAT
    check([longest] * 3)


def test_powers_are_exact_or_less_than_one_unit_too_large() -> None:
    exponents = range(float_text._SMALLEST, float_text._LARGEST + 1)
    assert len(float_text.powers_of_ten()) == len(exponents)
    for exponent, (high, low) in zip(
            exponents, float_text.powers_of_ten().tolist(), strict=True):
        unit = Fraction(2) ** (((exponent * float_text._LOG2_10) >> float_text._SHIFT) - 127)
        assert high >> 63 == 1
        assert 0 <= ((high << 64) | low) * unit - Fraction(10) ** exponent < unit


@pytest.mark.parametrize("share", [1, Fraction(3, 4)])
def test_logarithms_are_exact_where_they_are_taken(share: Fraction) -> None:
    more = 0 if share == 1 else float_text._LOG10_THREE_QUARTERS
    for q in range(-1074 if share == 1 else -1073, 972):
        k = (q * float_text._LOG10_2 + more) >> float_text._SHIFT
        assert Fraction(10) ** k <= share * Fraction(2) ** q < Fraction(10) ** (k + 1)
        assert float_text._SMALLEST <= -k <= float_text._LARGEST

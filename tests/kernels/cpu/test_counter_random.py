"""Streams of random numbers against SplitMix64 in plain integers, and against chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from graphlocal.kernels.cpu import counter_random as kernel

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15


class SplitMix:
    """The generator as its authors define it: known outputs below tell that this is it."""

    def __init__(self, state: int) -> None:
        self.state = state

    def __call__(self) -> int:
        self.state = (self.state + STEP) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)


def test_plain_generator_is_splitmix() -> None:
    # First outputs for seed 1234567, as they circulate with the reference code.
    draw = SplitMix(1234567)
    assert [draw() for _ in range(3)] == [
        6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize("bound", [1, 2, 3, 10, 2**31 - 1, 2**40 + 7, 2**62 + 2**61 + 1])
def test_integers_follow_the_stream(bound: int) -> None:
    state, plain = np.uint64(99), SplitMix(99)
    for _ in range(200):
        value, state = kernel.draw_below(np.uint64(state), bound)
        while True:  # numbers that would favour some results are drawn again
            product = plain() * bound
            if product & MASK >= (1 << 64) % bound:
                break
        assert value == product >> 64
        assert int(state) == plain.state


def test_integers_of_a_bound_are_uniform() -> None:
    state, counts = kernel.stream(kernel.draw_key(3, 0, 0), 5), np.zeros(7)
    for _ in range(20_000):
        value, state = kernel.draw_below(np.uint64(state), 7)
        counts[value] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


def test_first_numbers_of_neighbouring_streams_are_uniform_and_unrelated() -> None:
    key = kernel.draw_key(0, 0, 1)
    first = np.array([kernel.draw_below(np.uint64(kernel.stream(key, i)), 16)[0]
                      for i in range(20_000)])
    assert stats.chisquare(np.bincount(first, minlength=16)).pvalue > 1e-4
    table = np.zeros((16, 16))
    np.add.at(table, (first[:-1], first[1:]), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-4


def test_units_are_uniform_and_never_zero() -> None:
    state, values = np.uint64(1), []
    for _ in range(10_000):
        value, state = kernel.draw_unit(np.uint64(state))
        values.append(value)
    assert min(values) > 0 and max(values) <= 1
    assert stats.kstest(values, "uniform").pvalue > 1e-4


def test_keys_tell_seed_epoch_and_purpose_apart() -> None:
    keys = {int(kernel.draw_key(*numbers)) for numbers in np.ndindex(9, 9, 9)}
    assert len(keys) == 9**3
    assert kernel.draw_key(-1, 0, 0) != kernel.draw_key(1, 0, 0)

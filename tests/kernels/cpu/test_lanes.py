"""Sixteen powers of two at once, by both ways there are to make them."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from graphlocal.kernels.cpu import lanes


@pytest.fixture(params=["by the processor", "by arithmetic alone"])
def exp2(request, monkeypatch):
    if request.param == "by arithmetic alone":
        monkeypatch.setattr(lanes, "_can_scale", lambda context: False)
    load, store, power = lanes.load, lanes.store, lanes.exp2

    @njit  # not kept on disk, where one way would be taken for the other
    def apply(x, out):
        for i in range(0, len(x), 16):
            store(out, i, power(load(x, i)))

    def of(values) -> np.ndarray:
        x = np.zeros(-(-len(values) // 16) * 16, np.float32)
        x[: len(values)] = values
        out = np.full_like(x, 7.0)
        apply(x, out)
        return out[: len(values)]

    return of


def test_powers_of_two(exp2) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-126, 127.4, 100_000), rng.uniform(-1, 1, 100_000),
                        rng.standard_normal(1000) * 1e-5]).astype(np.float32)
    truth = np.exp2(x.astype(np.float64))
    assert np.max(np.abs(exp2(x) / truth - 1)) < 1.2e-7
    whole = np.arange(-126, 128)
    np.testing.assert_array_equal(exp2(whole), np.exp2(whole.astype(np.float64)))


def test_the_ends_of_powers(exp2) -> None:
    x = [0.0, -0.0, 129, 1e4, 3e38, np.inf, -151, -1e4, -3e38, -np.inf, np.nan]
    np.testing.assert_array_equal(exp2(x), [1, 1, *[np.inf] * 4, *[0] * 4, np.nan])
    small = exp2(np.linspace(-150, -126, 1000))  # where digits are lost, to 0 at worst
    assert np.all((small >= 0) & (small <= 2.0**-126))

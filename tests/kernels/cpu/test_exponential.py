"""The inlined exponential against the mathematical library's, in and out of range."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numba import njit

from graphlocal.kernels.cpu.exponential import exponential
from graphlocal.kernels.cpu.parallel import jit

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@jit
def apply(x, out):
    for i in range(len(x)):
        out[i] = exponential(x[i])


def of(x: np.ndarray) -> np.ndarray:
    out = np.full_like(x, 7.0)
    apply(x, out)
    return out


@each_dtype
def test_an_ulp_and_a_half(dtype) -> None:
    rng = np.random.default_rng(0)
    low, high = (-87.0, 88.7) if dtype is np.float32 else (-708.0, 709.7)
    x = np.concatenate([rng.uniform(low, high, 200_000), rng.uniform(-2, 2, 200_000),
                        rng.standard_normal(1000) * 1e-5, [0.0, -0.0, low, high]]).astype(dtype)
    truth = np.exp(x.astype(np.longdouble))
    # The spacing of floats at the result, which is not that of the next larger power of two.
    ulp = np.spacing(truth.astype(dtype)).astype(np.longdouble)
    assert np.max(np.abs(of(x) - truth) / ulp) < 1.5


@each_dtype
def test_the_ends(dtype) -> None:
    info = np.finfo(dtype)
    x = np.array([0.0, -np.inf, np.inf, np.nan, info.min, info.max, -1e4, 1e4], dtype)
    np.testing.assert_array_equal(
        of(x), np.array([1, 0, np.inf, np.nan, 0, np.inf, 0, np.inf], dtype))


@each_dtype
def test_subnormal_results(dtype) -> None:
    low, high = (-103.9, -87.4) if dtype is np.float32 else (-745.1, -708.5)
    x = np.linspace(low, high, 10_001).astype(dtype)
    truth = np.exp(x.astype(np.longdouble))
    assert np.max(np.abs(of(x) - truth)) <= 1.5 * np.finfo(dtype).smallest_subnormal
    x = np.linspace(low - 10, low - 0.2, 101).astype(dtype)
    np.testing.assert_array_equal(of(x), np.exp(x))


@each_dtype
def test_a_loop_over_an_array_is_vectorised(dtype) -> None:
    fresh = njit(apply.py_func)  # what comes from a cache has no text
    fresh(np.zeros(3, dtype), np.zeros(3, dtype))
    text, = fresh.inspect_asm().values()
    if "xmm" not in text:
        pytest.skip("not the instructions of x86")
    suffix = "ps" if dtype is np.float32 else "pd"
    assert f"mul{suffix}" in text or re.search(rf"fn?madd\d+{suffix}", text)

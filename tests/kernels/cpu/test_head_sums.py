"""What is summed over the channels of a head, against numpy, for every remainder of a vector."""

from __future__ import annotations

import numpy as np
import pytest

from graphlocal.kernels.cpu import head_sums
from graphlocal.kernels.cpu.parallel import jit

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
LENGTHS = [0, 1, 7, 8, 9, 15, 16, 17, 24, 31, 32, 40, 55]


@jit
def run_dot(x, i, y, j, count):
    return head_sums.dot(x, i, y, j, count)


@jit
def run_add_scaled(out, o, factor, x, i, count):
    head_sums.add_scaled(out, o, factor, x, i, count)


@jit
def run_put_dots(out, o, kept, scale, x, i, y, rows, slot, stride, part, edges, count):
    head_sums.put_dots(out, o, kept, scale, x, i, y, rows, slot, stride, part, edges, count)


@jit
def run_add_weighted(out, o, weight, w, x, rows, slot, stride, part, edges, count):
    head_sums.add_weighted(out, o, weight, w, x, rows, slot, stride, part, edges, count)


@jit
def run_multiply(out, o, factor, count):
    head_sums.multiply(out, o, factor, count)


@jit
def run_vectors(x, i, vectors, value):
    top = head_sums.largest(x, i, vectors, value)
    return top, head_sums.exponentials(x, i, vectors, top)


@jit
def run_fill(x, y, i, vectors, value):
    head_sums.multiply_above(x, i, y, value, vectors)
    head_sums.fill(y, i, vectors, value)


def draw(count: int, dtype, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(count).astype(dtype)


def close(a, b) -> None:
    single = np.asarray(a).dtype == np.float32
    np.testing.assert_allclose(a, b, rtol=1e-5 if single else 1e-12, atol=1e-5 if single else 1e-12)


@each_dtype
@pytest.mark.parametrize("count", LENGTHS)
def test_one_run(count, dtype) -> None:
    x, y = draw(count + 5, dtype), draw(count + 5, dtype, 1)
    close(dtype(run_dot(x, 2, y, 3, count)), x[2:2 + count] @ y[3:3 + count])
    expected = x.copy()
    expected[1:1 + count] += dtype(0.5) * y[4:4 + count]
    run_add_scaled(x, 1, dtype(0.5), y, 4, count)
    close(x, expected)
    expected[3:3 + count] *= dtype(1.5)
    run_multiply(x, 3, dtype(1.5), count)
    close(x, expected)


@each_dtype
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("count", LENGTHS)
def test_runs_of_picked_rows(count, index, dtype) -> None:
    stride, part = count + 4, 3
    table = draw(6 * stride + 1, dtype, 2)
    rows = np.array([9, 5, 0, 2, 2], index)  # the first is outside and not asked for
    picked = np.stack([table[r * stride + part:][:count] for r in rows[1:]])
    x, out = draw(count + 1, dtype, 3), draw(7, dtype, 4)
    before = out.copy()
    expected = 0
    for kept in (False, True):
        run_put_dots(out, 2, kept, dtype(2), x, 1, table, rows, 1, stride, part, 4, count)
        expected = 2 * picked @ x[1:] + (expected if kept else 0)
        close(out[2:6], expected)
    assert (out[[0, 1, 6]] == before[[0, 1, 6]]).all()
    weight, to = draw(6, dtype, 5), draw(count + 2, dtype, 6)
    expected = to.copy()
    expected[1:1 + count] += weight[2:] @ picked
    run_add_weighted(to, 1, weight, 2, table, rows, 1, stride, part, 4, count)
    close(to, expected)


@each_dtype
@pytest.mark.parametrize("edges", range(1, 10))
def test_dots_of_any_number_of_edges(edges, dtype) -> None:
    count, stride = 33, 40
    table, x = draw(10 * stride, dtype, 2), draw(count, dtype, 3)
    rows = np.random.default_rng(edges).permutation(10)[:edges]
    table[rows[-1] * stride + 5] = np.inf  # the last row, which is taken more than once
    expected = np.stack([table[r * stride:][:count] for r in rows]) @ x
    out = np.full(14, np.nan, dtype)
    run_put_dots(out, 1, False, dtype(1), x, 0, table, rows, 0, stride, 0, edges, count)
    close(out[1:1 + edges], expected)
    assert np.isnan(out[0]) and np.isnan(out[1 + edges:]).all()


@each_dtype
def test_whole_vectors(dtype) -> None:
    lanes = head_sums.LANES
    x = draw(3 * lanes + 2, dtype)
    before = x.copy()
    inside = slice(1, 1 + 3 * lanes)
    top, total = run_vectors(x, 1, 3, dtype(-9))
    assert top == before[inside].max()
    expected = np.exp(before[inside] - top)
    close(x[inside], expected)
    close(dtype(total), expected.sum())
    assert (x[[0, -1]] == before[[0, -1]]).all()
    y = draw(len(x), dtype, 1)
    expected, rest = y[inside] * (x[inside] - dtype(0.25)), y[[0, -1]]
    run_fill(x, y, 1, 3, dtype(0.25))
    close(x[inside], expected)
    assert (y[inside] == dtype(0.25)).all() and (y[[0, -1]] == rest).all()


def test_the_largest_passes_over_nan_and_knows_infinities() -> None:
    x = np.full(32, -np.inf, np.float32)
    assert run_vectors(x.copy(), 0, 2, np.float32(-np.inf))[0] == -np.inf
    x[[3, 20]] = np.nan, 7.0
    top, total = run_vectors(x, 0, 2, np.float32(1.0))
    assert top == 7 and np.isnan(total) and x[20] == 1 and x[4] == 0

"""Products of sparse and dense do not depend on threads, blocks or how far ahead they look."""

from __future__ import annotations

import numpy as np
import pytest

from graphlocal.kernels.cpu import adjacency, segment, spmm
from graphlocal.kernels.cpu.parallel import row_blocks, run_blocks, set_num_threads

NODES, EDGES, WIDTH = 900, 70_000, 24


@pytest.fixture
def inputs():
    rng = np.random.default_rng(5)
    target = (rng.pareto(1.0, EDGES) * 7).astype(np.int64) % NODES
    source = rng.integers(0, NODES, EDGES)
    rowptr = np.zeros(NODES + 1, np.int64)
    adjacency.count_rows(target, rowptr)
    rowptr = rowptr.cumsum()
    col, perm = np.empty(EDGES, np.int32), np.empty(EDGES, np.int32)
    adjacency.fill_rows(target, source, rowptr[:-1].copy(), col, perm)
    x = rng.standard_normal((NODES, WIDTH)).astype(np.float32)
    return source, target, rowptr, col, perm, x, rng.standard_normal(EDGES).astype(np.float32)


@pytest.fixture(params=[1, 2, 5])
def threads(request):
    set_num_threads(request.param)
    yield request.param
    set_num_threads(None)


def run_all(inputs, borders):
    _, _, rowptr, col, perm, x, weight = inputs
    flat = x.reshape(-1)
    sums, best, back = (np.full_like(flat, np.nan) for _ in range(3))
    argument = np.full(flat.shape, 7, np.int32)
    dots, given, pooled = (np.full(EDGES, np.nan, np.float32) for _ in range(3))
    run_blocks(spmm.sum_rows, borders, rowptr, col, weight, True, flat, WIDTH, sums)
    run_blocks(spmm.extreme_rows, borders, rowptr, col, perm, weight, np.float32(-1), flat, WIDTH,
               best, argument)
    run_blocks(spmm.dot_rows, borders, rowptr, col, perm, weight, flat, flat, WIDTH, dots)
    run_blocks(spmm.extreme_rows_weight_backward, borders, rowptr, col, perm, argument, flat, flat,
               WIDTH, given)
    run_blocks(spmm.extreme_rows_backward, borders, rowptr, col, perm, weight, argument, flat,
               WIDTH, back)
    run_blocks(segment.sum_segments, borders, rowptr, False, weight, 1, pooled[:NODES])
    return sums, best, argument, dots, given, back, pooled[:NODES]


def test_bit_equal_for_any_number_of_threads(inputs, threads) -> None:
    rowptr = inputs[2]
    alone = run_all(inputs, np.array([0, NODES]))
    borders = row_blocks(rowptr, min_work=500)
    assert len(borders) > 10
    for a, b in zip(run_all(inputs, borders), alone, strict=True):
        assert np.array_equal(a, b)


def test_values(inputs) -> None:
    source, target, rowptr, col, perm, x, weight = inputs
    assert np.array_equal(source[perm], col)
    assert (np.diff(target[perm]) >= 0).all()
    sums, best, argument, dots, *_ = run_all(inputs, row_blocks(rowptr))
    by_edge = np.empty_like(weight)
    by_edge[perm] = weight
    product = x[source] * by_edge[:, None]
    count = np.bincount(target, minlength=NODES)
    expected = np.zeros((NODES, WIDTH))
    np.add.at(expected, target, product.astype(np.float64))
    expected /= np.maximum(count, 1)[:, None]
    assert np.allclose(sums.reshape(NODES, WIDTH), expected, atol=1e-4)
    lowest = np.full((NODES, WIDTH), np.inf)
    np.minimum.at(lowest, target, product)
    assert np.array_equal(best.reshape(NODES, WIDTH), np.where(np.isinf(lowest), 0, lowest))
    argument = argument.reshape(NODES, WIDTH)
    assert ((argument == -1) == (count == 0)[:, None]).all()
    columns = np.broadcast_to(np.arange(WIDTH), argument.shape)[argument >= 0]
    edges = argument[argument >= 0]
    assert np.array_equal(product[edges, columns],
                          best.reshape(NODES, WIDTH)[argument >= 0])
    assert np.allclose(dots, (x[target] * x[source]).sum(1) * by_edge, atol=1e-3)

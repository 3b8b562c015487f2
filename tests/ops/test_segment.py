"""Segment reductions and softmax against loops over the segments."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from graphlocal import GraphError, ops
from tests.ops.graphs import (
    close,
    draw,
    each_backend,
    each_backend_and_reduce,
    each_dtype,
    each_reduce,
)

POINTERS = {
    "none": [0],
    "one_empty": [0, 0],
    "all_empty": [0, 0, 0, 0],
    "one": [0, 6],
    "ends_empty": [0, 0, 3, 3, 3, 7, 7],
    "ones": list(range(9)),
    "long": [0, 1, 90, 90, 97],
}
each_ptr = pytest.mark.parametrize("ptr", [torch.tensor(p) for p in POINTERS.values()],
                                   ids=list(POINTERS))


def pieces(x: Tensor, ptr: Tensor) -> list[Tensor]:
    return [x[a:b] for a, b in zip(ptr.tolist(), ptr.tolist()[1:], strict=False)]


def reduce_by_loops(x: Tensor, ptr: Tensor, reduce: str) -> Tensor:
    out = []
    for piece in pieces(x, ptr):
        if len(piece) == 0:
            out.append(x.new_zeros(x.shape[1:]))
        elif reduce in ("sum", "mean"):
            out.append(getattr(piece, reduce)(0))
        else:
            out.append(getattr(piece, reduce)(0).values)
    return torch.stack(out) if out else x.new_zeros(0, *x.shape[1:])


def softmax_by_loops(x: Tensor, ptr: Tensor) -> Tensor:
    return torch.cat([x[:0], *(piece.softmax(0) for piece in pieces(x, ptr))])


def compare(call, expected, x: Tensor) -> None:
    results = []
    for function in (call, expected):
        inside = x.clone().requires_grad_()
        out = function(inside)
        up = draw(*out.shape, dtype=out.dtype, seed=4)
        (grad,) = torch.autograd.grad(out, inside, up, materialize_grads=True,
                                      allow_unused=True) if out.requires_grad else (
                                          torch.zeros_like(x),)
        results.append((out.detach(), grad))
    for a, b in zip(*results, strict=True):
        close(a, b)


@each_ptr
@each_dtype
@each_backend_and_reduce
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (0,)], ids=str)
def test_reduce(ptr, dtype, reduce, backend, shape, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    x = draw(int(ptr[-1]), *shape, dtype=dtype)
    compare(lambda x: ops.segment_reduce(x, ptr, reduce),
            lambda x: reduce_by_loops(x, ptr, reduce), x)


@each_ptr
@each_dtype
@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (0,)], ids=str)
def test_softmax(ptr, dtype, backend, shape, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    x = 30 * draw(int(ptr[-1]), *shape, dtype=dtype)
    compare(lambda x: ops.segment_softmax(x, ptr), lambda x: softmax_by_loops(x, ptr), x)


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_softmax_at_the_limits(backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    inf = math.inf
    x = torch.tensor([1e30, 1e30, -inf, -inf, 0.0, -inf, -1e30, -2e30], requires_grad=True)
    out = ops.segment_softmax(x, torch.tensor([0, 2, 4, 6, 8]))
    assert out.tolist() == [0.5, 0.5, 0, 0, 1, 0, 1, 0]
    (grad,) = torch.autograd.grad(out, x, draw(8, dtype=torch.float32))
    assert grad.isfinite().all()
    out = ops.segment_softmax(torch.tensor([0.0, inf, 0.0, math.nan, 2.0]),
                              torch.tensor([0, 2, 4, 5]))
    assert out.isnan().tolist() == [True, True, True, True, False]
    assert out[4] == 1


@each_reduce
@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_gradcheck(reduce, backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    ptr = torch.tensor([0, 0, 3, 7, 7])
    x = draw(7, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: ops.segment_reduce(x, ptr, reduce), x)
    assert torch.autograd.gradgradcheck(
        lambda x: ops.segment_reduce(x, ptr, reduce), x, fast_mode=True)
    assert torch.autograd.gradcheck(lambda x: ops.segment_softmax(x, ptr), x)
    assert torch.autograd.gradgradcheck(
        lambda x: ops.segment_softmax(x, ptr), x, fast_mode=True)


@each_reduce
@each_backend
def test_inf_and_nan_stay(reduce, backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    inf, nan = math.inf, math.nan
    x = torch.tensor([1, inf, -inf, -inf, nan, 3, 3, nan, inf, nan])
    ptr = torch.tensor([0, 2, 4, 6, 8, 10])
    expected = {"sum": [inf, -inf, nan, nan, nan], "max": [inf, -inf, nan, nan, nan],
                "min": [1, -inf, nan, nan, nan]}
    close(ops.segment_reduce(x, ptr, reduce), torch.tensor(expected.get(reduce, expected["sum"])))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.int64, torch.int8])
def test_other_dtypes_take_the_reference(dtype) -> None:
    x, ptr = torch.arange(6).to(dtype), torch.tensor([0, 4, 4, 6], dtype=torch.int32)
    assert ops.segment_reduce(x, ptr, "max").tolist() == [3, 0, 5]
    assert ops.segment_reduce(x, ptr, "sum").dtype == dtype
    if dtype.is_floating_point:
        assert ops.segment_softmax(x, ptr).dtype == dtype


@given(sizes=st.lists(st.integers(0, 6), min_size=1, max_size=8), seed=st.integers(0, 999))
def test_batch_is_one_by_one(sizes, seed) -> None:
    ptr = torch.tensor([0, *sizes]).cumsum(0)
    x = draw(sum(sizes), 2, seed=seed)
    for call in (lambda x, p: ops.segment_reduce(x, p, "sum"),
                 lambda x, p: ops.segment_reduce(x, p, "max")):
        alone = [call(piece, torch.tensor([0, len(piece)])) for piece in pieces(x, ptr)]
        assert torch.equal(call(x, ptr), torch.cat(alone))
    soft = [ops.segment_softmax(p, torch.tensor([0, len(p)])) for p in pieces(x, ptr)]
    close(ops.segment_softmax(x, ptr), torch.cat(soft))


@pytest.mark.parametrize(("ptr", "message"), [
    (torch.tensor([0, 9]), "'ptr': got last value 9, expected 4"),
    (torch.tensor([0, 3]), "'ptr': got last value 3, expected 4"),
    (torch.tensor([1, 4]), "'ptr': got first value 1, expected 0"),
    (torch.tensor([-1, 4]), "'ptr': got first value -1"),
    (torch.tensor([0, 3, 1, 4]), "'ptr': got values that fall"),
    (torch.tensor([0, 9, 4]), "'ptr': got values that fall"),
    (torch.tensor([0.0, 4.0]), "'ptr': got dtype float32"),
    (torch.tensor([], dtype=torch.long), r"'ptr': got shape \(0,\)"),
    (torch.tensor([[0, 4]]), r"'ptr': got shape \(1, 2\)"),
    ([0, 4], "'ptr': got list"),
])
@each_backend
def test_bad_ptr(ptr, message, backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    for call in (ops.segment_reduce, ops.segment_softmax):
        with pytest.raises(GraphError, match=message):
            call(torch.ones(4, 2), ptr)
    for reduce in ("mean", "max"):
        with pytest.raises(GraphError, match=message):
            ops.segment_reduce(torch.ones(4, 2), ptr, reduce)


def test_bad_arguments() -> None:
    ptr = torch.tensor([0, 4])
    with pytest.raises(GraphError, match="'reduce': got 'prod'"):
        ops.segment_reduce(torch.ones(4), ptr, "prod")
    with pytest.raises(GraphError, match="'x': got dtype int64, expected a floating-point"):
        ops.segment_softmax(torch.ones(4, dtype=torch.long), ptr)
    with pytest.raises(GraphError, match="'x': got a scalar"):
        ops.segment_reduce(torch.tensor(1.0), ptr)

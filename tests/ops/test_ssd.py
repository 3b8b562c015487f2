"""Chunks of matrix products against the recurrence step by step."""

from __future__ import annotations

import pytest
import torch

from graphlocal import GraphError
from graphlocal.ops.selective_scan import reference
from graphlocal.ops.ssd import ssd

BORDERS = torch.tensor([0, 0, 3, 4, 30, 30, 33, 41, 41])


def draw(rows, heads=4, channels=3, groups=2, states=5, sequences=None, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    return {
        "x": normal(*rows, heads, channels), "dt": normal(*rows, heads),
        "A": -normal(heads).exp(), "B": normal(*rows, groups, states),
        "C": normal(*rows, groups, states), "D": normal(heads), "dt_bias": normal(heads),
        "initial_state": normal(sequences or rows[0], heads, channels, states),
    }


def naive(x, dt, A, B, C, D, dt_bias, initial_state, ptr, reverse):
    """Every channel of a head as one of a selective scan, with the rate of its head."""
    heads, channels = x.shape[-2:]
    states = B.shape[-1]

    def spread(value):
        return value.repeat_interleave(channels, dim=-1)

    if ptr is None:
        ptr = torch.arange(x.shape[0] + 1) * x.shape[1]
        x, dt, B, C = (value.flatten(0, 1) for value in (x, dt, B, C))
    y, last = reference.selective_scan(
        x.flatten(1), spread(dt), spread(A)[:, None].expand(-1, states), B, C, spread(D), None,
        spread(dt_bias), ptr, initial_state.flatten(1, 2), True, (reverse, reverse))
    return y.unflatten(1, (heads, channels)), last.unflatten(1, (heads, channels))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("chunk_size", [1, 8, 64])
@pytest.mark.parametrize(("rows", "ptr"), [((2, 21), None), ((2, 16), None), ((1, 1), None),
                                           ((41,), BORDERS)])
def test_recurrence(rows, ptr, chunk_size, reverse) -> None:
    inputs = draw(rows, sequences=None if ptr is None else len(ptr) - 1)
    found = []
    for function in (
        lambda **values: ssd(**values, dt_softplus=True, reverse=reverse, ptr=ptr,
                             return_last_state=True, chunk_size=chunk_size),
        lambda **values: naive(**values, ptr=ptr, reverse=reverse),
    ):
        leaves = {n: v.clone().requires_grad_() for n, v in inputs.items()}
        y, last = function(**leaves)
        y = y.reshape(inputs["x"].shape)
        weight = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view(y.shape)
        ((y * weight).sum() + last.square().sum()).backward()
        found.append([y.detach(), last.detach(), *(leaf.grad for leaf in leaves.values())])
    for here, there in zip(*found, strict=True):
        torch.testing.assert_close(here, there, rtol=1e-9, atol=1e-9)


def test_single_precision_over_many_chunks() -> None:
    inputs = {n: v.float() for n, v in draw((1, 1000), channels=8).items()}
    y = ssd(**inputs, dt_softplus=True)
    expected = ssd(**{n: v.double() for n, v in inputs.items()}, dt_softplus=True)
    assert (y - expected).abs().max() < 1e-5 * expected.abs().max()
    assert ssd(**{n: v.bfloat16() for n, v in inputs.items()}).dtype == torch.bfloat16


@pytest.mark.parametrize("size", [-100.0, 1e3])
def test_extreme_steps(size) -> None:
    inputs = draw((41,), sequences=8)
    inputs["dt"] = (inputs["dt"] + size).requires_grad_()
    y = ssd(**inputs, dt_softplus=True, ptr=BORDERS)
    y.sum().backward()
    assert y.isfinite().all()
    assert inputs["dt"].grad.isfinite().all()


def test_packed_rows_without_borders_are_one_sequence() -> None:
    inputs = draw((9,), sequences=1)
    whole = {n: v.unsqueeze(0) if n in ("x", "dt", "B", "C") else v for n, v in inputs.items()}
    torch.testing.assert_close(ssd(**inputs), ssd(**whole)[0])


def test_nothing() -> None:
    for rows, ptr, sequences in (((0, 4), None, None), ((3, 0), None, None),
                                 ((0,), torch.tensor([0, 0, 0]), 2)):
        inputs = draw(rows, sequences=sequences)
        y, last = ssd(**inputs, ptr=ptr, return_last_state=True)
        assert y.shape == inputs["x"].shape
        torch.testing.assert_close(last, inputs["initial_state"])


def test_compiles_to_one_graph() -> None:
    torch._dynamo.reset()
    inputs = {n: v for n, v in draw((41,), sequences=8).items() if n != "initial_state"}
    compiled = torch.compile(ssd, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(**inputs, ptr=BORDERS, chunk_size=16),
                               ssd(**inputs, ptr=BORDERS))


def test_refusals() -> None:
    for change, match in (
        ({"dt": torch.ones(2, 7, 3)}, "argument 'dt'"), ({"A": torch.ones(3)}, "argument 'A'"),
        ({"B": torch.ones(2, 7, 3, 5)}, "a divisor of the 4 heads"),
        ({"C": torch.ones(2, 7, 2, 6)}, "that of 'B'"), ({"D": torch.ones(1)}, "argument 'D'"),
        ({"x": torch.ones(4, 3)}, "argument 'x'"), ({"x": torch.ones(2, 7, 4, 3).int()}, "int32"),
        ({"initial_state": torch.ones(1, 4, 3, 5)}, "argument 'initial_state'"),
        ({"chunk_size": 0}, "argument 'chunk_size'"), ({"ptr": torch.tensor([0, 14])}, "packed"),
    ):
        with pytest.raises(GraphError, match=match):
            ssd(**{**draw((2, 7), dtype=torch.float32), **change})
    packed = {n: v for n, v in draw((7,), sequences=2).items() if n != "initial_state"}
    for ptr in ([0, 8], [0, 5, 3, 7], [1, 7]):
        with pytest.raises(GraphError, match="argument 'ptr'"):
            ssd(**packed, ptr=torch.tensor(ptr))


def test_steps_so_large_that_nothing_is_left() -> None:
    """What comes after them, in their sequence and in the next, is as precise as ever."""
    inputs = draw((41,), sequences=8)
    inputs["dt"] = inputs["dt"].abs() * 0.1
    inputs["dt"][[5, 20, 29, 31]] = 1e30
    inputs["x"][[5, 20, 29, 31]] = 0
    values = {n: v for n, v in inputs.items() if n != "dt_bias"}
    found = ssd(**values, ptr=BORDERS, return_last_state=True, chunk_size=16)
    inputs["dt_bias"] = torch.zeros(4, dtype=torch.float64)
    inputs["dt"] = torch.log(torch.expm1(inputs["dt"])).nan_to_num(posinf=1e30)
    for here, there in zip(found, naive(**inputs, ptr=BORDERS, reverse=False), strict=True):
        torch.testing.assert_close(here, there, rtol=1e-9, atol=1e-9)


def test_autocast_leaves_products_precise() -> None:
    inputs = {n: v.float() for n, v in draw((2, 21)).items()}
    with torch.autocast("cpu", torch.bfloat16):
        found = ssd(**inputs, return_last_state=True)
    for here, there in zip(found, ssd(**inputs, return_last_state=True), strict=True):
        assert torch.equal(here, there)


def test_borders_of_no_sequence_and_of_few_bits() -> None:
    inputs = draw((0,), sequences=0)
    inputs["initial_state"] = inputs["initial_state"][:0]
    y, last = ssd(**inputs, ptr=torch.tensor([0]), return_last_state=True)
    assert y.shape == (0, 4, 3)
    assert last.shape == (0, 4, 3, 5)
    inputs = draw((41,), sequences=8)
    assert torch.equal(ssd(**inputs, ptr=BORDERS.to(torch.uint8), reverse=True),
                       ssd(**inputs, ptr=BORDERS, reverse=True))


def test_other_values_than_true_and_false_are_refused() -> None:
    for name, value in (("reverse", "both"), ("dt_softplus", 1), ("dt", None), ("A", None)):
        with pytest.raises(GraphError, match=f"argument '{name}'"):
            ssd(**{**draw((2, 7)), name: value})

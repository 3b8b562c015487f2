from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from graphlocal.nn.dropout import Dropout, dropout


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.7, 0.99])
def test_shares_means_and_gradients(p) -> None:
    torch.manual_seed(0)
    x = torch.randn(300, 401, dtype=torch.float64, requires_grad=True)
    out = dropout(x, p)
    kept = out != 0
    count = x.numel()
    # Five standard deviations of a binomial share.
    assert abs(float(kept.double().mean()) - (1 - p)) < 5 * math.sqrt(p * (1 - p) / count)
    torch.testing.assert_close(out[kept], (x / (1 - p))[kept], rtol=1e-2, atol=0)
    (grad,) = torch.autograd.grad(out.sum(), x)
    torch.testing.assert_close(grad * x, out)
    scale = (out[kept][0] / x[kept][0]).item()
    assert round(65536 / scale) / 65536 == pytest.approx(1 / scale, rel=1e-12)  # exact in mean


def test_neighbours_in_memory_are_independent() -> None:
    torch.manual_seed(1)
    kept = (dropout(torch.ones(1_000_000), 0.5) != 0).double() - 0.5
    for shift in (1, 2, 3, 4, 8, 256, 499_999, 500_000, 500_001):
        correlation = float((kept[shift:] * kept[:-shift]).mean()) / 0.25
        assert abs(correlation) < 5e-3  # five standard deviations


def test_the_seed_decides_and_evaluation_changes_nothing() -> None:
    x = torch.randn(100, 100)
    module = Dropout(0.4)
    torch.manual_seed(3)
    first = module(x)
    torch.manual_seed(3)
    assert torch.equal(first, module(x))
    assert not torch.equal(first, module(x))
    assert module.eval()(x) is x
    assert dropout(x, 0.0) is x
    assert repr(module) == "Dropout(p=0.4, inplace=False)"


@pytest.mark.parametrize("p", [0.5, 1.0])
@pytest.mark.parametrize("size", [0, 1, 4095])
def test_few_elements_are_left_to_torch(size, p) -> None:
    x = torch.randn(size)
    torch.manual_seed(0)
    got = dropout(x, p)
    torch.manual_seed(0)
    assert torch.equal(got, F.dropout(x, p))


def test_it_compiles() -> None:
    x = torch.ones(100, 100)
    compiled = torch.compile(Dropout(0.5), fullgraph=True, backend="eager")
    assert set(compiled(x).flatten().tolist()) == {0.0, 2.0}


def test_odd_shapes_and_strides() -> None:
    x = torch.ones(67, 101).t()[:, 1:]
    assert dropout(x, 0.25).shape == (101, 66)
    half = dropout(torch.ones(70, 71, dtype=torch.bfloat16), 0.5)
    assert half.dtype == torch.bfloat16 and set(half.flatten().tolist()) == {0.0, 2.0}


def test_draws_are_independent_of_each_other() -> None:
    torch.manual_seed(2)
    kept = torch.stack([dropout(torch.ones(200_001), 0.5) != 0 for _ in range(12)]).double() - 0.5
    correlation = (kept @ kept.t()) / kept.size(1) * 4
    off = correlation - torch.eye(12, dtype=torch.float64)
    assert off.abs().max() < 5 / 200_001 ** 0.5 * 1.2
    # Nor is any place luckier than others: of twelve draws, a binomial number keeps it.
    count = (kept > 0).sum(dim=0).double()
    assert count.var() == pytest.approx(3.0, rel=0.03)


def test_the_gradient_has_a_gradient_and_infinities_stay() -> None:
    x = torch.randn(70, 80, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    (grad,) = torch.autograd.grad((dropout(x, 0.4) ** 3).sum(), x, create_graph=True)
    scale = grad / (3 * x**2)  # mask times the cube of the scale
    (second,) = torch.autograd.grad(grad.sum(), x)
    torch.testing.assert_close(second, scale * 6 * x)
    bad = torch.full((100, 100), math.nan)
    assert dropout(bad, 0.5).isnan().all()


def test_forward_differentiation() -> None:
    import torch.autograd.forward_ad as forward

    x, direction = torch.ones(100, 100), torch.randn(100, 100)
    with forward.dual_level():
        out = forward.unpack_dual(dropout(forward.make_dual(x, direction), 0.3))
        torch.testing.assert_close(out.tangent, out.primal * direction)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_any_number_of_threads_gives_the_same(monkeypatch, threads) -> None:
    from graphlocal.kernels.cpu import parallel

    torch.manual_seed(0)
    expected = dropout(torch.ones(1_000_003), 0.3)
    monkeypatch.setattr(parallel, "_threads", int(threads))
    torch.manual_seed(0)
    assert torch.equal(dropout(torch.ones(1_000_003), 0.3), expected)

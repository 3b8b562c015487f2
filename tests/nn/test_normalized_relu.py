from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from graphlocal.kernels.cpu import parallel
from graphlocal.nn.dropout import Dropout
from graphlocal.nn.normalized_relu import Branch, normalized_relu


def parts(width: int, with_norm: bool, dtype=torch.float64) -> tuple[torch.Tensor, nn.LayerNorm]:
    torch.manual_seed(0)
    x = torch.randn(5000, width, dtype=dtype) * 3 + 1
    norm = None
    if with_norm:
        norm = nn.LayerNorm(width, dtype=dtype)
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    return x, norm


@pytest.mark.parametrize("width", [1, 2, 7, 64])
@pytest.mark.parametrize("with_norm", [False, True])
@pytest.mark.parametrize("p", [0.0, 0.3])
def test_equals_its_parts_with_every_gradient(width, with_norm, p) -> None:
    x, norm = parts(width, with_norm)
    x.requires_grad_()
    torch.manual_seed(1)
    out = normalized_relu(x, norm, p)
    whole = x if norm is None else norm(x)
    # Where a positive value became zero it was dropped; others of a row say nothing of it.
    keep = (out > 0) | (whole <= 0)
    scale = round((1 - p) * 2**16) / 2**16
    expected = whole.relu() * keep / scale
    torch.testing.assert_close(out, expected)
    share = float(keep[whole > 0].double().mean())
    count = int((whole > 0).sum())
    assert abs(share - scale) <= 5 * math.sqrt(p * (1 - p) / max(count, 1))
    weights = torch.randn_like(out)
    variables = [x] if norm is None else [x, norm.weight, norm.bias]
    got = torch.autograd.grad((out * weights).sum(), variables)
    want = torch.autograd.grad((expected * weights).sum(), variables)
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b)


def test_the_gradient_has_a_gradient() -> None:
    x, norm = parts(8, True)
    x = x[:600].requires_grad_()

    def second(function) -> tuple[torch.Tensor, ...]:
        (grad,) = torch.autograd.grad((function() ** 2).sum(), x, create_graph=True)
        return torch.autograd.grad((grad**2).sum(), [x, norm.weight, norm.bias])

    for a, b in zip(second(lambda: normalized_relu(x, norm)), second(lambda: norm(x).relu()),
                    strict=True):
        torch.testing.assert_close(a, b)


def test_both_halves_of_a_row_and_rows_are_independent() -> None:
    torch.manual_seed(1)
    kept = (normalized_relu(torch.ones(20_000, 50), None, 0.5) != 0).double() - 0.5
    assert abs(float((kept[:, :25] * kept[:, 25:]).mean())) * 4 < 5 / math.sqrt(500_000)
    flat = kept.flatten()
    for shift in (1, 2, 25, 26, 50, 51, 500_000):
        assert abs(float((flat[shift:] * flat[:-shift]).mean())) * 4 < 5 / math.sqrt(500_000)


def test_a_branch_is_a_sequence() -> None:
    torch.manual_seed(0)
    modules = [nn.Linear(8, 16), nn.LayerNorm(16), Dropout(0.4), nn.ReLU(), nn.Linear(16, 8),
               Dropout(0.2), nn.ReLU(), nn.Linear(8, 1)]
    branch, plain = Branch(*modules), nn.Sequential(*modules)
    assert list(branch.state_dict()) == list(plain.state_dict())
    x = torch.randn(3000, 8)
    assert not torch.equal(branch(x), branch(x))
    assert isinstance(branch[1:], Branch)
    branch.eval()
    torch.testing.assert_close(branch(x), plain(x))
    torch.testing.assert_close(branch(x[:2]), plain(x[:2]))
    seen = []
    handle = branch[3].register_forward_hook(lambda *_: seen.append(1))
    branch(x)
    handle.remove()
    assert seen == [1]
    compiled = torch.compile(branch, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x), plain(x))


def test_nan_and_infinity_stay_and_empty_is_empty() -> None:
    x = torch.full((100, 64), math.nan)
    assert normalized_relu(x, None, 0.5).isnan().all()
    assert normalized_relu(x, nn.LayerNorm(64), 0.5).isnan().all()
    assert normalized_relu(torch.full((100, 64), math.inf)).isinf().all()
    assert normalized_relu(torch.zeros(0, 4), nn.LayerNorm(4), 0.5).shape == (0, 4)
    assert not normalized_relu(torch.ones(100, 64), None, 1.0).any()


def test_strides_threads_and_other_types(monkeypatch) -> None:
    norm = nn.LayerNorm(101)
    x = torch.randn(101, 3000).t()
    results = []
    for threads in (1, 2):
        monkeypatch.setattr(parallel, "_threads", threads)
        torch.manual_seed(0)
        norm.zero_grad()
        out = normalized_relu(x, norm, 0.3)
        out.square().sum().backward()
        results.append([out, norm.weight.grad.clone(), norm.bias.grad.clone()])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    half = normalized_relu(torch.ones(100, 64, dtype=torch.bfloat16), None, 0.5)
    assert half.dtype == torch.bfloat16
    with torch.autocast("cpu"):
        assert normalized_relu(x, norm).shape == x.shape

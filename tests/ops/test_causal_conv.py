"""The short convolution against torch's own, packed and in every direction."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional

from graphlocal import GraphError
from graphlocal.kernels.cpu import parallel
from graphlocal.ops.causal_conv import causal_conv

each_direction = pytest.mark.parametrize("reverse", [False, True, "both"])
BORDERS = torch.tensor([0, 0, 1, 3, 18, 51, 51])


def draw(*rows: int, channels: int = 20, width: int = 4) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(*shape, generator=generator)
            for shape in ((*rows, channels), (channels, width), (channels,))]


def gradients(inputs, dtype, **options) -> list[torch.Tensor]:
    leaves = [value.detach().to(dtype).requires_grad_() for value in inputs]
    y = causal_conv(*leaves, **options)
    y.backward(torch.linspace(-1, 1, y.numel(), dtype=dtype).view(y.shape))
    return [y.detach(), *(leaf.grad for leaf in leaves)]


@pytest.mark.parametrize("width", [1, 2, 4, 7])
def test_torch(width) -> None:
    x, weight, bias = (value.double() for value in draw(2, 9, width=width))
    expected = functional.conv1d(x.transpose(1, 2), weight.unsqueeze(1), bias, padding=width - 1,
                                 groups=20)[..., :9].transpose(1, 2)
    torch.testing.assert_close(causal_conv(x, weight, bias), expected)
    torch.testing.assert_close(causal_conv(x, weight, bias, silu=True), functional.silu(expected))
    backwards = causal_conv(x.flip(1), weight, bias, reverse=True).flip(1)
    torch.testing.assert_close(backwards, expected)


@each_direction
@pytest.mark.parametrize("silu", [False, True])
@pytest.mark.parametrize("ptr", [None, BORDERS])
def test_kernel(reverse, silu, ptr) -> None:
    inputs = draw(51, channels=34)
    single, double = (gradients(inputs, dtype, reverse=reverse, silu=silu, ptr=ptr)
                      for dtype in (torch.float32, torch.float64))
    for found, expected in zip(single, double, strict=True):
        torch.testing.assert_close(found, expected.float(), rtol=1e-4, atol=1e-5)


@each_direction
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_packed_is_one_by_one(reverse, dtype) -> None:
    x, weight, bias = (value.to(dtype) for value in draw(51))
    expected = [causal_conv(x[start:stop].unsqueeze(0), weight, bias, reverse=reverse)[0]
                for start, stop in itertools.pairwise(BORDERS)]
    torch.testing.assert_close(causal_conv(x, weight, bias, reverse=reverse, ptr=BORDERS),
                               torch.cat(expected))


def test_results_do_not_depend_on_threads() -> None:
    found, inputs = [], draw(1, 20_000, channels=34)
    for count in (1, 3):
        parallel.set_num_threads(count)
        try:
            found.append(gradients(inputs, torch.float32, silu=True))
        finally:
            parallel.set_num_threads(None)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_gradients_of_gradients() -> None:
    inputs = [value.double().requires_grad_() for value in draw(5, channels=2, width=2)]

    def call(*values):
        return causal_conv(*values, reverse="both", ptr=torch.tensor([0, 2, 5]), silu=True)

    assert torch.autograd.gradcheck(call, inputs)
    assert torch.autograd.gradgradcheck(call, inputs)
    second = []
    for dtype in (torch.float32, torch.float64):
        leaves = [value.detach().to(dtype).requires_grad_() for value in inputs]
        (grad,) = torch.autograd.grad(call(*leaves).square().sum(), leaves[0], create_graph=True)
        second.append(torch.autograd.grad(grad.square().sum(), leaves))
    for here, there in zip(*second, strict=True):
        torch.testing.assert_close(here, there.float(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiles_to_one_graph(dtype) -> None:
    torch._dynamo.reset()
    compiled = torch.compile(causal_conv, fullgraph=True, backend="aot_eager")
    x, weight, bias = (value.to(dtype).requires_grad_() for value in draw(51))
    found = compiled(x, weight, bias, ptr=BORDERS, silu=True)
    expected = causal_conv(x, weight, bias, ptr=BORDERS, silu=True)
    torch.testing.assert_close(found, expected)
    for here, there in zip(torch.autograd.grad(found.sum(), (x, weight, bias)),
                           torch.autograd.grad(expected.sum(), (x, weight, bias)), strict=True):
        torch.testing.assert_close(here, there)


def test_refusals() -> None:
    x, weight, bias = draw(2, 7)
    for arguments, match in (
        ((x[0, 0], weight), "argument 'x'"), ((x, weight[:19]), "argument 'weight'"),
        ((x, weight[:, :0]), "w >= 1"), ((x, weight, bias[:3]), "argument 'bias'"),
        ((x.long(), weight), "dtype int64"),
    ):
        with pytest.raises(GraphError, match=match):
            causal_conv(*arguments)
    for ptr in (torch.tensor([0, 8]), torch.tensor([0, 5, 3, 7]), torch.tensor([1, 7])):
        for kind in (torch.float32, torch.float64):
            with pytest.raises(GraphError, match="argument 'ptr'"):
                causal_conv(x[0].to(kind), weight.to(kind), ptr=ptr)


def test_gradients_of_third_order() -> None:
    found = []
    for dtype in (torch.float32, torch.float64):
        x = torch.tensor([[0.5], [1.2], [0.3]], dtype=dtype, requires_grad=True)
        y = causal_conv(x, torch.ones(1, 2, dtype=dtype), silu=True) * x
        for _ in range(3):
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        found.append(y.detach().float())
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4)


def test_nothing_is_refused_by_name() -> None:
    x, weight, _ = draw(2, 7)
    for arguments, options, match in (
        ((None, weight), {}, "argument 'x': got None"), ((x, None), {}, "argument 'weight'"),
        ((x[..., :0], weight[:0]), {}, "not empty"), ((x, weight), {"silu": 1}, "argument 'silu'"),
    ):
        with pytest.raises(GraphError, match=match):
            causal_conv(*arguments, **options)

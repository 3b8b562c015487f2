"""Tangents, gradients and batches of ``torch.func``, none of which may be lost on the way."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import forward_ad

from graphlocal import ops
from graphlocal.nn import GCNConv
from graphlocal.ops import mode

EDGES = torch.tensor([[0, 1, 2, 2, 3, 3, 1], [1, 1, 0, 3, 0, 0, 1]])
PTR = torch.tensor([0, 2, 2, 5])


def cases():
    weight = torch.rand(7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for reduce in ("sum", "mean", "max", "min"):
        yield f"spmm-{reduce}", lambda x, reduce=reduce: ops.spmm(EDGES, x, weight, reduce)
        yield f"segment-{reduce}", lambda x, reduce=reduce: ops.segment_reduce(x, PTR, reduce)
    yield "softmax", lambda x: ops.segment_softmax(x, PTR)


@pytest.fixture(params=[pytest.param(op, id=name) for name, op in cases()])
def op(request):
    return request.param


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def reverse_jacobian(op, x: torch.Tensor) -> torch.Tensor:
    return torch.autograd.functional.jacobian(op, x)


def test_forward_mode(op, x) -> None:
    tangent = torch.randn_like(x)
    expected = torch.einsum("ijkl,kl->ij", reverse_jacobian(op, x), tangent)
    for leaf in (x, x.clone().requires_grad_()):
        with forward_ad.dual_level():
            made = forward_ad.unpack_dual(op(forward_ad.make_dual(leaf, tangent)))
            torch.testing.assert_close(made.tangent, expected)
    torch.testing.assert_close(torch.func.jvp(op, (x,), (tangent,))[1], expected)


def test_transforms(op, x) -> None:
    expected = reverse_jacobian(op, x)
    torch.testing.assert_close(torch.func.jacrev(op)(x), expected)
    torch.testing.assert_close(torch.func.jacfwd(op)(x), expected)
    gradient = torch.func.grad(lambda x: op(x).square().sum())(x)
    torch.testing.assert_close(gradient, 2 * torch.einsum("ijkl,ij->kl", expected, op(x)))
    many = torch.stack([x, -x, 2 * x])
    torch.testing.assert_close(torch.func.vmap(op)(many), torch.stack([op(one) for one in many]))


def test_gradients_of_a_layer_per_sample(x) -> None:
    conv = GCNConv(3, 2).double()
    parameters = dict(conv.named_parameters())

    def loss(parameters, x):
        return torch.func.functional_call(conv, parameters, (x, EDGES)).square().sum()

    samples = torch.stack([x, 3 * x])
    found = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, samples)
    for number, sample in enumerate(samples):
        conv.zero_grad()
        conv(sample, EDGES).square().sum().backward()
        for name, parameter in conv.named_parameters():
            torch.testing.assert_close(found[name][number], parameter.grad)


def test_without_torchs_private_names_all_is_right_and_nothing_remembered(x, monkeypatch) -> None:
    expected = ops.spmm(EDGES.clone(), x)
    monkeypatch.setattr(mode, "_interpreter", None)
    edge_index = EDGES.clone()
    leaf = x.clone().requires_grad_()
    out = ops.spmm(edge_index, leaf)
    out.sum().backward()
    assert torch.equal(out, expected) and leaf.grad is not None
    assert ops.as_adjacency(edge_index, 5) is not ops.as_adjacency(edge_index, 5)

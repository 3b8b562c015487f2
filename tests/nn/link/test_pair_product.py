from __future__ import annotations

import pytest
import torch

from graphlocal.kernels.cpu import parallel
from graphlocal.nn.link.pair_product import pair_product


@pytest.mark.parametrize("nodes, pairs, width", [(50, 3000, 7), (3, 5000, 1), (9000, 800, 16),
                                                 (5, 0, 4), (1, 4096, 3)])
def test_equals_indexing_with_every_gradient(nodes, pairs, width) -> None:
    torch.manual_seed(0)
    x = torch.randn(nodes, width, dtype=torch.float64, requires_grad=True)
    index = torch.randint(nodes, (2, pairs))
    out, want = pair_product(x, index), x[index[0]] * x[index[1]]
    torch.testing.assert_close(out, want, rtol=0, atol=0)
    weights = torch.randn_like(out)
    (grad,) = torch.autograd.grad((out * weights).sum(), x, create_graph=True)
    (expected,) = torch.autograd.grad((want * weights).sum(), x, create_graph=True)
    torch.testing.assert_close(grad, expected)
    (plain,) = torch.autograd.grad((pair_product(x, index) * weights).sum(), x)
    torch.testing.assert_close(plain, expected)
    torch.testing.assert_close(torch.autograd.grad(grad.square().sum(), x),
                               torch.autograd.grad(expected.square().sum(), x))


def test_strides_threads_and_compilers(monkeypatch) -> None:
    x = torch.randn(20, 300).t().requires_grad_()
    index = torch.randint(300, (4000, 2)).t()
    grads = []
    for threads in (1, 2):
        monkeypatch.setattr(parallel, "_threads", threads)
        grads.append(torch.autograd.grad(pair_product(x, index).square().sum(), x)[0])
    assert torch.equal(*grads)
    compiled = torch.compile(pair_product, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x, index), pair_product(x, index))

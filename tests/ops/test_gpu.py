"""Ops and layers on a CUDA device give what they give on the processor."""

from __future__ import annotations

import pytest
import torch

from graphlocal import ops
from tests.ops.graphs import close, draw, each_reduce, zoo
from tests.zoo import each_zoo_graph

pytestmark = [pytest.mark.gpu,
              pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]


@each_zoo_graph
@each_reduce
def test_spmm(name: str, reduce: str) -> None:
    edge_index, num_nodes = zoo(name)
    found = []
    for device in ("cpu", "cuda"):
        x = draw(num_nodes, 5).to(device).requires_grad_()
        weight = draw(edge_index.shape[1], seed=1).to(device).requires_grad_()
        out = ops.spmm(edge_index.to(device), x, weight, reduce)
        out.backward(draw(*out.shape, seed=2).to(device))
        found.append([t.cpu() for t in (out.detach(), x.grad, weight.grad)])
    for here, there in zip(*found, strict=True):
        close(here, there)


@each_reduce
def test_segments(reduce: str) -> None:
    x, ptr = draw(9, 3), torch.tensor([0, 0, 4, 4, 9])
    close(ops.segment_reduce(x.cuda(), ptr.cuda(), reduce).cpu(),
          ops.segment_reduce(x, ptr, reduce))
    close(ops.segment_softmax(x.cuda(), ptr.cuda()).cpu(), ops.segment_softmax(x, ptr))


@each_zoo_graph
@pytest.mark.parametrize("width", [3, 32])
def test_neighbor_attention(name: str, width: int) -> None:
    edge_index, num_nodes = zoo(name)
    found = []
    for device in ("cpu", "cuda"):
        q, k, v = (draw(num_nodes, 2, width, seed=seed).float().to(device).requires_grad_()
                   for seed in range(3))
        bias = draw(edge_index.shape[1], 2, seed=3).float().to(device).requires_grad_()
        out = ops.neighbor_attention(q, k, v, edge_index.to(device), bias)
        out.backward(draw(*out.shape, seed=4).float().to(device))
        found.append([t.cpu() for t in (out.detach(), q.grad, k.grad, v.grad, bias.grad)])
    for here, there in zip(*found, strict=True):
        torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-4)


def test_neighbor_attention_in_half_precision() -> None:
    edge_index, num_nodes = zoo("random")
    q, k, v = (draw(num_nodes, 2, 16, seed=seed).half() for seed in range(3))
    expected = ops.neighbor_attention(q, k, v, edge_index)
    found = ops.neighbor_attention(q.cuda(), k.cuda(), v.cuda(), edge_index.cuda())
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("reverse", [False, True, "both"])
@pytest.mark.parametrize("lengths", [[0, 1, 2, 15, 0, 16, 17, 70], [3000], [5] * 4000])
@pytest.mark.parametrize(("groups", "constant"), [(1, ""), (4, ""), (1, "BC")])
def test_selective_scan(reverse, lengths: list[int], groups: int, constant: str) -> None:
    ptr, channels, states = torch.tensor([0, *lengths]).cumsum(0), 40, 5
    rows = int(ptr[-1])

    def coefficient(name: str, seed: int) -> torch.Tensor:
        return draw(*((channels,) if name in constant else (rows, groups)), states, seed=seed)

    values = [draw(rows, channels), draw(rows, channels, seed=1),
              -draw(channels, states, seed=2).exp(), coefficient("B", 3), coefficient("C", 4),
              draw(channels, seed=5), draw(rows, channels, seed=6), draw(channels, seed=7),
              draw(len(lengths), channels, states, seed=8)]
    found = []
    for device, dtype in (("cpu", torch.float64), ("cuda", torch.float32)):
        leaves = [x.to(device, dtype).requires_grad_() for x in values]
        y, last = ops.selective_scan(
            *leaves[:8], delta_softplus=True, reverse=reverse, ptr=ptr.to(device),
            initial_state=leaves[8], return_last_state=True)
        upper = [draw(*x.shape, seed=9).to(x) for x in (y, last)]
        found.append([y, last, *torch.autograd.grad([y, last], leaves, upper)])
    for here, there in zip(*found, strict=True):
        worst = (here - there.cpu()).abs().max()
        assert worst <= 1e-5 * here.abs().max()


def test_selective_scan_gives_the_same_every_time() -> None:
    u = draw(1, 2000, 64).float().cuda()
    delta, A = u.abs().requires_grad_(), -torch.ones(64, 16, device="cuda")
    B = draw(1, 2000, 16, seed=1).float().cuda().requires_grad_()
    found = [torch.autograd.grad(ops.selective_scan(u, delta, A, B, B).square().sum(), (delta, B))
             for _ in range(3)]
    assert all(torch.equal(x, y) for other in found[1:]
               for x, y in zip(found[0], other, strict=True))


def test_wrong_indices_never_reach_the_device() -> None:
    with pytest.raises(ValueError, match="index 9"):
        ops.spmm(torch.tensor([[0], [9]]).cuda(), draw(4, 2).cuda())


def test_layers() -> None:
    from graphlocal.nn import GCNConv

    edge_index, num_nodes = zoo("hub")
    conv, x = GCNConv(5, 4).double(), draw(num_nodes, 5)
    expected = conv(x, edge_index)
    close(conv.cuda()(x.cuda(), edge_index.cuda()).detach().cpu(), expected.detach())

from __future__ import annotations

import pytest
import torch

from graphlocal.graph.checks import GraphError
from graphlocal.nn.ssm import NodeScan, order_nodes


def graph(nodes: int, edges: int, seed: int = 0) -> torch.Tensor:
    pairs = torch.randint(nodes, (2, edges), generator=torch.Generator().manual_seed(seed))
    return torch.cat([pairs, pairs.flip(0)], 1)


def scan(**options) -> NodeScan:
    torch.manual_seed(0)
    return NodeScan(8, d_state=4, **options)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_it_is_the_block_along_the_sorted_nodes(bidirectional) -> None:
    made, edge_index, x = scan(bidirectional=bidirectional, noise=False), graph(20, 60), \
        torch.randn(20, 8)
    order = order_nodes(edge_index, num_nodes=20, noise=False)
    sequence = made.block(x[order][None])[0]
    expected = torch.empty_like(x)
    expected[order] = sequence
    assert torch.allclose(made(x, edge_index), expected, atol=1e-6)


@pytest.mark.parametrize("options", [
    {}, {"num_orders": 3}, {"buckets": 3}, {"order": "random"}, {"order": "core"},
    {"bidirectional": False, "num_orders": 2, "buckets": 2}], ids=str)
def test_a_batch_of_very_different_sizes_is_its_graphs_one_by_one(options) -> None:
    made, sizes = scan(**options).eval(), [1, 90, 3, 17, 2]
    xs = [torch.randn(n, 8) for n in sizes]
    parts = [graph(n, 2 * n, seed=n) if n > 1 else torch.zeros(2, 0, dtype=torch.long)
             for n in sizes]
    first = torch.tensor([0, *sizes]).cumsum(0)
    together = torch.cat([part + start for part, start in zip(parts, first, strict=False)], 1)
    batch = torch.arange(5).repeat_interleave(torch.tensor(sizes))
    with torch.no_grad():
        alone = torch.cat([made(x, part) for x, part in zip(xs, parts, strict=True)])
        assert torch.allclose(made(torch.cat(xs), together, batch), alone, atol=1e-5)


def test_gradients_are_those_of_plain_indices() -> None:
    made, edge_index = scan(noise=False).double(), graph(12, 30)
    x = torch.randn(12, 8, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(12, 8, dtype=torch.float64)
    order = order_nodes(edge_index, num_nodes=12, noise=False)
    expected = (made.block(x[order], torch.tensor([0, 12]))[order.argsort()] * weight).sum()
    (made(x, edge_index) * weight).sum().backward()
    assert torch.allclose(x.grad, torch.autograd.grad(expected, x)[0], atol=1e-10)


def test_training_draws_and_evaluation_does_not() -> None:
    made, x = scan(num_orders=2), torch.randn(30, 8)
    nothing = torch.zeros(2, 0, dtype=torch.long)
    assert not torch.allclose(made(x, nothing), made(x, nothing))
    made.eval()
    assert torch.equal(made(x, nothing), made(x, nothing))
    other = scan(num_orders=2, seed=1).eval()
    assert not torch.allclose(made(x, nothing), other(x, nothing))


def test_orders_are_averaged() -> None:
    # One of two nodes without edges comes first in either order, or both ways occur.
    x, nothing = torch.randn(2, 8), torch.zeros(2, 0, dtype=torch.long)
    one = scan(bidirectional=False)
    forth = one.block(x, torch.tensor([0, 2]))
    back = one.block(x.flip(0), torch.tensor([0, 2])).flip(0)
    many = scan(bidirectional=False, num_orders=64).eval()(x, nothing)
    share = (many - back).norm() / (forth - back).norm()
    assert torch.allclose(many, torch.lerp(back, forth, share), atol=1e-5)
    assert 0.2 < share < 0.8


def test_nodes_of_a_bucket_see_each_other_alone() -> None:
    made, x = scan(buckets=3).eval(), torch.randn(30, 8)
    nothing = torch.zeros(2, 0, dtype=torch.long)
    with torch.no_grad():
        before = made(x, nothing)
        seen = []
        for v in range(30):
            other = x.clone()
            other[v] += 1
            seen.append((made(other, nothing) - before).abs().sum(1) > 1e-7)
    seen = torch.stack(seen)
    assert torch.equal(seen, seen.t())
    groups = {tuple(row.nonzero().flatten().tolist()) for row in seen}
    assert sorted(map(len, groups)) == [10, 10, 10]
    assert sorted(v for group in groups for v in group) == list(range(30))


def test_no_nodes_and_bad_input() -> None:
    made, nothing = scan(), torch.zeros(2, 0, dtype=torch.long)
    assert made(torch.zeros(0, 8), nothing).shape == (0, 8)
    with pytest.raises(GraphError, match="x"):
        made(torch.zeros(3, 7), nothing)
    with pytest.raises(GraphError, match="batch"):
        made(torch.zeros(3, 8), nothing, torch.tensor([0, 1, 0]))
    for name in ("num_orders", "buckets"):
        with pytest.raises(GraphError, match=name):
            NodeScan(8, **{name: 0})
    with pytest.raises(GraphError, match="order"):
        NodeScan(8, order="size")


def test_the_noise_of_a_seed_depends_on_the_place_within_the_graph() -> None:
    nothing = torch.zeros(2, 0, dtype=torch.long)
    alone = order_nodes(nothing, num_nodes=50, seed=3)
    assert sorted(alone.tolist()) == list(range(50)) != alone.tolist()
    assert torch.equal(alone, order_nodes(nothing, num_nodes=50, seed=3))
    assert not torch.equal(alone, order_nodes(nothing, num_nodes=50, seed=4))
    batch = torch.tensor([0] * 7 + [1] * 50)
    assert torch.equal(order_nodes(nothing, num_nodes=57, batch=batch, seed=3)[7:] - 7, alone)
    # No node is favoured: over many seeds the first place goes to all about as often.
    first = torch.tensor([order_nodes(nothing, num_nodes=8, seed=seed)[0] for seed in range(800)])
    count = first.bincount(minlength=8)
    assert count.min() > 60 and count.max() < 145

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import GraphError
from graphlocal.nn.attention import BiLevelRoutingAttention, DenseAttention, bfs_partition
from tests.nn.attention.plain import close, features, plain_attention
from tests.zoo import ZOO


def layer_of(**kwargs) -> BiLevelRoutingAttention:
    torch.manual_seed(0)
    return BiLevelRoutingAttention(8, 2, **kwargs).double()


def seen(layer, x, part, topk) -> torch.Tensor:
    """0 where a node may look, minus infinity elsewhere, part by part."""
    names = part.unique().tolist()
    q, k = layer.lin_query(x).detach(), layer.lin_key(x).detach()
    mask = torch.full((len(x), len(x)), -float("inf"), dtype=x.dtype)
    for p in names:
        score = {r: float(q[part == p].mean(0) @ k[part == r].mean(0)) for r in names}
        for r in sorted(names, key=lambda r: -score[r])[:topk]:
            mask[(part == p)[:, None] & (part == r)] = 0
    return mask


def test_with_all_parts_it_is_dense_attention() -> None:
    x, part = features(30), torch.randint(7, (30,))
    batch = torch.arange(30) // 13
    layer = layer_of(topk=7)
    dense = DenseAttention(8, 2).double()
    dense.load_state_dict(layer.state_dict())
    close(layer(x, partition=part), dense(x))
    close(layer(x, batch, partition=part), dense(x, batch))


@pytest.mark.parametrize("topk", [1, 2, 5])
def test_it_is_its_definition_for_ragged_parts(topk) -> None:
    x = features(41).requires_grad_()
    part = 10 * torch.randint(9, (41,)) - 20
    layer = layer_of(topk=topk)
    got = layer(x, partition=part)
    expected = plain_attention(layer, x, bias=seen(layer, x, part, topk))
    close(got, expected)
    close(*(torch.autograd.grad(out.square().sum(), x)[0] for out in (got, expected)))


def test_batches_of_many_and_of_few_parts() -> None:
    layer, sizes = layer_of(topk=2), [30, 4, 1, 25, 12]
    x, part = features(72), torch.randint(8, (72,))
    part[30:34] = 3  # a graph of one part
    batch = torch.repeat_interleave(torch.arange(5), torch.tensor(sizes))
    got = layer(x, batch, partition=part).split(sizes)
    for out, rows, of in zip(got, x.split(sizes), part.split(sizes), strict=True):
        close(out, plain_attention(layer, rows, bias=seen(layer, rows, of, 2)))


def test_windows_of_a_picture_are_biformers() -> None:
    """Bi-level routing attention on a grid of windows, written with dense tensors."""
    side, window, topk, heads = 12, 4, 3, 2
    layer, x = layer_of(topk=topk), features(side * side)
    place = torch.arange(side)
    part = (place[:, None] // window * (side // window) + place // window).flatten()
    row = part.argsort(stable=True)
    count, size = (side // window) ** 2, window**2
    q, k, v = (lin(x[row]).view(count, size, 8)
               for lin in (layer.lin_query, layer.lin_key, layer.lin_value))
    route = (q.mean(1) @ k.mean(1).t()).topk(topk).indices  # [P, k]
    k, v = (t[route].reshape(count, topk * size, heads, 4).transpose(1, 2) for t in (k, v))
    q = q.view(count, size, heads, 4).transpose(1, 2)
    out = (q @ k.transpose(2, 3) / 2).softmax(dim=3) @ v  # [P, H, w * w, D]
    expected = torch.empty_like(x)
    expected[row] = out.transpose(1, 2).reshape(-1, 8)
    close(layer(x, partition=part), layer.lin_out(expected))


def test_parts_grown_in_a_graph() -> None:
    torch.manual_seed(0)
    edge_index = torch.randint(40, (2, 60))
    layer, x = layer_of(topk=2, part_size=7), features(40)
    part = bfs_partition(edge_index, 7, 40)
    close(layer(x, edge_index=edge_index), layer(x, partition=part))
    blocks = torch.arange(40) // 7  # neither: as they stand
    close(layer(x), layer(x, partition=blocks))
    batch = torch.tensor([0] * 10 + [1] * 30)
    blocks = torch.cat([torch.arange(10) // 7, torch.arange(30) // 7])
    close(layer(x, batch), layer(x, batch, partition=blocks))
    close(layer(x, batch, edge_index=edge_index),
          layer(x, batch, partition=bfs_partition(edge_index, 7, 40, batch)))


@pytest.mark.parametrize("name", list(ZOO))
@pytest.mark.parametrize("part_size", [1, 4, 1000])
def test_parts_have_one_size(name, part_size) -> None:
    edge_index, num_nodes = ZOO[name]
    part = bfs_partition(torch.from_numpy(edge_index), part_size, num_nodes)
    assert part.shape == (num_nodes,) and part.dtype == torch.long
    sizes = part.bincount().tolist()
    assert sizes[:-1] == [part_size] * (len(sizes) - 1) and 0 not in sizes


def test_parts_of_a_grid_are_near() -> None:
    side = 30
    place = torch.arange(side * side).view(side, side)
    edge_index = torch.cat([torch.stack([place[:-1].flatten(), place[1:].flatten()]),
                            torch.stack([place[:, :-1].flatten(), place[:, 1:].flatten()])], dim=1)
    part = bfs_partition(edge_index, 25)
    same = part[edge_index[0]] == part[edge_index[1]]
    # Squares of 25 would keep 40 of the 50 edges a node's share comes to; random parts 1 in 36.
    assert same.double().mean() > 0.6
    rows = place.flatten() // side
    spread = torch.stack([rows[part == p].double().std() for p in range(int(part.max()) + 1)])
    assert spread.median() < 3


@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 5), st.data())
def test_parts_of_a_batch(num_nodes, part_size, seed, data) -> None:
    ends = st.lists(st.integers(0, num_nodes - 1), min_size=2, max_size=2)
    edges = data.draw(st.lists(ends, max_size=30))
    edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t().contiguous()
    batch = torch.tensor(sorted(data.draw(st.lists(
        st.integers(0, 4), min_size=num_nodes, max_size=num_nodes))))
    part = bfs_partition(edge_index, part_size, num_nodes, batch, seed)
    for p in range(int(part.max()) + 1):
        rows = (part == p).nonzero().flatten()
        assert 1 <= len(rows) <= part_size and len(batch[rows].unique()) == 1
    for g in batch.unique():
        size = int((batch == g).sum())
        assert len(part[batch == g].unique()) == -(-size // part_size)
    assert torch.equal(part, bfs_partition(edge_index, part_size, num_nodes, batch, seed))


def test_refusals() -> None:
    layer, x = layer_of(), features(5)
    for partition, match in [(torch.zeros(4).long(), r"'partition': got shape \(4,\)"),
                             (torch.zeros(5), "'partition': got dtype float32"),
                             ([0] * 5, "'partition': got list")]:
        with pytest.raises(GraphError, match=match):
            layer(x, partition=partition)
    for name in ("topk", "part_size"):
        with pytest.raises(GraphError, match=f"'{name}': got 0"):
            layer_of(**{name: 0})
    edge_index = torch.tensor([[0, 1], [1, 5]])
    with pytest.raises(GraphError, match="index 5"):
        layer(x, edge_index=edge_index)
    with pytest.raises(GraphError, match="'batch': got 0 after 1"):
        bfs_partition(edge_index, 2, 6, torch.tensor([0, 1, 0, 0, 0, 0]))
    with pytest.raises(GraphError, match="'part_size'"):
        bfs_partition(edge_index, 0)

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from graphlocal import GraphError
from graphlocal.nn.attention import DenseAttention, RoutingAttention
from tests.nn.attention.plain import close, features, heads_of, make


def layer_of(clusters: int, **kwargs) -> RoutingAttention:
    torch.manual_seed(0)
    return RoutingAttention(8, 2, clusters, **kwargs).double()


def directions(layer, linear, x) -> torch.Tensor:
    """Queries or keys ``[H, N, D]`` after a layer norm, of length 1."""
    rows = heads_of(layer, linear, x)
    rows = (rows - rows.mean(2, keepdim=True)) / (rows.var(2, correction=0, keepdim=True) + 1e-5
                                                  ).sqrt()
    return rows / rows.norm(dim=2, keepdim=True)


def definition(layer, x, window) -> torch.Tensor:
    q, k, v = (heads_of(layer, lin, x) for lin in (layer.lin_query, layer.lin_key,
                                                   layer.lin_value))
    near, far = (directions(layer, lin, x) for lin in (layer.lin_query, layer.lin_key))
    out = torch.zeros_like(q)
    for h in range(layer.heads):
        times = torch.zeros(len(x), 1, dtype=x.dtype)
        for mu in layer.centroid[h]:
            queries = (near[h] @ mu).argsort(descending=True)[:window]
            keys = (far[h] @ mu).argsort(descending=True)[:window]
            weight = (q[h][queries] @ k[h][keys].t() / q.shape[2] ** 0.5).softmax(dim=1)
            out[h] = out[h].index_add(0, queries, weight @ v[h][keys])
            times[queries] += 1
        out[h] = out[h] / times.clamp(min=1)
    return layer.lin_out(out.transpose(0, 1).flatten(1))


def test_one_centroid_for_all_is_dense_attention() -> None:
    x, batch = features(30), torch.arange(30) // 11
    layer = layer_of(1)
    dense = DenseAttention(8, 2).double()
    dense.load_state_dict({n: v for n, v in layer.state_dict().items() if n.startswith("lin_")})
    for kwargs in ({}, {"window": 30}):
        layer = layer_of(1, **kwargs)
        close(layer(x), dense(x))
        close(layer(x, batch), dense(x, batch))


def test_it_is_its_definition() -> None:
    x = features(31).requires_grad_()
    for layer, window in ((layer_of(4), 8), (layer_of(4, window=3), 3), (layer_of(40), 1)):
        got, expected = layer.eval()(x), definition(layer, x, window)
        close(got, expected)
        close(*(torch.autograd.grad(out.square().sum(), x)[0] for out in (got, expected)))
    # With a small window some queries are nobody's, and their nodes get nothing.
    layer = layer_of(2, window=3).eval()
    alone = (layer(x) - layer.lin_out.bias).abs().sum(dim=1) < 1e-12
    assert 31 - 2 * 2 * 3 <= int(alone.sum()) < 31


def test_windows_follow_the_sizes_of_graphs() -> None:
    sizes = [31, 8, 3, 31, 1]
    x = features(sum(sizes))
    layer = layer_of(4).eval()
    batch = torch.repeat_interleave(torch.arange(5), torch.tensor(sizes))
    got = layer(x, batch).split(sizes)
    for out, rows in zip(got, x.split(sizes), strict=True):
        close(out, definition(layer, rows, -(-len(rows) // 4)))


def test_centroids_turn_to_what_is_nearest() -> None:
    layer = layer_of(3, decay=0.9)
    layer(features(20))
    assert bool(layer.started)
    for step in range(3):
        x, old = features(20, seed=step), layer.centroid.clone()
        layer(x)
        for h in range(2):
            total = torch.zeros(3, 4, dtype=torch.float64)
            for linear in (layer.lin_query, layer.lin_key):
                for row in directions(layer, linear, x)[h]:
                    total[int((old[h] @ row).argmax())] += row
            expected = F.normalize(0.9 * old[h] + 0.1 * F.normalize(total, dim=1), dim=1)
            close(layer.centroid[h], torch.where(total.any(1, keepdim=True), expected, old[h]))
    assert not layer.centroid.requires_grad
    kept = layer.centroid.clone()
    layer.eval()(x)
    assert torch.equal(layer.centroid, kept)


def test_they_start_at_keys_of_the_first_batch() -> None:
    layer, x = layer_of(3, decay=0.0), features(20)
    with torch.no_grad():
        keys = directions(layer, layer.lin_key, x)
        layer._start(layer._normed(heads_of(layer, layer.lin_key, x).transpose(0, 1)))
    for h in range(2):
        assert (torch.cdist(layer.centroid[h], keys[h]).min(dim=1).values < 1e-6).all()
        assert torch.cdist(layer.centroid[h], layer.centroid[h]).fill_diagonal_(1).min() > 1e-3


def test_what_is_no_number_does_not_stay_in_the_centroids() -> None:
    layer = make("routing").train()
    x = features(12)
    x[::2] = float("nan")
    for first in (True, False):
        out = layer(x, torch.arange(12) // 6)
        assert bool(layer.started) and layer.centroid.isfinite().all()
        x[6:] = 1.0
        assert first or out[6:].isfinite().all()


def test_blocks_of_scores_change_nothing(monkeypatch) -> None:
    from graphlocal.nn.attention import routing_attention

    x, layer = features(31), layer_of(5)
    outs = []
    for limit in (2**22, 70):
        monkeypatch.setattr(routing_attention, "_SCORES", limit)
        layer = layer_of(5)
        outs.append((layer(x), layer(x), layer.centroid))
    for a, b in zip(*outs, strict=True):
        close(a, b)


def test_one_channel_has_no_direction() -> None:
    for options in ({}, {"num_clusters": 1, "window": 2}):
        with pytest.raises(GraphError, match="argument 'heads': got 4 of one channel each"):
            RoutingAttention(4, 4, **options)
    x = torch.randn(5, 4)
    layer, dense = RoutingAttention(4, 4, num_clusters=1), DenseAttention(4, 4)
    dense.load_state_dict({name: value for name, value in layer.state_dict().items()
                           if name not in ("centroid", "started")})
    torch.testing.assert_close(layer(x), dense(x))

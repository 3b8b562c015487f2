from __future__ import annotations

import pytest
import torch

from graphlocal.nn.attention import DenseAttention, ragged
from tests.nn.attention.plain import LargestTensor, close, features, make, plain_attention


def torchs(layer: DenseAttention) -> torch.nn.MultiheadAttention:
    """torch's own layer with the same weights."""
    other = torch.nn.MultiheadAttention(layer.channels, layer.heads, batch_first=True).double()
    with torch.no_grad():
        inner = (layer.lin_query, layer.lin_key, layer.lin_value)
        other.in_proj_weight.copy_(torch.cat([lin.weight for lin in inner]))
        other.in_proj_bias.copy_(torch.cat([lin.bias for lin in inner]))
    other.out_proj.load_state_dict(layer.lin_out.state_dict())
    return other


def test_it_is_torchs_attention_of_each_graph() -> None:
    layer = make("dense")
    sizes = [1, 20, 19, 2, 18, 20]
    x = features(sum(sizes)).requires_grad_()
    batch = torch.repeat_interleave(torch.arange(6), torch.tensor(sizes))
    other = torchs(layer)
    expected = torch.cat([other(p[None], p[None], p[None])[0][0] for p in x.split(sizes)])
    got = layer(x, batch)
    close(got, expected)
    weight = features(sum(sizes), seed=3)
    close(*(torch.autograd.grad((out * weight).sum(), x)[0] for out in (got, expected)))
    close(layer(x), other(x[None], x[None], x[None])[0][0])
    close(layer(x), plain_attention(layer, x))


def test_little_is_padded() -> None:
    size = torch.arange(1, 400)
    found = ragged.buckets(ragged.borders(size))
    assert sum(len(b.segment) for b in found) == len(size)
    for bucket in found:
        absent = bucket.absent
        absent = torch.zeros_like(bucket.index) if absent is None else absent
        assert absent.double().mean(dim=1).max() < 1 / 8
        assert torch.equal(size[bucket.segment], (1 - absent.long()).sum(dim=1))
    assert all(b.absent is None for b in ragged.buckets(ragged.borders(size), exact=True))
    assert len(found) < 60  # not one for each size


def test_the_plan_of_a_batch_is_made_once(monkeypatch) -> None:
    layer, x = make("dense"), features(9)
    batch = torch.tensor([0, 0, 1, 1, 1, 2, 2, 2, 2])
    made = []
    bucket = ragged._bucket
    monkeypatch.setattr(ragged, "_bucket", lambda *a: made.append(1) or bucket(*a))
    layer(x, batch)
    once = len(made)
    layer(x, batch)
    assert once == 3 and len(made) == once
    batch[2] = 0
    layer(x, batch)
    assert len(made) > once


@pytest.mark.parametrize("limit", [2**22, 40])
def test_dropped_weights_are_the_same_backwards(limit, monkeypatch) -> None:
    """Attention is linear in the values, and its gradient must be of the very weights drawn."""
    monkeypatch.setattr(ragged, "_WEIGHTS", limit)
    q, k = features(36, 4).view(3, 6, 2, 4), features(30, 4).view(3, 5, 2, 4)
    v = features(30, 4, seed=4).view(3, 5, 2, 4).requires_grad_()
    weight = features(36, 4, seed=5).view(3, 6, 2, 4)

    def run(v):
        torch.manual_seed(7)
        return ragged.attend(q, k, v, None, 0.5)

    out = run(v)
    (grad,) = torch.autograd.grad((out * weight).sum(), v)
    close((grad * v).sum(), (out * weight).sum())
    other = features(30, 4, seed=6).view(3, 5, 2, 4)
    close(run(v) + run(other), run(v + other))
    ones = torch.cat([ragged.attend(q, k, torch.ones_like(v), None, 0.5).flatten()
                      for _ in range(200)])  # sums of the weights: 1 in mean
    assert abs(float(ones.mean()) - 1) < 5 * float(ones.std()) / len(ones) ** 0.5
    assert ones.std() > 0.1


def test_weights_that_drop_exist_in_blocks(monkeypatch) -> None:
    monkeypatch.setattr(ragged, "_WEIGHTS", 1 << 16)
    layer = DenseAttention(8, 2, dropout=0.1)
    x = features(1500).float()
    for batch in (None, torch.arange(1500) // 250):
        with LargestTensor() as seen:
            layer(x, batch).sum().backward()
        assert seen.numbers <= 1 << 16
    assert not torch.equal(layer(x), layer(x))
    assert torch.equal(layer.eval()(x), layer(x))


def test_bias_and_groups_without_keys() -> None:
    q, k, v = features(4).view(4, 2, 4), features(3).view(3, 2, 4), features(3, seed=2)
    v = v.view(3, 2, 4).requires_grad_()
    bias = torch.tensor([0.0, 2.0, -1.0], dtype=torch.float64)
    out = ragged.attend_groups(q, k, v, torch.tensor([0, 1, 3, 4]), torch.tensor([0, 2, 2, 3]),
                               bias)
    weight = (torch.einsum("hd,khd->hk", q[0], k[:2]) / 2 + bias[:2]).softmax(dim=1)
    close(out[0], torch.einsum("hk,khd->hd", weight, v[:2]))
    assert not out[1:3].any()
    close(out[3], v[2])
    alone = ragged.attend_groups(q, k[:0], v[:0], torch.tensor([0, 4]), torch.tensor([0, 0]))
    assert alone.shape == q.shape and not alone.any()


def test_it_compiles() -> None:
    layer, x = make("dense"), features(10)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    close(compiled(x), layer(x))


def test_nan_stays_in_its_graph() -> None:
    layer, x = make("dense"), features(10)
    x[1, 2] = float("nan")
    out = layer(x, torch.tensor([0] * 4 + [1] * 6))
    assert out[:4].isnan().all() and out[4:].isfinite().all()

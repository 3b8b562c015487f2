from __future__ import annotations

import pytest
import torch

from graphlocal import GraphError
from graphlocal.nn.attention import DenseAttention, SubsampledAttention
from tests.nn.attention.plain import close, features, plain_attention


def layer_of(**kwargs) -> SubsampledAttention:
    torch.manual_seed(0)
    return SubsampledAttention(8, 2, **kwargs).double()


def chunk_numbers(layer, sizes, draw=None) -> torch.Tensor:
    """Chunk of each node, by its row."""
    row, border = layer._chunks(torch.tensor([0, *sizes]).cumsum(0), draw)
    chunk = torch.empty(len(row), dtype=torch.long)
    chunk[row] = torch.repeat_interleave(border.diff())
    assert sorted(row.tolist()) == list(range(sum(sizes)))
    return chunk


def test_ratio_one_is_dense_attention() -> None:
    layer = layer_of(ratio=1)
    dense = DenseAttention(8, 2).double()
    dense.load_state_dict(layer.state_dict())
    x, batch = features(30), torch.arange(30) // 11
    close(layer(x, batch), dense(x, batch))
    assert torch.equal(layer_of(ratio=7).eval()(x, batch), layer.eval()(x, batch))


@pytest.mark.parametrize("draw", [None, 0])
def test_chunks_are_of_one_graph_and_about_one_size(draw) -> None:
    sizes = [13, 2, 8, 1, 100]
    chunk = chunk_numbers(layer_of(ratio=3), sizes, draw)
    counts = [part.unique(return_counts=True)[1].tolist() for part in chunk.split(sizes)]
    assert [sorted(c) for c in counts] == [[4, 4, 5], [1, 1], [2, 3, 3], [1], [33, 33, 34]]
    assert int(chunk.max()) + 1 == sum(len(c) for c in counts)


@pytest.mark.parametrize("seeded", [False, True])
def test_all_pairs_meet_equally_often(seeded) -> None:
    n, ratio, draws = 12, 3, 3000
    layer = layer_of(ratio=ratio)
    torch.manual_seed(0)
    met = torch.zeros(n, n)
    for draw in range(draws):
        chunk = chunk_numbers(layer, [n], draw if seeded else None)
        met += chunk[:, None] == chunk
    rate = (n / ratio - 1) / (n - 1)
    off = met[~torch.eye(n, dtype=torch.bool)] / draws
    assert float(off.mean()) == pytest.approx(rate, abs=1e-6)  # by the sizes of the chunks
    deviation = (rate * (1 - rate) / draws) ** 0.5
    assert (off - rate).abs().max() < 5 * deviation


def test_training_is_dense_attention_within_chunks() -> None:
    layer, x = layer_of(ratio=3).train(), features(14).requires_grad_()
    torch.manual_seed(5)
    chunk = chunk_numbers(layer, [9, 5])
    torch.manual_seed(5)
    got = layer(x, torch.tensor([0] * 9 + [1] * 5))
    apart = torch.where(chunk[:, None] == chunk, 0.0, -float("inf")).double()
    expected = plain_attention(layer, x, bias=apart)
    close(got, expected)
    close(*(torch.autograd.grad(out.square().sum(), x)[0] for out in (got, expected)))


def test_an_ensemble_is_the_mean_of_its_draws() -> None:
    layer, x = layer_of(ratio=2, draws=3, seed=4).eval(), features(10)
    expected = 0
    for draw in range(3):
        chunk = chunk_numbers(layer, [10], draw)
        apart = torch.where(chunk[:, None] == chunk, 0.0, -float("inf")).double()
        expected = expected + plain_attention(layer, x, bias=apart, project=False) / 3
    close(layer(x), layer.lin_out(expected))
    assert torch.equal(layer(x), layer(x))
    draws = [tuple(chunk_numbers(layer_of(ratio=2, seed=s), [10], d).tolist())
             for s in range(3) for d in range(3)]
    assert len(set(draws)) == 9


def test_pieces_of_an_order_stay_together() -> None:
    layer = layer_of(ratio=4, piece=5)
    together = torch.zeros(39)
    for _ in range(300):
        chunk = chunk_numbers(layer, [40])
        together += chunk[1:] == chunk[:-1]
    # A pair of neighbours is cut by the border of a piece once in five, and then meets by chance;
    # chunks of ten cut it too. Scattered nodes would meet in 9 of 39 draws.
    assert together.min() / 300 > 0.5
    assert (together < 300).all()  # but no border stands still


def test_order_of_the_argument_counts() -> None:
    layer, x = layer_of(ratio=2, piece=6, draws=1).eval(), features(24)
    batch = torch.arange(24) // 12
    order = torch.cat([torch.randperm(12), torch.randperm(12)])  # places within each graph
    expected = torch.empty_like(x)
    row = torch.cat([order[:12].argsort(), 12 + order[12:].argsort()])
    expected[row] = layer(x[row], batch)
    close(layer(x, batch, order=order), expected)
    close(layer(x, batch, order=order.double() / 3), expected)
    for wrong in (order[:5], [1, 2]):
        with pytest.raises(GraphError, match="'order'"):
            layer(x, batch, order=wrong)
    for name in ("ratio", "piece"):
        with pytest.raises(GraphError, match=f"'{name}': got 0"):
            layer_of(**{name: 0})
    with pytest.raises(GraphError, match="'draws'"):
        layer_of(draws=-1)

from __future__ import annotations

import torch

from graphlocal.nn.attention import ChannelAttention
from tests.nn.attention.plain import close, features, make


def test_it_is_the_formula_of_each_graph() -> None:
    layer = make("channel")
    sizes = [1, 20, 19, 2, 18]
    x = features(sum(sizes))
    batch = torch.repeat_interleave(torch.arange(5), torch.tensor(sizes))
    expected = []
    for part in x.split(sizes):
        q, k, v = (lin(part) for lin in (layer.lin_query, layer.lin_key, layer.lin_value))
        groups = []
        for g in range(2):
            of = slice(4 * g, 4 * g + 4)
            weight = (k[:, of].t() @ q[:, of] / len(part) ** 0.5).softmax(dim=0)
            close(weight.sum(dim=0), torch.ones(4, dtype=torch.float64))
            groups.append(v[:, of] @ weight)
        expected.append(layer.lin_out(torch.cat(groups, dim=1)))
    close(layer(x, batch), torch.cat(expected))
    close(layer(x[: sizes[0]]), expected[0])
    close(layer(x[1:21]), expected[1])


def test_dropout_in_training_only() -> None:
    layer, x = ChannelAttention(8, 2, dropout=0.5), features(10).float()
    assert not torch.equal(layer(x), layer(x))
    layer.eval()
    assert torch.equal(layer(x), layer(x))


def test_it_compiles() -> None:
    layer, x = make("channel"), features(10)
    close(torch.compile(layer, fullgraph=True, backend="aot_eager")(x), layer(x))

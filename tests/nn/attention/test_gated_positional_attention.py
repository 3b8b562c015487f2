"""Attention by a gate between content and distance."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from graphlocal import GraphError, ops
from graphlocal.graph.checks import GraphTypeError
from graphlocal.nn.attention import GatedPositionalAttention, NeighborAttention
from tests.nn.attention.dense_local import both, distances
from tests.ops.graphs import close, zoo


def test_structure_alone_is_the_mean_of_a_ring() -> None:
    edge_index, num_nodes = zoo("hub")
    edge_index = both(edge_index)
    torch.manual_seed(0)
    layer = GatedPositionalAttention(6, 8, 4, hops=3, locality=60.0).double()
    nn.init.constant_(layer.gate, 50.0)
    x = torch.randn(num_nodes, 6, dtype=torch.float64)
    distance = distances(edge_index, num_nodes)
    value = layer.lin_value(x).view(-1, 4, 2)
    heads, whole = [], torch.ones(num_nodes, dtype=torch.bool)
    for hop in range(4):  # a node without such a ring looks at the others instead
        ring = (distance == hop).double()
        heads.append(ring @ value[:, hop] / ring.sum(1, keepdim=True))
        whole &= ring.sum(1) > 0
    assert whole.sum() > 10
    want = layer.lin_out(torch.stack(heads, 1).flatten(1))
    close(layer(x, edge_index)[whole], want[whole])


def test_a_closed_gate_is_plain_attention() -> None:
    edge_index, num_nodes = zoo("random")
    torch.manual_seed(0)
    layer = GatedPositionalAttention(6, 8, 2, hops=2).double()
    nn.init.constant_(layer.gate, -800.0)
    plain = NeighborAttention(6, 8, 2, self_loops=False).double()
    plain.load_state_dict({name: value for name, value in layer.state_dict().items()
                           if name.startswith("lin_")})
    x = torch.randn(num_nodes, 6, dtype=torch.float64)
    pairs = layer.neighbors(edge_index, num_nodes)
    close(layer(x, edge_index), plain(x, pairs.edge_index))


def test_starts_as_the_paper_says() -> None:
    for own, want in ((True, [0, 1, 2, 0, 1]), (False, [1, 2, 1, 2, 1])):
        layer = GatedPositionalAttention(6, 10, 5, hops=2, include_self=own, pair_dim=2)
        assert layer.hop_weight.argmax(0).tolist() == want
        assert layer.hop_weight.sum() == 5 and not layer.lin_pair.weight.any()
        assert round(layer.gate.sigmoid().mean().item(), 2) == 0.73


def test_pairs_and_their_features() -> None:
    edge_index, num_nodes = zoo("random")
    torch.manual_seed(0)
    layer = GatedPositionalAttention(6, 8, 2, hops=2, pair_dim=3).double()
    nn.init.normal_(layer.lin_pair.weight)
    x = torch.randn(num_nodes, 6, dtype=torch.float64)
    pairs = layer.neighbors(edge_index, num_nodes)
    attr = torch.randn(pairs.num_pairs, 3, dtype=torch.float64)
    got = layer(x, edge_index, attr)
    close(layer(x, pairs, attr), got)
    source, target = pairs.edge_index
    q, k, v = (lin(x).view(-1, 2, 4) for lin in (layer.lin_query, layer.lin_key,
                                                 layer.lin_value))
    place = layer.hop_weight[pairs.hop] + attr @ layer.lin_pair.weight.t()
    content, gate = (q[target] * k[source]).sum(-1) / 2, layer.gate.sigmoid()
    for i in range(0, num_nodes, 7):
        seen = target == i
        weight = (1 - gate) * content[seen].softmax(0) + gate * place[seen].softmax(0)
        want = layer.lin_out((weight.unsqueeze(-1) * v[source[seen]]).sum(0).flatten())
        close(got[i], want)


def test_bad_pairs() -> None:
    layer = GatedPositionalAttention(6, 8, hops=1, pair_dim=2)
    edge_index, x = torch.tensor([[0, 1], [1, 2]]), torch.randn(3, 6)
    far, few = torch.tensor([1, 2]), torch.tensor([1])
    attr = torch.randn(2, 2)
    for hop in (far, few, torch.ones(2), -far, [0, 1]):
        with pytest.raises((GraphError, GraphTypeError), match="argument 'hop'"):
            layer(x, ops.HopNeighbors(edge_index, hop), attr)
    for attr in (None, torch.randn(2, 2), torch.randn(5, 3)):
        with pytest.raises(GraphError, match="argument 'pair_attr'"):
            layer(x, edge_index, attr)

"""Attention to neighbours: torch's own on a complete graph, edges, two sets of nodes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from graphlocal import GraphError, ops
from graphlocal.graph.checks import GraphTypeError
from graphlocal.nn.attention import NeighborAttention
from tests.nn.attention.dense_local import both, local_layer
from tests.ops.graphs import close, zoo


def test_is_multihead_attention_on_a_complete_graph() -> None:
    torch.manual_seed(0)
    peer = nn.MultiheadAttention(8, 4, batch_first=True).double()
    layer = NeighborAttention(8, 8, heads=4).double()
    with torch.no_grad():
        nn.init.normal_(peer.in_proj_bias), nn.init.normal_(peer.out_proj.bias)
        lins = (layer.lin_query, layer.lin_key, layer.lin_value)
        for lin, weight, bias in zip(lins, peer.in_proj_weight.chunk(3),
                                     peer.in_proj_bias.chunk(3), strict=True):
            lin.weight.copy_(weight), lin.bias.copy_(bias)
    layer.lin_out.load_state_dict(peer.out_proj.state_dict())
    edge_index, num_nodes = zoo("complete")
    x = torch.randn(num_nodes, 8, dtype=torch.float64)
    close(layer(x, edge_index), peer(x, x, x, need_weights=False)[0])


def test_edges() -> None:
    """Features and biases of edges, parallel ones among them; loops that are added have 0."""
    torch.manual_seed(0)
    edge_index, num_nodes = zoo("duplicates")
    count = edge_index.shape[1]
    layer = NeighborAttention(6, 8, 2, edge_dim=3, bias=False).double()
    x = torch.randn(num_nodes, 6, dtype=torch.float64)
    edge_attr = torch.randn(count, 3, dtype=torch.float64)
    edge_bias = torch.randn(count, 2, dtype=torch.float64)
    got = layer(x, edge_index, edge_attr, edge_bias)
    q, k, v = (lin(x).view(-1, 2, 4) for lin in (layer.lin_query, layer.lin_key,
                                                 layer.lin_value))
    edge = (edge_attr @ layer.lin_edge.weight.t()).view(-1, 2, 4)
    for i in range(num_nodes):
        into = (edge_index[1] == i).nonzero().flatten()
        j, e, b = edge_index[0, into], edge[into], edge_bias[into]
        if i not in j:
            j = torch.cat([j, torch.tensor([i])])
            e, b = nn.functional.pad(e, (0, 0, 0, 0, 0, 1)), nn.functional.pad(b, (0, 0, 0, 1))
        weight = ((q[i] * (k[j] + e)).sum(-1) / 2 + b).softmax(0)
        want = layer.lin_out((weight.unsqueeze(-1) * (v[j] + e)).sum(0).flatten())
        close(got[i], want)


def test_bias_takes_edges_out() -> None:
    edge_index, num_nodes = zoo("random")
    layer, x = local_layer("no loops"), torch.randn(num_nodes, 6, dtype=torch.float64)
    kept = torch.rand(edge_index.shape[1]) < 0.5
    bias = torch.zeros(edge_index.shape[1]).double().masked_fill(~kept, -math.inf)
    close(layer(x, edge_index, edge_bias=bias), layer(x, edge_index[:, kept]))


def test_two_sets_of_nodes() -> None:
    torch.manual_seed(0)
    layer = NeighborAttention((6, 3), 8, 2, self_loops=False, root_weight=True)
    source, target = torch.randn(4, 6), torch.randn(2, 3)
    edge_index = torch.tensor([[3, 0, 1], [1, 1, 1]])
    out = layer((source, target), edge_index)
    assert out.shape == (2, 8)
    torch.testing.assert_close(out[0], layer.lin_out.bias + layer.lin_root(target[0]))
    with pytest.raises(GraphError, match="argument 'x'"):
        layer(source, edge_index)
    with pytest.raises(GraphError, match="self_loops=True"):
        NeighborAttention((6, 3), 8)((source, target), edge_index)


@pytest.mark.parametrize(("kwargs", "match"), [
    ({"edge_attr": torch.randn(2, 3)}, "edge_attr"), ({"edge_attr": None}, "edge_attr"),
    ({"edge_attr": torch.randn(3, 2)}, "edge_attr"),
    ({"edge_attr": torch.ones(3, 3).long()}, "edge_attr"),
    ({"edge_bias": torch.randn(4)}, "edge_bias"),
    ({"edge_bias": torch.randn(3, 3)}, "edge_bias"),
    ({"edge_bias": torch.ones(3).long()}, "edge_bias"),
    ({"x": torch.randn(4, 5)}, "x"), ({"x": torch.ones(4, 6).long()}, "x"),
    ({"x": torch.randn(3, 6)}, "edge_index"), ({"x": (torch.randn(4, 6),)}, "x"),
    ({"edge_index": torch.rand(2, 3)}, "edge_index"),
    ({"edge_index": ops.as_adjacency(torch.tensor([[0], [1]]), 2)}, "x"),
])
def test_bad_input(kwargs: dict, match: str) -> None:
    layer = NeighborAttention(6, 8, 2, edge_dim=3)
    given = {"x": torch.randn(4, 6), "edge_index": torch.tensor([[0, 1, 3], [1, 2, 0]]),
             "edge_attr": torch.randn(3, 3), **kwargs}
    with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
        layer(**given)


def test_the_shape_that_is_asked_for_has_a_row_per_edge() -> None:
    with pytest.raises(GraphError, match=r"got shape \(1,\), expected shape \(E, 1\)"):
        NeighborAttention(6, 8, edge_dim=1)(torch.randn(2, 6), torch.tensor([[0], [1]]),
                                            torch.ones(1))


def test_features_nobody_asked_for() -> None:
    with pytest.raises(GraphError, match="edge_dim=None"):
        NeighborAttention(6, 8)(torch.randn(2, 6), torch.tensor([[0], [1]]), torch.randn(1, 3))


def test_nan_stays_where_it_is_seen() -> None:
    path = both(torch.tensor([[0, 1, 2], [1, 2, 3]]))
    x = torch.randn(4, 6, dtype=torch.float64)
    x[0] = math.nan
    out = local_layer("neighbors")(x, path)
    assert out[:2].isnan().all() and out[2:].isfinite().all()

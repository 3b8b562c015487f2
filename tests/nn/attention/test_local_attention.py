"""Attention to neighbours, to rings and by a gate, against dense formulas."""

from __future__ import annotations

import math
from functools import partial

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch_geometric import EdgeIndex
from torch_geometric.nn import SAGEConv

from graphlocal import GraphError, ops
from graphlocal.graph.checks import GraphTypeError
from graphlocal.nn.attention import (
    DilatedNeighborAttention,
    GatedPositionalAttention,
    LocalGlobalBlock,
    NeighborAttention,
)
from tests.ops.graphs import close, zoo
from tests.zoo import each_zoo_graph

LAYERS = {
    "neighbors": NeighborAttention,
    "no loops": partial(NeighborAttention, self_loops=False, root_weight=True),
    "dilated": partial(DilatedNeighborAttention, dilation=2),
    "dilations": partial(DilatedNeighborAttention, dilation=[3, 1, 3, 2], include_self=False),
    "gated": partial(GatedPositionalAttention, hops=2),
    "gated ring": partial(GatedPositionalAttention, hops=3, include_self=False, root_weight=True),
}
each_layer = pytest.mark.parametrize("name", list(LAYERS))


def _layer(name: str, channels: int = 6, out: int = 8, heads: int = 4) -> nn.Module:
    torch.manual_seed(0)
    layer = LAYERS[name](channels, out, heads).double()
    if isinstance(layer, GatedPositionalAttention):
        nn.init.normal_(layer.hop_weight), nn.init.normal_(layer.gate)
    return layer


def _both(edges: Tensor) -> Tensor:
    return torch.cat([edges, edges.flip(0)], dim=1)


def _distances(edge_index: Tensor, num_nodes: int) -> Tensor:
    """``[N, N]``: how far j is from i along the edges as they point, in row i and column j."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(num_nodes))
    graph.add_edges_from((v, u) for u, v in edge_index.t().tolist())
    distance = torch.full((num_nodes, num_nodes), math.inf)
    for i in range(num_nodes):
        for j, hop in nx.single_source_shortest_path_length(graph, i).items():
            distance[i, j] = hop
    return distance


def _heads(layer: nn.Module, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return tuple(lin(x).unflatten(1, (layer.heads, layer.head_channels)).transpose(0, 1)
                 for lin in (layer.lin_query, layer.lin_key, layer.lin_value))  # [H, N, D]


def _softmax(score: Tensor, seen: Tensor) -> Tensor:
    return score.masked_fill(~seen, -math.inf).softmax(-1).nan_to_num(0.0)


def _finish(layer: nn.Module, out: Tensor, x: Tensor) -> Tensor:
    out = layer.lin_out(out.transpose(0, 1).flatten(1))
    return out if layer.lin_root is None else out + layer.lin_root(x)


def _plain(layer: nn.Module, x: Tensor, edge_index: Tensor) -> Tensor:
    """Dense, from distances; for graphs without parallel edges."""
    q, k, v = _heads(layer, x)
    score = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
    distance = _distances(edge_index, len(x))
    if isinstance(layer, NeighborAttention):
        seen = torch.zeros(len(x), len(x), dtype=torch.bool)
        seen[edge_index[1], edge_index[0]] = True
        if layer.self_loops:
            seen.fill_diagonal_(True)
        return _finish(layer, _softmax(score, seen) @ v, x)
    if isinstance(layer, DilatedNeighborAttention):
        seen = torch.stack([(distance == hop) | ((distance == 0) & layer.include_self)
                            for hop in layer.dilation])
        return _finish(layer, _softmax(score, seen) @ v, x)
    seen = (distance <= layer.hops) & (layer.include_self | (distance > 0))
    place = layer.hop_weight[distance.clamp(max=layer.hops).long()].permute(2, 0, 1)  # [H, N, N]
    gate = layer.gate.sigmoid().view(-1, 1, 1)
    weight = (1 - gate) * _softmax(score, seen) + gate * _softmax(place, seen)
    return _finish(layer, weight @ v, x)


@pytest.mark.parametrize("kind", list(LAYERS))
@each_zoo_graph
def test_is_its_formula(kind: str, name: str) -> None:
    edge_index, num_nodes = zoo(name)
    edge_index = torch.unique(edge_index, dim=1)  # parallel edges would count twice
    layer = _layer(kind)
    x = torch.randn(num_nodes, 6, dtype=torch.float64, requires_grad=True)
    got, want = layer(x, edge_index), _plain(layer, x, edge_index)
    close(got, want)
    weights = torch.linspace(-1, 2, got.numel(), dtype=got.dtype).view(got.shape).sin()
    inputs = (x, *layer.parameters())
    for a, b in zip(torch.autograd.grad((got * weights).sum(), inputs, allow_unused=True),
                    torch.autograd.grad((want * weights).sum(), inputs, allow_unused=True),
                    strict=True):
        close(*(torch.zeros(()).double() if g is None else g for g in (a, b)))


@each_layer
def test_gradients(name: str) -> None:
    edge_index = torch.tensor([[0, 1, 2, 2, 3], [1, 2, 0, 3, 3]])
    layer = _layer(name, 2, 4)
    x = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, *_: layer(x, edge_index), (x, *layer.parameters()))


@each_layer
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_renaming_nodes_renames_outputs(name: str, data) -> None:
    num_nodes = data.draw(st.integers(1, 9))
    node = st.integers(0, num_nodes - 1)
    edges = data.draw(st.lists(st.tuples(node, node), max_size=20))
    edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t()
    names = torch.tensor(data.draw(st.permutations(range(num_nodes))))
    layer, x = _layer(name), torch.randn(num_nodes, 6, dtype=torch.float64)
    renamed = torch.empty_like(x).index_copy(0, names, x)
    close(layer(renamed, names[edge_index])[names], layer(x, edge_index))


@each_layer
def test_batch_is_one_by_one(name: str) -> None:
    layer, parts, outs, edges, start = _layer(name), [], [], [], 0
    for graph in ("random", "isolated_tail", "one_node", "star", "no_edges"):
        edge_index, num_nodes = zoo(graph)
        parts.append(torch.randn(num_nodes, 6, dtype=torch.float64))
        outs.append(layer(parts[-1], edge_index))
        edges.append(edge_index + start)
        start += num_nodes
    close(layer(torch.cat(parts), torch.cat(edges, 1)), torch.cat(outs))


@each_layer
def test_whatever_a_graph_came_as(name: str) -> None:
    edge_index, num_nodes = zoo("directed")
    layer, x = _layer(name), torch.randn(num_nodes, 6, dtype=torch.float64)
    want = layer(x, edge_index)
    sizes = (num_nodes, num_nodes)
    for graph in (ops.as_adjacency(edge_index, num_nodes), EdgeIndex(edge_index, sparse_size=sizes),
                  edge_index.int(), torch.sparse_coo_tensor(
                      edge_index.flip(0), torch.ones(edge_index.shape[1]), sizes)):
        close(layer(x, graph), want)


@each_layer
def test_reset_and_state(name: str) -> None:
    layer, other = _layer(name), LAYERS[name](6, 8, 4).double()
    edge_index, num_nodes = zoo("random")
    x = torch.randn(num_nodes, 6, dtype=torch.float64)
    other.load_state_dict(layer.state_dict())
    close(layer(x, edge_index), other(x, edge_index))
    layer.reset_parameters()
    assert not torch.allclose(layer(x, edge_index), other(x, edge_index))
    assert repr(layer).startswith(f"{type(layer).__name__}(6, 8, heads=4")


@each_layer
def test_dropout(name: str) -> None:
    layer = LAYERS[name](6, 8, 4, dropout=0.5)
    edge_index, num_nodes = zoo("complete")
    x = torch.randn(num_nodes, 6)
    assert not torch.equal(layer(x, edge_index), layer(x, edge_index))
    layer.eval()
    assert torch.equal(layer(x, edge_index), layer(x, edge_index))


@each_layer
def test_serves_in_a_block(name: str) -> None:
    edge_index, num_nodes = zoo("hub")
    block = LocalGlobalBlock(8, LAYERS[name](8, 8, 4), norm="batch")
    x = torch.randn(num_nodes, 8)
    block(x, edge_index).sum().backward()
    assert block(x, edge_index).shape == x.shape


@pytest.mark.parametrize("name", ["neighbors", "dilations", "gated"])
def test_compiles_to_one_graph(name: str) -> None:
    edge_index, num_nodes = zoo("random")
    layer, x = _layer(name), torch.randn(num_nodes, 6, dtype=torch.float64)
    adjacency = ops.as_adjacency(edge_index, num_nodes)
    torch._dynamo.reset()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    close(compiled(x, adjacency), layer(x, adjacency))
    torch._dynamo.reset()


class TestNeighborAttention:
    def test_is_multihead_attention_on_a_complete_graph(self) -> None:
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

    def test_edges(self) -> None:
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

    def test_bias_takes_edges_out(self) -> None:
        edge_index, num_nodes = zoo("random")
        layer, x = _layer("no loops"), torch.randn(num_nodes, 6, dtype=torch.float64)
        kept = torch.rand(edge_index.shape[1]) < 0.5
        bias = torch.zeros(edge_index.shape[1]).double().masked_fill(~kept, -math.inf)
        close(layer(x, edge_index, edge_bias=bias), layer(x, edge_index[:, kept]))

    def test_two_sets_of_nodes(self) -> None:
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
    def test_bad_input(self, kwargs: dict, match: str) -> None:
        layer = NeighborAttention(6, 8, 2, edge_dim=3)
        given = {"x": torch.randn(4, 6), "edge_index": torch.tensor([[0, 1, 3], [1, 2, 0]]),
                 "edge_attr": torch.randn(3, 3), **kwargs}
        with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
            layer(**given)

    def test_the_shape_that_is_asked_for_has_a_row_per_edge(self) -> None:
        with pytest.raises(GraphError, match=r"got shape \(1,\), expected shape \(E, 1\)"):
            NeighborAttention(6, 8, edge_dim=1)(torch.randn(2, 6), torch.tensor([[0], [1]]),
                                                torch.ones(1))

    def test_features_nobody_asked_for(self) -> None:
        with pytest.raises(GraphError, match="edge_dim=None"):
            NeighborAttention(6, 8)(torch.randn(2, 6), torch.tensor([[0], [1]]), torch.randn(1, 3))

    def test_nan_stays_where_it_is_seen(self) -> None:
        path = _both(torch.tensor([[0, 1, 2], [1, 2, 3]]))
        x = torch.randn(4, 6, dtype=torch.float64)
        x[0] = math.nan
        out = _layer("neighbors")(x, path)
        assert out[:2].isnan().all() and out[2:].isfinite().all()


class TestDilatedNeighborAttention:
    @pytest.mark.parametrize("dilation", [1, 2, 4])
    def test_path_is_a_dilated_window(self, dilation: int) -> None:
        """Interior nodes of a path see i - k, i and i + k: neighbourhood attention in 1-D."""
        torch.manual_seed(0)
        path = _both(torch.tensor([range(15), range(1, 16)]))
        layer = DilatedNeighborAttention(6, 8, 2, dilation=dilation).double()
        x = torch.randn(16, 6, dtype=torch.float64)
        q, k, v = _heads(layer, x)  # [H, N, D]
        inner = torch.arange(dilation, 16 - dilation)
        window = inner[:, None] + torch.tensor([-dilation, 0, dilation])  # [I, 3]
        score = (q[:, inner, None] * k[:, window]).sum(-1) / 2
        out = (score.softmax(-1).unsqueeze(-1) * v[:, window]).sum(2)  # [H, I, D]
        close(layer(x, path)[inner], _finish(layer, out, x[inner]))

    def test_grid_is_a_window(self) -> None:
        """Interior cells of a grid of eight directions see the 3 x 3 around them."""
        torch.manual_seed(0)
        height, width = 5, 6
        cells = [(r, c) for r in range(height) for c in range(width)]
        edge_index = torch.tensor([(i, j) for i, (r, c) in enumerate(cells)
                                   for j, (s, d) in enumerate(cells)
                                   if max(abs(r - s), abs(c - d)) == 1]).t()
        layer = DilatedNeighborAttention(6, 8, 2).double()
        x = torch.randn(len(cells), 6, dtype=torch.float64)
        q, k, v = _heads(layer, x)
        inner = [i for i, (r, c) in enumerate(cells)
                 if 0 < r < height - 1 and 0 < c < width - 1]

        def windows(t: Tensor) -> Tensor:
            picture = t.transpose(1, 2).reshape(-1, height, width)
            found = nn.functional.unfold(picture[None], 3)[0]  # [H * D * 9, I]
            return found.view(2, 4, 9, -1).permute(0, 3, 2, 1)  # [H, I, 9, D]

        score = (q[:, inner, None] * windows(k)).sum(-1) / 2
        out = (score.softmax(-1).unsqueeze(-1) * windows(v)).sum(2)
        close(layer(x, edge_index)[inner], _finish(layer, out, x[inner]))

    def test_dilation_one_is_neighbor_attention(self) -> None:
        edge_index, num_nodes = zoo("bipartite")
        near, ring = _layer("neighbors"), DilatedNeighborAttention(6, 8, 4).double()
        ring.load_state_dict(near.state_dict())
        x = torch.randn(num_nodes, 6, dtype=torch.float64)
        close(ring(x, edge_index), near(x, edge_index))

    def test_rings_are_drawn_by_seed(self) -> None:
        edge_index, num_nodes = zoo("hub")
        x = torch.randn(num_nodes, 6)
        outs = []
        for seed, most in ((0, 2), (0, 2), (1, 2), (0, None)):
            torch.manual_seed(0)
            layer = DilatedNeighborAttention(6, 8, dilation=2, max_per_node=most, seed=seed)
            outs.append(layer(x, edge_index))
        assert torch.equal(outs[0], outs[1])
        assert not torch.allclose(outs[0], outs[2]) and not torch.allclose(outs[0], outs[3])

    def test_ring_larger_than_the_graph(self) -> None:
        layer = DilatedNeighborAttention(6, 8, dilation=50)
        x = torch.randn(3, 6)
        out = layer(x, torch.tensor([[0, 1], [1, 2]]))
        torch.testing.assert_close(out, layer.lin_out(layer.lin_value(x)))

    @pytest.mark.parametrize("dilation", [0, -1, 1.5, [1], [1, 2, 3], [], [1, "2"], "12"])
    def test_bad_dilation(self, dilation) -> None:
        with pytest.raises((GraphError, GraphTypeError), match="argument 'dilation'"):
            DilatedNeighborAttention(6, 8, 2, dilation=dilation)


class TestGatedPositionalAttention:
    def test_structure_alone_is_the_mean_of_a_ring(self) -> None:
        edge_index, num_nodes = zoo("hub")
        edge_index = _both(edge_index)
        torch.manual_seed(0)
        layer = GatedPositionalAttention(6, 8, 4, hops=3, locality=60.0).double()
        nn.init.constant_(layer.gate, 50.0)
        x = torch.randn(num_nodes, 6, dtype=torch.float64)
        distance = _distances(edge_index, num_nodes)
        value = layer.lin_value(x).view(-1, 4, 2)
        heads, whole = [], torch.ones(num_nodes, dtype=torch.bool)
        for hop in range(4):  # a node without such a ring looks at the others instead
            ring = (distance == hop).double()
            heads.append(ring @ value[:, hop] / ring.sum(1, keepdim=True))
            whole &= ring.sum(1) > 0
        assert whole.sum() > 10
        want = layer.lin_out(torch.stack(heads, 1).flatten(1))
        close(layer(x, edge_index)[whole], want[whole])

    def test_a_closed_gate_is_plain_attention(self) -> None:
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

    def test_starts_as_the_paper_says(self) -> None:
        for own, want in ((True, [0, 1, 2, 0, 1]), (False, [1, 2, 1, 2, 1])):
            layer = GatedPositionalAttention(6, 10, 5, hops=2, include_self=own, pair_dim=2)
            assert layer.hop_weight.argmax(0).tolist() == want
            assert layer.hop_weight.sum() == 5 and not layer.lin_pair.weight.any()
            assert round(layer.gate.sigmoid().mean().item(), 2) == 0.73

    def test_pairs_and_their_features(self) -> None:
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

    def test_bad_pairs(self) -> None:
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


@pytest.mark.parametrize("layer", [NeighborAttention, DilatedNeighborAttention,
                                   GatedPositionalAttention])
@pytest.mark.parametrize(("args", "match"), [
    ((6, 8, 3), "heads"), ((6, 8, 0), "heads"), ((6, 8, 2.0), "heads"), ((0, 8), "in_channels"),
    ((6, -1), "out_channels"), (((6, 6, 6), 8), "in_channels"),
])
def test_bad_sizes(layer: type, args: tuple, match: str) -> None:
    with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
        layer(*args)


def test_dilations_come_in_many_kinds() -> None:
    for hops in (2, np.int64(2), torch.tensor(2), [2, 2], np.array([2, 2]), (2 for _ in range(2))):
        assert DilatedNeighborAttention(6, 8, 2, dilation=hops).dilation == (2, 2)
    for hops in (True, 2.0, "2", [1, 2, 3], [], None, 0, torch.tensor([[1, 2]])):
        with pytest.raises((GraphError, GraphTypeError), match="argument 'dilation'"):
            DilatedNeighborAttention(6, 8, 2, dilation=hops)


@pytest.mark.parametrize("name", list(LAYERS))
def test_autocast(name: str) -> None:
    torch.manual_seed(0)
    layer, edge_index = LAYERS[name](6, 8, 4), torch.tensor([[0, 1], [1, 2]])
    x = torch.randn(3, 6)
    with torch.autocast("cpu", torch.bfloat16):
        out = layer(x, edge_index)
    torch.testing.assert_close(out.float(), layer(x, edge_index), atol=0.05, rtol=0.05)
    out.sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in layer.parameters())


def test_hops_of_any_integers() -> None:
    layer = GatedPositionalAttention(6, 8, 2)
    edge_index, x = torch.tensor([[0, 1], [1, 2]]), torch.randn(3, 6)
    pairs = layer.neighbors(edge_index, 3)
    for dtype in (torch.uint8, torch.int32):
        assert torch.equal(layer(x, ops.HopNeighbors(pairs.edge_index, pairs.hop.to(dtype))),
                           layer(x, pairs))


def test_block_of_pyg_layer_and_ours_agree_on_shapes() -> None:
    edge_index, num_nodes = zoo("random")
    x = torch.randn(num_nodes, 8)
    for local in (SAGEConv(8, 8), NeighborAttention(8, 8, 2)):
        assert LocalGlobalBlock(8, local)(x, edge_index).shape == x.shape

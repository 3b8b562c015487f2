"""Attention to neighbours, to rings and by a gate, against dense formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
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
from tests.nn.attention.dense_local import LAYERS, each_layer, local_layer, plain
from tests.ops.graphs import close, zoo
from tests.zoo import each_zoo_graph


@pytest.mark.parametrize("kind", list(LAYERS))
@each_zoo_graph
def test_is_its_formula(kind: str, name: str) -> None:
    edge_index, num_nodes = zoo(name)
    edge_index = torch.unique(edge_index, dim=1)  # parallel edges would count twice
    layer = local_layer(kind)
    x = torch.randn(num_nodes, 6, dtype=torch.float64, requires_grad=True)
    got, want = layer(x, edge_index), plain(layer, x, edge_index)
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
    layer = local_layer(name, 2, 4)
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
    layer, x = local_layer(name), torch.randn(num_nodes, 6, dtype=torch.float64)
    renamed = torch.empty_like(x).index_copy(0, names, x)
    close(layer(renamed, names[edge_index])[names], layer(x, edge_index))


@each_layer
def test_batch_is_one_by_one(name: str) -> None:
    layer, parts, outs, edges, start = local_layer(name), [], [], [], 0
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
    layer, x = local_layer(name), torch.randn(num_nodes, 6, dtype=torch.float64)
    want = layer(x, edge_index)
    sizes = (num_nodes, num_nodes)
    for graph in (ops.as_adjacency(edge_index, num_nodes), EdgeIndex(edge_index, sparse_size=sizes),
                  edge_index.int(), torch.sparse_coo_tensor(
                      edge_index.flip(0), torch.ones(edge_index.shape[1]), sizes)):
        close(layer(x, graph), want)


@each_layer
def test_reset_and_state(name: str) -> None:
    layer, other = local_layer(name), LAYERS[name](6, 8, 4).double()
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
    layer, x = local_layer(name), torch.randn(num_nodes, 6, dtype=torch.float64)
    adjacency = ops.as_adjacency(edge_index, num_nodes)
    torch._dynamo.reset()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    close(compiled(x, adjacency), layer(x, adjacency))
    torch._dynamo.reset()


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

"""Layers compile into one graph, from plain indices and from prepared graphs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch_geometric.nn import models

import graphlocal
from graphlocal import nn, ops
from tests.nn.compare import PAIRS, assert_same, mlp, same_layers, zoo_tensors

each_backend = pytest.mark.parametrize("backend", ["eager", "aot_eager"])


@pytest.fixture(autouse=True)
def fresh_compiler() -> Any:
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


class Compiled(torch.nn.Module):
    """A layer behind ``torch.compile``, with its parameters in view."""

    def __init__(self, layer: torch.nn.Module, backend: str) -> None:
        super().__init__()
        self.layer = layer
        self.call = torch.compile(layer, backend=backend, fullgraph=True)

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        return self.call(*args, **kwargs)

    def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
        return self.layer.named_parameters(*args, **kwargs)


@each_backend
@pytest.mark.parametrize("aggr", ["sum", "max"])
@pytest.mark.parametrize("pair", PAIRS, ids=["GCN", "SAGE", "GIN", "Graph"])
def test_edge_index(pair: tuple[type, type], aggr: str, backend: str) -> None:
    if aggr == "max" and pair[0] is nn.GCNConv:
        pytest.skip("loops beside the edges can only be added: PyG's normalisation runs")
    edge_index, num_nodes = zoo_tensors("self_loops")

    def build(cls: type) -> torch.nn.Module:
        return cls(mlp(4, 3), aggr=aggr) if pair is PAIRS[2] else cls(4, 3, aggr=aggr)

    mine, original = same_layers(*pair, build)
    x = torch.randn(num_nodes, 4).requires_grad_()
    compiled = Compiled(mine, backend)
    weights = [()]
    if pair[0] in (nn.GCNConv, nn.GraphConv):
        weight = torch.rand(edge_index.size(1))
        weights += [(weight,), (weight.clone().requires_grad_(),)]
    for weight in weights:
        assert_same(compiled, original, x, edge_index, *weight)


@each_backend
@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
def test_gcn_prepared(flow: str, backend: str) -> None:
    edge_index, num_nodes = zoo_tensors("duplicates")
    mine, original = same_layers(*PAIRS[0], lambda cls: cls(4, 3, flow=flow))
    x = torch.randn(num_nodes, 4).requires_grad_()
    want = original(x, edge_index)
    compiled = torch.compile(mine, backend=backend, fullgraph=True)
    for graph in (ops.as_adjacency(edge_index, num_nodes, num_nodes),
                  nn.gcn_norm(edge_index, num_nodes=num_nodes, flow=flow)):
        for _ in range(2):
            torch.testing.assert_close(compiled(x, graph), want)


@each_backend
@pytest.mark.parametrize("improved", [False, True])
@pytest.mark.parametrize("add_self_loops", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_gcn_arguments(weighted: bool, add_self_loops: bool, improved: bool, backend: str) -> None:
    mine, original = same_layers(*PAIRS[0], lambda cls: cls(
        4, 3, improved=improved, add_self_loops=add_self_loops))
    compiled = Compiled(mine, backend)
    for name in ("self_loops", "duplicates", "isolated_tail"):
        edge_index, num_nodes = zoo_tensors(name)
        x = torch.randn(num_nodes, 4).requires_grad_()
        weight = torch.rand(edge_index.size(1)) if weighted else None
        assert_same(compiled, original, x, edge_index, weight)


@each_backend
def test_accelerated_model(backend: str) -> None:
    edge_index, num_nodes = zoo_tensors("random")
    x = torch.randn(num_nodes, 4)
    for make in (models.GCN, models.GraphSAGE, models.GIN):
        model = make(4, 8, 2, 3).eval()
        want = model(x, edge_index)
        graphlocal.accelerate(model)
        compiled = torch.compile(model, backend=backend, fullgraph=True)
        torch.testing.assert_close(compiled(x, edge_index), want)
        adjacency = ops.as_adjacency(edge_index, num_nodes, num_nodes)
        torch.testing.assert_close(compiled(x, adjacency), want)


def test_nothing_is_remembered_in_a_compiled_pass() -> None:
    edge_index, num_nodes = zoo_tensors("random")
    edge_index = edge_index.clone()
    compiled = torch.compile(nn.GCNConv(4, 3), backend="aot_eager", fullgraph=True)
    x = torch.randn(num_nodes, 4)
    first = compiled(x, edge_index)
    edge_index[0] = edge_index[0].flip(0)  # seen at once: nothing stale is handed out
    second = compiled(x, edge_index)
    assert not torch.allclose(first, second)
    from graphlocal.ops import memory

    assert id(edge_index) not in memory._memory

"""The operators keep torch's rules, and layers that use them compile to one graph."""

from __future__ import annotations

import pytest
import torch

from graphlocal import GraphError, ops
from graphlocal.ops.memory import _memory
from graphlocal.ops.spmm import binding
from tests.ops.graphs import close, draw, each_backend, each_reduce, zoo


@pytest.fixture(autouse=True)
def fresh_compiler():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def operator_calls():
    edge_index, num_nodes = zoo("duplicates")
    adjacency = ops.as_adjacency(edge_index, num_nodes)
    x = draw(num_nodes, 3).requires_grad_()
    weight = draw(adjacency.num_edges, seed=1).requires_grad_()
    _, argument = binding.extreme(*adjacency, x.detach(), None, 1)
    ptr = torch.tensor([0, 1, 1, 4])
    yield "adjacency", "", (edge_index, num_nodes, num_nodes)
    for mode in ("sum", "mean", "mean_t"):
        yield "spmm", mode, (*adjacency, x, weight, mode, "cpu")
        yield "sddmm", mode, (*adjacency, x, x, mode, "cpu")
    yield "spmm", "unweighted", (*adjacency, x, None, "sum", "cpu")
    yield "spmm_extreme", "", (*adjacency, x, weight, -1)
    yield "spmm_extreme_to_source", "", (*adjacency, argument, x, weight)
    yield "spmm_extreme_to_edge", "", (*adjacency, argument, x, x)
    yield "segment_index", "", (ptr, 4)
    yield "segment_sum", "", (x, ptr, True, "cpu")
    yield "segment_extreme", "", (x, ptr, 1)
    yield "segment_softmax", "", (x, ptr)
    yield "segment_softmax_backward", "", (x, x, ptr)


CALLS = {(name, case): arguments for name, case, arguments in operator_calls()}


@pytest.mark.parametrize(("name", "case"), list(CALLS))
def test_opcheck(name, case) -> None:
    torch.library.opcheck(getattr(torch.ops.graphlocal, name).default, CALLS[name, case])


@each_reduce
@each_backend
@pytest.mark.parametrize("prepared", [False, True])
def test_spmm_compiles_to_one_graph(reduce, backend, prepared, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes = zoo("hub")
    graph = ops.as_adjacency(edge_index, num_nodes) if prepared else edge_index

    def layer(graph, x, weight):
        return torch.relu(ops.spmm(graph, x * 2, weight, reduce)) + 1

    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    results = []
    for function in (layer, compiled):
        x = draw(num_nodes, 3).requires_grad_()
        weight = draw(edge_index.shape[1], seed=1).requires_grad_()
        out = function(graph, x, weight)
        out.sum().backward()
        results.append((out.detach(), x.grad, weight.grad))
    for a, b in zip(*results, strict=True):
        close(a, b)


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_segments_compile_to_one_graph(backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    ptr = torch.tensor([0, 2, 2, 7])

    def pool(x, ptr):
        y = ops.segment_softmax(x, ptr) * x
        return ops.segment_reduce(y, ptr, "sum") + ops.segment_reduce(x, ptr, "max")

    compiled = torch.compile(pool, fullgraph=True, backend="aot_eager")
    results = []
    for function in (pool, compiled):
        x = draw(7, 2).requires_grad_()
        out = function(x, ptr)
        out.sum().backward()
        results.append((out.detach(), x.grad))
    for a, b in zip(*results, strict=True):
        close(a, b)
    with pytest.raises(GraphError, match="last value"):
        compiled(draw(7, 2), torch.tensor([0, 2, 2, 8]))


def test_graphs_of_any_size_share_one_compilation() -> None:
    compiled = torch.compile(lambda e, x: ops.spmm(e, x, reduce="mean"), fullgraph=True,
                             backend="aot_eager", dynamic=True)
    for name in ("hub", "random", "directed"):
        edge_index, num_nodes = zoo(name)
        x = draw(num_nodes, 3)
        close(compiled(edge_index, x), ops.spmm(edge_index, x, reduce="mean"))


def test_nothing_is_remembered_and_indices_are_checked_inside_a_graph() -> None:
    compiled = torch.compile(ops.spmm, fullgraph=True, backend="aot_eager")
    edge_index, num_nodes = zoo("random")
    compiled(edge_index, draw(num_nodes, 3))
    assert id(edge_index) not in _memory
    edge_index[0, 3] = num_nodes
    with pytest.raises(GraphError, match=f"got index {num_nodes}"):
        compiled(edge_index, draw(num_nodes, 3))


@pytest.mark.slow
def test_inductor() -> None:
    edge_index, num_nodes = zoo("hub")
    compiled = torch.compile(
        lambda e, x, w: ops.spmm(e, x * 2, w).relu() + ops.spmm(e, x, w, "max"), fullgraph=True)
    x = draw(num_nodes, 3).requires_grad_()
    weight = draw(edge_index.shape[1], seed=1)
    out = compiled(edge_index, x, weight)
    close(out, ops.spmm(edge_index, x * 2, weight).relu() + ops.spmm(edge_index, x, weight, "max"))
    out.sum().backward()
    assert x.grad.isfinite().all()

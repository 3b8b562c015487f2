"""Sums over common neighbours against a dense matrix of pairs and nodes: values and gradients."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from torch import Tensor

from graphlocal import GraphError, ops
from graphlocal.kernels.cpu import common_neighbors as kernel
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.ops.overlap_sum import binding
from tests.ops.graphs import close, draw, each_dtype
from tests.ops.pairs import (
    by_sets,
    each_method,
    each_pair_backend,
    each_part,
    force,
    neighbor_sets,
    some_edges,
    zoo_pairs,
)
from tests.ops.test_common_neighbors import columns, graphs
from tests.zoo import each_zoo_graph


def dense_overlap(edge_index, num_nodes, pairs, part, hidden=None, hops=(1, 1)) -> Tensor:
    """0/1 matrix of pairs and the nodes they list, from python's sets: ``[P, N]`` float64."""
    matrix = torch.zeros(pairs.shape[1], num_nodes, dtype=torch.float64)
    rows = neighbor_sets(edge_index, num_nodes, hidden)
    for p, nodes in enumerate(by_sets(rows, pairs, part, hops)):
        matrix[p, nodes] = 1
    return matrix


def with_gradients(call, *inputs: Tensor) -> list[Tensor]:
    inputs = tuple(t.clone().requires_grad_() for t in inputs)
    out = call(*inputs)
    grads = torch.autograd.grad(out, inputs, draw(*out.shape, dtype=out.dtype, seed=9))
    return [out.detach(), *grads]


@each_zoo_graph
@each_dtype
@each_part
@each_pair_backend
@pytest.mark.parametrize("hiding", [False, True])
def test_values_and_gradients(name, dtype, part, backend, hiding, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes, pairs = zoo_pairs(name, 60)
    hidden = some_edges(edge_index) if hiding else None
    matrix = dense_overlap(edge_index, num_nodes, pairs, part, hidden).to(dtype)
    x, weight = draw(num_nodes, 5, dtype=dtype), draw(num_nodes, dtype=dtype, seed=1)

    def ours(x, weight=None):
        return ops.overlap_sum(x, edge_index, pairs, part=part, node_weight=weight, exclude=hidden)

    plain = with_gradients(ours, x)
    for a, b in zip(plain, with_gradients(lambda x: matrix @ x, x), strict=True):
        close(a, b)
    weighted = with_gradients(ours, x, weight)
    theirs = with_gradients(lambda x, w: matrix @ (w.unsqueeze(-1) * x), x, weight)
    for a, b in zip(weighted, theirs, strict=True):
        close(a, b)
    # Without gradients another kernel runs, which adds in the same order.
    assert torch.equal(ours(x), plain[0])
    assert torch.equal(ours(x, weight), weighted[0])


@each_method
@each_part
@pytest.mark.parametrize("hiding", [False, True])
@pytest.mark.parametrize("name", ["hub", "random", "complete", "isolated_tail"])
def test_every_algorithm(method, part, hiding, name, monkeypatch) -> None:
    force(method, monkeypatch)
    edge_index, num_nodes, pairs = zoo_pairs(name)
    pairs = pairs[:, pairs[0].argsort()]
    hidden = some_edges(edge_index) if hiding else None
    matrix = dense_overlap(edge_index, num_nodes, pairs, part, hidden)
    x = draw(num_nodes, 7)
    ours = with_gradients(
        lambda x: ops.overlap_sum(x, edge_index, pairs, part=part, exclude=hidden), x)
    for a, b in zip(ours, with_gradients(lambda x: matrix @ x, x), strict=True):
        close(a, b)
    with torch.no_grad():
        fused = ops.overlap_sum(x, edge_index, pairs, part=part, exclude=hidden)
    assert torch.equal(fused, ours[0])


@each_pair_backend
@pytest.mark.parametrize("hops", [(1, 2), (2, 1), (2, 2)])
@pytest.mark.parametrize("hiding", [False, True])
def test_second_order(backend, hops, hiding, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes, pairs = zoo_pairs("hub")
    hidden = some_edges(edge_index) if hiding else None
    matrix = dense_overlap(edge_index, num_nodes, pairs, "both", hidden, hops)
    x, weight = draw(num_nodes, 4), draw(num_nodes, seed=1)
    ours = with_gradients(lambda x, w: ops.overlap_sum(
        x, edge_index, pairs, node_weight=w, exclude=hidden, hops=hops), x, weight)
    theirs = with_gradients(lambda x, w: matrix @ (w.unsqueeze(-1) * x), x, weight)
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)


@each_pair_backend
@each_part
def test_gradcheck(backend, part, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes, pairs = zoo_pairs("two_components", 12)
    x, weight = draw(num_nodes, 3).requires_grad_(), draw(num_nodes, seed=1).requires_grad_()

    def call(x, weight=None):
        return ops.overlap_sum(x, edge_index, pairs, part=part, node_weight=weight)

    for inputs in ((x,), (x, weight)):
        assert torch.autograd.gradcheck(call, inputs)
        assert torch.autograd.gradgradcheck(call, inputs)


@each_dtype
@each_pair_backend
@pytest.mark.parametrize("index", [torch.int32, torch.int64])
def test_ragged_sum(dtype, backend, index, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    ptr = torch.tensor([0, 3, 3, 4, 9])
    node = torch.tensor([4, 0, 4, 2, 1, 1, 0, 3, 2])
    matrix = torch.zeros(4, 5, 9, dtype=dtype)
    matrix[torch.repeat_interleave(ptr.diff()), node, torch.arange(9)] = 1
    x, weight = draw(5, 3, dtype=dtype), draw(9, dtype=dtype, seed=1)
    theirs = with_gradients(lambda x, w: torch.einsum("pnl,l,nf->pf", matrix, w, x), x, weight)
    ours = with_gradients(lambda x, w: ops.ragged_sum(x, ptr, node.to(index), w), x, weight)
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)
    close(ops.ragged_sum(x, ptr, node), matrix.sum(2) @ x)
    inputs = (x.double().requires_grad_(), weight.double().requires_grad_())
    assert torch.autograd.gradcheck(lambda x, w: ops.ragged_sum(x, ptr, node, w), inputs)
    assert torch.autograd.gradgradcheck(lambda x, w: ops.ragged_sum(x, ptr, node, w), inputs)


@pytest.mark.parametrize("width", [0, 1, 3, 16, 33, 40, 130])
@pytest.mark.parametrize("weighted", [False, True])
def test_threads_and_blocks_change_no_bit(width, weighted, monkeypatch) -> None:
    monkeypatch.setattr(kernel, "BLOCK_WORK", 500)
    monkeypatch.setattr(binding, "_ALONE", 0)
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.randint(0, 300, (2, 3000), generator=generator)
    pairs = torch.randint(0, 300, (2, 2000), generator=generator)
    x = draw(300, width, dtype=torch.float32)
    inputs = (x, draw(300, dtype=torch.float32, seed=1)) if weighted else (x,)

    def call(x, weight=None):
        return ops.overlap_sum(x, edge_index, pairs, node_weight=weight)

    try:
        set_num_threads(1)
        alone = [call(*inputs), *with_gradients(call, *inputs)]
        matrix = dense_overlap(edge_index, 300, pairs, "both").float()
        w = inputs[1].unsqueeze(-1) if weighted else 1
        torch.testing.assert_close(alone[0], matrix @ (w * x), rtol=1e-4, atol=1e-4)
        for count in (2, 3, 7):
            set_num_threads(count)
            for a, b in zip(alone, [call(*inputs), *with_gradients(call, *inputs)], strict=True):
                assert torch.equal(a, b)
    finally:
        set_num_threads(None)


@each_pair_backend
def test_shapes(backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes, pairs = zoo_pairs("random")
    x = draw(num_nodes, 3, 4)
    wide = ops.overlap_sum(x, edge_index, pairs)
    assert wide.shape == (pairs.shape[1], 3, 4)
    close(wide, ops.overlap_sum(x.flatten(1), edge_index, pairs).view(-1, 3, 4))
    close(ops.overlap_sum(x[:, 0, 0], edge_index, pairs), wide[:, 0, 0])
    apart = x.flatten(1).t().contiguous().t()  # not contiguous
    close(ops.overlap_sum(apart, edge_index, pairs), wide.flatten(1))
    none = torch.empty(2, 0, dtype=torch.long)
    assert ops.overlap_sum(x, edge_index, none).shape == (0, 3, 4)
    counts = ops.common_neighbor_counts(ops.as_simple(edge_index, num_nodes), pairs)
    close(ops.overlap_sum(torch.ones(num_nodes), edge_index, pairs), counts.float())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64])
def test_other_dtypes_take_the_reference(dtype) -> None:
    edge_index, num_nodes, pairs = zoo_pairs("random")
    x = torch.randint(-4, 5, (num_nodes, 3)).to(dtype)
    out = ops.overlap_sum(x, edge_index, pairs)
    assert out.dtype == dtype
    assert torch.equal(out, ops.overlap_sum(x.double(), edge_index, pairs).to(dtype))


def test_mixed_dtypes_promote() -> None:
    edge_index, num_nodes, pairs = zoo_pairs("random")
    x, weight = draw(num_nodes, 3, dtype=torch.float32), draw(num_nodes)
    assert ops.overlap_sum(x, edge_index, pairs, node_weight=weight).dtype == torch.float64


@each_pair_backend
def test_inf_and_nan_reach_who_lists_them_and_nobody_else(backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes, pairs = zoo_pairs("random")
    matrix = dense_overlap(edge_index, num_nodes, pairs, "both")
    x = torch.zeros(num_nodes, 1, dtype=torch.float64)
    x[3], x[8] = math.nan, math.inf
    out = ops.overlap_sum(x, edge_index, pairs)[:, 0]
    assert torch.equal(out.isnan(), matrix[:, 3] > 0)
    assert torch.equal(out.isinf(), (matrix[:, 8] > 0) & (matrix[:, 3] == 0))


@given(graph=graphs)
def test_new_names_rename_the_result(graph) -> None:
    num_nodes, edges, pairs, hidden, seed = graph
    edge_index, pairs, hidden = columns(edges), columns(pairs), columns(hidden)
    x = draw(num_nodes, 3, seed=seed)
    name = torch.randperm(num_nodes, generator=torch.Generator().manual_seed(seed))
    renamed = torch.empty_like(x).index_copy(0, name, x)
    out = ops.overlap_sum(x, edge_index, pairs, exclude=hidden)
    close(ops.overlap_sum(renamed, name[edge_index], name[pairs], exclude=name[hidden]), out)
    close(ops.overlap_sum(x, edge_index, pairs.flip(0), exclude=hidden), out)


def test_func_transforms() -> None:
    edge_index, num_nodes, pairs = zoo_pairs("random", 20)
    x = draw(num_nodes, 3)
    matrix = dense_overlap(edge_index, num_nodes, pairs, "both")
    many = draw(2, num_nodes, 3, seed=1)
    close(torch.func.vmap(lambda x: ops.overlap_sum(x, edge_index, pairs))(many), matrix @ many)
    gradient = torch.func.grad(lambda x: ops.overlap_sum(x, edge_index, pairs).square().sum())(x)
    close(gradient, 2 * matrix.t() @ (matrix @ x))
    _, tangent = torch.func.jvp(
        lambda x: ops.overlap_sum(x, edge_index, pairs), (x,), (many[0],))
    close(tangent, matrix @ many[0])


def operator_calls():
    edge_index, num_nodes, pairs = zoo_pairs("duplicates")
    graph = ops.as_simple(edge_index, num_nodes)
    mask = ops.link_mask(graph, pairs[:, :2])
    x, weight = draw(num_nodes, 3).requires_grad_(), draw(num_nodes, seed=1)
    ptr, node = torch.tensor([0, 2, 2, 5]), torch.tensor([0, 1, 1, 3, 2], dtype=torch.int32)
    entry = draw(5, seed=2).requires_grad_()
    grad = draw(3, 3, seed=3).requires_grad_()
    yield "simple_graph", "", (edge_index, num_nodes, "symmetrize")
    adjacency = ops.as_adjacency(edge_index, num_nodes)
    yield "select_edges", "", (*adjacency, torch.arange(adjacency.num_edges) % 2 == 0)
    yield "link_mask", "", (*graph, pairs)
    yield "find_entries", "", (*graph, pairs)
    for backend in ("cpu", "reference"):
        yield "common_neighbors", backend, (*graph, mask, pairs, "left", [1, 1], backend)
        yield "common_neighbors", f"{backend}, far", (*graph, None, pairs, "both", [1, 2], backend)
        yield "neighbor_split", backend, (*graph, mask, pairs, backend)
        yield "common_neighbor_counts", backend, (*graph, None, pairs, "both", [1, 1], backend)
    yield "overlap_sum", "", (*graph, mask, pairs, "both", x.detach(), weight)
    yield "ragged_sum", "", (x, ptr, node, entry)
    yield "ragged_sum", "unweighted", (x, ptr, node, None)
    yield "ragged_spread", "", (grad, ptr, node, entry, num_nodes)
    yield "ragged_dot", "", (grad, x, ptr, node)


CALLS = {(name, case): arguments for name, case, arguments in operator_calls()}


@pytest.mark.parametrize(("name", "case"), list(CALLS))
def test_opcheck(name, case) -> None:
    torch.library.opcheck(getattr(torch.ops.graphlocal, name).default, CALLS[name, case])


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize("prepared", [False, True])
def test_it_compiles_to_one_graph(gradient, prepared) -> None:
    torch._dynamo.reset()
    edge_index, num_nodes, pairs = zoo_pairs("random", 20)
    graph = ops.as_simple(edge_index, num_nodes) if prepared else edge_index

    def head(graph, pairs, x, weight):
        x = torch.relu(x) + 1
        s = ops.overlap_sum(x, graph, pairs, node_weight=weight, exclude=pairs)
        return torch.tanh(s) + ops.overlap_sum(x, graph, pairs, part="left")

    compiled = torch.compile(head, fullgraph=True, backend="aot_eager")
    results = []
    for function in (head, compiled):
        x, weight = draw(num_nodes, 3), draw(num_nodes, seed=1)
        if gradient:
            results.append(with_gradients(lambda *a, f=function: f(graph, pairs, *a), x, weight))
        else:
            results.append([function(graph, pairs, x, weight)])
    for a, b in zip(*results, strict=True):
        close(a, b)
    torch._dynamo.reset()


def test_bad_inputs() -> None:
    edge_index, num_nodes, pairs = zoo_pairs("random")
    x = draw(num_nodes, 3)
    with pytest.raises(GraphError, match=r"'pairs'.*pairs\.t\(\)"):
        ops.overlap_sum(x, edge_index, pairs.t())
    with pytest.raises(GraphError, match=r"'x'|'num_nodes'"):
        ops.overlap_sum(x[1:], ops.as_simple(edge_index, num_nodes), pairs)
    with pytest.raises(GraphError, match="'x'"):
        ops.overlap_sum([1.0], edge_index, pairs)
    with pytest.raises(GraphError, match=r"'node_weight'.*one per node"):
        ops.overlap_sum(x, edge_index, pairs, node_weight=x[:3, 0])
    with pytest.raises(GraphError, match="index 41"):
        ops.overlap_sum(x, edge_index, torch.tensor([[41], [0]]))
    ptr, node = torch.tensor([0, 2]), torch.tensor([0, 1])
    for bad, said in (((x, torch.tensor([0, 3]), node), "last value"),
                      ((x, ptr, torch.tensor([0, 41])), "index 41"),
                      ((x, ptr, torch.tensor([0, -1])), "index -1"),
                      ((x, torch.tensor([0, 2, 1, 2]), node), "fall"),
                      ((x, ptr, node.double()), "'node'.*dtype"),
                      ((x, ptr, node, x[:3, 0]), "'weight'"),
                      ((x, ptr.view(1, 2), node), "'ptr'")):
        with pytest.raises(GraphError, match=said):
            ops.ragged_sum(*bad)

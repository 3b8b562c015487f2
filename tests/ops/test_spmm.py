"""spmm against its definition written as loops, on every graph, dtype, reduction and backend."""

from __future__ import annotations

import functools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from graphlocal import ops
from graphlocal.ops import arrays
from tests.ops.graphs import (
    close,
    draw,
    each_backend,
    each_backend_and_reduce,
    each_dtype,
    each_reduce,
    zoo,
)
from tests.zoo import each_zoo_graph


def by_loops(edge_index: Tensor, x: Tensor, weight: Tensor | None, num_dst: int,
             reduce: str) -> Tensor:
    """The definition, one number at a time; differentiable because it only picks and adds."""
    rows = []
    for i in range(num_dst):
        edges = (edge_index[1] == i).nonzero().flatten().tolist()
        messages = [x[edge_index[0, e]] * (1 if weight is None else weight[e]) for e in edges]
        if not messages:
            rows.append(torch.zeros_like(x[0]) if len(x) else x.new_zeros(x.shape[1:]))
        elif reduce in ("sum", "mean"):
            total = sum(messages[1:], messages[0])
            rows.append(total / len(messages) if reduce == "mean" else total)
        else:
            stacked = torch.stack(messages)
            values = stacked if reduce == "max" else -stacked
            first = values.detach().nan_to_num(nan=math.inf, posinf=math.inf, neginf=-math.inf)
            at = torch.stack([(first[:, f] == first[:, f].max()).nonzero()[0, 0]
                              for f in range(x.shape[1])])
            rows.append(stacked.gather(0, at.unsqueeze(0))[0])
    return torch.stack(rows) if rows else x.new_zeros(0, *x.shape[1:])


def with_gradients(
    call, x: Tensor, weight: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    x = x.clone().requires_grad_()
    weight = None if weight is None else weight.clone().requires_grad_()
    out = call(x, weight)
    inputs = [x] if weight is None else [x, weight]
    up = draw(*out.shape, dtype=out.dtype, seed=9)
    grads = torch.autograd.grad(out, inputs, up, allow_unused=True, materialize_grads=True) if (
        out.requires_grad) else [torch.zeros_like(t) for t in inputs]
    return out.detach(), grads[0], grads[1] if weight is not None else None


@functools.cache
def expected_on_zoo(
    name: str, dtype: torch.dtype, reduce: str, weighted: bool
) -> tuple[Tensor, Tensor, Tensor | None]:
    edge_index, num_nodes = zoo(name)
    x = draw(num_nodes, 5, dtype=dtype)
    weight = draw(edge_index.shape[1], dtype=dtype, seed=1) if weighted else None
    return with_gradients(
        lambda x, w: by_loops(edge_index, x, w, num_nodes, reduce), x, weight)


@each_zoo_graph
@each_dtype
@each_backend_and_reduce
@pytest.mark.parametrize("weighted", [False, True])
def test_values_and_gradients(name, dtype, reduce, backend, weighted, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes = zoo(name)
    x = draw(num_nodes, 5, dtype=dtype)
    weight = draw(edge_index.shape[1], dtype=dtype, seed=1) if weighted else None
    ours = with_gradients(lambda x, w: ops.spmm(edge_index, x, w, reduce), x, weight)
    theirs = expected_on_zoo(name, dtype, reduce, weighted)
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            close(a, b)


@pytest.mark.parametrize("width", [0, 1, 2, 15, 16, 17, 33, 130])
@each_reduce
@pytest.mark.parametrize("large", [False, True])
def test_widths(width, reduce, large, monkeypatch) -> None:
    if large:  # what big features take: numpy's memory, and asking ahead
        monkeypatch.setattr(arrays, "_LARGE", 0)
    num_nodes = 600 if large else 41
    generator = torch.Generator().manual_seed(3)
    edge_index = torch.randint(0, num_nodes, (2, 4 * num_nodes), generator=generator)
    scale = 20 if large else 1  # past the size below which nothing is asked ahead
    x = draw(num_nodes, width * scale, dtype=torch.float32)
    weight = draw(edge_index.shape[1], dtype=torch.float32, seed=1)
    ours = with_gradients(lambda x, w: ops.spmm(edge_index, x, w, reduce), x, weight)
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", "reference")
    theirs = with_gradients(lambda x, w: ops.spmm(edge_index, x, w, reduce), x, weight)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@each_reduce
def test_shapes(reduce) -> None:
    edge_index, num_nodes = zoo("random")
    x = draw(num_nodes, 3, 4)
    wide = ops.spmm(edge_index, x, reduce=reduce)
    assert wide.shape == (num_nodes, 3, 4)
    close(wide, ops.spmm(edge_index, x.flatten(1), reduce=reduce).view(num_nodes, 3, 4))
    close(ops.spmm(edge_index, x[:, 0, 0], reduce=reduce), wide[:, 0, 0])
    apart = x.flatten(1).t().contiguous().t()  # not contiguous
    close(ops.spmm(edge_index, apart, reduce=reduce), wide.flatten(1))


@each_reduce
@each_backend
def test_bipartite(reduce, backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index = torch.tensor([[0, 6, 6, 3], [1, 1, 0, 2]])
    x, weight = draw(7, 3), draw(4, seed=1)
    ours = with_gradients(
        lambda x, w: ops.spmm(edge_index, x, w, reduce, num_dst=4), x, weight)
    theirs = with_gradients(lambda x, w: by_loops(edge_index, x, w, 4, reduce), x, weight)
    for a, b in zip(ours, theirs, strict=True):
        close(a, b)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64, torch.int32])
@each_reduce
def test_other_dtypes_take_the_reference(dtype, reduce) -> None:
    edge_index, num_nodes = zoo("random")
    x = torch.randint(-4, 5, (num_nodes, 3)).to(dtype)
    out = ops.spmm(edge_index, x, reduce=reduce)
    assert out.dtype == dtype
    exact = ops.spmm(edge_index, x.double(), reduce=reduce)
    if reduce == "mean":
        exact = exact.to(dtype) if dtype.is_floating_point else exact.floor().to(dtype)
    assert torch.equal(out, exact.to(dtype))


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_complex_features(reduce) -> None:
    edge_index, num_nodes = zoo("random")
    x = torch.complex(draw(num_nodes, 3), draw(num_nodes, 3, seed=1))
    out = ops.spmm(edge_index, x, reduce=reduce)
    close(out.real, ops.spmm(edge_index, x.real, reduce=reduce))
    close(out.imag, ops.spmm(edge_index, x.imag, reduce=reduce))


def test_mixed_dtypes_promote() -> None:
    edge_index, num_nodes = zoo("random")
    x, weight = draw(num_nodes, 3, dtype=torch.float32), draw(160)
    assert ops.spmm(edge_index, x, weight).dtype == torch.float64
    ones = torch.ones(160, dtype=torch.int64)
    assert torch.equal(ops.spmm(edge_index, x, ones), ops.spmm(edge_index, x))


@each_reduce
@each_backend
def test_inf_and_nan_propagate(reduce, backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    inf, nan = math.inf, math.nan
    edge_index = torch.tensor([[0, 1, 1, 2, 0, 3, 3], [0, 0, 1, 1, 2, 2, 3]])
    x = torch.tensor([[inf, 1, nan], [-1, -inf, 2], [-inf, -inf, nan], [1, nan, nan]])
    expected = {
        "sum": [[inf, -inf, nan], [-inf, -inf, nan], [inf, nan, nan], [1, nan, nan]],
        "max": [[inf, 1, nan], [-1, -inf, nan], [inf, nan, nan], [1, nan, nan]],
        "min": [[-1, -inf, nan], [-inf, -inf, nan], [1, nan, nan], [1, nan, nan]],
    }
    expected["mean"] = expected["sum"]
    out = ops.spmm(edge_index, x, reduce=reduce)
    assert out.isnan().equal(torch.tensor(expected[reduce]).isnan())
    close(out, torch.tensor(expected[reduce]))


@pytest.mark.parametrize("backend", ["cpu", "reference"])
def test_first_of_equal_maxima_takes_the_gradient(backend, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index = torch.tensor([[2, 0, 1], [0, 0, 0]])
    x = torch.ones(3, 1, requires_grad=True)
    ops.spmm(edge_index, x, reduce="max").sum().backward()
    assert x.grad.flatten().tolist() == [0, 0, 1]


@each_reduce
@each_backend
@pytest.mark.parametrize("name", ["duplicates", "directed", "isolated_tail"])
def test_gradcheck(reduce, backend, name, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes = zoo(name)
    x = draw(num_nodes, 3).requires_grad_()
    weight = (draw(edge_index.shape[1], seed=1).abs() + 0.5).requires_grad_()
    for inputs in ((x,), (x, weight)):
        def call(x, weight=None):
            return ops.spmm(edge_index, x, weight, reduce)

        assert torch.autograd.gradcheck(call, inputs)
        assert torch.autograd.gradgradcheck(call, inputs, fast_mode=True)


@each_reduce
def test_peers_agree(reduce) -> None:
    from torch_geometric.utils import scatter

    edge_index, num_nodes = zoo("hub")
    x, weight = draw(num_nodes, 6), draw(edge_index.shape[1], seed=1)
    theirs = scatter(x[edge_index[0]] * weight[:, None], edge_index[1], 0, num_nodes, reduce)
    close(ops.spmm(edge_index, x, weight, reduce), theirs)


graphs = st.integers(1, 12).flatmap(lambda n: st.tuples(
    st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40),
    st.integers(0, 2**16)))


@each_reduce
@given(graph=graphs)
def test_permutations(reduce, graph) -> None:
    """New names for nodes rename the result; the order of edges does not matter."""
    num_nodes, edges, seed = graph
    edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t().contiguous()
    x, weight = draw(num_nodes, 3, seed=seed), draw(len(edges), seed=seed + 1)
    out = ops.spmm(edge_index, x, weight, reduce)
    generator = torch.Generator().manual_seed(seed)
    name = torch.randperm(num_nodes, generator=generator)
    renamed = torch.empty_like(x).index_copy(0, name, x)
    close(ops.spmm(name[edge_index], renamed, weight, reduce)[name], out)
    order = torch.randperm(len(edges), generator=generator)
    close(ops.spmm(edge_index[:, order], x, weight[order], reduce), out)


@each_reduce
@given(parts=st.lists(graphs, min_size=1, max_size=4))
def test_batch_is_one_by_one(reduce, parts) -> None:
    together, alone, features, start = [], [], [], 0
    for num_nodes, edges, seed in parts:
        edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t().contiguous()
        x = draw(num_nodes, 2, seed=seed)
        alone.append(ops.spmm(edge_index, x, reduce=reduce))
        together.append(edge_index + start)
        features.append(x)
        start += num_nodes
    out = ops.spmm(torch.cat(together, 1), torch.cat(features), reduce=reduce)
    assert torch.equal(out, torch.cat(alone))

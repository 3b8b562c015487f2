"""The adjacency says what the edges say, is built once, and refuses what it cannot mean."""

from __future__ import annotations

import gc
import itertools
import pickle
import threading
import weakref

import numpy as np
import pytest
import torch
from torch import Tensor

from graphlocal import CSRGraph, GraphError, ops
from graphlocal.graph.checks import GraphTypeError
from graphlocal.ops import adjacency as module
from graphlocal.ops.memory import _memory
from tests.ops.graphs import zoo
from tests.zoo import each_zoo_graph


def rows(rowptr: Tensor, col: Tensor, perm: Tensor) -> list[list[tuple[int, int]]]:
    borders = rowptr.tolist()
    pairs = list(zip(perm.tolist(), col.tolist(), strict=True))
    return [pairs[a:b] for a, b in itertools.pairwise(borders)]


@each_zoo_graph
def test_rows_are_the_edges_in_order(name) -> None:
    edge_index, num_nodes = zoo(name)
    edges = list(enumerate(zip(*edge_index.tolist(), strict=True)))
    adjacency = ops.Adjacency.from_edge_index(edge_index, num_nodes)
    assert rows(*adjacency[:3]) == [
        [(e, u) for e, (u, v) in edges if v == i] for i in range(num_nodes)]
    assert rows(*adjacency[3:]) == [
        [(e, v) for e, (u, v) in edges if u == i] for i in range(num_nodes)]
    assert adjacency.rowptr.dtype == torch.int64
    assert adjacency.col.dtype == adjacency.perm.dtype == torch.int32
    assert (adjacency.num_src, adjacency.num_dst) == (num_nodes, num_nodes)
    assert adjacency.num_edges == len(edges)
    assert adjacency.degree.tolist() == [len(r) for r in rows(*adjacency[:3])]
    assert adjacency.t().t() is not adjacency
    assert all(a is b for a, b in zip(adjacency.t().t(), adjacency, strict=True))


@each_zoo_graph
def test_sorting_on_any_device_agrees_with_the_cpu(name) -> None:
    edge_index, num_nodes = zoo(name)
    for a, b in zip(
        module._sort(edge_index[1], edge_index[0], num_nodes, torch.int32),
        module._sort_on_cpu(edge_index[1], edge_index[0], num_nodes, torch.int32), strict=True,
    ):
        assert torch.equal(a, b) and a.dtype == b.dtype


@pytest.mark.parametrize("dtype", [torch.int32, torch.int16, torch.uint8])
def test_other_integers(dtype) -> None:
    edge_index, num_nodes = zoo("random")
    for a, b in zip(ops.as_adjacency(edge_index.to(dtype), num_nodes),
                    ops.as_adjacency(edge_index, num_nodes), strict=True):
        assert torch.equal(a, b)


def same(a: ops.Adjacency, b: ops.Adjacency) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_everything_a_graph_comes_as() -> None:
    from torch_geometric import EdgeIndex

    edge_index, _ = zoo("hub")
    expected = ops.as_adjacency(edge_index, 64)
    assert same(ops.as_adjacency(EdgeIndex(edge_index, sparse_size=(64, 64))), expected)
    assert same(ops.as_adjacency(edge_index.numpy(), 64), expected)
    assert same(ops.as_adjacency(edge_index.t().contiguous().t(), 64), expected)
    assert ops.as_adjacency(expected, 64, 64) is expected
    assert ops.as_adjacency(edge_index).num_src == int(edge_index.max()) + 1
    assert same(ops.as_adjacency(expected.to("cpu")), expected)
    assert same(pickle.loads(pickle.dumps(expected)), expected)


@pytest.mark.parametrize("layout", ["csr", "csc", "coo"])
def test_sparse_tensors_multiply_as_matrices(layout) -> None:
    generator = torch.Generator().manual_seed(0)
    dense = torch.randn(5, 7, generator=generator, dtype=torch.float64)
    dense = dense * (torch.rand(5, 7, generator=generator) < 0.4)
    sparse = getattr(dense, "to_sparse" if layout == "coo" else f"to_sparse_{layout}")()
    x = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(ops.spmm(sparse, x), dense @ x)
    assert ops.as_adjacency(sparse) is ops.as_adjacency(sparse)
    pattern = (dense != 0).double()
    weight = torch.ones(int(pattern.sum()), dtype=torch.float64)
    torch.testing.assert_close(ops.spmm(sparse, x, weight), pattern @ x)


def test_values_of_a_sparse_tensor_get_gradients() -> None:
    values = torch.tensor([2.0, 3.0], requires_grad=True)
    sparse = torch.sparse_coo_tensor([[0, 1], [1, 0]], values, (2, 2), is_coalesced=True)
    ops.spmm(sparse, torch.tensor([[5.0], [7.0]])).sum().backward()
    assert values.grad.tolist() == [7.0, 5.0]


def test_csr_graph() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
    adjacency = ops.as_adjacency(graph)
    assert torch.equal(adjacency.rowptr, torch.from_numpy(graph.rowptr.copy()))
    assert torch.equal(adjacency.col, torch.from_numpy(graph.col.copy()))
    assert torch.equal(adjacency.perm, torch.arange(8, dtype=torch.int32))
    x = torch.eye(4)
    assert torch.equal(ops.spmm(graph, x), ops.spmm(graph, x).t())
    assert ops.as_adjacency(graph) is adjacency


# Remembering


def count_builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    built = []
    real = module.build_adjacency

    def build(*args):
        built.append(1)
        return real(*args)

    monkeypatch.setattr(module, "build_adjacency", build)
    return built


def test_built_once_per_tensor_and_size(monkeypatch) -> None:
    built = count_builds(monkeypatch)
    edge_index, _ = zoo("random")
    first = ops.as_adjacency(edge_index, 41)
    x = torch.zeros(41, 2, requires_grad=True)
    ops.spmm(edge_index, x).sum().backward()
    assert ops.as_adjacency(edge_index, 41) is first and len(built) == 1
    assert ops.as_adjacency(edge_index, 50).num_dst == 50 and len(built) == 2
    assert ops.as_adjacency(edge_index.clone(), 41) is not first and len(built) == 3


def test_an_edge_index_object_is_remembered_too(monkeypatch) -> None:
    from torch_geometric import EdgeIndex

    built = count_builds(monkeypatch)
    edge_index = EdgeIndex(zoo("random")[0], sparse_size=(41, 41))
    assert ops.as_adjacency(edge_index, 41) is ops.as_adjacency(edge_index, 41)
    assert len(built) == 1


def test_built_anew_after_an_in_place_change() -> None:
    edge_index = torch.tensor([[0, 1], [1, 2]])
    first = ops.as_adjacency(edge_index, 3)
    edge_index[1, 0] = 0
    second = ops.as_adjacency(edge_index, 3)
    assert second.rowptr.tolist() == [0, 1, 1, 2] != first.rowptr.tolist()
    with pytest.raises(GraphError, match="index 7"):
        edge_index.fill_(7)
        ops.as_adjacency(edge_index, 3)


def test_freed_with_its_tensor() -> None:
    edge_index, _ = zoo("random")
    number = id(edge_index)
    kept = weakref.ref(ops.as_adjacency(edge_index, 41).rowptr)
    assert number in _memory
    del edge_index
    gc.collect()
    assert number not in _memory and kept() is None


def test_training_after_evaluating_in_inference_mode() -> None:
    edge_index, _ = zoo("random")
    x = torch.randn(41, 2, requires_grad=True)
    with torch.inference_mode():
        ops.spmm(edge_index, x)
    ops.spmm(edge_index, x).sum().backward()
    with torch.inference_mode():
        made_inside = edge_index.clone()
        ops.spmm(made_inside, x)
    assert id(made_inside) not in _memory


def test_threads_get_one_object() -> None:
    edge_index, _ = zoo("random")
    start = threading.Barrier(4)
    seen = []

    def ask() -> None:
        start.wait()
        seen.append(ops.as_adjacency(edge_index, 41))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(a) for a in seen}) == 1


def test_remember_depends_on_every_tensor() -> None:
    a, b = torch.zeros(3), torch.zeros(3)
    built = []

    def ask(*tensors):
        return ops.remember(tensors, "sum", lambda: built.append(1) or sum(
            t for t in tensors if t is not None))

    assert ask(a, b) is ask(a, b) and len(built) == 1
    b.add_(1)
    assert ask(a, b).tolist() == [1, 1, 1] and len(built) == 2
    c = torch.full((3,), 5.0)
    assert ask(a, c).tolist() == [5, 5, 5]
    assert ask(a, None).tolist() == [0, 0, 0] and ask(a, None) is ask(a, None)
    count = len(built)
    a.requires_grad_()
    ask(a, b), ask(a, b)
    assert len(built) == count + 2


def test_a_fake_tensor_is_not_remembered() -> None:
    from torch._subclasses import FakeTensorMode

    with FakeTensorMode():
        edge_index = torch.zeros(2, 5, dtype=torch.long)
        adjacency = ops.as_adjacency(edge_index, 3)
        assert adjacency.rowptr.shape == (4,) and id(edge_index) not in _memory


# Bad input


@pytest.mark.parametrize(("edge_index", "kind", "message"), [
    (torch.tensor([[0, 9], [1, 1]]), GraphError, "'edge_index': got index 9.*num_nodes=4"),
    (torch.tensor([[0, 1], [1, 9]]), GraphError, "'edge_index': got index 9.*num_nodes=10"),
    (torch.tensor([[0, -1], [1, 1]]), GraphError, "'edge_index': got index -1"),
    (torch.tensor([[0, 1], [-2, 1]]), GraphError, "'edge_index': got index -2"),
    (torch.tensor([[0.0, 1], [1, 1]]), GraphTypeError, "dtype float32.*integer"),
    (torch.tensor([[True, False], [True, True]]), GraphTypeError, "dtype bool.*integer"),
    (torch.tensor([[0, 1], [1, 2], [2, 3]]), GraphError, r"shape \(3, 2\).*\.t\(\)"),
    (torch.tensor([0, 1, 2]), GraphError, r"shape \(3,\)"),
    (torch.tensor(2), GraphError, r"shape \(\)"),
    ([[0, 1], [1, 2]], GraphTypeError, "got list"),
    (None, GraphTypeError, "got NoneType"),
    (torch.eye(4).to_sparse_bsr((2, 2)), GraphTypeError, "layout"),
    (np.array([[0, 4], [1, 1]]), GraphError, "index 4"),
])
def test_bad_graphs(edge_index, kind, message) -> None:
    with pytest.raises(kind, match=message):
        ops.spmm(edge_index, torch.zeros(4, 2))


@pytest.mark.parametrize(("part", "value", "message"), [
    ("col", [0, 99, 1], "'col': got index 99"),
    ("col", [0, -1, 1], "'col': got index -1"),
    ("t_col", [3, 1, 1], "'t_col': got index 3"),
    ("perm", [0, 3, 1], "'perm': got index 3"),
    ("perm", [0, 0, 1], "different edges"),
    ("col", [1, 0, 0], "different edges"),
    ("rowptr", [0, 1, 9, 3], "'rowptr': got values that fall"),
    ("rowptr", [0, 1, 2, 2], "'rowptr': got last value 2, expected 3"),
    ("t_rowptr", [1, 1, 2, 3], "'t_rowptr': got first value 1"),
    ("t_perm", [0, 1], r"'t_perm': got shape \(2,\)"),
])
def test_a_hand_made_adjacency_is_checked(part, value, message) -> None:
    adjacency = ops.as_adjacency(torch.tensor([[0, 1, 2], [1, 2, 1]]), 3)
    dtype = torch.int64 if part.endswith("rowptr") else torch.int32
    broken = adjacency._replace(**{part: torch.tensor(value, dtype=dtype)})
    with pytest.raises(GraphError, match=message):
        ops.spmm(broken, torch.ones(3, 2))
    whole = ops.Adjacency(*(tensor.clone() for tensor in adjacency))
    assert torch.equal(ops.spmm(whole, torch.ones(3, 2)), ops.spmm(adjacency, torch.ones(3, 2)))
    whole.col[0] = 77
    with pytest.raises(GraphError, match="'col': got index 77"):
        ops.spmm(whole, torch.ones(3, 2))


def test_sizes_must_fit() -> None:
    edge_index = torch.tensor([[0, 5], [1, 1]])
    with pytest.raises(GraphError, match=r"index 5.*num_src=5"):
        ops.Adjacency.from_edge_index(edge_index, (5, 6))
    adjacency = ops.Adjacency.from_edge_index(edge_index, (6, 2))
    with pytest.raises(GraphError, match="'x': got 4 rows, expected 6"):
        ops.spmm(adjacency, torch.zeros(4, 2))
    with pytest.raises(GraphError, match="'num_dst': got 3, expected 2"):
        ops.spmm(adjacency, torch.zeros(6, 2), num_dst=3)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"edge_weight": torch.ones(3)}, r"'edge_weight': got shape \(3,\), expected shape \(2,\)"),
    ({"edge_weight": torch.ones(2, 1)}, r"'edge_weight': got shape \(2, 1\)"),
    ({"edge_weight": [1.0, 2.0]}, "'edge_weight': got list"),
    ({"reduce": "median"}, "'reduce': got 'median', expected one of 'sum'"),
    ({"reduce": None}, "'reduce': got None"),
    ({"x": torch.tensor(1.0)}, "'x': got a scalar"),
    ({"x": [[1.0], [2.0]]}, "'x': got list"),
    ({"x": torch.eye(2).to_sparse()}, "'x': got layout torch.sparse_coo, expected a dense"),
    ({"num_dst": -1}, "'num_dst'"),
    ({"num_dst": 2.0}, "'num_dst'"),
])
def test_bad_arguments(arguments, message) -> None:
    call = {"graph": torch.tensor([[0, 1], [1, 0]]), "x": torch.ones(2, 3)} | arguments
    with pytest.raises(GraphError, match=message):
        ops.spmm(**call)

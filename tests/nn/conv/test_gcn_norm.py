"""The normalised graph is PyG's, made once per graph, and gone when the graph is."""

from __future__ import annotations

import gc
import itertools
import weakref
from importlib import import_module

import pytest
import torch
from torch import Tensor
from torch_geometric.nn.conv import gcn_conv as pyg
from torch_geometric.utils import to_dense_adj

from graphlocal import GraphError, nn, ops
from graphlocal.graph.checks import GraphTypeError
from graphlocal.nn.conv.core import to_edge_index
from tests.nn.compare import zoo_tensors
from tests.zoo import ZOO


def dense(graph: nn.NormalizedGraph) -> Tensor:
    """Matrix of a normalised graph, parallel edges added up."""
    num_nodes = graph.adjacency.num_dst
    edge_index = to_edge_index(graph.adjacency)
    matrix = torch.zeros(num_nodes, num_nodes, dtype=graph.edge_weight.dtype)
    matrix.index_put_(tuple(edge_index), graph.edge_weight, accumulate=True)
    if graph.loop_weight is not None:
        matrix = matrix + graph.loop_weight.diag()
    return matrix


@pytest.mark.parametrize(("improved", "add_self_loops", "flow"), list(itertools.product(
    [False, True], [False, True], ["source_to_target", "target_to_source"])))
def test_same_matrix_as_pyg(improved: bool, add_self_loops: bool, flow: str) -> None:
    for name in ZOO.keys() - {"empty"}:
        edge_index, num_nodes = zoo_tensors(name)
        for weight in (None, torch.rand(edge_index.size(1), dtype=torch.float64)):
            settings = (num_nodes, improved, add_self_loops, flow, torch.float64)
            want = to_dense_adj(*(lambda i, w: (i, None, w))(
                *pyg.gcn_norm(edge_index, weight, *settings)), max_num_nodes=num_nodes)[0]
            torch.testing.assert_close(dense(nn.gcn_norm(edge_index, weight, *settings)), want)
            adjacency = ops.as_adjacency(edge_index, num_nodes, num_nodes)
            torch.testing.assert_close(dense(nn.gcn_norm(adjacency, weight, *settings)), want)


def test_computed_once_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    edge_index, num_nodes = zoo_tensors("random")
    edge_index = edge_index.clone()
    weight = torch.rand(edge_index.size(1))
    calls = []

    def counted(*args: object, **kwargs: object) -> object:
        calls.append(args)
        return pyg.gcn_norm(*args, **kwargs)

    monkeypatch.setattr(import_module("graphlocal.nn.conv.gcn_norm"), "pyg_gcn_norm", counted)
    convs = [nn.GCNConv(4, 4) for _ in range(3)]
    x = torch.randn(num_nodes, 4)
    for _ in range(2):
        for conv in convs:
            x = conv(x, edge_index, weight)
    assert len(calls) == 1
    first = convs[0](x, edge_index, weight)
    weight[0] += 1.0
    second = convs[0](x, edge_index, weight)
    assert len(calls) == 2 and not torch.equal(first, second)
    edge_index[0, 0] = (edge_index[0, 0] + 1) % num_nodes
    assert not torch.equal(second, convs[0](x, edge_index, weight))
    assert len(calls) == 3


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("make", [nn.GCNConv, nn.SAGEConv, lambda *channels: nn.GraphConv(
    *channels, flow="target_to_source")], ids=["GCN", "SAGE", "reversed"])
def test_nothing_outlives_the_graph(make: type, sparse: bool) -> None:
    conv, x = make(4, 3), torch.randn(41, 4)
    graph = zoo_tensors("random")[0].clone()
    if sparse:
        graph = torch.sparse_coo_tensor(graph, torch.ones(160), (41, 41)).coalesce().to_sparse_csr()
    if sparse and conv.flow == "target_to_source":
        pytest.skip("a sparse adj_t has its own direction")
    conv(x, graph).sum().backward()
    before, alive = live_tensors(), weakref.ref(graph)
    del graph
    gc.collect()
    assert alive() is None
    assert live_tensors() <= before - 6  # the six tensors of its adjacency at least


def live_tensors() -> int:
    gc.collect()
    return sum(type(thing) is Tensor for thing in gc.get_objects())


def test_many_graphs_leave_nothing() -> None:
    conv = nn.GCNConv(4, 3)
    x = torch.randn(41, 4)

    def one_batch() -> None:
        edge_index, _ = zoo_tensors("random")
        conv(x, edge_index.clone(), torch.rand(160)).sum().backward()

    one_batch()
    before = live_tensors()
    for _ in range(5):
        one_batch()
    assert live_tensors() <= before


def test_learned_weights_keep_their_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    edge_index, num_nodes = zoo_tensors("random")
    edge_index, weight = edge_index.clone(), torch.rand(160, requires_grad=True)
    first, second = (nn.gcn_norm(edge_index, weight, num_nodes) for _ in range(2))
    assert first.adjacency is second.adjacency  # sorted once
    assert first.edge_weight is not second.edge_weight and first.edge_weight.requires_grad
    first.edge_weight.sum().backward()
    second.edge_weight.sum().backward()


def test_prepared_graph_serves_every_layer_and_pass() -> None:
    edge_index, num_nodes = zoo_tensors("self_loops")
    conv, x = nn.GCNConv(4, 3), torch.randn(num_nodes, 4)
    graph = nn.gcn_norm(edge_index, num_nodes=num_nodes)
    torch.testing.assert_close(conv(x, graph), conv(x, edge_index))
    with pytest.raises(GraphError, match="brings its own"):
        conv(x, graph, torch.rand(6))


def test_inference_mode_then_training() -> None:
    edge_index, num_nodes = zoo_tensors("random")
    edge_index, conv = edge_index.clone(), nn.GCNConv(4, 3)
    x = torch.randn(num_nodes, 4)
    with torch.inference_mode():
        first = conv(x, edge_index)
    second = conv(x, edge_index)
    second.sum().backward()
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize(("arguments", "message"), [
    ((torch.tensor([[0, 9], [1, 0]]), None, 3), "index 9"),
    ((torch.tensor([[0, -1], [1, 0]]), None, 3), "index -1"),
    ((torch.tensor([[0, 1], [1, 0]]), torch.ones(3), 3), r"edge_weight.*shape \(3,\)"),
    ((torch.zeros(3, 5, dtype=torch.long), None, 3), "shape"),
    ((torch.zeros(2, 5), None, 3), "dtype"),
    ((torch.ones(2, 5, dtype=torch.bool), None, 3), "edge_index.*dtype bool"),
    (([[0, 1], [1, 0]], None, 3), "edge_index"),
    ((torch.tensor([[0, 1], [1, 0]]), [1.0, 2.0], 3), "edge_weight.*list"),
    ((torch.tensor([[0, 1], [1, 0]]), torch.tensor([1, 2]), 3), "edge_weight.*int64"),
    ((torch.eye(3).to_sparse_csr(), None, 4), "one row and one column per node"),
    ((torch.eye(3).to_sparse_coo(), None, 3), "CSR"),
    ((ops.as_adjacency(torch.tensor([[0], [1]]), 2, 3),), "square"),
])
def test_bad_input(arguments: tuple, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        nn.gcn_norm(*arguments)


def test_bad_flow() -> None:
    with pytest.raises(GraphError, match="flow"):
        nn.gcn_norm(torch.tensor([[0], [1]]), num_nodes=2, flow="sideways")
    with pytest.raises(GraphTypeError, match="adjacency"):
        to_edge_index("edges")


def test_nan_weights_reach_only_their_neighbours() -> None:
    edge_index = torch.tensor([[0, 1, 3], [1, 2, 4]])
    weight = torch.tensor([float("nan"), 1.0, 1.0])
    out = nn.GCNConv(2, 2)(torch.randn(5, 2), edge_index, weight)
    assert out[1].isnan().all() and not out[3:].isnan().any()

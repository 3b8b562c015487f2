"""Values, gradients, parameter names and printed forms are PyG's, for every argument."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric import EdgeIndex
from torch_geometric.nn import conv as pyg

from graphlocal import nn, ops
from tests.nn.compare import PAIRS, assert_same, close, mlp, run, same_layers, zoo_tensors
from tests.zoo import ZOO

each_pair = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=lambda c: c.__module__)


def make(**kwargs: Any) -> Any:
    """A function that builds a layer of four input and three output channels."""
    def build(cls: type) -> Any:
        torch.manual_seed(0)
        if issubclass(cls, pyg.GINConv):
            return cls(mlp(4, 3), **kwargs)
        return cls(4, 3, **kwargs)
    return build


def features(num_nodes: int, dtype: torch.dtype = torch.float64, channels: int = 4,
             seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_nodes, channels, dtype=dtype, generator=generator).requires_grad_()


def weights(count: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.rand(count, dtype=dtype, generator=generator) + 0.1


@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
@pytest.mark.parametrize("aggr", ["add", "mean", "max", "min"])
@each_pair
def test_zoo(ours: type, theirs: type, aggr: str, flow: str) -> None:
    mine, original = same_layers(ours, theirs, make(aggr=aggr, flow=flow))
    for dtype in (torch.float32, torch.float64):
        mine, original = mine.to(dtype), original.to(dtype)
        for name in ZOO:
            edge_index, num_nodes = zoo_tensors(name)
            assert_same(mine, original, features(num_nodes, dtype), edge_index)


@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
@pytest.mark.parametrize("aggr", ["add", "mean", "max"])
@pytest.mark.parametrize("pair", [PAIRS[0], PAIRS[3]], ids=["GCNConv", "GraphConv"])
def test_edge_weight(pair: tuple[type, type], aggr: str, flow: str) -> None:
    mine, original = same_layers(*pair, make(aggr=aggr, flow=flow))
    mine, original = mine.double(), original.double()
    for name in ZOO:
        edge_index, num_nodes = zoo_tensors(name)
        for learned in (False, True):
            weight = weights(edge_index.size(1)).requires_grad_(learned)
            assert_same(mine, original, features(num_nodes), edge_index, weight)


def test_add_is_sum() -> None:
    edge_index, num_nodes = zoo_tensors("random")
    x = features(num_nodes, torch.float32)
    for pair in PAIRS:
        mine, original = same_layers(*pair, make(aggr="sum"))
        assert_same(mine, original, x, edge_index)


@pytest.mark.parametrize(
    ("improved", "normalize", "add_self_loops", "cached", "bias"),
    [case for case in itertools.product([False, True], [False, True], [None, False, True],
                                        [False, True], [False, True])
     if case[1] or not case[2]],
)
def test_gcn_arguments(improved: bool, normalize: bool, add_self_loops: bool | None, cached: bool,
                       bias: bool) -> None:
    mine, original = same_layers(nn.GCNConv, pyg.GCNConv, make(
        improved=improved, normalize=normalize, add_self_loops=add_self_loops, cached=cached,
        bias=bias))
    mine, original = mine.double(), original.double()
    for name in ("self_loops", "duplicates", "isolated_tail", "random"):
        edge_index, num_nodes = zoo_tensors(name)
        x = features(num_nodes)
        for weight in (None, weights(edge_index.size(1))):
            mine._cached_edge_index = original._cached_edge_index = None
            for _ in range(2):  # the second pass meets what the first one kept
                assert_same(mine, original, x, edge_index, weight)
            if cached and normalize:  # PyG keeps the first graph whatever comes, and so do we
                assert_same(mine, original, x, edge_index[:, :1], None)


def test_gcn_refuses_what_pyg_refuses() -> None:
    with pytest.raises(ValueError, match="does not support adding self-loops"):
        nn.GCNConv(4, 3, normalize=False, add_self_loops=True)
    x = features(3)
    with pytest.raises(ValueError, match="bipartite"):
        nn.GCNConv(4, 3)((x, x), torch.tensor([[0], [1]]))


@pytest.mark.parametrize(("project", "normalize", "root_weight", "bias"),
                         list(itertools.product([False, True], repeat=4)))
def test_sage_arguments(project: bool, normalize: bool, root_weight: bool, bias: bool) -> None:
    edge_index, num_nodes = zoo_tensors("hub")
    mine, original = same_layers(nn.SAGEConv, pyg.SAGEConv, make(
        project=project, normalize=normalize, root_weight=root_weight, bias=bias))
    assert_same(mine.double(), original.double(), features(num_nodes), edge_index)


@pytest.mark.parametrize("train_eps", [False, True])
def test_gin_epsilon(train_eps: bool) -> None:
    edge_index, num_nodes = zoo_tensors("random")
    mine, original = same_layers(nn.GINConv, pyg.GINConv, make(eps=0.3, train_eps=train_eps))
    assert_same(mine.double(), original.double(), features(num_nodes), edge_index)


@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
@pytest.mark.parametrize("with_size", [False, True])
@pytest.mark.parametrize("aggr", ["mean", "max", "sum"])
@pytest.mark.parametrize("pair", PAIRS[1:], ids=["SAGEConv", "GINConv", "GraphConv"])
def test_bipartite(pair: tuple[type, type], aggr: str, with_size: bool, flow: str) -> None:
    edge_index = torch.stack([torch.randint(0, 9, (30,)), torch.randint(0, 5, (30,))])
    mine, original = same_layers(*pair, make(aggr=aggr, flow=flow))
    mine, original = mine.double(), original.double()
    size = (9, 5) if with_size else None
    if flow == "source_to_target":
        assert_same(mine, original, (features(9), features(5, seed=3)), edge_index, size=size)
        assert_same(mine, original, (features(9), None), edge_index, size=size)
    else:
        edge_index = torch.cat([edge_index, torch.tensor([[8], [0]])], dim=1)
        pair_x = (features(9), features(9, seed=3))
        assert_same(mine, original, pair_x, edge_index, size=(9, 9) if with_size else None)


def test_bipartite_channels() -> None:
    edge_index = torch.tensor([[0, 3, 2, 2], [1, 0, 1, 1]])
    for pair in (PAIRS[1], PAIRS[3]):
        mine, original = same_layers(*pair, lambda cls: cls((4, 6), 3))
        assert_same(mine.double(), original.double(), (features(4), features(2, channels=6)),
                    edge_index)


@pytest.mark.parametrize("pair", [PAIRS[0], PAIRS[1], PAIRS[3]], ids=["GCN", "SAGE", "Graph"])
def test_lazy_channels(pair: tuple[type, type]) -> None:
    edge_index, num_nodes = zoo_tensors("random")
    mine, original = (cls(-1, 3) for cls in pair)
    x = features(num_nodes, torch.float32)
    mine(x, edge_index), original(x, edge_index)
    original.load_state_dict(mine.state_dict())
    assert_same(mine, original, x, edge_index)


@pytest.mark.parametrize("order", [None, "row", "col"])
@pytest.mark.parametrize("sized", [False, True])
@pytest.mark.parametrize("aggr", ["sum", "mean", "max"])
@each_pair
def test_edge_index_class(ours: type, theirs: type, aggr: str, sized: bool,
                          order: str | None) -> None:
    edge_index, num_nodes = zoo_tensors("complete")  # sorting may infer the size
    graph = EdgeIndex(edge_index, sparse_size=(num_nodes, num_nodes) if sized else None)
    if order is not None:
        graph = graph.sort_by(order)[0]
    mine, original = same_layers(ours, theirs, make(aggr=aggr))
    x = features(num_nodes, torch.float32)  # PyG's GraphConv takes no float64 here
    assert_same(mine, original, x, graph)
    if ours in (nn.GCNConv, nn.GraphConv):
        weight = weights(edge_index.size(1), torch.float32).requires_grad_()
        assert_same(mine, original, x, graph, weight)


@pytest.mark.parametrize("aggr", ["sum", "mean", "max", "min"])
@each_pair
def test_sparse_adj_t(ours: type, theirs: type, aggr: str) -> None:
    mine, original = same_layers(ours, theirs, make(aggr=aggr))
    mine, original = mine.double(), original.double()
    for name in ZOO.keys() - {"empty"}:  # torch's product with a matrix without rows fails
        edge_index, num_nodes = zoo_tensors(name)
        value = weights(edge_index.size(1))
        adj_t = torch.sparse_coo_tensor(edge_index.flip(0), value, (num_nodes, num_nodes))
        adj_t = adj_t.coalesce().to_sparse_csr()
        for _ in range(2):  # the second pass meets what the first one remembered
            assert_same(mine, original, features(num_nodes), adj_t)


@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
@pytest.mark.parametrize("aggr", ["add", "mean", "max", "median"])
@each_pair
def test_prepared_adjacency(ours: type, theirs: type, aggr: str, flow: str) -> None:
    mine, original = same_layers(ours, theirs, make(flow=flow, aggr=aggr))
    mine, original = mine.double(), original.double()
    for name in ZOO:
        edge_index, num_nodes = zoo_tensors(name)
        if aggr == "median" and edge_index.size(1) == 0:
            continue  # PyG's own fails
        adjacency = ops.as_adjacency(edge_index, num_nodes, num_nodes)
        x = features(num_nodes)
        close(run(mine, x, adjacency), run(original, x, edge_index))


def test_int32_indices_and_column_of_weights() -> None:
    edge_index, num_nodes = zoo_tensors("random")
    weight = weights(160).view(-1, 1)
    for pair in (PAIRS[0], PAIRS[3]):
        mine, original = same_layers(*pair, make())
        mine, original = mine.double(), original.double()
        assert_same(mine, original, features(num_nodes), edge_index, weight)
        x = features(num_nodes)  # PyG's own gradient is wrong for int32: torch's scatter_add's
        close(run(mine, x, edge_index.int(), weight), run(original, x, edge_index, weight))


def test_one_weight_for_all_edges() -> None:
    edge_index, num_nodes = zoo_tensors("random")
    mine, original = same_layers(nn.GraphConv, pyg.GraphConv, make())
    assert_same(mine.double(), original.double(), features(num_nodes), edge_index,
                torch.tensor([2.5], dtype=torch.float64, requires_grad=True))


def test_weights_of_another_dtype() -> None:
    edge_index, num_nodes = zoo_tensors("random")
    mine, original = same_layers(nn.GraphConv, pyg.GraphConv, make(bias=False))
    x = features(num_nodes, torch.float32)
    for weight in (torch.arange(160), torch.rand(160) > 0.5, torch.rand(160).half()):
        assert_same(mine, original, x, edge_index, weight)


def test_autocast() -> None:
    edge_index, num_nodes = zoo_tensors("random")
    x = features(num_nodes, torch.float32).detach()
    for ours, theirs in PAIRS:
        mine, original = same_layers(ours, theirs, make())
        with torch.autocast("cpu", torch.bfloat16):
            got, want = mine(x, edge_index), original(x, edge_index)
        assert got.dtype == want.dtype
        torch.testing.assert_close(got, want, rtol=0.03, atol=0.03)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[torch.Tensor, int]:
    num_nodes = draw(st.integers(1, 12))
    ends = st.lists(st.integers(0, num_nodes - 1), min_size=2, max_size=2)
    edges = draw(st.lists(ends, max_size=40))
    return torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t().contiguous(), num_nodes


@given(graphs(), st.sampled_from(["add", "mean", "max", "min"]), st.integers(0, 3), st.booleans())
def test_any_graph(graph: tuple[torch.Tensor, int], aggr: str, which: int, weighted: bool) -> None:
    edge_index, num_nodes = graph
    mine, original = same_layers(*PAIRS[which], make(aggr=aggr))
    args = (weights(edge_index.size(1)).requires_grad_(),) if weighted and which in (0, 3) else ()
    assert_same(mine.double(), original.double(), features(num_nodes), edge_index, *args)


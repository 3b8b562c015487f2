"""What the core does not cover runs as PyG runs it, and bad input ends in a clear error."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.nn import aggr
from torch_geometric.nn import conv as pyg

from graphlocal import GraphError, nn, ops
from tests.nn.compare import PAIRS, assert_same, mlp, same_layers, zoo_tensors

each_pair = pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=["GCN", "SAGE", "GIN", "Graph"])
GRAPH, NUM_NODES = zoo_tensors("random")


@pytest.fixture
def core_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reductions that ran on the core."""
    calls: list[str] = []
    spmm = ops.spmm

    def counted(graph: Any, x: Any, edge_weight: Any = None, reduce: str = "sum") -> Any:
        calls.append(reduce)
        return spmm(graph, x, edge_weight, reduce)

    monkeypatch.setattr(ops, "spmm", counted)
    return calls


def build(cls: type, **kwargs: Any) -> Any:
    return cls(mlp(4, 3), **kwargs) if issubclass(cls, pyg.GINConv) else cls(4, 3, **kwargs)


@each_pair
def test_core_is_used(ours: type, theirs: type, core_calls: list[str]) -> None:
    x = torch.randn(NUM_NODES, 4)
    for name, reduce in (("add", "sum"), ("mean", "mean"), ("max", "max"), ("min", "min")):
        for given in (name, aggr.MeanAggregation() if name == "mean" else name):
            build(ours, aggr=given)(x, GRAPH)
            assert core_calls == [reduce]
            core_calls.clear()


@each_pair
@pytest.mark.parametrize("given", ["softmax", "median", "mul", ["sum", "max"], "std"])
def test_other_aggregations(ours: type, theirs: type, given: Any, core_calls: list[str]) -> None:
    if isinstance(given, list) and not issubclass(ours, pyg.SAGEConv):
        pytest.skip("only SAGEConv widens its weights for several aggregations")
    mine, original = same_layers(ours, theirs, lambda cls: build(cls, aggr=given))
    x = torch.randn(NUM_NODES, 4).requires_grad_()
    assert_same(mine, original, x, GRAPH)
    assert not core_calls


def test_lstm(core_calls: list[str]) -> None:
    mine, original = same_layers(nn.SAGEConv, pyg.SAGEConv, lambda cls: cls(4, 3, aggr="lstm"))
    edge_index = GRAPH[:, GRAPH[1].argsort(stable=True)]
    assert_same(mine, original, torch.randn(NUM_NODES, 4), edge_index)
    assert not core_calls


@each_pair
def test_static_graph_features(ours: type, theirs: type, core_calls: list[str]) -> None:
    mine, original = same_layers(ours, theirs, build)
    assert_same(mine, original, torch.randn(2, NUM_NODES, 4).requires_grad_(), GRAPH)
    assert not core_calls


@each_pair
def test_decomposed_layers(ours: type, theirs: type, core_calls: list[str]) -> None:
    mine, original = same_layers(ours, theirs, lambda cls: build(cls, decomposed_layers=2))
    x = torch.randn(NUM_NODES, 4)
    if issubclass(ours, pyg.GCNConv):
        assert_same(mine, original, x, GRAPH)
    else:  # PyG's own cannot cut the pair of features these layers hand on
        with pytest.raises(AttributeError, match="chunk"):
            original(x, GRAPH)
    assert not core_calls
    mine.decomposed_layers = original.decomposed_layers = 1
    assert_same(mine, original, x, GRAPH)
    assert core_calls


def double(layer: Any, inputs: Any, out: torch.Tensor) -> torch.Tensor:
    return 2 * out


@each_pair
def test_hooks_are_called(ours: type, theirs: type, core_calls: list[str]) -> None:
    x = torch.randn(NUM_NODES, 4)
    for kind in ("propagate", "message", "aggregate"):
        mine, original = same_layers(ours, theirs, build)
        handles = [getattr(layer, f"register_{kind}_forward_hook")(double)
                   for layer in (mine, original)]
        doubled = mine(x, GRAPH)
        assert_same(mine, original, x, GRAPH)
        assert not core_calls
        for handle in handles:
            handle.remove()
        assert_same(mine, original, x, GRAPH)
        assert core_calls and not torch.allclose(mine(x, GRAPH), doubled)
        core_calls.clear()


@each_pair
def test_replaced_step(ours: type, theirs: type, core_calls: list[str]) -> None:
    layer = build(ours)
    layer.message = lambda x_j, edge_weight=None: x_j * 0
    out = layer(torch.zeros(NUM_NODES, 4), GRAPH)
    assert out.shape == (NUM_NODES, 3) and not core_calls


def test_subclass_with_its_own_message(core_calls: list[str]) -> None:
    class Doubled(nn.SAGEConv):
        def message(self, x_j: torch.Tensor) -> torch.Tensor:
            return 2 * x_j

    class Later(Doubled):
        pass

    class Plain(nn.SAGEConv):
        pass

    x = torch.randn(NUM_NODES, 4)
    for cls in (Doubled, Later):
        layer = cls(4, 3, root_weight=False, bias=False)
        plain = Plain(4, 3, root_weight=False, bias=False)
        plain.load_state_dict(layer.state_dict())
        assert not core_calls
        torch.testing.assert_close(layer(x, GRAPH), plain(2 * x, GRAPH))
        assert core_calls == ["mean"]  # of the plain one
        core_calls.clear()


@pytest.mark.parametrize("cls", [nn.GCNConv, nn.GraphConv])
def test_explainer(cls: type, core_calls: list[str]) -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = cls(4, 3)

        def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
            return self.conv(x, edge_index).log_softmax(dim=-1)

    net, x = Net(), torch.randn(NUM_NODES, 4)
    before = net(x, GRAPH)
    core_calls.clear()
    explainer = Explainer(
        net, GNNExplainer(epochs=3), explanation_type="model", node_mask_type="attributes",
        edge_mask_type="object",
        model_config={"mode": "multiclass_classification", "task_level": "node",
                      "return_type": "log_probs"},
    )
    mask = explainer(x, GRAPH, index=5).edge_mask
    assert mask is not None and mask.shape == (160,) and mask.any()
    core_calls.clear()
    torch.testing.assert_close(net(x, GRAPH), before)
    assert core_calls == ["sum"]  # back on the core


def test_gradient_of_gradient() -> None:
    conv = nn.SAGEConv(4, 3).double()
    edge_index = GRAPH[:, :20] % 5
    x = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: conv(x, edge_index), x)
    assert torch.autograd.gradgradcheck(lambda x: conv(x, edge_index).pow(2), x)


@each_pair
@pytest.mark.parametrize(("edge_index", "message"), [
    (torch.tensor([[0, 9], [1, 0]]), "index 9"),
    (torch.tensor([[0, 1], [9, 0]]), "index 9"),
    (torch.tensor([[0, 1], [1, -1]]), "index -1"),
    (torch.tensor([[0.0, 1.0], [1.0, 0.0]]), "dtype"),
    (torch.zeros(5, 2, dtype=torch.long), "shape"),
    (torch.zeros(4, dtype=torch.long), "shape"),
])
def test_bad_edge_index(ours: type, theirs: type, edge_index: torch.Tensor, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        build(ours)(torch.randn(3, 4), edge_index)


def test_bad_sizes_and_weights() -> None:
    x, edge_index = torch.randn(3, 4), torch.tensor([[0, 1], [1, 2]])
    for cls in (nn.GCNConv, nn.SAGEConv, nn.GraphConv):
        with pytest.raises(GraphError, match=r"'x'.*\(3, 4\).*5 columns"):
            cls(5, 3)(x, edge_index)
    with pytest.raises(GraphError, match=r"'x'.*\(3, 4\).*6 columns"):
        nn.SAGEConv((4, 6), 3)((x, x), edge_index)
    for cls in (nn.GCNConv, nn.GraphConv):
        with pytest.raises(GraphError, match="edge_weight"):
            cls(4, 3)(x, edge_index, torch.ones(5))
    with pytest.raises(GraphError, match="3 rows, expected 4, the source nodes"):
        nn.SAGEConv(4, 3)(x, edge_index, size=(4, 3))
    with pytest.raises(GraphError, match="3 rows, expected 5, the source nodes"):
        nn.SAGEConv(4, 3)(x, torch.eye(5).to_sparse_csr())
    with pytest.raises(GraphError, match="3 rows, expected 2, the source nodes"):
        nn.SAGEConv(4, 3)(x, ops.as_adjacency(torch.tensor([[0], [1]]), 2, 2))
    with pytest.raises(GraphError, match="flow"):
        nn.SAGEConv(4, 3, flow="target_to_source")(x, torch.eye(3).to_sparse_csr())


def test_features_of_nan_stay_with_their_neighbours() -> None:
    x = torch.ones(4, 4)
    x[0] = float("nan")
    out = nn.GraphConv(4, 3)(x, torch.tensor([[0, 2], [1, 3]]))
    assert out[:2].isnan().all() and not out[2:].isnan().any()

"""The attention layers give PyG's values and gradients, for every argument they share."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.nn import conv as pyg
from torch_geometric.nn import models

import graphlocal
from graphlocal import GraphError, nn, ops
from tests.nn.compare import assert_same, same_layers, zoo_tensors
from tests.zoo import ZOO

PAIRS = {"GAT": (nn.GATConv, pyg.GATConv), "GATv2": (nn.GATv2Conv, pyg.GATv2Conv),
         "Transformer": (nn.TransformerConv, pyg.TransformerConv)}
each_pair = pytest.mark.parametrize("pair", list(PAIRS.values()), ids=list(PAIRS))
each_with_loops = pytest.mark.parametrize("pair", [PAIRS["GAT"], PAIRS["GATv2"]],
                                          ids=["GAT", "GATv2"])
GRAPH, NUM_NODES = zoo_tensors("random")
OP = {nn.GATConv: "gat_attention", nn.GATv2Conv: "gatv2_attention",
      nn.TransformerConv: "neighbor_attention"}


def make(in_channels: Any = 4, out_channels: int = 3, **kwargs: Any) -> Any:
    def build(cls: type) -> Any:
        torch.manual_seed(0)
        layer = cls(in_channels, out_channels, **kwargs)
        for parameter in layer.parameters():  # biases start as zeros, which hide mistakes
            torch.nn.init.normal_(parameter, std=0.5)
        return layer.double()
    return build


def features(rows: int, columns: int = 4, seed: int = 1, grad: bool = True) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, dtype=torch.float64,
                       generator=generator).requires_grad_(grad)


@pytest.fixture
def core_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The fused ops that ran."""
    calls: list[str] = []

    def counted(name: str) -> Any:
        op = getattr(ops, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return op(*args, **kwargs)

        return call

    for name in OP.values():
        monkeypatch.setattr(ops, name, counted(name))
    return calls


@each_pair
@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
@pytest.mark.parametrize("concat", [True, False])
def test_zoo(pair: tuple[type, type], flow: str, concat: bool, core_calls: list[str]) -> None:
    mine, original = same_layers(*pair, make(heads=2, flow=flow, concat=concat))
    for count, name in enumerate(ZOO, 1):
        edge_index, num_nodes = zoo_tensors(name)
        assert_same(mine, original, features(num_nodes), edge_index)
        assert core_calls == count * [OP[pair[0]]]


@each_with_loops
@pytest.mark.parametrize("add_self_loops", [True, False])
@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_arguments(pair: tuple[type, type], add_self_loops: bool, residual: bool,
                   bias: bool) -> None:
    mine, original = same_layers(*pair, make(
        heads=2, add_self_loops=add_self_loops, residual=residual, bias=bias, negative_slope=0.1))
    for name in ("self_loops", "duplicates", "isolated_tail"):
        edge_index, num_nodes = zoo_tensors(name)
        assert_same(mine, original, features(num_nodes), edge_index)


@pytest.mark.parametrize(("beta", "root_weight", "bias", "concat"),
                         list(itertools.product([False, True], repeat=4)))
def test_transformer_arguments(beta: bool, root_weight: bool, bias: bool, concat: bool) -> None:
    mine, original = same_layers(*PAIRS["Transformer"], make(
        heads=2, beta=beta, root_weight=root_weight, bias=bias, concat=concat))
    assert_same(mine, original, features(NUM_NODES), GRAPH)


def test_shared_weights() -> None:
    for x in (features(NUM_NODES), (features(NUM_NODES), features(NUM_NODES, seed=2))):
        mine, original = same_layers(*PAIRS["GATv2"], make(heads=2, share_weights=True))
        assert mine.lin_l is mine.lin_r
        assert_same(mine, original, x, GRAPH)


@each_with_loops
@pytest.mark.parametrize("fill_value", ["mean", "add", "max", 0.5, torch.arange(3.0).double()],
                         ids=["mean", "add", "max", "number", "tensor"])
@pytest.mark.parametrize("learned", [False, True])
def test_edge_features_of_loops(pair: tuple[type, type], fill_value: Any, learned: bool,
                                core_calls: list[str]) -> None:
    mine, original = same_layers(*pair, make(heads=2, edge_dim=3, fill_value=fill_value))
    for name in ("self_loops", "duplicates", "isolated_tail", "no_edges"):
        edge_index, num_nodes = zoo_tensors(name)
        edge_attr = features(edge_index.size(1), 3, 5, learned)
        for _ in range(2):  # the second pass meets what the first one kept
            assert_same(mine, original, features(num_nodes), edge_index, edge_attr)
    assert len(core_calls) == 8


@each_pair
def test_edge_features(pair: tuple[type, type], core_calls: list[str]) -> None:
    loops = {} if pair is PAIRS["Transformer"] else {"add_self_loops": False}
    for flow in ("source_to_target", "target_to_source"):
        mine, original = same_layers(*pair, make(heads=2, edge_dim=3, flow=flow, **loops))
        edge_attr = features(GRAPH.size(1), 3, 5)
        assert_same(mine, original, features(NUM_NODES), GRAPH, edge_attr)
    if loops:
        mine, original = same_layers(*pair, make(heads=2, edge_dim=1))
        assert_same(mine, original, features(NUM_NODES), GRAPH, edge_attr[:, 0].detach())
        assert_same(mine, original, features(NUM_NODES), GRAPH)
    assert set(core_calls) == {OP[pair[0]]}


@each_pair
@pytest.mark.parametrize("in_channels", [4, (4, 6)])
def test_bipartite(pair: tuple[type, type], in_channels: Any, core_calls: list[str]) -> None:
    loops = {} if pair is PAIRS["Transformer"] else {"residual": True}
    mine, original = same_layers(*pair, make(in_channels, heads=2, **loops))
    edge_index = torch.tensor([[0, 8, 3, 3, 1], [1, 0, 4, 4, 1]])
    x = (features(9), features(5, 4 if in_channels == 4 else 6, 2))
    assert_same(mine, original, x, edge_index)
    assert_same(mine, original, (x[0].detach(), x[1]), edge_index)
    assert core_calls == 2 * [OP[pair[0]]]


@pytest.mark.parametrize("in_channels", [4, (4, 6)])
@pytest.mark.parametrize("add_self_loops", [True, False])
def test_gat_without_targets(in_channels: Any, add_self_loops: bool,
                             core_calls: list[str]) -> None:
    mine, original = same_layers(*PAIRS["GAT"], make(
        in_channels, heads=2, residual=True, add_self_loops=add_self_loops))
    edge_index = torch.tensor([[0, 8, 3, 3, 1], [1, 0, 4, 4, 1]])
    x = (features(9), None)
    assert_same(mine, original, x, edge_index)
    assert_same(mine, original, x, edge_index, None, (9, 5))
    assert core_calls == 2 * ["gat_attention"]


def test_gat_size() -> None:
    mine, original = same_layers(*PAIRS["GAT"], make(heads=2))
    edge_index = torch.tensor([[0, 8, 3, 3, 1], [1, 0, 4, 4, 1]])
    assert_same(mine, original, (features(9), features(5)), edge_index, None, (9, 5))
    mine, original = same_layers(*PAIRS["GAT"], make((4, 4), heads=2))
    assert_same(mine, original, features(9), edge_index)  # one tensor, two transformations


@each_pair
def test_graphs_of_other_kinds(pair: tuple[type, type], core_calls: list[str]) -> None:
    mine, original = same_layers(*pair, make(heads=2, edge_dim=3))
    x, edge_attr = features(NUM_NODES), features(GRAPH.size(1), 3, 5, False)
    want = original(x, GRAPH, edge_attr)
    graphs = [ops.as_adjacency(GRAPH, NUM_NODES), GRAPH.int(),
              EdgeIndex(GRAPH, sparse_size=(NUM_NODES, NUM_NODES))]
    for count, graph in enumerate(graphs, 1):
        for _ in range(2):
            torch.testing.assert_close(mine(x, graph, edge_attr), want)
        assert len(core_calls) == 2 * count


def test_sparse_adj_t_is_passed_on(core_calls: list[str]) -> None:
    edge_index, num_nodes = zoo_tensors("complete")
    adj_t = torch.sparse_coo_tensor(
        edge_index.flip(0), torch.ones(edge_index.size(1)).double(),
        (num_nodes, num_nodes)).to_sparse_csr()
    for pair in (PAIRS["GAT"], PAIRS["Transformer"]):
        options = {"add_self_loops": False} if pair is PAIRS["GAT"] else {}
        mine, original = same_layers(*pair, make(heads=2, **options))
        x = features(num_nodes)
        try:
            want = original(x, adj_t)
        except Exception as error:
            with pytest.raises(type(error)):
                mine(x, adj_t)
        else:
            torch.testing.assert_close(mine(x, adj_t), want)
    assert not core_calls


@each_pair
def test_attention_weights(pair: tuple[type, type], core_calls: list[str]) -> None:
    mine, original = same_layers(*pair, make(heads=2))
    x = features(NUM_NODES)
    for graph in (GRAPH, ops.as_adjacency(GRAPH, NUM_NODES)):
        out, (edges, alpha) = mine(x, graph, return_attention_weights=True)
        want, (want_edges, want_alpha) = original(x, GRAPH, return_attention_weights=True)
        torch.testing.assert_close(out, want)
        torch.testing.assert_close(alpha, want_alpha)
        assert torch.equal(edges, want_edges)
    assert not core_calls
    torch.testing.assert_close(mine(x, GRAPH), want)
    assert len(core_calls) == 1


@each_pair
def test_dropout(pair: tuple[type, type]) -> None:
    mine, original = same_layers(*pair, make(heads=2, dropout=0.5))
    x = features(NUM_NODES, grad=False)
    assert_same(mine.eval(), original.eval(), x, GRAPH)
    want = mine(x, GRAPH)
    mine.train()
    torch.manual_seed(3)
    draws = torch.stack([mine(x, GRAPH) for _ in range(600)])
    assert not torch.equal(draws[0], draws[1])
    # A mean of 600 draws strays by their deviation over its root: five of these is 0.2 of it.
    deviation = draws.std(0).clamp(min=1e-3)
    assert ((draws.mean(0) - want).abs() / deviation).max() < 0.25
    original.train()
    theirs = torch.stack([original(x, GRAPH) for _ in range(600)])
    ratio = deviation / theirs.std(0).clamp(min=1e-3)
    assert ratio.min() > 0.75 and ratio.max() < 1.33


@each_pair
def test_lazy_channels_and_copies(pair: tuple[type, type]) -> None:
    if pair is PAIRS["Transformer"]:
        torch.manual_seed(0)
    mine = pair[0](-1, 3, heads=2, edge_dim=-1)
    x, edge_attr = torch.randn(NUM_NODES, 5), torch.randn(GRAPH.size(1), 2)
    out = mine(x, GRAPH, edge_attr)
    original = pair[1](5, 3, heads=2, edge_dim=2)
    original.load_state_dict(mine.state_dict())
    torch.testing.assert_close(out, original(x, GRAPH, edge_attr))
    torch.testing.assert_close(copy.deepcopy(mine)(x, GRAPH, edge_attr), out)


@each_pair
def test_what_pyg_has_to_run(pair: tuple[type, type], core_calls: list[str]) -> None:
    for options in ({"aggr": "mean"}, {"aggr": "max"}, {"decomposed_layers": 1}):
        mine, original = same_layers(*pair, make(heads=2, **options))
        assert_same(mine, original, features(NUM_NODES), GRAPH)
        assert bool(core_calls) == ("aggr" not in options)
    core_calls.clear()
    hooks = ["propagate", "message"] + ["edge_update"] * (pair is not PAIRS["Transformer"])
    for kind in hooks:
        mine, original = same_layers(*pair, make(heads=2))
        for layer in (mine, original):
            getattr(layer, f"register_{kind}_forward_hook")(lambda *args: 2 * args[-1])
        torch.testing.assert_close(mine(features(NUM_NODES), GRAPH),
                                   original(features(NUM_NODES), GRAPH))

    class Loud(pair[0]):
        def message(self, *args: Any, **kwargs: Any) -> Any:
            return 2 * super().message(*args, **kwargs)

    assert not core_calls and not Loud._is_plain


@each_pair
@pytest.mark.parametrize("flow", ["source_to_target", "target_to_source"])
@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_what_pyg_runs_is_what_pyg_gives(pair: tuple[type, type], flow: str, dtype: torch.dtype
                                         ) -> None:
    mine, original = same_layers(*pair, make((4, 4), heads=2, edge_dim=2, aggr="mean", flow=flow))
    edge_attr = torch.randn(GRAPH.size(1), 2, dtype=torch.float64)
    found = []
    for layer, graph in ((mine, GRAPH.to(dtype)), (original, GRAPH)):
        x = features(NUM_NODES), features(NUM_NODES, seed=2)
        out = layer(x, graph, edge_attr)
        found.append([out, *torch.autograd.grad(out.square().sum(), [*x, *layer.parameters()],
                                                allow_unused=True)])
    torch.testing.assert_close(*found)
    if flow == "target_to_source" and pair is not PAIRS["Transformer"]:
        with pytest.raises(GraphError, match="'x': got 3 and 2 rows, expected as many of both"):
            mine((features(3), features(2)), torch.tensor([[0], [1]]), edge_attr[:1])


@each_pair
def test_models_and_restore(pair: tuple[type, type], core_calls: list[str]) -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = pair[1](4, 3, heads=2), pair[1](6, 3)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return self.conv2(self.conv1(x, edge_index).relu(), edge_index)

    net, x = Net(), torch.randn(NUM_NODES, 4)
    names, want = list(net.state_dict()), net(x, GRAPH)
    report = graphlocal.accelerate(net)
    assert report.changed == dict.fromkeys(("conv1", "conv2"), pair[1].__name__)
    assert list(net.state_dict()) == names
    torch.testing.assert_close(net(x, GRAPH), want)
    assert len(core_calls) == 2
    assert len(graphlocal.restore(net).changed) == 2
    torch.testing.assert_close(net(x, GRAPH), want)
    assert len(core_calls) == 2 and type(net.conv1) is pair[1]
    net.conv1.aggr_module = pyg.SAGEConv(2, 2, aggr="max").aggr_module
    assert "is not the sum" in graphlocal.accelerate(net).left["conv1"]


@pytest.mark.parametrize("v2", [False, True])
def test_pyg_gat_model(v2: bool, core_calls: list[str]) -> None:
    torch.manual_seed(0)
    model = models.GAT(4, 8, 2, 3, heads=2, v2=v2, edge_dim=2).eval()
    x, edge_attr = torch.randn(NUM_NODES, 4), torch.randn(GRAPH.size(1), 2)
    want = model(x, GRAPH, edge_attr=edge_attr)
    assert len(graphlocal.accelerate(model).changed) == 2
    torch.testing.assert_close(model(x, GRAPH, edge_attr=edge_attr), want)
    assert len(core_calls) == 2


@each_pair
def test_bad_input(pair: tuple[type, type]) -> None:
    x, edge_index = torch.randn(3, 4), torch.tensor([[0, 1], [1, 2]])
    layer = pair[0](4, 3, heads=2)
    for bad, message in ((torch.tensor([[0, 9], [1, 0]]), "index 9"),
                         (torch.tensor([[0, -1], [1, 0]]), "index -1"),
                         (torch.tensor([[0.0], [1.0]]), "dtype"),
                         (torch.zeros(5, 2, dtype=torch.long), "shape")):
        with pytest.raises(GraphError, match=message):
            layer(x, bad)
    with pytest.raises(GraphError, match=r"'x'.*\(3, 4\).*5 columns"):
        pair[0](5, 3)(x, edge_index)
    with pytest.raises(GraphError, match="4 rows, expected 3"):
        layer(torch.randn(4, 4), ops.as_adjacency(edge_index, 3))
    with_edges = pair[0](4, 3, edge_dim=2)
    for edge_attr, message in ((torch.randn(3, 2), r"\(3, 2\).*\(2, 2\)"),
                               (torch.randn(2, 5), r"\(2, 5\).*\(2, 2\)"),
                               (torch.ones(2, 2).long(), "int64")):
        with pytest.raises(GraphError, match=message):
            with_edges(x, edge_index, edge_attr)
    if pair is PAIRS["GATv2"]:
        with pytest.raises(GraphError, match="None for the targets"):
            layer((x, None), edge_index)
        with pytest.raises(GraphError, match="edge_dim"):
            layer(x, edge_index, torch.randn(2, 2))
    if pair is PAIRS["Transformer"]:
        with pytest.raises(GraphError, match=r"'edge_attr'.*2 columns"):
            with_edges(x, edge_index)


@each_pair
def test_compiles_to_one_graph(pair: tuple[type, type]) -> None:
    torch._dynamo.reset()
    edge_index, num_nodes = zoo_tensors("self_loops")
    mine, original = same_layers(*pair, make(heads=2))
    x = features(num_nodes)
    want = original(x, edge_index)
    want_grad = torch.autograd.grad(want.pow(2).sum(), [x, *original.parameters()])
    compiled = torch.compile(mine, backend="aot_eager", fullgraph=True)
    for graph in (edge_index, ops.as_adjacency(edge_index, num_nodes)):
        out = compiled(x, graph)
        torch.testing.assert_close(out, want)
        grad = torch.autograd.grad(out.pow(2).sum(), [x, *mine.parameters()])
        for a, b in zip(grad, want_grad, strict=True):
            torch.testing.assert_close(a, b)
    loops = {} if pair is PAIRS["Transformer"] else {"add_self_loops": False}
    mine, original = same_layers(*pair, make(heads=2, edge_dim=3, dropout=0.3, **loops))
    edge_attr = features(edge_index.size(1), 3, 5)
    compiled = torch.compile(mine.eval(), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x, edge_index, edge_attr),
                               original.eval()(x, edge_index, edge_attr))
    mine.train()
    assert not torch.equal(compiled(x, edge_index, edge_attr), compiled(x, edge_index, edge_attr))
    torch._dynamo.reset()


def test_graph_is_sorted_once_and_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphlocal.ops import adjacency

    built: list[int] = []
    build = adjacency.build_adjacency
    monkeypatch.setattr(adjacency, "build_adjacency",
                        lambda *args: built.append(1) or build(*args))
    edge_index, layer = GRAPH.clone(), nn.GATConv(4, 3)
    x = torch.randn(NUM_NODES, 4)
    first = layer(x, edge_index)
    assert torch.equal(layer(x, edge_index), first) and len(built) == 1
    edge_index[0] = edge_index[0].flip(0)
    assert not torch.allclose(layer(x, edge_index), first) and len(built) == 2
    del edge_index
    assert len(layer(x, GRAPH)) == NUM_NODES


@each_pair
def test_explainer(pair: tuple[type, type], core_calls: list[str]) -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = pair[0](4, 3, heads=2, concat=False)

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
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
    assert core_calls == [OP[pair[0]]]  # back on the core


def test_autocast() -> None:
    for ours, theirs in PAIRS.values():
        mine = ours(4, 3, heads=2)
        original = theirs(4, 3, heads=2)
        original.load_state_dict(mine.state_dict())
        x = torch.randn(NUM_NODES, 4)
        with torch.autocast("cpu", torch.bfloat16):
            got, want = mine(x, GRAPH), original(x, GRAPH)
        torch.testing.assert_close(got.float(), want.float(), atol=0.05, rtol=0.05)


def test_second_gradient() -> None:
    layer = make(heads=2)(nn.GATv2Conv)
    edge_index = GRAPH[:, :15] % 5
    x = features(5)
    assert torch.autograd.gradgradcheck(lambda x: layer(x, edge_index).pow(2), x)


@pytest.mark.parametrize("make", [
    lambda: nn.GATConv(4, 3, heads=2, bias=False), lambda: nn.GATv2Conv(4, 3, heads=2, bias=False),
    lambda: nn.TransformerConv(4, 3, heads=2, root_weight=False)])
def test_an_activation_in_place_may_follow(make) -> None:
    layer, x = make(), torch.randn(5, 4)
    edge_index = torch.randint(5, (2, 12))

    def grads(then) -> list[torch.Tensor]:
        layer.zero_grad()
        then(layer(x, edge_index)).square().sum().backward()
        return [p.grad.clone() for p in layer.parameters() if p.grad is not None]

    for a, b in zip(grads(torch.relu_), grads(torch.relu), strict=True):
        torch.testing.assert_close(a, b)

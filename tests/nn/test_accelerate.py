"""``accelerate`` changes what a model runs on and nothing else; ``restore`` undoes it."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from torch_geometric.nn import HeteroConv, Sequential, aggr, models, to_hetero
from torch_geometric.nn import conv as pyg

import graphlocal
from graphlocal import nn
from graphlocal.graph.checks import GraphTypeError
from tests.nn.compare import close, mlp, run, zoo_tensors

GRAPH, NUM_NODES = zoo_tensors("random")


class HandWritten(torch.nn.Module):
    """What scripts look like: convolutions of several kinds, dropout, an activation."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = pyg.GCNConv(4, 8)
        self.conv2 = pyg.SAGEConv(8, 8, aggr="max")
        self.inner = torch.nn.ModuleDict({"gin": pyg.GINConv(mlp(8, 8), train_eps=True),
                                          "graph": pyg.GraphConv(8, 3)})
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, x: torch.Tensor, edge_index: torch.Tensor) -> torch.Tensor:
        x = self.dropout(self.conv1(x, edge_index).relu())
        x = self.dropout(self.conv2(x, edge_index).relu())
        return self.inner["graph"](self.inner["gin"](x, edge_index), edge_index)


MODELS = {
    "GCN": lambda: models.GCN(4, 8, 3, 3, dropout=0.5, norm="batch_norm"),
    "GraphSAGE": lambda: models.GraphSAGE(4, 8, 2, 3, aggr="max"),
    "GIN": lambda: models.GIN(4, 8, 2, 3),
    "GAT": lambda: models.GAT(4, 8, 2, 3, heads=2),
    "GATv2": lambda: models.GAT(4, 8, 2, 3, heads=2, v2=True),
    "JumpingKnowledge": lambda: models.GCN(4, 8, 3, 3, jk="cat"),
    "HandWritten": HandWritten,
    "Sequential": lambda: Sequential("x, edge_index", [
        (pyg.GCNConv(4, 8), "x, edge_index -> x"), torch.nn.ReLU(),
        (pyg.GraphConv(8, 3), "x, edge_index -> x")]),
    "one layer": lambda: pyg.SAGEConv(4, 3),
}
each_model = pytest.mark.parametrize("name", list(MODELS))


def make(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    return MODELS[name]()


def features() -> torch.Tensor:
    return torch.randn(NUM_NODES, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()


def snapshot(model: torch.nn.Module) -> dict[str, Any]:
    """Class and every attribute of every module, by identity."""
    return {
        name: (type(module), {key: id(value) for key, value in vars(module).items()})
        for name, module in model.named_modules()
    }


@each_model
@pytest.mark.parametrize("training", [False, True])
def test_same_values_and_gradients(name: str, training: bool) -> None:
    model = make(name).train(training)
    torch.manual_seed(2)  # the same nodes drop out
    want = run(model, features(), GRAPH)
    report = graphlocal.accelerate(model)
    assert report.changed and not report.left
    torch.manual_seed(2)
    close(run(model, features(), GRAPH), want)
    graphlocal.restore(model)
    torch.manual_seed(2)
    close(run(model, features(), GRAPH), want)


@each_model
def test_restore_is_exact_and_both_may_repeat(name: str) -> None:
    model = make(name)
    model(features(), GRAPH)
    before, state = snapshot(model), list(model.state_dict())
    printed = repr(model)
    first = graphlocal.accelerate(model)
    assert snapshot(model) != before
    assert list(model.state_dict()) == state and repr(model) == printed
    again = graphlocal.accelerate(model)
    assert not again.changed
    assert all("on the core already" in why for why in again.left.values())
    restored = graphlocal.restore(model)
    assert restored.changed == first.changed
    assert snapshot(model) == before
    assert not graphlocal.restore(model).changed
    assert snapshot(model) == before


def test_training_continues_with_the_same_optimizer() -> None:
    losses = []
    for accelerate_at in (None, 3):
        model, x = make("HandWritten").eval(), features().detach()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        run_losses = []
        for step in range(8):
            if step == accelerate_at:
                graphlocal.accelerate(model)
            if step == 6:
                graphlocal.restore(model)
            optimizer.zero_grad()
            loss = model(x, GRAPH).pow(2).mean()
            loss.backward()
            optimizer.step()
            run_losses.append(loss.item())
        losses.append(run_losses)
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert losses[0][-1] < losses[0][0]


@each_model
def test_copies_and_saved_states(name: str) -> None:
    model = make(name).eval()
    want = model(features(), GRAPH)
    graphlocal.accelerate(model)
    model(features(), GRAPH)
    copies = [copy.deepcopy(model)]
    if name != "Sequential":  # PyG's own Sequential is no pickle of another process either
        copies.append(pickle.loads(pickle.dumps(model)))
    for other in copies:
        torch.testing.assert_close(other(features(), GRAPH), want)
        kinds = [type(m) for m in other.modules()]
        assert kinds == [type(m) for m in model.modules()]
        assert graphlocal.restore(other).changed
        torch.testing.assert_close(other(features(), GRAPH), want)
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    plain = MODELS[name]().eval()
    plain.load_state_dict(torch.load(buffer, weights_only=True))
    torch.testing.assert_close(plain(features(), GRAPH), want)


def test_hetero_models() -> None:
    x_dict = {"paper": torch.randn(6, 4), "author": torch.randn(5, 4)}
    cites, writes = ("paper", "cites", "paper"), ("author", "writes", "paper")
    back = ("paper", "written_by", "author")
    edges = {
        cites: torch.randint(0, 6, (2, 12)),
        writes: torch.stack([torch.randint(0, 5, (9,)), torch.randint(0, 6, (9,))]),
    }
    edges[back] = edges[writes].flip(0)
    by_hand = HeteroConv({cites: pyg.GCNConv(4, 3), writes: pyg.SAGEConv((4, 4), 3),
                          back: pyg.GraphConv((4, 4), 3)})
    made = to_hetero(models.GraphSAGE(4, 8, 2, 3), (list(x_dict), list(edges)))
    for model, count in ((by_hand, 3), (made, 6)):
        want = model(x_dict, edges)
        report = graphlocal.accelerate(model)
        assert len(report.changed) == count and not report.left
        got = model(x_dict, edges)
        assert got.keys() == want.keys()
        for key in want:
            torch.testing.assert_close(got[key], want[key])


def test_to_hetero_of_an_accelerated_model() -> None:
    model = models.GraphSAGE(4, 8, 2, 3)
    graphlocal.accelerate(model)
    edge_types = [("a", "to", "b"), ("b", "to", "a")]
    hetero = to_hetero(model, (["a", "b"], edge_types))
    x = {"a": torch.randn(3, 4), "b": torch.randn(2, 4)}
    edges = {edge_types[0]: torch.tensor([[0, 2], [1, 0]]),
             edge_types[1]: torch.tensor([[0, 1], [1, 2]])}
    want = hetero(x, edges)
    assert len(graphlocal.restore(hetero).changed) == 4
    for key, value in hetero(x, edges).items():
        torch.testing.assert_close(value, want[key])


def test_what_is_left_and_why() -> None:
    class Mine(pyg.GCNConv):
        pass

    class Own(pyg.MessagePassing):
        pass

    hooked, explained = pyg.SAGEConv(4, 4), pyg.SAGEConv(4, 4)
    hooked.register_message_forward_hook(lambda *args: None)
    explained.explain = True
    patched, rerouted, summed = pyg.GCNConv(4, 4), pyg.GCNConv(4, 4), pyg.SAGEConv(4, 4)
    patched.message = lambda x_j, edge_weight: x_j
    rerouted.propagate = lambda *args, **kwargs: None
    summed.aggr_module.register_forward_hook(lambda *args: None)
    layers = {
        "attention": (pyg.SuperGATConv(4, 4), "no fast version yet"),
        "edges": (pyg.GINEConv(mlp(4, 4)), "no fast version yet"),
        "subclass": (Mine(4, 4), "a subclass of GCNConv"),
        "own": (Own(), "not a layer of PyG"),
        "lstm": (pyg.SAGEConv(4, 4, aggr="lstm"), "aggr='lstm'"),
        "several": (pyg.SAGEConv(4, 4, aggr=["mean", "max"]), r"aggr=['mean', 'max']"),
        "softmax": (pyg.GCNConv(4, 4, aggr=aggr.SoftmaxAggregation()), "SoftmaxAggregation"),
        "hooked": (hooked, "message hooks"),
        "explained": (explained, "explain mode"),
        "patched": (patched, "message was replaced"),
        "rerouted": (rerouted, "propagate was replaced"),
        "summed": (summed, "its aggregation has hooks"),
        "decomposed": (pyg.GCNConv(4, 4, decomposed_layers=2), "decomposed_layers=2"),
        "axis": (pyg.GCNConv(4, 4, node_dim=1), "node_dim=1"),
        "ours": (nn.GCNConv(4, 4), "on the core already"),
    }
    model = torch.nn.ModuleDict({name: layer for name, (layer, _) in layers.items()})
    model["fine"] = pyg.GCNConv(4, 4)
    before = snapshot(model)
    report = graphlocal.accelerate(model)
    assert report.changed == {"fine": "GCNConv"}
    assert report.left.keys() == layers.keys()
    for name, (_, reason) in layers.items():
        assert reason in report.left[name], name
    text = repr(report)
    assert text.startswith("accelerate: changed 1 of 16 convolutions\n  fine")
    assert "attention   left, SuperGATConv: no fast version yet" in text
    graphlocal.restore(model)
    assert snapshot(model) == before
    assert isinstance(model["ours"], nn.GCNConv)  # made as ours, so it stays


def test_explain_switched_on_and_off_before_and_after() -> None:
    model, x = make("GCN").eval(), features()
    want = model(x, GRAPH)
    conv = model.convs[0]
    conv.explain, conv.explain = True, False  # PyG leaves a bound propagate behind
    assert "propagate" in vars(conv)
    assert "convs.0" in graphlocal.accelerate(model).changed
    torch.testing.assert_close(model(x, GRAPH), want)
    assert type(conv).propagate is vars(conv)["propagate"].__func__
    conv.explain, conv.explain = True, False
    torch.testing.assert_close(model(x, GRAPH), want)
    graphlocal.restore(model)
    assert vars(conv)["propagate"].__func__ is pyg.GCNConv._jinja_propagate
    torch.testing.assert_close(model(x, GRAPH), want)


def test_cached_graph_survives() -> None:
    conv, x = pyg.GCNConv(4, 3, cached=True), features()
    want = conv(x, GRAPH)
    cache = conv._cached_edge_index
    graphlocal.accelerate(conv)
    torch.testing.assert_close(conv(x, GRAPH[:, :3]), want)  # PyG's meaning of `cached`
    assert conv._cached_edge_index is cache


def test_lazy_layers() -> None:
    model = models.GraphSAGE(-1, 8, 2, 3)
    assert len(graphlocal.accelerate(model).changed) == 2
    assert model(features(), GRAPH).shape == (NUM_NODES, 3)


def test_shared_layer_changes_once() -> None:
    conv = pyg.GCNConv(4, 4)
    model = torch.nn.ModuleList([conv, conv])
    assert len(graphlocal.accelerate(model).changed) == 1
    assert len(graphlocal.restore(model).changed) == 1


def test_module_hooks_stay() -> None:
    conv, seen = pyg.GCNConv(4, 3), []
    conv.register_forward_hook(lambda *args: seen.append(1))
    graphlocal.accelerate(conv)
    conv(features(), GRAPH)
    assert seen == [1]


def test_models_without_convolutions() -> None:
    for action in (graphlocal.accelerate, graphlocal.restore):
        report = action(torch.nn.Linear(2, 2))
        assert not report.changed and not report.left
        assert repr(report) == f"{report.action}: the model has no convolution of PyG"


@pytest.mark.parametrize("wrong", [None, 3, "model", models.GCN, [pyg.GCNConv(2, 2)]])
def test_not_a_module(wrong: Any) -> None:
    for action in (graphlocal.accelerate, graphlocal.restore):
        with pytest.raises(GraphTypeError, match=r"argument 'model'.*torch\.nn\.Module"):
            action(wrong)

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.nn import SAGEConv

from graphlocal import GraphError, tasks
from graphlocal.models import GMN, GraphMamba, LaMamba, ScanModel
from graphlocal.nn.attention import LocalGlobalBlock
from graphlocal.nn.ssm import order_nodes

NOTHING = torch.zeros(2, 0, dtype=torch.long)
MODELS = {"gmn": GMN, "graph-mamba": GraphMamba, "lamamba": LaMamba}
TOKENS = {"m": 2, "M": 2, "s": 2}


def graphs(sizes: tuple[int, ...] = (1, 60, 4, 11, 2), edge_dim: int = 3) -> list[Data]:
    generator = torch.Generator().manual_seed(0)
    found = []
    for number, nodes in enumerate(sizes):
        pairs = torch.randint(nodes, (2, nodes - 1), generator=generator)
        edge_index = torch.cat([pairs, pairs.flip(0)], 1)
        found.append(Data(x=torch.randn(nodes, 6, generator=generator), edge_index=edge_index,
                          edge_attr=torch.randn(edge_index.size(1), edge_dim, generator=generator),
                          where=torch.randn(nodes, 2, generator=generator), y=number % 2))
    return found


def model(name: str, **options):
    torch.manual_seed(0)
    made = MODELS[name](6, 16, 3, 2, **{"d_state": 4, **options})
    made.train()
    with torch.no_grad():  # away from the running statistics that norms start with
        made.forward_data(Batch.from_data_list(graphs((20, 9))))
    return made.eval()


STYLES = [
    *((name, {"edge_dim": edge_dim, "readout": readout}) for name in MODELS
      for edge_dim in (None, 3) for readout in (None, "mean")),
    ("gmn", {"bidirectional": False}), ("gmn", {"local": None}), ("gmn", {"scan": False}),
    ("gmn", {"encodings": {"where": 2}}), ("gmn", {"order": "core", "descending": True}),
    ("gmn", {"ffn": None, "norm": "graph", "fusion": "gate"}),
    ("graph-mamba", {"buckets": 2}), ("lamamba", {"order": "random", "num_orders": 2}),
    ("gmn", TOKENS), ("gmn", {**TOKENS, "edge_dim": 3, "readout": "sum"}),
    ("gmn", {**TOKENS, "local": None, "token_encoder": None, "pooling": "sum", "portion": 7}),
    ("gmn", {**TOKENS, "scan": False, "local": "gcn"}),
    ("gmn", {**TOKENS, "token_encoder": "walk", "edge_dim": 3}),
    ("gmn", {**TOKENS, "token_encoder": "attention", "bidirectional": False, "token_layers": 2}),
]


@pytest.mark.parametrize("name, options", STYLES, ids=str)
def test_a_batch_gives_what_its_graphs_give(name, options) -> None:
    made, parts = model(name, **options), graphs()
    with torch.no_grad():
        alone = torch.cat([made.forward_data(part) for part in parts])
        together = made.forward_data(Batch.from_data_list(parts))
    assert alone.shape == ((5, 3) if options.get("readout") else (78, 3))
    assert torch.allclose(together, alone, atol=2e-5)


@pytest.mark.parametrize("name, options", [
    ("gmn", {}), ("graph-mamba", {"local": "sage"}), ("lamamba", {}), ("gmn", {"m": 2, "s": 2}),
    ("gmn", {"m": 2, "token_encoder": "walk", "edge_dim": 3}),
    ("gmn", {"m": 2, "portion": 4, "resample": True})], ids=str)
def test_every_weight_has_a_gradient_and_can_be_drawn_anew(name, options) -> None:
    made, data = model(name, **options), graphs()[1]
    made.train()
    made.forward_data(data).square().sum().backward()
    without = [key for key, p in made.named_parameters()
               if p.grad is None or not bool(p.grad.isfinite().all())]
    assert without == []
    before = copy.deepcopy(made.state_dict())
    torch.manual_seed(5)
    made.reset_parameters()
    weights = [key for key, p in made.named_parameters() if p.dim() == 2 and "A_log" not in key]
    assert all(not torch.equal(before[key], made.state_dict()[key]) for key in weights)
    assert pickle.loads(pickle.dumps(made)).out_channels == 3


def test_without_a_scan_it_is_the_mpnn() -> None:
    made, data = model("gmn", scan=False, local="sage", num_orders=3), graphs()[1]
    h = made.encoder(data.x)
    for block in made.blocks:
        h = h + block.local(block.norm1(h), data.edge_index)
        h = h + block.ffn(block.norm3(h))
    expected = made.head(made.norm(h))
    assert torch.allclose(made(data.x, data.edge_index), expected, atol=1e-6)

    made = model("gmn", **TOKENS, scan=False, local="sage")
    h = made.encoder(data.x)
    for layer in made.mpnn:
        h = layer(h, data.edge_index)
    assert torch.allclose(made(data.x, data.edge_index), made.head(h), atol=1e-6)
    assert not any("scan" in key for key, _ in made.named_parameters())


@pytest.mark.parametrize("edge_index", [NOTHING, graphs()[1].edge_index], ids=("empty", "edges"))
def test_without_an_mpnn_it_is_bimamba_on_the_sorted_sequence(edge_index) -> None:
    made, x = model("gmn", local=None, ffn=None, noise=False), graphs()[1].x
    order = order_nodes(edge_index, num_nodes=60, noise=False)
    h = made.encoder(x)[order][None]
    for block in made.blocks:
        h = h + block.global_attention.block(block.norm2(h))
    expected = made.head(made.norm(h))[0]
    assert torch.allclose(made(x, edge_index)[order], expected, atol=1e-5)


def test_lamamba_is_attention_then_bimamba_then_a_network() -> None:
    made, data = model("lamamba", noise=False), graphs()[3]
    order = order_nodes(data.edge_index, num_nodes=11, noise=False)
    h = made.encoder(data.x)
    for block in made.blocks:
        h = h + block.local(block.norm1(h), data.edge_index)
        y = block.global_attention.block(block.norm2(h)[order][None])[0]
        h = h + y[order.argsort()]
        h = h + block.ffn(block.norm3(h))
    assert torch.allclose(made(data.x, data.edge_index), made.head(made.norm(h)), atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_isolated_ties_matter_through_the_order_alone(name) -> None:
    """Nodes without edges that change places change nothing if the order of equal keys goes with
    them; and something if it does not, for a scan is no sum."""
    made, data = model(name, noise=False), graphs()[3]
    x = torch.cat([torch.randn(5, 6), data.x])
    edge_index = data.edge_index + 5
    shuffle = torch.tensor([3, 1, 4, 0, 2])
    order = torch.cat([shuffle, torch.arange(5, 16)])
    with torch.no_grad():
        before, after = made(x, edge_index), made(x[order], edge_index)
        assert not torch.allclose(after, before[order], atol=1e-4)
        same = x.clone()
        same[:5] = x[0]  # nodes that are alike in all but their numbers
        assert torch.equal(made(same[order], edge_index), made(same, edge_index))
    # The key itself decides: with the same place in the sequence nothing changes.
    scan = made.blocks[0].global_attention
    h = torch.randn(16, 16)
    a = order_nodes(edge_index, num_nodes=16, noise=False)
    one = scan._along(h, a, torch.tensor([0, 16]))
    moved = order.argsort()[a]
    two = scan._along(h[order], moved, torch.tensor([0, 16]))
    assert torch.allclose(two, one[order], atol=1e-6)


def test_graph_mamba_is_a_layer_of_gps_with_mamba_for_attention() -> None:
    made, data = model("graph-mamba", noise=False), graphs()[1]
    block = made.blocks[0]
    assert isinstance(block, LocalGlobalBlock)
    h = made.encoder(data.x)
    far = block.global_attention(h, data.edge_index)
    near = block.norm1(h + block.local(h, data.edge_index)) + block.norm2(h + far)
    assert torch.allclose(block(h, data.edge_index), block.norm3(near + block.ffn(near)), atol=1e-5)


def test_evaluation_is_the_same_twice_and_training_is_not() -> None:
    for options in ({"num_orders": 3}, {"m": 2, "resample": True}):
        made, data = model("gmn", **options), graphs()[1]
        assert torch.equal(made.forward_data(data), made.forward_data(data))
        made.train()
        assert not torch.allclose(made.forward_data(data), made.forward_data(data), atol=1e-6)


@pytest.mark.parametrize("resample, expected", [(False, [0]), (True, [1, 2, 3])])
def test_tokens_are_drawn_once_or_at_every_step(monkeypatch, resample, expected) -> None:
    made, data = GMN(6, 16, 3, m=2, d_state=4, resample=resample), graphs()[1]
    epochs, draw = [], GMN._draw

    def recorded(self, graph, nodes, epoch, names):
        epochs.append(epoch)
        return draw(self, graph, nodes, epoch, names)

    monkeypatch.setattr(GMN, "_draw", recorded)
    for _ in range(3):
        made.forward_data(data)
    assert epochs == expected
    assert int(made.state_dict()["draws"]) == (3 if resample else 0)


def test_portions_change_memory_and_nothing_else() -> None:
    data, found = graphs()[1], []
    for portion in (None, 7):
        made = model("gmn", m=2, s=2, portion=portion)
        out = made.forward_data(data)
        out.square().sum().backward()
        found.append((out.detach(), made.encoder.linear.weight.grad))
    assert torch.allclose(found[0][0], found[1][0], atol=1e-5)
    assert torch.allclose(found[0][1], found[1][1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_few_nodes_and_no_edges(name) -> None:
    more = (TOKENS, {**TOKENS, "token_encoder": "walk"}) if name == "gmn" else ()
    for options in ({}, *more):
        made = model(name, **options)
        for count in (0, 1, 3):
            out = made(torch.randn(count, 6), NOTHING)
            assert out.shape == (count, 3) and bool(out.isfinite().all())
        made.train()
        assert made(torch.randn(1, 6), NOTHING).shape == (1, 3)


@pytest.mark.parametrize("options, words", [
    ({"m": -1}, "m"), ({"m": 1, "M": 0}, "M"), ({"m": 1, "pooling": "max"}, "pooling"),
    ({"m": 1, "token_encoder": "size"}, "local"), ({"order": "size"}, "order"),
    ({"num_layers": 0}, "num_layers"), ({"d_state": 0}, "d_state"), ({"portion": 0}, "portion"),
    ({"local": None, "edge_dim": 2}, "local"), ({"local": None, "scan": False}, "local"),
    ({"dropout": 2.0}, "dropout"), ({"buckets": 0}, "buckets"), ({"readout": "all"}, "readout"),
    ({"m": 1, "local": None, "token_encoder": None, "edge_dim": 2}, "local"),
], ids=str)
def test_bad_arguments(options, words) -> None:
    with pytest.raises(GraphError, match=words):
        GMN(6, 16, 3, **options)


def test_bad_input() -> None:
    data = graphs()[1]
    made = GMN(6, 16, 3, edge_dim=3, encodings={"where": 2}, readout="mean")
    with pytest.raises(GraphError, match="edge_attr"):
        made(data.x, data.edge_index, encodings={"where": data.where})
    with pytest.raises(GraphError, match="where"):
        made(data.x, data.edge_index, None, data.edge_attr)
    with pytest.raises(GraphError, match="where"):
        made(data.x, data.edge_index, None, data.edge_attr, {"where": data.where[1:]})
    made = GMN(6, 16, 3)
    with pytest.raises(GraphError, match="x"):
        made(data.x[:, :4], data.edge_index)
    with pytest.raises(GraphError, match="edge_index"):
        made(data.x, data.edge_index + 30)
    with pytest.raises(GraphError, match="one after another"):
        made(data.x, data.edge_index, torch.arange(60).flip(0))


def test_it_trains_on_nodes_and_on_graphs() -> None:
    parts = graphs((9, 8, 7, 6, 9, 8, 7, 6))
    split = tasks.graph.GraphData(parts[:4], parts[4:6], parts[6:])
    found = tasks.graph.fit(GraphMamba(6, 8, 2, 1, d_state=4, readout="mean"), split, epochs=2,
                            forward=ScanModel.forward_data)
    assert found.epochs == 2
    data = graphs()[1]
    data.y = (data.x[:, 0] > 0).long()
    for name, low in (("train", 0), ("val", 20), ("test", 40)):
        data[f"{name}_mask"] = (torch.arange(60) >= low) & (torch.arange(60) < low + 20)
    found = tasks.node.fit(LaMamba(6, 16, 2, 1, d_state=4), data, epochs=30, lr=0.01,
                           forward=ScanModel.forward_data)
    assert found.train > 0.9


def test_a_layer_of_ones_own() -> None:
    made = model("gmn", local=lambda channels: SAGEConv(channels, channels))
    assert sum(isinstance(module, SAGEConv) for module in made.modules()) == 2

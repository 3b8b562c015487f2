from __future__ import annotations

import pytest
import torch
from torch import nn
from torch_geometric.data import Batch, Data
from torch_geometric.nn import SAGEConv

from graphlocal import GraphError, tasks
from graphlocal.models import GraphTransformer
from graphlocal.models.feature_encoder import ATOM, BOND, FeatureEncoder
from graphlocal.models.layer_choice import GLOBAL, LOCAL
from graphlocal.nn.encoding import LaplacianEncoder

EDGES = ("attention", "gat", "gatv2", "gin")


def graphs(seed: int = 0, edge_dim: int = 3) -> list[Data]:
    """Four connected graphs of 5 to 11 nodes."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for nodes in (5, 7, 11, 6):
        ring = torch.stack([torch.arange(nodes), (torch.arange(nodes) + 1) % nodes])
        more = torch.randint(0, nodes, (2, nodes), generator=generator)
        pairs = torch.cat([ring, more], 1)
        edge_index = torch.cat([pairs, pairs.flip(0)], 1)
        found.append(Data(x=torch.randn(nodes, 6, generator=generator), edge_index=edge_index,
                          edge_attr=torch.randn(edge_index.size(1), edge_dim,
                                                generator=generator),
                          where=torch.randn(nodes, 2, generator=generator)))
    return found


def model(**options) -> GraphTransformer:
    torch.manual_seed(0)
    made = GraphTransformer(6, 16, 3, **{"num_layers": 2, "heads": 2, "global_attention": "dense",
                                         **options})
    # Away from the running statistics that norms start with.
    made.train()
    with torch.no_grad():
        made(*inputs(made, Batch.from_data_list(graphs(7))))
    return made.eval()


def inputs(made: GraphTransformer, data: Data) -> tuple:
    attr = data.edge_attr if made.edge_encoder is not None else None
    return (data.x, data.edge_index, getattr(data, "batch", None), attr,
            {"where": data.where})


STYLES = [
    *({"local": name} for name in LOCAL), *({"local": name, "edge_dim": 3} for name in EDGES),
    *({"local": "gcn", "local_layers": 3, "gated": gated, "jump": jump, "local_norm": norm,
       "local_residual": gated}
      for gated, jump, norm in ((False, "last", "batch"), (True, "sum", None),
                                (True, "last", "layer"), (False, "sum", "layer"))),
    *({"local": "gcn", "readout": readout} for readout in ("mean", "sum", "max", "attention")),
    *({"fusion": fusion, "norm": norm, "norm_first": first, "ffn": None if first else 2.0}
      for fusion in ("concat", "gate", "sequence") for norm, first in (("graph", True),
                                                                      ("batch", False))),
    {"local": "gcn", "local_layers": 2, "local_root": False},
    {"local": None}, {"global_attention": None}, {"local_layers": 1, "block_local": False},
    {"encodings": {"where": 2}},
    {"encodings": {"where": LaplacianEncoder(2, 16, sign="invariant")}},
    {"local": lambda channels: SAGEConv(channels, channels)}, {"num_layers": 0, "local_layers": 2},
]


def name_of(style: dict) -> str:
    return ",".join(f"{key}={getattr(value, '__name__', value)}" for key, value in style.items())


@pytest.mark.parametrize("style", STYLES, ids=name_of)
def test_a_batch_gives_what_its_graphs_give(style: dict) -> None:
    made, readout = model(**style), style.get("readout")
    parts = graphs()
    with torch.no_grad():
        alone = torch.cat([made(*inputs(made, part)) for part in parts])
        together = made(*inputs(made, Batch.from_data_list(parts)))
    assert together.shape == alone.shape == ((4, 3) if readout else (29, 3))
    assert torch.allclose(together, alone, atol=2e-5)


@pytest.mark.parametrize("name", GLOBAL)
def test_every_global_layer_trains_by_its_name(name: str) -> None:
    made = model(global_attention=name, local="gcn").train()
    data = Batch.from_data_list(graphs())
    out = made(*inputs(made, data))
    out.square().sum().backward()
    assert out.shape == (29, 3)
    assert all(bool(p.grad.isfinite().all()) for p in made.parameters() if p.grad is not None)
    assert made.encoder.linear.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("style", [{"local": "attention"}, {"local": "gat", "local_layers": 2},
                                   {"local": "gin", "readout": "mean"}], ids=name_of)
def test_numbers_of_nodes_do_not_matter(style: dict) -> None:
    made, data = model(**style), graphs()[2]
    order = torch.randperm(11, generator=torch.Generator().manual_seed(3))
    place = torch.argsort(order)
    with torch.no_grad():
        before = made(data.x, data.edge_index)
        after = made(data.x[order], place[data.edge_index])
    expected = before if style.get("readout") else before[order]
    assert torch.allclose(after, expected, atol=2e-5)


def test_without_edges_nodes_see_each_other_through_the_global_layer_only() -> None:
    data, nothing = graphs()[0], torch.empty(2, 0, dtype=torch.long)
    other = data.x.clone()
    other[0] += 1.0
    with torch.no_grad():
        near, far = model(global_attention=None), model()
        assert torch.equal(near(data.x, nothing)[1:], near(other, nothing)[1:])
        assert not torch.allclose(far(data.x, nothing)[1:], far(other, nothing)[1:])


def test_kinds_are_the_sum_of_an_embedding_per_column() -> None:
    encoder = FeatureEncoder([4, 2], 8)
    x = torch.tensor([[3, 0], [0, 1], [3, 1]])
    table = encoder.embedding.weight
    assert torch.allclose(encoder(x), table[x[:, 0]] + table[4 + x[:, 1]])
    assert encoder(torch.empty(0, 2, dtype=torch.long)).shape == (0, 8)


def test_bags_of_words_are_taken_sparse_or_dense() -> None:
    torch.manual_seed(0)
    made = GraphTransformer(2000, 8, 3, input_dropout=0.5).eval()
    x = (torch.rand(50, 2000) < 0.01).float()
    edge_index = graphs()[0].edge_index
    with torch.no_grad():
        dense, sparse = made(x, edge_index), made(x.to_sparse_csr(), edge_index)
    assert torch.allclose(dense, sparse, atol=1e-5)


def test_kinds_of_molecules_are_those_of_ogb() -> None:
    pytest.importorskip("ogb")
    from graphlocal.datasets.ogb import ogb_modules

    ogb_modules()
    from ogb.utils.features import get_atom_feature_dims, get_bond_feature_dims

    assert [*ATOM] == get_atom_feature_dims() and [*BOND] == get_bond_feature_dims()


def test_molecules() -> None:
    made = GraphTransformer("atom", 16, 1, local="gin", edge_dim="bond", readout="sum",
                            global_attention="dense")
    x, bonds = torch.zeros(3, 9, dtype=torch.long), torch.zeros(2, 3, dtype=torch.long)
    data = Batch.from_data_list([Data(x=x, edge_attr=bonds,
                                      edge_index=torch.tensor([[0, 1], [1, 0]]))] * 2)
    assert made.forward_data(data).shape == (2, 1)


def test_weights_are_drawn_anew() -> None:
    made = model(local_layers=2, gated=True, encodings={"where": 2}, readout="attention")
    before = {name: value.clone() for name, value in made.named_parameters()}
    torch.manual_seed(5)
    made.reset_parameters()
    changed = [name for name, value in made.named_parameters()
               if value.dim() > 1 and torch.equal(value, before[name])]
    assert not changed


def test_both_tasks_train_it() -> None:
    parts = graphs(1) * 5
    for number, part in enumerate(parts):
        part = parts[number] = part.clone()
        part.y = part.x[:, :1].mean(0, keepdim=True)
    data = tasks.graph.GraphData.random(parts, val=0.2, test=0.2)
    result = tasks.graph.run(
        lambda: GraphTransformer(6, 8, 1, 1, encodings={"where": 2}, readout="mean",
                                 global_attention="dense"),
        data, runs=1, epochs=3, forward=GraphTransformer.forward_data)
    assert result.runs[0].history["loss"][-1] < result.runs[0].history["loss"][0]


@pytest.mark.parametrize("options", [
    {"local": "gnn"}, {"global_attention": "all"}, {"local": SAGEConv(4, 4)},
    {"global_attention": lambda channels: 3}, {"heads": 3}, {"heads": 0}, {"dropout": 1.5},
    {"jump": "max"}, {"readout": "first"}, {"local": "gcn", "edge_dim": 3},
    {"local": lambda channels: SAGEConv(channels, channels), "edge_dim": 3},
    {"local": None, "local_layers": 2}, {"local": None, "global_attention": None},
    {"global_options": {"window": 3}}, {"encodings": {"where": 0}}, {"num_layers": -1},
    {"hidden_channels": 0}, {"in_channels": []}, {"in_channels": "molecule"},
    {"local_norm": "instance", "local_layers": 1}, {"act": "identity"},
], ids=name_of)
def test_arguments_out_of_range(options: dict) -> None:
    with pytest.raises(GraphError):
        GraphTransformer(**{"in_channels": 6, "hidden_channels": 16, "out_channels": 3, **options})


def test_inputs_that_do_not_fit() -> None:
    data = graphs()[0]
    with pytest.raises(GraphError, match="'x'"):
        model()(data.x[:, :5], data.edge_index)
    with pytest.raises(GraphError, match="edge_attr"):
        model(edge_dim=3)(data.x, data.edge_index)
    with pytest.raises(GraphError, match="no 'where'"):
        made = model(encodings={"where": 2})
        made(data.x, data.edge_index)
    with pytest.raises(GraphError, match="row for each"):
        made(data.x, data.edge_index, encodings={"where": data.where[:2]})
    kinds = GraphTransformer([4, 2], 8, 3)
    with pytest.raises(GraphError, match="integers"):
        kinds(data.x[:, :2], data.edge_index)
    with pytest.raises(GraphError, match=r"x\[:, 1\]"):
        kinds(torch.full((5, 2), 2), data.edge_index)
    with pytest.raises(GraphError, match="output has"):
        GraphTransformer(6, 8, 3, local=lambda channels: SAGEConv(channels, 3), local_layers=1)(
            data.x, data.edge_index)


def test_one_node_and_none() -> None:
    made = model(local_layers=1)
    nothing = torch.empty(2, 0, dtype=torch.long)
    for mode in (True, False):
        made.train(mode)
        assert made(torch.randn(1, 6), nothing).isfinite().all()
        assert made(torch.randn(0, 6), nothing).shape == (0, 3)
    assert isinstance(made.head, nn.Linear)

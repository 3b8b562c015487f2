"""Encoders of any origin with a predictor: one network."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch
import torch_geometric.nn as pyg
from torch import Tensor
from torch_geometric import EdgeIndex

from graphlocal import CSRGraph, GraphError, nn, ops
from graphlocal.models import NCN, NCNC, LinkEncoder, LinkModel
from tests.nn.link.dense import dense_adjacency
from tests.zoo import ZOO

ENCODERS: dict[str, Callable[[], torch.nn.Module]] = {
    "ours": lambda: LinkEncoder(4, 6, 2, "gcn"),
    "pure": lambda: LinkEncoder(4, 6),
    "GCNConv": lambda: nn.GCNConv(4, 6),
    "pyg GCN": lambda: pyg.GCN(4, 6, 2),
    "pyg SAGE": lambda: pyg.GraphSAGE(4, 6, 2),
    "pyg GAT": lambda: pyg.GAT(4, 6, 2),
}
each_encoder = pytest.mark.parametrize("name", list(ENCODERS))
EDGES = torch.from_numpy(ZOO["random"][0]).long()
PAIRS = torch.randint(41, (2, 9), generator=torch.Generator().manual_seed(0))


def features() -> Tensor:
    return torch.randn(41, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@each_encoder
@pytest.mark.parametrize("build", [NCN, NCNC])
def test_excluded_links_are_gone(name: str, build: type[LinkModel]) -> None:
    torch.manual_seed(0)
    model, x = build(ENCODERS[name]()).double(), features()
    targets = EDGES[:, :30]
    a = dense_adjacency(EDGES, 41, targets)
    left = EDGES[:, a[EDGES[0], EDGES[1]].bool() | (EDGES[0] == EDGES[1])]
    assert left.size(1) < EDGES.size(1)
    wanted = model(x, left, PAIRS)
    close = {"rtol": 1e-11, "atol": 1e-11}
    torch.testing.assert_close(model(x, EDGES, PAIRS, exclude=targets), wanted, **close)
    h = model.encode(x, EDGES, exclude=targets)
    torch.testing.assert_close(model.decode(h, EDGES, PAIRS, exclude=targets), wanted, **close)
    mask = ops.link_mask(ops.as_simple(EDGES, 41), targets)
    torch.testing.assert_close(model(x, EDGES, PAIRS, exclude=mask), wanted, **close)
    model(x, EDGES, PAIRS, exclude=targets).sum().backward()
    assert all(p.grad is not None for p in model.encoder.parameters())


@each_encoder
def test_forms_of_a_graph(name: str) -> None:
    """Those in which the edges are the same, one by one, and the simple ones."""
    model, x = NCN(ENCODERS[name]()).double().eval(), features()
    simple = dense_adjacency(EDGES, 41).nonzero().t().contiguous()
    wanted = model(x, simple, PAIRS)
    targets = simple[:, :10]
    hidden = model(x, simple, PAIRS, exclude=targets)
    forms = [EdgeIndex(simple, sparse_size=(41, 41)), CSRGraph.from_edge_index(simple, 41),
             ops.as_simple(simple, 41)]
    if "pyg" not in name:
        forms.append(ops.as_adjacency(simple, 41))
    for graph in forms:
        torch.testing.assert_close(model(x, graph, PAIRS), wanted)
        torch.testing.assert_close(model(x, graph, PAIRS, exclude=targets), hidden)


def test_edge_weights_reach_the_encoder() -> None:
    model, x = NCN(nn.GCNConv(4, 6)).double(), features()
    weight = torch.rand(EDGES.size(1), dtype=torch.float64)
    wanted = model.decode(model.encoder(x, EDGES, weight), EDGES, PAIRS)
    assert torch.equal(model(x, EDGES, PAIRS, edge_weight=weight), wanted)
    keep = ops.edge_mask(EDGES, PAIRS, 41)
    h = model.encode(x, EDGES, PAIRS, weight)
    torch.testing.assert_close(h, model.encoder(x, EDGES[:, keep], weight[keep]))
    with pytest.raises(GraphError, match="edge_weight"):
        NCN(LinkEncoder(4, 6)).double()(x, EDGES, PAIRS, edge_weight=weight)


def test_config_and_state() -> None:
    model = NCNC(LinkEncoder(4, 6), 8, num_layers=2, pt=0.25).double()
    config = json.loads(json.dumps(model.config))
    assert config["encoder"].pop("class") == "LinkEncoder"
    assert config["predictor"].pop("class") == "NCNCPredictor"
    other = LinkModel(LinkEncoder(**config["encoder"]),
                      nn.NCNCPredictor(**config["predictor"])).double()
    other.load_state_dict(model.state_dict())
    x = features()
    assert torch.equal(model(x, EDGES, PAIRS), other(x, EDGES, PAIRS))
    other.reset_parameters()
    assert not torch.equal(model(x, EDGES, PAIRS), other(x, EDGES, PAIRS))
    assert "LinkEncoder(4, 6" in repr(model) and "NCNCPredictor(6, 8, 1" in repr(model)


def test_without_features() -> None:
    model = NCN(LinkEncoder(0, 6, num_embeddings=41, conv="puresum"))
    assert model(None, EDGES, PAIRS, exclude=PAIRS).shape == (9,)
    assert model(torch.arange(41), EDGES, PAIRS).shape == (9,)


def test_it_learns_what_needs_common_neighbours() -> None:
    """Pairs of one clique or of two, between nodes whose features say nothing."""
    torch.manual_seed(0)
    a = torch.block_diag(*[torch.ones(6, 6)] * 8).fill_diagonal_(0)
    edges = a.nonzero().t()
    other = torch.randint(48, (2, 400))
    other = other[:, (a[other[0], other[1]] == 0) & (other[0] != other[1])][:, :edges.size(1)]
    pairs = torch.cat([edges, other], dim=1)
    label = torch.cat([torch.ones(edges.size(1)), torch.zeros(other.size(1))])
    model = NCN(LinkEncoder(1, 16, conv="puremean"))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(40):
        optimizer.zero_grad()
        logit = model(torch.ones(48, 1), edges, pairs, exclude=edges[:, ::7])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logit, label)
        loss.backward()
        optimizer.step()
    logit = model.eval()(torch.ones(48, 1), edges, pairs, exclude=edges[:, ::7])
    assert ((logit > 0) == label.bool()).float().mean() > 0.9


def test_refused() -> None:
    with pytest.raises(GraphError, match="encoder"):
        NCN(lambda x, edge_index: x, in_channels=4)
    with pytest.raises(GraphError, match="in_channels"):
        NCN(torch.nn.Identity())
    with pytest.raises(GraphError, match="predictor"):
        LinkModel(LinkEncoder(4, 6), nn.NCNPredictor(8, 8))
    with pytest.raises(GraphError, match="edge_label_index"):
        NCN(LinkEncoder(4, 6)).double()(features(), EDGES, PAIRS.t())
    with pytest.raises(GraphError):
        NCN(LinkEncoder(4, 6)).double()(features(), EDGES, PAIRS, exclude=PAIRS.t())
    for model in (NCN(LinkEncoder(4, 6, edge_dropout=0.5)),
                  LinkModel(LinkEncoder(4, 6), nn.link.HadamardMLP(6, 6))):
        with pytest.raises(GraphError, match=r"'exclude'.*one per entry"):
            model.double()(features(), EDGES, PAIRS, exclude=torch.ones(3, dtype=torch.bool))
    for model in (NCN, NCNC):
        with pytest.raises(GraphError, match="hidden_channels"):
            model(LinkEncoder(4, 6), hidden_channels=0)


@pytest.mark.parametrize("form", ["edge_index", "simple"])
def test_compiles(form: str) -> None:
    model = NCN(LinkEncoder(4, 6, 2, "gcn", layer_norm=True, edge_dropout=0.1), edge_dropout=0.2)
    graph = EDGES if form == "edge_index" else ops.as_simple(EDGES, 41)
    x = features().float()
    wanted = model.eval()(x, graph, PAIRS, PAIRS)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x, graph, PAIRS, PAIRS), wanted)
    model.train()
    compiled(x, graph, PAIRS, PAIRS).sum().backward()
    assert model.encoder.layers[0].weight.grad.isfinite().all()

"""The encoder against its definition on a dense matrix, and what it takes and refuses."""

from __future__ import annotations

import json

import pytest
import torch
from torch import Tensor

from graphlocal import GraphError
from graphlocal.models import LinkEncoder
from graphlocal.nn import FeatureLinear, PureConv
from tests.nn.link.dense import dense_adjacency
from tests.zoo import ZOO, each_zoo_graph

CONVS = ("gcn", "sum", "mean", "max")
each_aggr = pytest.mark.parametrize("aggr", CONVS)


def aggregate(a: Tensor, x: Tensor, aggr: str) -> Tensor:
    """Rows of a dense matrix of weights; what weighs nothing is no edge."""
    if aggr == "gcn":
        scale = (1 + a.sum(1)).pow(-0.5).diag()
        return scale @ (a + torch.eye(len(a), dtype=a.dtype)) @ scale @ x
    if aggr == "max":
        rows = [torch.stack([w[j] * x[j] for j in w.nonzero().flatten()]).amax(0)
                if w.any() else torch.zeros_like(x[0]) for w in a]
        return torch.stack(rows)
    return a @ x / ((a != 0).sum(1, keepdim=True).clamp(min=1) if aggr == "mean" else 1)


def graph_of(name: str) -> tuple[Tensor, int]:
    edges, num_nodes = ZOO[name]
    return torch.from_numpy(edges).long(), num_nodes


@each_aggr
def test_pure_conv_weights(aggr: str) -> None:
    edge_index = torch.tensor([[0, 1, 2, 3, 0], [1, 2, 0, 0, 2]])
    weight = torch.tensor([0.5, 0.0, 2.0, 1.5, 1.0], dtype=torch.float64, requires_grad=True)
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    a = torch.zeros(5, 5, dtype=torch.float64).index_put((edge_index[1], edge_index[0]), weight)
    out, wanted = PureConv(aggr)(x, edge_index, weight), aggregate(a, x, aggr)
    torch.testing.assert_close(out, wanted)
    for ours, theirs in zip(torch.autograd.grad(out.sin().sum(), (x, weight)),
                            torch.autograd.grad(wanted.sin().sum(), (x, weight)), strict=True):
        # an edge of weight 0 is hidden from the mean and the maximum, and has no gradient there
        torch.testing.assert_close(ours, theirs)
    mask = torch.tensor([True, False, True, True, False])
    torch.testing.assert_close(PureConv(aggr)(x, edge_index, mask),
                               PureConv(aggr)(x, edge_index[:, mask]))


@each_aggr
@each_zoo_graph
def test_pure_encoder(aggr: str, name: str) -> None:
    edge_index, num_nodes = graph_of(name)
    torch.manual_seed(1)
    encoder = LinkEncoder(4, 3, 2, f"pure{aggr}", residual=True).double()
    x = torch.randn(num_nodes, 4, dtype=torch.float64)
    a = dense_adjacency(edge_index, num_nodes)
    wanted = x @ encoder.input.weight.t() + encoder.input.bias
    for _ in range(2 if num_nodes else 0):
        wanted = wanted + aggregate(a, wanted, aggr)
    torch.testing.assert_close(encoder(x, edge_index), wanted)


@each_aggr
def test_encoder_with_weights(aggr: str) -> None:
    edge_index, num_nodes = graph_of("random")
    encoder = LinkEncoder(4, 3, 3, aggr, layer_norm=True, jumping_knowledge=True).double()
    with torch.no_grad():
        encoder.layer_weight.copy_(torch.tensor([0.5, -1.0, 2.0]))
        for bias in encoder.biases:
            bias.normal_()
    x = torch.randn(num_nodes, 4, dtype=torch.float64)
    a, outputs, state = dense_adjacency(edge_index, num_nodes), [], x
    for number, (linear, bias) in enumerate(zip(encoder.layers, encoder.biases, strict=True)):
        state = aggregate(a, state @ linear.weight.t(), aggr) + bias
        if number < 2:
            state = torch.nn.functional.layer_norm(state, (3,)).relu()
        outputs.append(state)
    wanted = 0.5 * outputs[0] - outputs[1] + 2 * outputs[2]
    torch.testing.assert_close(encoder(x, edge_index), wanted)


@pytest.mark.parametrize("conv", [prefix + aggr for prefix in ("pure", "") for aggr in CONVS])
def test_hidden_links_are_gone(conv: str) -> None:
    edge_index, num_nodes = graph_of("random")
    targets = edge_index[:, :40].flip(0)
    left = dense_adjacency(edge_index, num_nodes, targets).nonzero().t()
    encoder = LinkEncoder(4, 3, 2, conv).double()
    x = torch.randn(num_nodes, 4, dtype=torch.float64)
    wanted, out = encoder(x, left), encoder(x, edge_index, exclude=targets)
    torch.testing.assert_close(out, wanted, rtol=1e-12, atol=1e-12)
    assert not torch.allclose(out, encoder(x, edge_index))
    weights = list(encoder.parameters())
    for ours, theirs in zip(torch.autograd.grad(out.sin().sum(), weights),
                            torch.autograd.grad(wanted.sin().sum(), weights), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-11)


def test_edge_dropout_keeps_the_mean() -> None:
    edge_index = torch.randint(30, (2, 400))
    x = torch.rand(30, 4, dtype=torch.float64)
    encoder = LinkEncoder(4, 4, 1, "puresum", edge_dropout=0.4).double()
    runs = torch.stack([encoder(x, edge_index) for _ in range(400)])
    error = (runs.mean(0) - encoder.eval()(x, edge_index)).abs()
    assert (error < 5.5 * runs.std(0) / 20).all()


def test_integers_and_no_features() -> None:
    edge_index, num_nodes = graph_of("random")
    encoder = LinkEncoder(0, 8, num_embeddings=num_nodes)
    number = torch.arange(num_nodes)
    wanted = encoder(None, edge_index)
    assert torch.equal(encoder(number, edge_index), wanted)
    assert torch.equal(encoder(number[:, None].int(), edge_index), wanted)
    gram = encoder.embedding.weight.t() @ encoder.embedding.weight
    torch.testing.assert_close(gram, torch.eye(8), rtol=0, atol=1e-5)
    assert LinkEncoder(0, 8, 2, "gcn", num_embeddings=3)(number % 3, edge_index).shape == (41, 8)


def test_sparse_features_are_the_dense_ones() -> None:
    torch.manual_seed(0)
    x = (torch.rand(300, 400) < 0.02).double() * torch.randn(300, 400, dtype=torch.float64)
    linear = FeatureLinear(400, 5).double()
    dense = torch.nn.functional.linear(x, linear.weight, linear.bias)
    weights = list(linear.parameters())
    wanted = torch.autograd.grad(dense.sin().sum(), weights)
    for given in (x, x.to_sparse_csr(), x.to_sparse_coo()):
        out = linear(given)
        torch.testing.assert_close(out, dense)
        for ours, theirs in zip(torch.autograd.grad(out.sin().sum(), weights), wanted,
                                strict=True):
            torch.testing.assert_close(ours, theirs)
    x[0, 0] += 1  # what was remembered is forgotten
    torch.testing.assert_close(linear(x), torch.nn.functional.linear(x, *linear.parameters()))
    torch.testing.assert_close(linear(x.clone().requires_grad_()), linear(x))
    dropping = FeatureLinear(400, 5, dropout=0.5).double()
    runs = torch.stack([dropping(x) for _ in range(400)])
    error = (runs.mean(0) - dropping.eval()(x)).abs()
    assert (error <= 5.5 * runs.std(0) / 20).all()


def test_made_again_from_config() -> None:
    edge_index, num_nodes = graph_of("random")
    x = torch.randn(num_nodes, 4)
    encoder = LinkEncoder(4, 8, 2, "gcn", layer_norm=True, jumping_knowledge=True, residual=True)
    other = LinkEncoder(**json.loads(json.dumps(encoder.config)))
    other.load_state_dict(encoder.state_dict())
    assert torch.equal(other(x, edge_index), encoder(x, edge_index))
    other.reset_parameters()
    assert not torch.equal(other(x, edge_index), encoder(x, edge_index))
    assert repr(encoder) == "LinkEncoder(4, 8, num_layers=2, conv='gcn')"


@pytest.mark.parametrize(("options", "x", "match"), [
    ({}, None, "num_embeddings"),
    ({}, torch.zeros(41, dtype=torch.long), "x"),
    ({}, torch.zeros(41, 4, dtype=torch.long), "num_embeddings"),
    ({}, torch.zeros(41, 5), "x"),
    ({"num_embeddings": 40}, torch.arange(41), "num_embeddings"),
    ({"num_embeddings": 41}, torch.zeros(41, 4), "integers"),
    ({"num_embeddings": 41}, torch.zeros(41, 4, dtype=torch.long), "one integer per node"),
    ({"conv": "gat"}, None, "conv"),
    ({"dropout": 1.5}, None, "dropout"),
    ({"num_layers": -1}, None, "num_layers"),
])
def test_refused(options: dict[str, object], x: Tensor | None, match: str) -> None:
    with pytest.raises(GraphError, match=match):
        LinkEncoder(4, 8, **options)(x, graph_of("random")[0])


def test_refused_by_its_parts() -> None:
    with pytest.raises(GraphError, match="dropout"):
        FeatureLinear(4, 2, dropout=1.5)
    x, (edge_index, _) = torch.ones(41, 2), graph_of("random")
    for aggr in ("gcn", "sum", "mean", "max"):
        for weight in (torch.ones(3), torch.ones(edge_index.size(1), 1), [1.0]):
            with pytest.raises(GraphError, match="edge_weight"):
                PureConv(aggr)(x, edge_index, weight)
    with pytest.raises(GraphError, match="'x'"):
        PureConv()(x.numpy(), edge_index)

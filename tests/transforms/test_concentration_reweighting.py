"""Both forms against dense matrices, what they add up to, and a loop that trains with them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.nn import GCNConv
from torch_geometric.nn.conv.gcn_conv import gcn_norm

from graphlocal import GraphError
from graphlocal.transforms import ConcentrationReweighting
from tests.zoo import ZOO, each_zoo_graph

each_form = pytest.mark.parametrize("form", ["paper", "code"])
each_norm = pytest.mark.parametrize("norm", ["gcn", "mean"])


def simple(name: str) -> Data:
    """Both directions of every edge once, without self loops, in float64."""
    index, num_nodes = ZOO[name]
    pairs = {(u, v) for u, v in index.T.tolist() if u != v}
    pairs |= {(v, u) for u, v in pairs}
    edges = torch.tensor(sorted(pairs), dtype=torch.long).reshape(-1, 2).t().contiguous()
    return Data(edge_index=edges, num_nodes=num_nodes,
                edge_weight=torch.ones(edges.size(1), dtype=torch.float64))


def dense(data: Data, weight: Tensor) -> Tensor:
    """``[i, j]`` is the weight of what i hears from j."""
    matrix = torch.zeros(data.num_nodes, data.num_nodes, dtype=torch.float64)
    matrix[data.edge_index[1], data.edge_index[0]] = weight
    return matrix


def updated(form: str, alpha: float, original: Tensor, previous: Tensor, h: Tensor) -> Tensor:
    """Entry by entry, as the two formulas are written."""
    n = len(h)
    base = previous if form == "paper" else original
    heard, result = base @ h, base.clone()
    near = original != 0
    for i in range(n):
        neighbors = [k for k in range(n) if near[i, k]]
        score = {k: mlp(heard[i], h[k]) for k in neighbors}
        if form == "code":
            score = {k: torch.sigmoid(s) for k, s in score.items()}
        whole = sum(torch.exp(s) for s in score.values())
        for k in neighbors:
            share = torch.exp(score[k]) / whole
            if form == "paper":
                result[i, k] += alpha * share
            else:  # those who hear i
                result[k, i] += alpha * share * original[:, i].sum()
    return result


def mlp(a: Tensor, b: Tensor) -> Tensor:
    return 3 * torch.tanh((a * b) @ torch.linspace(-2, 3, a.shape[-1], dtype=torch.float64))


@each_zoo_graph
@each_form
@each_norm
def test_formula(name: str, form: str, norm: str) -> None:
    data = ConcentrationReweighting(norm=norm)(simple(name))
    generator = torch.Generator().manual_seed(0)
    h = torch.randn(data.num_nodes, 4, generator=generator, dtype=torch.float64,
                    requires_grad=True)
    reweighting = ConcentrationReweighting(0.7, form)
    original = weight = data.edge_weight
    expected = first = dense(data, original)
    for _ in range(2):
        weight = reweighting.update(data.edge_index, h, mlp, original, weight, chunk_size=7)
        expected = updated(form, 0.7, first, expected, h.detach())
        assert not weight.requires_grad and weight.dtype == torch.float64
        torch.testing.assert_close(dense(data, weight), expected)
    grown = dense(data, weight) - first
    if form == "paper":  # every node hears alpha more each time
        torch.testing.assert_close(grown.sum(1), torch.full((data.num_nodes,), 1.4).double())
    else:  # every node is heard 1 + alpha as much, however often that is updated
        torch.testing.assert_close(grown.sum(0), 0.7 * first.sum(0))


@each_zoo_graph
@each_norm
def test_original_weights(name: str, norm: str) -> None:
    data = simple(name)
    made = ConcentrationReweighting(norm=norm)(data)
    adjacency = dense(data, data.edge_weight) + torch.eye(data.num_nodes).double()
    degree = adjacency.sum(1)
    expected = (adjacency / degree[:, None] if norm == "mean"
                else adjacency / torch.sqrt(degree[:, None] * degree))
    torch.testing.assert_close(dense(made, made.edge_weight), expected)
    assert made.edge_index.size(1) == data.edge_index.size(1) + data.num_nodes
    assert data.edge_index.size(1) == len(data.edge_weight)  # as it was


def test_weights_that_are_there_are_used() -> None:
    index = torch.tensor([[0, 1, 1, 2, 2], [1, 0, 2, 1, 2]])
    data = Data(edge_index=index, edge_weight=torch.tensor([2.0, 2, 3, 3, 5]), num_nodes=3)
    made = ConcentrationReweighting()(data)
    edges, weight = gcn_norm(index, data.edge_weight, 3)
    assert made.edge_index.size(1) == 7  # the loop that was there is not doubled
    torch.testing.assert_close(dense(made, made.edge_weight.double()),
                               dense(Data(edge_index=edges, num_nodes=3), weight.double()))


def test_batch_is_one_by_one() -> None:
    graphs = [Data(edge_index=simple(name).edge_index, num_nodes=ZOO[name][1]) for name in ZOO]
    transform = ConcentrationReweighting()
    batch = transform(Batch.from_data_list(graphs))
    for alone, together in zip(map(transform, graphs), batch.to_data_list(), strict=True):
        assert torch.equal(alone.edge_index, together.edge_index)
        assert torch.equal(alone.edge_weight, together.edge_weight)


def test_due() -> None:
    reweighting = ConcentrationReweighting(warm_up=4, interval=3)
    assert [epoch for epoch in range(13) if reweighting.due(epoch)] == [6, 9, 12]


@each_form
def test_training_with_it(form: str) -> None:
    torch.manual_seed(0)
    data = ConcentrationReweighting()(Data(edge_index=simple("hub").edge_index, num_nodes=64))
    x = torch.randn(64, 8)
    conv, head = GCNConv(8, 8, normalize=False), nn.Linear(8, 1)
    reweighting = ConcentrationReweighting(0.5, form, warm_up=2, interval=2)
    optimizer = torch.optim.Adam([*conv.parameters(), *head.parameters()], 0.01)
    weight, losses, changes = data.edge_weight, [], 0
    for epoch in range(1, 21):
        h = conv(x, data.edge_index, weight)
        loss = -nn.functional.logsigmoid(head(h[data.edge_index[0]] * h[data.edge_index[1]])).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if reweighting.due(epoch):
            weight = reweighting.update(data.edge_index, h, lambda a, b: head(a * b),
                                        data.edge_weight, weight)
            changes += 1
    assert changes == 10 and losses[-1] < losses[0]
    grown = float(weight.sum() / data.edge_weight.sum())
    assert grown == pytest.approx(1.5 if form == "code" else 1 + 5 * 64 / float(
        data.edge_weight.sum()), rel=1e-4)


def test_bad_input() -> None:
    for options in ({"alpha": -1.0}, {"alpha": float("nan")}, {"form": "both"}, {"warm_up": -1},
                    {"interval": 0}, {"norm": "row"}):
        with pytest.raises(GraphError, match=next(iter(options))):
            ConcentrationReweighting(**options)
    data = simple("hub")
    data.edge_attr = torch.ones(data.num_edges, 2)
    with pytest.raises(GraphError, match="edge_attr"):
        ConcentrationReweighting()(data)
    hetero = HeteroData()
    hetero["a"].num_nodes = 2
    hetero["a", "to", "a"].edge_index = torch.tensor([[0], [1]])
    with pytest.raises(GraphError, match="to_homogeneous"):
        ConcentrationReweighting()(hetero)
    data = ConcentrationReweighting()(simple("hub"))
    h, update = torch.randn(64, 3).double(), ConcentrationReweighting().update
    with pytest.raises(GraphError, match="edge_weight"):
        update(data.edge_index, h, mlp, data.edge_weight[:-1])
    with pytest.raises(GraphError, match="previous"):
        update(data.edge_index, h, mlp, data.edge_weight, data.edge_weight[:-1])
    with pytest.raises(GraphError, match="score"):
        update(data.edge_index, h, lambda a, b: a * b, data.edge_weight)
    with pytest.raises(GraphError, match="index"):
        update(data.edge_index, h[:5], mlp, data.edge_weight)


@pytest.mark.parametrize("norm", ["gcn", "mean"])
@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_weights_that_have_no_shares(weight: float, norm: str) -> None:
    data = Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2,
                edge_weight=torch.tensor([weight, 1.0]))
    with pytest.raises(GraphError, match=r"'data.edge_weight': got negative, infinite or NaN"):
        ConcentrationReweighting(norm=norm)(data)

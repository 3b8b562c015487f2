"""The batches LargeGT takes: right features, reproducible draws, every kind of graph."""

from __future__ import annotations

import pytest
import torch

from graphlocal import CSRGraph, GraphError
from graphlocal.models import HopTokens, LargeGT
from graphlocal.ops import as_adjacency
from graphlocal.transforms import hop_features
from tests.zoo import ZOO, each_zoo_graph


def made(name: str = "random", num_tokens: int = 6, **options) -> tuple[HopTokens, torch.Tensor]:
    edges, num_nodes = ZOO[name]
    x = torch.randn(num_nodes, 4, generator=torch.Generator().manual_seed(0))
    return HopTokens(x, torch.from_numpy(edges), num_tokens, **options), x


@pytest.mark.parametrize("direction", ["undirected", "incoming", "reference"])
def test_features_are_those_of_the_drawn_nodes(direction: str) -> None:
    batches, x = made(direction=direction)
    hops = torch.stack([x, *hop_features(x, torch.from_numpy(ZOO["random"][0]), 2, direction)], 1)
    for nodes in (torch.tensor([3, 0, 17]), torch.arange(41)):  # as sequences, and each node once
        drawn = batches.sample(nodes, epoch=2)
        batch = batches(nodes, epoch=2)
        assert torch.equal(drawn[:, 0], nodes) and torch.equal(batch.n_id, nodes)
        sequences = batch.hops if batch.tokens is None else batch.hops[batch.tokens]
        assert torch.equal(sequences, hops[drawn])
    assert batch.tokens is not None and len(batch.hops) <= 41


def test_tokens_follow_the_edges_the_features_do() -> None:
    path = torch.tensor([[0, 1, 2], [1, 2, 3]])
    x = torch.zeros(4, 1)
    around = {direction: set(HopTokens(x, path, 9, direction=direction).sample(
        torch.tensor([1])).flatten().tolist()) for direction in
        ("undirected", "incoming", "reference")}
    assert around == {"undirected": {0, 1, 2, 3}, "incoming": {0, 1}, "reference": {1, 2, 3}}


def test_a_draw_depends_on_node_and_epoch_alone() -> None:
    batches, _ = made()
    first = batches.sample(torch.arange(41), epoch=1)
    assert torch.equal(batches.sample(torch.tensor([40, 7]), epoch=1), first[[40, 7]])
    assert not torch.equal(batches.sample(torch.arange(41), epoch=2), first)
    once, _ = made(resample=False)
    assert torch.equal(once.sample(torch.arange(41), 1), once.sample(torch.arange(41), 2))


@each_zoo_graph
@pytest.mark.parametrize("num_tokens", [1, 5])
def test_every_graph_can_be_learned_from(name: str, num_tokens: int) -> None:
    batches, x = made(name, num_tokens, pos_enc=torch.zeros(ZOO[name][1], 2))
    if len(x) == 0:
        assert batches(torch.zeros(0, dtype=torch.long)).hops.numel() == 0
        return
    model = LargeGT(4, 8, 2, pos_channels=2, num_centroids=3, global_channels=4)
    out = model(*batches(torch.arange(len(x)), epoch=1))
    out.sum().backward()
    assert out.shape == (len(x), 2) and out.isfinite().all()


def test_a_graph_may_come_in_any_form() -> None:
    edges, num_nodes = ZOO["random"]
    edge_index, x, nodes = torch.from_numpy(edges), torch.randn(num_nodes, 4), torch.arange(41)
    wanted = HopTokens(x, edge_index, 5)(nodes)
    for graph in (CSRGraph.from_edge_index(edges, num_nodes), edge_index.int(),
                  as_adjacency(edge_index, num_nodes)):
        found = HopTokens(x, graph, 5)(nodes)
        assert torch.equal(found.tokens, wanted.tokens) and torch.equal(found.hops, wanted.hops)


def test_features_that_are_learned_get_no_gradient_of_a_part() -> None:
    edges, num_nodes = ZOO["random"]
    x = torch.randn(num_nodes, 4, requires_grad=True)
    assert not HopTokens(x, torch.from_numpy(edges), 5)(torch.arange(3)).hops.requires_grad


def test_bad_input() -> None:
    with pytest.raises(GraphError, match="num_tokens"):
        made(num_tokens=0)
    with pytest.raises(GraphError, match="law"):
        made(law="random")
    edges = torch.from_numpy(ZOO["random"][0])
    for x in (None, torch.ones(41, 4).numpy(), torch.ones(41, 4).long()):
        with pytest.raises(GraphError, match="'x'"):
            HopTokens(x, edges)
    with pytest.raises(GraphError, match="'pos_enc': got ndarray"):
        made(pos_enc=torch.zeros(41, 2).numpy())
    for num_tokens in (1, 5):
        for nodes in ([41], [-1], torch.ones(41, dtype=torch.bool)):
            with pytest.raises(GraphError, match="'nodes'"):
                made(num_tokens=num_tokens)[0](nodes)
    with pytest.raises(GraphError, match=r"'pos_enc'.*41, one per node"):
        made(pos_enc=torch.zeros(3, 2))
    with pytest.raises(GraphError, match="direction"):
        made(direction="both")
    batches, _ = made()
    with pytest.raises(GraphError, match="nodes"):
        batches(torch.tensor([41]))

"""Batches have what PyG's have, and depend on the seed and the epoch alone."""

from __future__ import annotations

import pickle
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data, HeteroData
from torch_geometric.nn import GraphSAGE
from torch_geometric.sampler.base import SubgraphType
from torch_geometric.utils import k_hop_subgraph

from graphlocal.graph import GraphError
from graphlocal.loader import NeighborLoader
from graphlocal.loader.node_batches import NodeBatches
from graphlocal.ops import sample_neighbors


def make(num_nodes: int = 60, num_edges: int = 300, seed: int = 0) -> Data:
    generator = torch.Generator().manual_seed(seed)
    edge_index = torch.randint(num_nodes, (2, num_edges), generator=generator)
    return Data(
        x=torch.randn(num_nodes, 8, generator=generator), y=torch.arange(num_nodes) % 3,
        edge_index=edge_index, edge_attr=torch.randn(num_edges, 2, generator=generator),
        edge_weight=torch.rand(num_edges, generator=generator),
        train_mask=torch.arange(num_nodes) % 2 == 0, name="graph", temperature=torch.tensor([3.0]))


def content(batch: Data) -> dict[str, Any]:
    return {key: value.tolist() if isinstance(value, Tensor) else value
            for key, value in batch.to_dict().items()}


def passes(loader: NeighborLoader, epochs: int = 2) -> list[dict[str, Any]]:
    return [content(batch) for _ in range(epochs) for batch in loader]


def test_batches_have_what_pyg_gives() -> None:
    data = make()
    loader = NeighborLoader(data, [3, 2], input_nodes=data.train_mask, batch_size=7, seed=4)
    assert len(loader) == 5
    batches = list(loader)
    assert [batch.batch_size for batch in batches] == [7, 7, 7, 7, 2]
    nodes = data.train_mask.nonzero()[:, 0]
    assert torch.equal(torch.cat([nodes[batch.input_id] for batch in batches]), nodes)
    for batch in batches:
        wanted = sample_neighbors(data.edge_index, nodes[batch.input_id], [3, 2], seed=4,
                                  num_nodes=60)
        assert torch.equal(batch.n_id, wanted.n_id) and torch.equal(batch.e_id, wanted.e_id)
        assert torch.equal(batch.edge_index, wanted.edge_index)
        assert batch.num_sampled_nodes == wanted.num_sampled_nodes
        assert batch.num_sampled_edges == wanted.num_sampled_edges
        for name in ("x", "y", "train_mask"):
            assert torch.equal(batch[name], data[name][batch.n_id])
        for name in ("edge_attr", "edge_weight"):
            assert torch.equal(batch[name], data[name][batch.e_id])
        assert batch.name == "graph" and batch.temperature.tolist() == [3.0]
        assert batch.num_nodes == len(batch.n_id)
        assert torch.equal(batch.n_id[: batch.batch_size], nodes[batch.input_id])
    assert "n_id" not in data and data.num_nodes == 60


def test_all_neighbours_give_the_outputs_of_the_whole_graph() -> None:
    data = make()
    torch.manual_seed(0)
    model = GraphSAGE(8, 16, num_layers=2, out_channels=3).eval()
    whole = model(data.x, data.edge_index)
    for batch in NeighborLoader(data, [-1, -1], batch_size=16, shuffle=True):
        size = batch.batch_size
        out = model(batch.x, batch.edge_index)[:size]
        torch.testing.assert_close(out, whole[batch.n_id[:size]])
        trimmed = model(batch.x, batch.edge_index,  # PyG's trim_to_layer, within the model
                        num_sampled_nodes_per_hop=batch.num_sampled_nodes,
                        num_sampled_edges_per_hop=batch.num_sampled_edges)[:size]
        torch.testing.assert_close(trimmed, out)
        near = k_hop_subgraph(batch.n_id[:size], 2, data.edge_index, num_nodes=60)[0]
        assert torch.equal(batch.n_id.sort().values, near)


def test_trimmed_samples_give_the_same_outputs() -> None:
    data = make()
    model = GraphSAGE(8, 16, num_layers=3, out_channels=3).eval()
    for batch in NeighborLoader(data, [3, 0, 2], batch_size=16):
        out = model(batch.x, batch.edge_index)
        trimmed = model(batch.x, batch.edge_index,
                        num_sampled_nodes_per_hop=batch.num_sampled_nodes,
                        num_sampled_edges_per_hop=batch.num_sampled_edges)
        torch.testing.assert_close(trimmed[: batch.batch_size], out[: batch.batch_size])


def test_a_model_learns_from_batches() -> None:
    generator = torch.Generator().manual_seed(1)
    y = torch.arange(400) % 4
    pairs = torch.randint(400, (2, 30_000), generator=generator)
    edge_index = pairs[:, (y[pairs[0]] == y[pairs[1]])
                       | (torch.rand(30_000, generator=generator) < 0.05)]
    # Alone a node tells little of its class: neighbours have to be asked.
    x = torch.nn.functional.one_hot(y, 4) + 1.5 * torch.randn(400, 4, generator=generator)
    data = Data(x=x, y=y, edge_index=edge_index)
    torch.manual_seed(0)
    model = GraphSAGE(4, 16, num_layers=2, out_channels=4)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    train = NeighborLoader(data, [5, 5], input_nodes=torch.arange(200), batch_size=50, shuffle=True)
    for _ in range(6):
        for batch in train:
            size = batch.batch_size
            out = model(batch.x, batch.edge_index)[:size]
            loss = torch.nn.functional.cross_entropy(out, batch.y[:size])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    right = 0
    for batch in NeighborLoader(data, [10, 10], input_nodes=torch.arange(200, 400), batch_size=64):
        out = model(batch.x, batch.edge_index)[: batch.batch_size]
        right += int((out.argmax(1) == batch.y[: batch.batch_size]).sum())
    assert right / 200 > 0.8


@pytest.mark.parametrize("context", [
    "fork", pytest.param("spawn", marks=pytest.mark.slow)])  # a new interpreter imports everything
def test_workers_change_nothing(context: str) -> None:
    options: dict[str, Any] = {"batch_size": 20, "shuffle": True, "seed": 2,
                               "weight_attr": "edge_weight"}
    alone = passes(NeighborLoader(make(), [3, 2], **options))
    loader = NeighborLoader(make(), [3, 2], num_workers=2 if context == "fork" else 1,
                            persistent_workers=True, multiprocessing_context=context, **options)
    assert passes(loader) == alone
    if context == "spawn":  # what workers share is also what this process still reads
        loader.set_epoch(0)
        assert content(loader.dataset[next(iter(loader.sampler))]) == alone[0]


def test_a_spawned_worker_shares_the_memory_of_the_graph() -> None:
    """What is sent to it, received by this process."""
    loader = NeighborLoader(make(), [3, 2], batch_size=20, weight_attr="edge_weight")
    sent, request = loader.dataset, next(iter(loader.sampler))
    before = content(sent[request])
    received = pickle.loads(bytes(ForkingPickler.dumps(sent)))
    assert content(received[request]) == content(sent[request]) == before
    shared = [part for part in received._shared if len(part)]
    assert shared and all(part.is_shared() for part in shared)


def test_epochs_differ_and_can_be_set() -> None:
    data = make()
    loader = NeighborLoader(data, [2, 2], batch_size=20, shuffle=True, seed=1)
    epochs = [passes(loader, 1) for _ in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    loader.set_epoch(1)
    assert passes(loader, 1) == epochs[1] and passes(loader, 1) == epochs[2]
    again = NeighborLoader(data, [2, 2], batch_size=20, shuffle=True, seed=1)
    assert passes(again, 1) == epochs[0]
    other = NeighborLoader(data, [2, 2], batch_size=20, shuffle=True, seed=2)
    assert passes(other, 1) != epochs[0]
    one, two = iter(again), iter(again)  # passes that overlap are epochs of their own
    assert content(next(two)) == epochs[2][0] and content(next(one)) == epochs[1][0]
    kept = NeighborLoader(data, [2, 2], batch_size=20)
    order = [batch.input_id.tolist() for batch in kept]
    assert order == [batch.input_id.tolist() for batch in kept] == torch.arange(60).view(
        3, 20).tolist()


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("total", [1, 5, 12, 24, 25, 29])
def test_processes_share_the_batches_of_one(total: int, drop_last: bool) -> None:
    joint = list(NodeBatches(total, 12, True, drop_last, 7, 0, 1))
    shares = [list(NodeBatches(total, 4, True, drop_last, 7, rank, 3)) for rank in range(3)]
    counts = {len(share) for share in shares}
    assert counts == {len(joint)} == {len(NodeBatches(total, 4, True, drop_last, 7, 2, 3))}
    for i, (epoch, nodes) in enumerate(joint):
        parts = [share[i][1] for share in shares]
        assert all(share[i][0] == epoch for share in shares)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1 and min(map(len, parts)) > 0
        if len(nodes) >= 3:
            assert np.array_equal(np.concatenate(parts), nodes)
        else:
            assert set(np.concatenate(parts)) == set(nodes)


def test_ranks_are_taken_from_the_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make()
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    mine = passes(NeighborLoader(data, [2], batch_size=10, shuffle=True), 1)
    assert mine == passes(NeighborLoader(data, [2], batch_size=10, shuffle=True, rank=1,
                                         world_size=2), 1)
    monkeypatch.delenv("RANK")
    monkeypatch.delenv("WORLD_SIZE")
    whole = passes(NeighborLoader(data, [2], batch_size=20, shuffle=True), 1)
    assert [b["input_id"] for b in mine] == [b["input_id"][10:] for b in whole]


def test_options_reach_the_sample() -> None:
    data = make()
    disjoint = next(iter(NeighborLoader(data, [2, 2], batch_size=6, disjoint=True)))
    assert torch.equal(disjoint.batch[:6], torch.arange(6))
    assert torch.equal(*disjoint.batch[disjoint.edge_index])
    induced = next(iter(NeighborLoader(data, [2, 2], batch_size=6,
                                       subgraph_type=SubgraphType.induced)))
    inside = torch.isin(data.edge_index, induced.n_id).all(0)
    assert int(inside.sum()) == induced.num_edges and "num_sampled_edges" not in induced
    data.one = torch.zeros(300)
    data.one[7] = 1
    drawn = [batch.e_id.tolist() for batch in NeighborLoader(
        data, [4], batch_size=60, weight_attr="one", replace=True)]
    assert drawn == [[7] * 4]
    marked = NeighborLoader(data, [2], batch_size=60, is_sorted=True, filter_per_worker=True,
                            transform=lambda batch: batch.update({"mark": batch.num_nodes}))
    assert next(iter(marked)).mark == 60


def test_a_batch_can_be_sampled_from_again() -> None:
    data = make()
    first = next(iter(NeighborLoader(data, [4, 4], batch_size=10)))
    second = next(iter(NeighborLoader(first, [2], input_nodes=[0, 1])))
    assert torch.equal(second.x, data.x[second.n_id])  # numbers are those of the first graph


def test_a_graph_without_edges_gives_its_nodes() -> None:
    data = Data(x=torch.ones(3, 2), edge_index=torch.empty(2, 0, dtype=torch.long))
    batch = next(iter(NeighborLoader(data, [2, -1], batch_size=2)))
    assert batch.n_id.tolist() == [0, 1] and batch.edge_index.shape == (2, 0)
    assert batch.num_sampled_nodes == [2, 0, 0] and batch.num_sampled_edges == [0, 0]


@pytest.mark.parametrize(("arguments", "message"), [
    ({"input_nodes": [60]}, "'input_nodes': got index 60"),
    ({"input_nodes": []}, "'input_nodes': got no node"),
    ({"input_nodes": torch.zeros(60, dtype=torch.bool)}, "'input_nodes': got no node"),
    ({"input_nodes": torch.ones(59, dtype=torch.bool)}, r"'input_nodes'.*shape \(60,\)"),
    ({"input_nodes": torch.ones(60, 2, dtype=torch.bool)}, r"mask\[:, split\]"),
    ({"input_nodes": [True] * 60}, "a boolean mask"), ({"directed": False}, "'directed'"),
    ({"num_neighbors": [-5]}, "'num_neighbors'"), ({"num_neighbors": 5}, "'num_neighbors'"),
    ({"batch_size": 0}, "'batch_size'"), ({"weight_attr": "nothing"}, "'weight_attr'"),
    ({"weight_attr": "x"}, r"'x': got shape \(60, 8\)"), ({"seed": "a"}, "'seed'"),
    ({"subgraph_type": "bidirectional"}, "ToUndirected"), ({"time_attr": "t"}, "'time_attr'"),
    ({"rank": 0}, "'world_size'"), ({"rank": 2, "world_size": 2}, "'rank'"),
    ({"num_workers": -1}, "'num_workers'"), ({"data": HeteroData()}, "to_homogeneous"),
    ({"data": Data(x=torch.ones(3, 1))}, "no edge_index"), ({"sampler": None}, "'sampler'"),
    ({"data": Data(x=torch.ones(3, 1), edge_index=torch.tensor([[5], [0]]))}, "'edge_index'"),
])
def test_bad_input_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        NeighborLoader(**({"data": make(), "num_neighbors": [2]} | arguments))

"""Transforms give what topology gives, entry for entry, to one graph and to a batch alike."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.loader import DataLoader
from torch_geometric.transforms import Compose

from graphlocal import CSRGraph, GraphError
from graphlocal.topology import (
    ORBIT_ADJACENCIES,
    edge_orbit_counts,
    orbit_adjacency,
    orbit_counts,
)
from graphlocal.transforms import AddEdgeOrbitCounts, AddOrbitAdjacency, AddOrbitCounts
from tests.zoo import ZOO, each_zoo_graph, shared_data

EVERY = [
    AddOrbitCounts(), AddOrbitCounts(5, log=False, attr="orbits"),
    AddEdgeOrbitCounts(), AddEdgeOrbitCounts(5, log=False, attr="edge_orbits"),
    AddOrbitAdjacency(2, 1, 1), AddOrbitAdjacency(3, 4, 4, log=True),
    AddOrbitAdjacency(1, 4, 5, mode="edge_weight"),
]
each_transform = pytest.mark.parametrize("transform", EVERY, ids=repr)


def zoo(name: str) -> Data:
    index, num_nodes = ZOO[name]
    return Data(edge_index=torch.from_numpy(index), num_nodes=num_nodes)


def simple(data: Data) -> CSRGraph:
    return CSRGraph.from_edge_index(data.edge_index, data.num_nodes)


def same(a: Data, b: Data) -> None:
    assert set(a.keys()) == set(b.keys())
    for key in a.keys():  # noqa: SIM118
        one, other = a[key], b[key]
        if isinstance(one, torch.Tensor):
            assert one.dtype == other.dtype, key
            assert torch.equal(one, other), key
        else:
            assert one == other, key


@each_zoo_graph
@pytest.mark.parametrize("size", [4, 5])
def test_orbit_counts(name: str, size: int) -> None:
    data = zoo(name)
    expected = torch.from_numpy(orbit_counts(simple(data), size))
    raw = AddOrbitCounts(size, log=False, attr="orbits")(data)
    assert raw.orbits.dtype == torch.int64 and torch.equal(raw.orbits, expected)
    made = AddOrbitCounts(size)(data).x
    assert made.dtype == torch.float32
    torch.testing.assert_close(made, torch.log1p(expected.double()).float())
    assert torch.equal(AddOrbitCounts(size, log=False)(data).x, expected.float())
    assert "x" not in data and "orbits" not in data


@each_zoo_graph
@pytest.mark.parametrize("size", [4, 5])
def test_edge_orbit_counts(name: str, size: int) -> None:
    data, graph = zoo(name), simple(zoo(name))
    by_ends = {tuple(ends): row for ends, row in zip(
        graph.to_edges().tolist(), edge_orbit_counts(graph, size).tolist(), strict=True)}
    zeros = [0] * (12 if size == 4 else 68)
    # Both directions, repetitions and self loops: as documented, entry for entry.
    expected = torch.tensor(
        [zeros if u == v else by_ends[min(u, v), max(u, v)] for u, v in data.edge_index.T.tolist()],
        dtype=torch.int64).reshape(-1, len(zeros))
    raw = AddEdgeOrbitCounts(size, log=False, attr="edge_orbits")(data)
    assert raw.edge_orbits.dtype == torch.int64 and torch.equal(raw.edge_orbits, expected)
    made = AddEdgeOrbitCounts(size)(data).edge_attr
    assert made.dtype == torch.float32
    torch.testing.assert_close(made, torch.log1p(expected.double()).float())


@each_zoo_graph
@pytest.mark.parametrize("orbits", ORBIT_ADJACENCIES, ids=str)
def test_orbit_adjacency(name: str, orbits: tuple[int, int, int]) -> None:
    data = zoo(name)
    dense = torch.from_numpy(orbit_adjacency(simple(data), *orbits).toarray()).float()
    made = AddOrbitAdjacency(*orbits)(data)
    key = "_".join(map(str, orbits))
    index, weight = made[f"edge_index_{key}"], made[f"edge_weight_{key}"]
    assert index.dtype == torch.int64 and weight.dtype == torch.float32
    again = torch.zeros_like(dense)
    again[index[0], index[1]] = weight
    assert torch.equal(again, dense) and bool((weight > 0).all())
    flat = index[0] * max(data.num_nodes, 1) + index[1]
    assert bool((flat[1:] > flat[:-1]).all())
    if orbits[0] == 1:
        weighted = AddOrbitAdjacency(*orbits, mode="edge_weight")(data)
        row, col = data.edge_index
        assert torch.equal(weighted.edge_weight, dense[row, col])
        assert torch.equal(weighted.edge_index, data.edge_index)


def test_names_of_adjacencies() -> None:
    data = zoo("random")
    for name in ("2;9,10", "(2; 9,10)", " 2 ; 9 , 10 "):
        same(AddOrbitAdjacency(name)(data), AddOrbitAdjacency(2, 9, 10)(data))
    assert repr(AddOrbitAdjacency("2;9,10")) == \
        "AddOrbitAdjacency(2, 9, 10, mode='edge_index', log=False)"
    log = AddOrbitAdjacency(1, 3, 3, mode="edge_weight", log=True)(data).edge_weight
    plain = AddOrbitAdjacency(1, 3, 3, mode="edge_weight")(data).edge_weight
    torch.testing.assert_close(log, torch.log1p(plain))


@each_transform
def test_batch_is_one_by_one(transform: object) -> None:
    # With and without features; self loops, repetitions, isolated nodes, no nodes at all.
    graphs = [zoo(name) for name in ZOO]
    for data in graphs:
        data.z = torch.arange(data.num_nodes)
    one_by_one = [transform(data) for data in graphs]
    batch = transform(Batch.from_data_list(graphs))
    for alone, together in zip(one_by_one, batch.to_data_list(), strict=True):
        same(alone, together)
    again = Batch.from_data_list(one_by_one)
    for key in set(again.keys()) - {"ptr", "batch"}:
        if isinstance(again[key], torch.Tensor):
            assert torch.equal(batch[key], again[key]), key
        else:
            assert batch[key] == again[key], key
    # The batch given is as it was, and so is what it remembers.
    untouched = Batch.from_data_list(graphs)
    before = set(untouched._slice_dict)
    transform(untouched)
    assert set(untouched._slice_dict) == before


@each_transform
def test_compose_copy_and_functional_name(transform: object) -> None:
    data = zoo("hub")
    before = copy.deepcopy(data)
    same(Compose([transform])(data), transform(data))
    same(data, before)
    same(copy.deepcopy(transform)(data), transform(data))
    assert repr(transform).startswith(type(transform).__name__ + "(")


def test_appended_behind_what_is_there() -> None:
    data = zoo("hub")
    data.x = torch.randn(data.num_nodes, 3, dtype=torch.float64)
    made = AddOrbitCounts(log=False)(data)
    assert made.x.dtype == torch.float64 and torch.equal(made.x[:, :3], data.x)
    assert torch.equal(made.x[:, 3:], AddOrbitCounts(log=False)(zoo("hub")).x.double())
    data.x = torch.randn(data.num_nodes)  # one feature, no dimension of its own
    assert AddOrbitCounts()(data).x.shape == (data.num_nodes, 16)
    data.x = torch.ones(data.num_nodes, 1, dtype=torch.float16)  # ends at 65,504
    assert AddOrbitCounts(5, log=False)(data).x.dtype == torch.float32
    data.edge_attr = torch.randn(data.num_edges)
    assert AddEdgeOrbitCounts()(data).edge_attr.shape == (data.num_edges, 13)


def test_directed_is_taken_as_undirected() -> None:
    one_way = Data(edge_index=torch.tensor([[0, 1, 2], [1, 2, 0]]), num_nodes=4)
    both = Data(edge_index=torch.tensor([[0, 1, 2, 1, 2, 0], [1, 2, 0, 0, 1, 2]]), num_nodes=4)
    assert torch.equal(AddOrbitCounts()(one_way).x, AddOrbitCounts()(both).x)
    assert torch.equal(AddEdgeOrbitCounts()(one_way).edge_attr,
                       AddEdgeOrbitCounts()(both).edge_attr[:3])


def test_large_counts_are_rounded_once() -> None:
    star = Data(edge_index=torch.stack([torch.zeros(20_000, dtype=torch.long),
                                        torch.arange(1, 20_001)]))
    claws = 20_000 * 19_999 * 19_998 // 6
    assert AddOrbitCounts(log=False, attr="orbits")(star).orbits[0, 7] == claws
    assert AddOrbitCounts()(star).x[0, 7] == np.float32(np.log1p(claws))


@each_transform
def test_bad_data(transform: object) -> None:
    hetero = HeteroData()
    hetero["a"].num_nodes = 2
    hetero["a", "to", "a"].edge_index = torch.tensor([[0], [1]])
    for data, message in [
        (hetero, "to_homogeneous"),
        (Data(x=torch.ones(2, 1)), "no edge_index"),
        (Data(edge_index=torch.tensor([[0, 1], [1, 5]]), num_nodes=3), "index 5"),
        (Data(edge_index=torch.tensor([[0, 1], [1, -1]]), num_nodes=3), "index -1"),
        (Data(edge_index=torch.tensor([[0.0], [1.0]]), num_nodes=3), "float"),
        (Data(edge_index=torch.zeros(3, 2, dtype=torch.long), num_nodes=3), "shape"),
        (torch.zeros(2, 3, dtype=torch.long), "edge_index"),
    ]:
        with pytest.raises(GraphError, match=message):
            transform(data)


def test_nothing_is_overwritten_or_rounded_unasked() -> None:
    data = zoo("hub")
    data.x = torch.ones(data.num_nodes, 2, dtype=torch.long)
    data.edge_attr = torch.ones(data.num_edges, 2, dtype=torch.bool)
    data.edge_weight = torch.ones(data.num_edges)
    with pytest.raises(GraphError, match=r"data\.x.*int64.*attr='orbits'"):
        AddOrbitCounts()(data)
    with pytest.raises(GraphError, match=r"data\.edge_attr.*bool"):
        AddEdgeOrbitCounts()(data)
    with pytest.raises(GraphError, match="edge_weight', which data has"):
        AddOrbitAdjacency(1, 3, 3, mode="edge_weight")(data)
    with pytest.raises(GraphError, match="which data has already"):
        AddOrbitCounts(attr="edge_index")(data)
    with pytest.raises(GraphError, match="which data has already"):
        twice = AddOrbitAdjacency(2, 1, 1)
        twice(twice(data))
    data.x = torch.ones(data.num_nodes - 1, 2)
    with pytest.raises(GraphError):
        AddOrbitCounts()(data)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: AddOrbitCounts(6), "size"),
    (lambda: AddOrbitCounts(True), "size"),
    (lambda: AddEdgeOrbitCounts(3), "size"),
    (lambda: AddOrbitCounts(attr=""), "attr"),
    (lambda: AddEdgeOrbitCounts(attr=None), "attr"),
    (lambda: AddOrbitAdjacency(2, 0, 0), "28 orbit adjacencies"),
    (lambda: AddOrbitAdjacency(2, 1), "integer"),
    (lambda: AddOrbitAdjacency("2,1,1"), "2;1,1"),
    (lambda: AddOrbitAdjacency("2;1,1", 1, 1), "name"),
    (lambda: AddOrbitAdjacency(2, 1, 1, mode="edge_weight"), "one hop"),
    (lambda: AddOrbitAdjacency(2, 1, 1, mode="dense"), "mode"),
])
def test_bad_arguments(make: object, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        make()


def test_pre_transform_of_a_dataset(tmp_path: Path) -> None:
    from torch_geometric.datasets import TUDataset

    raw = shared_data("pyg", "TUDataset", "MUTAG", "raw")
    for name in ("plain", "made"):
        shutil.copytree(raw, tmp_path / name / "MUTAG" / "raw")
    both = Compose([AddOrbitCounts(5), AddEdgeOrbitCounts(attr="edge_orbits"),
                    AddOrbitAdjacency(2, 1, 1)])
    plain = TUDataset(str(tmp_path / "plain"), "MUTAG", transform=both)
    made = TUDataset(str(tmp_path / "made"), "MUTAG", pre_transform=both)
    assert len(made) == 188 and made.num_features == 7 + 73
    for before, after in zip(plain, made, strict=True):
        same(before, after)
    # No atom of this molecule is on a ring of three.
    assert not made[0].x[:, 7 + 3].any()
    loaded = next(iter(DataLoader(made, batch_size=188)))
    same(loaded[100], made[100])
    row, col = loaded.edge_index_2_1_1
    assert torch.equal(loaded.batch[row], loaded.batch[col])

"""Features are the table's columns, of one graph and of a batch alike."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.transforms import Compose

from graphlocal import CSRGraph, GraphError
from graphlocal.topology import METRICS, metrics
from graphlocal.transforms import AddTopology
from tests.zoo import ZOO, each_zoo_graph

EVERY = [name for name in METRICS if name != "orbits5"]


def zoo(name: str) -> Data:
    index, num_nodes = ZOO[name]
    return Data(edge_index=torch.from_numpy(index), num_nodes=num_nodes)


@each_zoo_graph
@pytest.mark.parametrize("log", [True, False])
def test_columns_of_the_table(name: str, log: bool) -> None:
    data = zoo(name)
    data.x = torch.randn(data.num_nodes, 2)
    table = metrics(CSRGraph.from_edge_index(*ZOO[name]), EVERY)
    made = AddTopology(EVERY, log=log)(data)
    assert made.x.dtype == torch.float32
    assert made.x.shape == (data.num_nodes, 2 + len(list(table)))
    assert torch.equal(made.x[:, :2], data.x)
    for number, column in enumerate(table):
        expected = np.asarray(table[column])
        if log and expected.dtype.kind in "iu":
            expected = np.log1p(expected)
        np.testing.assert_array_equal(made.x[:, 2 + number], expected.astype(np.float32), column)


def test_batch_is_one_by_one() -> None:
    graphs = [zoo(name) for name in ZOO]
    transform = AddTopology(EVERY, attr="where")
    one_by_one = [transform(data) for data in graphs]
    batch = transform(Batch.from_data_list(graphs))
    assert batch.where.shape[0] == batch.num_nodes
    for alone, together in zip(one_by_one, batch.to_data_list(), strict=True):
        assert torch.equal(alone.where, together.where)
    appended = AddTopology(EVERY)(Batch.from_data_list(graphs))
    assert torch.equal(appended.x, batch.where)


def test_copy_compose_and_text() -> None:
    data = zoo("hub")
    before = copy.deepcopy(data)
    transform = AddTopology("core, degree")
    assert torch.equal(Compose([transform])(data).x, copy.deepcopy(transform)(data).x)
    assert data.keys() == before.keys()
    assert repr(transform) == "AddTopology(['core', 'degree'], log=True, attr='x')"


def test_bad_input() -> None:
    hetero = HeteroData()
    hetero["a"].num_nodes = 2
    hetero["a", "to", "a"].edge_index = torch.tensor([[0], [1]])
    for data, message in [
        (hetero, "to_homogeneous"), (Data(x=torch.ones(2, 1)), "no edge_index"),
        (Data(edge_index=torch.tensor([[0], [5]]), num_nodes=3), "index 5"),
        (Data(edge_index=torch.tensor([[0], [1]]), x=torch.ones(2, 1, dtype=torch.long)), "dtype"),
    ]:
        with pytest.raises(GraphError, match=message):
            AddTopology()(data)
    with pytest.raises(GraphError, match="did you mean 'core'"):
        AddTopology(["cor"])
    with pytest.raises(GraphError, match="attr"):
        AddTopology(attr="no name")
    data = zoo("hub")
    data.where = torch.zeros(1)
    with pytest.raises(GraphError, match="has already"):
        AddTopology(attr="where")(data)

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import torch

from graphlocal import CSRGraph, GraphError, datasets
from graphlocal.tasks.link import LinkData
from tests.zoo import shared_data


def undirected(pairs: torch.Tensor) -> list[tuple[int, int]]:
    return [(min(p), max(p)) for p in pairs.t().tolist()]


def ring(n: int) -> torch.Tensor:
    return torch.stack([torch.arange(n), (torch.arange(n) + 1) % n])


def test_a_random_split_is_a_partition_and_its_negatives_are_no_edges() -> None:
    rng = np.random.default_rng(0)
    graph = CSRGraph.from_edge_index(rng.integers(0, 80, (2, 500)), 80)
    data = LinkData.random(graph, seed=3)
    parts = [undirected(getattr(data, part)) for part in ("train", "val", "test")]
    m = graph.num_edges
    assert [len(part) for part in parts] == [m - m // 10 - m // 5, m // 10, m // 5]
    assert sorted(chain(*parts)) == sorted(map(tuple, graph.to_edges().tolist()))
    negative = undirected(torch.cat([data.val_neg, data.test_neg], dim=1))
    assert len(set(negative)) == len(negative) == 2 * (m // 5)
    assert not set(negative) & set(chain(*parts))
    again, other = LinkData.random(graph, seed=3), LinkData.random(graph, seed=4)
    assert torch.equal(data.train, again.train) and torch.equal(data.test_neg, again.test_neg)
    assert not torch.equal(data.train, other.train)


def test_graphs_hold_what_they_may() -> None:
    data = LinkData.random(ring(40), seed=0)
    train, val = set(undirected(data.train)), set(undirected(data.val))
    assert data.edge_index.size(1) == 2 * len(train)
    assert set(undirected(data.edge_index)) == train
    assert set(undirected(data.full_edge_index)) == train | val
    assert data.edge_index is data.edge_index
    assert (data.edge_index[1].diff() >= 0).all()


def test_the_split_of_the_papers_has_their_sizes(tmp_path) -> None:
    import shutil

    shutil.copytree(shared_data("pyg", "Planetoid", "Cora"), tmp_path / "pyg/Planetoid/Cora")
    cora = datasets.load("cora", tmp_path, download="no")[0]
    data = LinkData.random(cora.edge_index, cora.num_nodes, x=cora.x)
    assert repr(data) == "LinkData(num_nodes=2708, train=3696, val=527, test=1055)"
    assert data.val_neg.shape == data.test_neg.shape == (2, 1055)


def test_edges_listed_twice_count_twice_and_are_one_in_the_graph() -> None:
    part = {"edge": torch.tensor([[2, 3]]), "edge_neg": torch.tensor([[0, 4], [1, 4]])}
    split = {"train": {"edge": np.array([[0, 1], [1, 0], [0, 1], [1, 2]]), "year": np.arange(4)},
             "valid": part, "test": part}
    data = LinkData.from_ogb(split, 5)
    assert data.train.tolist() == [[0, 1, 0, 1], [1, 0, 1, 2]]
    assert data.edge_index.size(1) == 4
    assert data.val_neg.tolist() == [[0, 1], [4, 4]]


def test_negatives_of_each_positive() -> None:
    part = {"source_node": torch.tensor([0, 1]), "target_node": torch.tensor([2, 3]),
            "target_node_neg": torch.tensor([[4, 5, 6], [6, 5, 0]])}
    data = LinkData.from_ogb({"train": part, "valid": part, "test": part}, 7)
    assert data.train.tolist() == [[0, 1], [2, 3]]
    assert data.test_neg.tolist() == [[[0, 0, 0], [1, 1, 1]], [[4, 5, 6], [6, 5, 0]]]


GOOD = {"num_nodes": 5, "train": [[0], [1]], "val": [[1], [2]], "val_neg": [[0], [3]],
        "test": [[2], [3]], "test_neg": [[0], [4]]}
BAD = {
    "pairs in rows": ({"train": [[0, 1], [1, 2], [2, 3]]}, r"'train'.*\(3, 2\).*\.t\(\)"),
    "node out of range": ({"test": [[0], [5]]}, "'test': got index 5"),
    "negative node": ({"val_neg": [[0], [-1]]}, "'val_neg': got index -1"),
    "empty split": ({"val": torch.zeros((2, 0), dtype=torch.long)}, "'val': got no edge"),
    "no negatives": ({"test_neg": torch.zeros((2, 0), dtype=torch.long)}, "'test_neg': got no pai"),
    "floats": ({"train": [[0.0], [1.0]]}, "'train': got dtype float32"),
    "negatives of others": ({"val_neg": torch.zeros((2, 3, 4), dtype=torch.long)},
                            r"'val_neg'.*\(2, M\) or \(2, 1, M\)"),
    "flags for negatives": ({"val_neg": torch.zeros((2, 1, 4), dtype=torch.bool)}, "torch.bool"),
    "text for negatives": ({"val_neg": "random"}, "'val_neg'"),
    "negatives out of range": ({"val_neg": torch.full((2, 1, 4), 7)}, "'val_neg': got index 7"),
    "features of other nodes": ({"x": torch.zeros(4, 2)}, r"'x': got shape \(4, 2\)"),
    "features that are no tensor": ({"x": [1, 2, 3, 4, 5]}, "'x': got list"),
    "no nodes": ({"num_nodes": 0}, "'num_nodes': got 0"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_splits(case) -> None:
    LinkData(**GOOD)
    change, message = BAD[case]
    with pytest.raises(GraphError, match=message):
        LinkData(**{**GOOD, **change})


def test_bad_random_splits() -> None:
    for options, message in (({"val": 0.5, "test": 0.5}, "less than 1"), ({"test": 0.0}, "'test'"),
                             ({"val": 0.001}, "'val': got no edge"), ({"seed": -1}, "'seed'"),
                             ({"num_negatives": 10**6}, "'num_negatives': got 1000000")):
        with pytest.raises(GraphError, match=message):
            LinkData.random(ring(30), **options)


def test_bad_ogb_splits() -> None:
    edge = torch.tensor([[0, 1]])
    part = {"edge": edge, "edge_neg": edge}
    for split, message in (({"train": part, "valid": part}, "no entry 'test'"),
                           ({"train": {}, "valid": part, "test": part}, "'train' with nothing"),
                           ({"train": part, "valid": {"edge": edge}, "test": part},
                            "'valid' without negatives"), ([part], "no entry 'train'")):
        with pytest.raises(GraphError, match=message):
            LinkData.from_ogb(split, 3)

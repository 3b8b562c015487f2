"""Walks follow edges, their frequencies follow the law, and nothing but the node decides them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from graphlocal import CSRGraph
from graphlocal.graph import GraphError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.ops import Adjacency, random_walks
from graphlocal.ops.random_walks.reference import step_law
from tests.ops.graphs import zoo
from tests.zoo import each_zoo_graph

#: Built here: where empty arrays are poisoned, its kernels cannot be compiled.
RING = CSRGraph.from_edge_index(np.array([[0, 1, 2, 3], [1, 2, 3, 0]]))
KINDS = {
    "uniform": {}, "non_backtracking": {"non_backtracking": True},
    "node2vec": {"p": 4.0, "q": 0.25}, "away": {"non_backtracking": True, "q": 0.5},
}
each_kind = pytest.mark.parametrize("kind", list(KINDS))


def neighbors_of(edge_index: Tensor, num_nodes: int) -> list[list[int]]:
    rows: list[list[int]] = [[] for _ in range(num_nodes)]
    for source, target in edge_index.t().tolist():
        rows[source].append(target)
    return rows


@each_kind
@each_zoo_graph
def test_every_step_is_possible(name: str, kind: str) -> None:
    edge_index, num_nodes = zoo(name)
    neighbors = neighbors_of(edge_index, num_nodes)
    walks = random_walks(edge_index, torch.arange(num_nodes), 5, 3, num_nodes=num_nodes,
                         **KINDS[kind])
    assert walks.shape == (num_nodes, 3, 6) and walks.dtype == torch.int64
    for node in range(num_nodes):
        for walk in walks[node].tolist():
            assert walk[0] == node
            for i, (u, v) in enumerate(pairwise(walk)):
                law = step_law(neighbors, u, walk[i - 1] if i else None, **KINDS[kind])
                assert law.get(v, 0) > 0


@each_kind
def test_frequencies_follow_the_law(kind: str) -> None:
    edge_index = torch.tensor([[0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4],
                               [1, 2, 3, 3, 2, 0, 0, 1, 4, 0, 3, 4, 1, 0]])
    neighbors = neighbors_of(edge_index, 5)
    walks = random_walks(edge_index, [0], 3, 20_000, seed=11, **KINDS[kind])[0].numpy()
    law = {(0,): 1.0}
    for _ in range(3):
        law = {(*walk, v): chance * step
               for walk, chance in law.items()
               for v, step in step_law(neighbors, walk[-1], walk[-2] if len(walk) > 1 else None,
                                       **KINDS[kind]).items()}
    seen, counts = np.unique(walks, axis=0, return_counts=True)
    found = dict(zip(map(tuple, seen.tolist()), counts.tolist(), strict=True))
    assert found.keys() <= law.keys()
    assert stats.chisquare([found.get(walk, 0) for walk in law],
                           [20_000 * chance for chance in law.values()]).pvalue > 1e-4


@pytest.mark.parametrize(("p", "q"), [(1e9, 1.0), (1.0, 1e9), (1e-9, 1.0), (1e9, 1e-9)])
def test_extreme_parameters_end(p: float, q: float) -> None:
    star = torch.tensor([[0] * 8 + list(range(1, 9)), [*range(1, 9)] + [0] * 8])
    walks = random_walks(star, [0, 1], 50, 20, p=p, q=q)
    hub = walks[0, :, ::2]  # a leaf has one neighbour: the walk returns whatever p is
    assert bool((hub == 0).all())
    if p == 1e-9:
        assert bool((walks[0, :, 1:] == walks[0, :, 1:2]).logical_or(walks[0, :, 1:] == 0).all())


@each_kind
def test_a_walk_depends_on_its_node_alone(kind: str) -> None:
    edge_index, num_nodes = zoo("random")
    whole = random_walks(edge_index, torch.arange(num_nodes), 8, 3, seed=4, epoch=2,
                         num_nodes=num_nodes, **KINDS[kind])
    some = torch.tensor([7, 3, 7, 40, 0])
    part = random_walks(edge_index, some, 8, 3, seed=4, epoch=2, num_nodes=num_nodes, **KINDS[kind])
    assert torch.equal(part, whole[some])
    fewer = random_walks(edge_index, some, 4, 2, seed=4, epoch=2, num_nodes=num_nodes,
                         **KINDS[kind])
    assert torch.equal(fewer, part[:, :2, :5])
    for other in ({"seed": 5, "epoch": 2}, {"seed": 4, "epoch": 3}):
        assert not torch.equal(whole, random_walks(
            edge_index, torch.arange(num_nodes), 8, 3, num_nodes=num_nodes, **other, **KINDS[kind]))


@each_kind
def test_threads_change_nothing(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.randint(3000, (2, 20_000), generator=generator)
    try:
        found = []
        for count in (1, 4):
            set_num_threads(count)
            found.append(random_walks(edge_index, torch.arange(3000), 20, 4, num_nodes=3000,
                                      **KINDS[kind]))
    finally:
        set_num_threads(None)
    assert torch.equal(*found)


def test_walks_along_edges_of_every_kind_of_graph() -> None:
    edge_index = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
    along = [[[0, 1, 2, 3, 0]]]
    assert random_walks(edge_index, [0], 4).tolist() == along
    assert random_walks(Adjacency.from_edge_index(edge_index), [0], 4).tolist() == along
    both = random_walks(RING, [0], 1, 200)[0, :, 1]
    assert set(both.tolist()) == {1, 3}
    assert random_walks(RING, torch.tensor([2]), 0).tolist() == [[[2]]]
    assert random_walks(edge_index, torch.tensor([], dtype=torch.long), 3, 2).shape == (0, 2, 4)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"nodes": [4]}, "'nodes': got index 4"), ({"nodes": [-1]}, "'nodes': got index -1"),
    ({"nodes": [0.5]}, "'nodes'"), ({"length": -1}, "'length'"),
    ({"walks_per_node": 0}, "'walks_per_node'"), ({"p": 0.0}, "'p'"), ({"q": float("nan")}, "'q'"),
    ({"epoch": -1}, "'epoch'"), ({"seed": 0.5}, "'seed'"),
    ({"p": 2.0, "non_backtracking": True}, "'p'"), ({"num_nodes": 2}, "'edge_index'"),
])
def test_bad_input_is_refused(arguments: dict, message: str) -> None:
    edge_index = torch.tensor([[0, 1, 2], [1, 2, 3]])
    with pytest.raises(GraphError, match=message):
        random_walks(**({"graph": edge_index, "nodes": [0], "length": 2} | arguments))


def test_bipartite_graphs_are_refused() -> None:
    graph = Adjacency.from_edge_index(torch.tensor([[0, 1], [0, 0]]), (2, 1))
    with pytest.raises(GraphError, match="2 sources and 1 targets"):
        random_walks(graph, [0], 2)


def test_walks_of_other_names_are_those_of_the_graph_they_come_from() -> None:
    edge_index = torch.randint(20, (2, 90), generator=torch.Generator().manual_seed(0))
    batch = torch.cat([torch.tensor([[0, 1], [1, 2]]), edge_index + 3], 1)
    for options in ({}, {"non_backtracking": True}):
        alone = random_walks(edge_index, torch.arange(20), 5, 3, num_nodes=20, **options)
        together = random_walks(batch, torch.arange(3, 23), 5, 3, num_nodes=23,
                                names=torch.arange(20), **options)
        assert torch.equal(together - 3, alone)
    with pytest.raises(GraphError, match="names"):
        random_walks(edge_index, [0, 1], 2, names=[0])

"""Rings around nodes against networkx and against what a drawing may not depend on."""

from __future__ import annotations

import weakref

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from graphlocal import CSRGraph, GraphError, ops
from graphlocal.graph.checks import GraphTypeError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.ops import HopNeighbors, hop_neighbors
from tests.ops.graphs import zoo
from tests.zoo import each_zoo_graph

#: Made here: numba cannot compile the kernels that build it where np.empty is poisoned.
KARATE = CSRGraph.from_networkx(nx.karate_club_graph())


def _plain(edge_index: Tensor, num_nodes: int, hops: list[int]) -> list[tuple[int, int, int]]:
    """(target, distance, source) of every pair, by networkx on the edges turned round."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(num_nodes))
    graph.add_edges_from((v, u) for u, v in edge_index.t().tolist())
    return sorted((i, hop, j) for i in range(num_nodes)
                  for j, hop in nx.single_source_shortest_path_length(graph, i).items()
                  if hop in hops)


def _rows(pairs: HopNeighbors) -> list[tuple[int, int, int]]:
    source, target = pairs.edge_index.tolist()
    rows = list(zip(target, pairs.hop.tolist(), source, strict=True))
    assert [row[:2] for row in rows] == sorted(row[:2] for row in rows)
    return sorted(rows)


@each_zoo_graph
@pytest.mark.parametrize("hops", [[0], [1], [2], [0, 3], [1, 2, 5], [0, 99, 100]])
def test_is_what_networkx_finds(name: str, hops: list[int]) -> None:
    edge_index, num_nodes = zoo(name)
    assert _rows(hop_neighbors(edge_index, hops, num_nodes)) == _plain(edge_index, num_nodes, hops)


@pytest.mark.parametrize("hop", [1, 2, 4])
def test_path(hop: int) -> None:
    path = torch.tensor([range(11), range(1, 12)])
    pairs = hop_neighbors(torch.cat([path, path.flip(0)], 1), hop)
    rings = {i: [] for i in range(12)}
    for target, _, source in _rows(pairs):
        rings[target].append(source)
    assert rings == {i: [j for j in (i - hop, i + hop) if 0 <= j < 12] for i in range(12)}


def test_whatever_a_graph_came_as() -> None:
    edge_index = torch.tensor(list(nx.karate_club_graph().edges)).t()
    edge_index = torch.cat([edge_index, edge_index.flip(0)], 1)
    want = _rows(hop_neighbors(edge_index, [2, 3]))
    sparse = torch.sparse_coo_tensor(edge_index, torch.ones(edge_index.shape[1])).to_sparse_csr()
    for other in (KARATE, ops.as_adjacency(edge_index), sparse, edge_index.int(),
                  edge_index[:, torch.randperm(edge_index.shape[1])]):
        assert _rows(hop_neighbors(other, (3, 2, 2))) == want


def test_is_remembered() -> None:
    edge_index, num_nodes = zoo("random")
    first = hop_neighbors(edge_index, 2, num_nodes)
    assert hop_neighbors(edge_index, [2], num_nodes).edge_index is first.edge_index
    other = hop_neighbors(edge_index, 2, num_nodes, max_per_node=3, seed=1)
    again = hop_neighbors(edge_index, 2, num_nodes, max_per_node=3, seed=1)
    assert other.edge_index is again.edge_index is not first.edge_index
    edge_index[:, 0] = torch.tensor([40, 39])
    assert _rows(hop_neighbors(edge_index, 2, num_nodes)) == _plain(edge_index, num_nodes, [2])


def test_draws_do_not_pile_up() -> None:
    edge_index, num_nodes = zoo("hub")
    made = [hop_neighbors(edge_index, 2, num_nodes, max_per_node=3, seed=seed)
            for seed in range(12)]
    found = [weakref.ref(pairs.hop) for pairs in made]
    kept = hop_neighbors(edge_index, 2, num_nodes, max_per_node=3, seed=11)
    assert kept.hop is made[-1].hop
    want = _rows(kept)
    kept.hop.zero_()  # whoever gets them may write into them
    assert _rows(hop_neighbors(edge_index, 2, num_nodes, max_per_node=3, seed=11)) == want
    del made, kept
    assert sum(ref() is not None for ref in found) <= 8


def test_drawn_in_inference_mode_serves_training() -> None:
    edge_index, num_nodes = zoo("hub")
    with torch.inference_mode():
        first = hop_neighbors(edge_index, 2, num_nodes, max_per_node=3)
    assert not first.edge_index.is_inference()
    assert hop_neighbors(edge_index, 2, num_nodes, max_per_node=3).hop is first.hop


def test_cap_draws_from_the_ring() -> None:
    edge_index, num_nodes = zoo("hub")
    whole = _rows(hop_neighbors(edge_index, [1, 2], num_nodes))
    capped = _rows(hop_neighbors(edge_index, [1, 2], num_nodes, max_per_node=3))
    assert len(set(capped)) == len(capped) and set(capped) < set(whole)
    for i in range(num_nodes):
        for hop in (1, 2):
            size = sum(row[:2] == (i, hop) for row in whole)
            assert sum(row[:2] == (i, hop) for row in capped) == min(size, 3)
    assert _rows(hop_neighbors(edge_index, [1, 2], num_nodes, max_per_node=1000)) == whole


def test_draw_does_not_depend_on_threads_or_order() -> None:
    rng = np.random.default_rng(0)
    edge_index = torch.from_numpy(rng.integers(0, 3000, (2, 20_000)))
    want = _rows(hop_neighbors(edge_index, [1, 2], 3000, max_per_node=4, seed=7))
    shuffled = edge_index[:, torch.randperm(20_000)]
    try:
        for threads in (1, 3):
            set_num_threads(threads)
            assert _rows(hop_neighbors(shuffled.clone(), [2, 1], 3000, max_per_node=4,
                                       seed=7)) == want
    finally:
        set_num_threads(None)
    assert _rows(hop_neighbors(edge_index, [1, 2], 3000, max_per_node=4, seed=8)) != want


def test_draw_is_uniform() -> None:
    leaves = 10
    star = torch.stack([torch.arange(1, leaves + 1), torch.zeros(leaves, dtype=torch.long)])
    seen = torch.zeros(leaves + 1)
    for seed in range(600):
        seen[hop_neighbors(star, 1, max_per_node=3, seed=seed).edge_index[0]] += 1
    # 180 expected of each, with a standard deviation of 11
    assert seen[0] == 0 and (seen[1:] - 180).abs().max() < 55


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.data())
def test_renaming_nodes_renames_pairs(num_nodes: int, data) -> None:
    node = st.integers(0, num_nodes - 1)
    edges = data.draw(st.lists(st.tuples(node, node), max_size=30))
    edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t()
    names = torch.tensor(data.draw(st.permutations(range(num_nodes))))
    hops = [0, 1, 2, 3]
    want = {(names[i].item(), hop, names[j].item())
            for i, hop, j in _rows(hop_neighbors(edge_index, hops, num_nodes))}
    assert set(_rows(hop_neighbors(names[edge_index], hops, num_nodes))) == want


def test_limit_on_memory() -> None:
    ring = torch.arange(1200)
    star = torch.stack([ring, torch.zeros_like(ring)])
    star = torch.cat([star, star.flip(0)], 1)
    # 1199 * 1198 pairs of leaves, 24 bytes each
    with pytest.raises(GraphError, match=r"argument 'memory': got 20MB, expected at least 35MB"):
        hop_neighbors(star, 2, memory="20MB")
    assert hop_neighbors(star, 2, memory="20MB", max_per_node=5).num_pairs == 1199 * 5


def test_compiles() -> None:
    edge_index, num_nodes = zoo("hub")
    adjacency = ops.as_adjacency(edge_index, num_nodes)

    def far(adjacency, x):
        pairs = hop_neighbors(adjacency, [2])
        return x[pairs.edge_index[0]] * pairs.hop

    x = torch.arange(num_nodes)
    got = torch.compile(far, fullgraph=True, backend="aot_eager")(adjacency, x)
    assert torch.equal(got, far(adjacency, x))
    torch.library.opcheck(torch.ops.graphlocal.hop_neighbors.default, (
        adjacency.rowptr, adjacency.t_rowptr, adjacency.t_col, [0, 2], 3, 1, 10**9))


@pytest.mark.parametrize(("kwargs", "match"), [
    ({"hops": []}, "hops"), ({"hops": -1}, "hops"), ({"hops": [1.5]}, "hops"),
    ({"hops": "12"}, "hops"), ({"hops": torch.tensor([[1]])}, "hops"),
    ({"max_per_node": 0}, "max_per_node"), ({"max_per_node": 2.5}, "max_per_node"),
    ({"seed": "a"}, "seed"), ({"memory": "much"}, "memory"), ({"num_nodes": 2}, "edge_index"),
    ({"num_nodes": -1}, "num_nodes"), ({"graph": torch.rand(2, 3)}, "edge_index"),
])
def test_bad_input(kwargs: dict, match: str) -> None:
    edge_index = torch.tensor([[0, 1], [1, 2]])
    with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
        hop_neighbors(**{"graph": edge_index, "hops": 1, **kwargs})


def test_bipartite() -> None:
    with pytest.raises(GraphError, match="2 sources and 3 targets"):
        hop_neighbors(ops.Adjacency.from_edge_index(torch.tensor([[0, 1], [2, 0]]), (2, 3)), 1)

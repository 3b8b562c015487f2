from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlocal.graph.checks import GraphError
from graphlocal.nn.ssm import order_nodes

NAMES = ["degree", "ppr", "core", "eigenvector", "orbit"]


def both_ways(graph: nx.Graph) -> torch.Tensor:
    pairs = [pair for u, v in graph.edges for pair in ((u, v), (v, u))]
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).t().contiguous()


def keys(graph: nx.Graph, by: str) -> dict[int, float]:
    if by == "degree":
        return dict(graph.degree)
    if by == "ppr":
        return nx.pagerank(graph, tol=1e-12)
    if by == "core":
        return nx.core_number(graph)
    if by == "eigenvector":
        return nx.eigenvector_centrality_numpy(graph)
    found = dict.fromkeys(graph, 0)
    from itertools import combinations

    for size in (2, 3, 4):
        for nodes in combinations(graph, size):
            if nx.is_connected(graph.subgraph(nodes)):
                for node in nodes:
                    found[node] += 1
    return found


@pytest.mark.parametrize("by", NAMES)
@pytest.mark.parametrize("noise", [False, True])
def test_sorted_by_what_networkx_says(by, noise) -> None:
    graph = nx.barabasi_albert_graph(18, 2, seed=1)
    order = order_nodes(both_ways(graph), by, noise=noise).tolist()
    assert sorted(order) == list(range(18))
    key = keys(graph, by)
    values = np.array([key[node] for node in order], dtype=float)
    assert (np.diff(values) >= -1e-7).all()
    reverse = order_nodes(both_ways(graph), by, noise=noise, descending=True).tolist()
    assert (np.diff([key[node] for node in reverse]) <= 1e-7).all()


def test_noise_permutes_ties_only_and_the_generator_decides() -> None:
    edge_index = both_ways(nx.star_graph(40))
    draw = [order_nodes(edge_index, generator=torch.Generator().manual_seed(seed)).tolist()
            for seed in (0, 0, 1)]
    assert draw[0] == draw[1] != draw[2]
    assert all(order[-1] == 0 for order in draw)
    assert order_nodes(edge_index, noise=False).tolist() == [*range(1, 41), 0]
    assert order_nodes(edge_index, "random").tolist() != order_nodes(edge_index, "random").tolist()


@pytest.mark.parametrize("by", NAMES)
def test_a_batch_is_its_graphs_one_by_one(by) -> None:
    graphs = [nx.path_graph(5), nx.empty_graph(1), nx.karate_club_graph(), nx.cycle_graph(3)]
    parts, batch, offset = [], [], 0
    expected = []
    for number, graph in enumerate(graphs):
        parts.append(both_ways(graph) + offset)
        batch += [number] * len(graph)
        own = order_nodes(both_ways(graph), by, num_nodes=len(graph), noise=False)
        expected += (own + offset).tolist()
        offset += len(graph)
    batch = torch.tensor(batch)
    order = order_nodes(torch.cat(parts, 1), by, num_nodes=offset, batch=batch, noise=False)
    assert order.tolist() == expected


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-3, 3), max_size=20), st.booleans())
def test_own_keys(values, descending) -> None:
    count = len(values)
    nothing = torch.zeros(2, 0, dtype=torch.int64)
    order = order_nodes(nothing, torch.tensor(values, dtype=torch.int64), num_nodes=count,
                        noise=False, descending=descending)
    assert order.tolist() == sorted(range(count), key=lambda i: -values[i] if descending
                                    else values[i])


@pytest.mark.parametrize("arguments, words", [
    ({"by": "size"}, "by"),
    ({"by": torch.ones(4)}, r"shape \(3,\)"),
    ({"by": torch.tensor([1.0, float("nan"), 0.0])}, "finite"),
    ({"batch": torch.tensor([0, 1])}, r"shape \(3,\)"),
    ({"batch": torch.tensor([1, 0, 0])}, "one after another"),
])
def test_bad_input(arguments, words) -> None:
    with pytest.raises(GraphError, match=words):
        order_nodes(torch.tensor([[0, 1], [1, 2]]), **arguments)

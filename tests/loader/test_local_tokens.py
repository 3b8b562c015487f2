"""Tokens against the law of LargeGT's authors, stated in plain Python with the square of A."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.sparse import csr_array

from graphlocal import CSRGraph
from graphlocal.graph import GraphError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.loader import LocalTokenSampler
from tests.zoo import ZOO, each_zoo_graph

LAWS = {"exact": {}, "distinct": {"distinct": True}, "alone": {"include_self": False},
        "distinct_alone": {"include_self": False, "distinct": True},
        "path": {"law": "path"}, "path_alone": {"law": "path", "include_self": False}}
each_law = pytest.mark.parametrize("law", list(LAWS))


def matrix(edge_index: np.ndarray, num_nodes: int) -> csr_array:
    a = csr_array((np.ones(edge_index.shape[1], np.int64), edge_index), (num_nodes, num_nodes))
    a.sum_duplicates()
    a.data[:] = 1
    return a


def candidates(a: csr_array, node: int, law: str) -> list[int]:
    """The list that tokens are drawn from: neighbours, then the row of the square."""
    square = (a @ a).tocsr()
    first = a.indices[a.indptr[node]:a.indptr[node + 1]].tolist()
    row = slice(square.indptr[node], square.indptr[node + 1])
    second = square.indices[row].tolist()
    if law.startswith("path"):
        second = np.repeat(second, square.data[row]).tolist()
    found = first + second
    if law.startswith("distinct"):
        found = sorted(set(found))
    return [v for v in found if not (law.endswith("alone") and v == node)]


@each_law
@each_zoo_graph
def test_tokens_are_candidates_as_often_as_they_may(name: str, law: str) -> None:
    edge_index, num_nodes = ZOO[name]
    a = matrix(edge_index, num_nodes)
    allowed = [candidates(a, node, law) for node in range(num_nodes)]
    for node in range(num_nodes):  # those of nodes without: all nodes, or the only one
        alone = law.endswith("alone")
        allowed[node] = (allowed[node] or [v for v in range(num_nodes) if v != node or not alone]
                         or [node])
    for num_tokens in (1, 2, 5, 30):
        sampler = LocalTokenSampler(torch.from_numpy(edge_index), num_tokens, num_nodes=num_nodes,
                                    **LAWS[law])
        tokens = sampler(np.arange(num_nodes)).numpy()
        assert tokens.shape == (num_nodes, num_tokens) and tokens.dtype == np.int64
        assert np.array_equal(tokens[:, 0], np.arange(num_nodes))
        for node in range(num_nodes):
            drawn, each = Counter(tokens[node, 1:].tolist()), Counter(allowed[node])
            rounds, rest = divmod(num_tokens - 1, len(allowed[node]))
            assert drawn.keys() <= each.keys()
            for v, times in each.items():  # without replacement: in a round each comes once
                assert rounds * times <= drawn[v] <= rounds * times + min(times, rest)


@each_law
@pytest.mark.parametrize("num_tokens", [2, 4, 16])
def test_frequencies_follow_the_law(law: str, num_tokens: int) -> None:
    edge_index, num_nodes = ZOO["random"]
    edge_index = np.concatenate([edge_index, edge_index[::-1]], axis=1)
    a, node = matrix(edge_index, num_nodes), 5
    sampler = LocalTokenSampler(torch.from_numpy(edge_index), num_tokens, num_nodes=num_nodes,
                                seed=1, **LAWS[law])
    each = Counter(candidates(a, node, law))
    total = sum(each.values())
    assert total > 17
    first, last, every = Counter(), Counter(), Counter()
    draws = 3000
    for epoch in range(draws):
        tokens = sampler([node], epoch)[0, 1:].tolist()
        first[tokens[0]] += 1
        last[tokens[-1]] += 1
        every.update(tokens)
    # Draws without replacement are exchangeable: each place has the law of the first one.
    for found in (first, last):
        assert stats.chisquare([found[v] for v in each],
                               [draws * times / total for times in each.values()]).pvalue > 1e-4
    share = (num_tokens - 1) / total
    for v, times in each.items():
        mean = draws * times * share  # the variance of a hypergeometric count is below its mean
        assert abs(every[v] - mean) < 5 * np.sqrt(mean)


def test_pairs_of_tokens_are_drawn_without_replacement() -> None:
    """Every ordered pair of different candidates is as likely: the joint law, not the margins."""
    sampler = LocalTokenSampler(torch.tensor([[0, 0, 1, 2, 3], [1, 2, 3, 4, 5]]), 3)
    pairs = Counter(tuple(sampler([0], epoch)[0, 1:].tolist()) for epoch in range(4000))
    expected = {(u, v) for u in (1, 2, 3, 4) for v in (1, 2, 3, 4) if u != v}
    assert pairs.keys() == expected
    assert stats.chisquare([pairs[pair] for pair in sorted(expected)]).pvalue > 1e-4


def test_cut_rounds_favour_nobody() -> None:
    sampler = LocalTokenSampler(torch.tensor([[0, 0, 0, 0, 0], [1, 2, 3, 4, 5]]), 8)
    counts = Counter(v for epoch in range(3000) for v in sampler([0], epoch)[0, 1:].tolist())
    extra = [counts[v] - 3000 for v in range(1, 6)]  # one round is complete, two more are drawn
    assert sum(extra) == 6000
    assert stats.chisquare(extra).pvalue > 1e-4


def test_nodes_without_candidates_get_nodes_of_the_whole_graph() -> None:
    edges = torch.tensor([[0], [1]])
    sampler = LocalTokenSampler(edges, 4, num_nodes=50)
    counts = np.zeros(50)
    for epoch in range(1500):
        tokens = sampler([9], epoch)[0, 1:]
        assert len(tokens.unique()) == 3
        counts[tokens] += 1
    assert stats.chisquare(counts).pvalue > 1e-4
    alone = LocalTokenSampler(edges, 4, num_nodes=50, include_self=False, law="path")
    assert all(9 not in alone([9], epoch)[0, 1:].tolist() for epoch in range(500))
    assert LocalTokenSampler(edges, 3, num_nodes=2)([1]).sort().values.tolist() == [[0, 1, 1]]
    lonely = LocalTokenSampler(torch.empty(2, 0, dtype=torch.long), 3, num_nodes=1,
                               include_self=False)
    assert lonely([0]).tolist() == [[0, 0, 0]]


@each_law
def test_only_the_node_seed_and_epoch_matter(law: str) -> None:
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.randint(800, (2, 4000), generator=generator)
    sampler = LocalTokenSampler(edge_index, 12, num_nodes=800, seed=3, **LAWS[law])
    nodes = torch.arange(800)
    whole = sampler(nodes, 1)
    some = torch.tensor([5, 799, 5, 0])
    assert torch.equal(sampler(some, 1), whole[some])
    try:
        set_num_threads(4)
        assert torch.equal(sampler(nodes, 1), whole)
    finally:
        set_num_threads(None)
    copy = pickle.loads(pickle.dumps(sampler))
    assert torch.equal(copy(nodes, 1), whole)
    assert not torch.equal(sampler(nodes, 2), whole)
    other = LocalTokenSampler(edge_index, 12, num_nodes=800, seed=4, **LAWS[law])
    assert not torch.equal(other(nodes, 1), whole)


def test_directions() -> None:
    edge_index = torch.tensor([[0, 1, 2], [1, 2, 3]])
    tokens = {name: sorted(set(LocalTokenSampler(edge_index, 9, **options)([1])[0].tolist()))
              for name, options in {"out": {}, "in": {"direction": "in"},
                                    "both": {"symmetrize": True}}.items()}
    assert tokens == {"out": [1, 2, 3], "in": [0, 1], "both": [0, 1, 2, 3]}
    graph = CSRGraph.from_edge_index(edge_index)
    assert torch.equal(LocalTokenSampler(graph, 9)([1, 2]),
                       LocalTokenSampler(edge_index, 9, symmetrize=True)([1, 2]))


@each_law
def test_a_hub_costs_no_memory_of_its_paths(law: str) -> None:
    hub = np.stack([np.zeros(3000, np.int64), np.arange(1, 3001)])
    sampler = LocalTokenSampler(CSRGraph.from_edge_index(hub), 40, **LAWS[law])
    tokens = sampler([0, 1, 2]).numpy()
    assert tokens.shape == (3, 40)
    if law.endswith("alone"):
        assert all(node not in row[1:] for node, row in enumerate(tokens))
    if law in ("distinct", "distinct_alone"):
        assert all(len(set(row[1:])) == 39 for row in tokens)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"num_tokens": 0}, "'num_tokens'"), ({"num_tokens": 2.0}, "'num_tokens'"),
    ({"law": "other"}, "'law'"), ({"law": "path", "distinct": True}, "'distinct'"),
    ({"direction": "up"}, "'direction'"), ({"num_nodes": 2}, "'edge_index'"),
    ({"seed": None}, "'seed'"),
])
def test_bad_options_are_refused(arguments: dict, message: str) -> None:
    graph = torch.tensor([[0, 1], [1, 2]])
    with pytest.raises(GraphError, match=message):
        LocalTokenSampler(**({"graph": graph, "num_tokens": 3} | arguments))


def test_bad_nodes_are_refused() -> None:
    sampler = LocalTokenSampler(torch.tensor([[0, 1], [1, 2]]), 3)
    for nodes in ([3], [-1], [0.5], [[0, 1]]):
        with pytest.raises(GraphError, match="'nodes'"):
            sampler(nodes)
    with pytest.raises(GraphError, match="'epoch'"):
        sampler([0], -1)
    assert sampler([]).shape == (0, 3)

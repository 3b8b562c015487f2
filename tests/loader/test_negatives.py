from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphlocal import CSRGraph, GraphError
from graphlocal.loader import NegativePairs


@st.composite
def graphs(draw) -> tuple[int, set[tuple[int, int]]]:
    num_nodes = draw(st.integers(1, 9))
    pairs = list(combinations(range(num_nodes), 2))
    return num_nodes, set(draw(st.lists(st.sampled_from(pairs)))) if pairs else set()


def as_tensor(edges: set[tuple[int, int]]) -> torch.Tensor:
    return torch.tensor(sorted(edges), dtype=torch.int64).reshape(-1, 2).t()


@settings(max_examples=80, deadline=None)
@given(graphs(), st.integers(0, 1000))
def test_all_missing_pairs_are_the_complement(graph, seed) -> None:
    num_nodes, edges = graph
    missing = set(combinations(range(num_nodes), 2)) - edges
    sampler = NegativePairs(as_tensor(edges), num_nodes)
    assert sampler.num_missing == len(missing)
    generator = torch.Generator().manual_seed(seed)
    drawn = list(map(tuple, sampler.sample(len(missing), generator).t().tolist()))
    assert len(drawn) == len(missing) and set(drawn) == missing
    for node in range(num_nodes):
        possible = {b if a == node else a for a, b in missing if node in (a, b)}
        if possible:
            targets = sampler.sample_targets(torch.full((3,), node), 20, generator)
            assert targets.shape == (3, 20)
            assert set(targets.flatten().tolist()) <= possible
        else:
            with pytest.raises(GraphError, match=f"node {node}, which is joined to all others"):
                sampler.sample_targets(torch.tensor([node]))


@pytest.mark.parametrize("distinct", [True, False])
def test_every_missing_pair_is_as_likely(distinct) -> None:
    edges = torch.tensor([[0, 1, 2, 2], [1, 2, 0, 3]])  # 11 of the 15 pairs of six nodes missing
    sampler = NegativePairs(edges, 6)
    generator = torch.Generator().manual_seed(0)
    count = Counter()
    for _ in range(4000):
        pairs = sampler.sample(3, generator, distinct=distinct).t().tolist()
        assert not distinct or len(set(map(tuple, pairs))) == 3
        count.update(map(tuple, pairs))
    assert len(count) == 11
    expected = 4000 * 3 / 11
    # Chi-square of ten degrees of freedom: 29.6 is exceeded once in a thousand.
    assert sum((n - expected) ** 2 / expected for n in count.values()) < 29.6


def test_targets_are_as_likely() -> None:
    sampler = NegativePairs(torch.tensor([[0, 0], [1, 4]]), 7)
    drawn = sampler.sample_targets(torch.zeros(400, dtype=torch.int64), 10,
                                   torch.Generator().manual_seed(1))
    count = Counter(drawn.flatten().tolist())
    assert set(count) == {2, 3, 5, 6}
    assert sum((n - 1000) ** 2 / 1000 for n in count.values()) < 16.3  # three degrees of freedom


def test_a_dense_graph_gives_its_few_missing_pairs() -> None:
    num_nodes, holes = 200, {(3, 7), (0, 199), (50, 51)}
    edges = set(combinations(range(num_nodes), 2)) - holes
    sampler = NegativePairs(as_tensor(edges), num_nodes)
    assert set(map(tuple, sampler.sample(3).t().tolist())) == holes
    many = sampler.sample(500, distinct=False)
    assert set(map(tuple, many.t().tolist())) == holes
    with pytest.raises(GraphError, match="'num_pairs': got 4, expected at most 3"):
        sampler.sample(4)


def test_the_generator_alone_decides() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (5, 6)], 40)
    sampler = NegativePairs(graph)
    first, again, other = (sampler.sample(30, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    torch.manual_seed(3)
    first = sampler.sample(30)
    torch.manual_seed(3)
    assert torch.equal(first, sampler.sample(30))


def test_a_complete_graph_lacks_nothing() -> None:
    sampler = NegativePairs(torch.tensor([[0, 0, 1], [1, 2, 2]]))
    assert sampler.sample(0).shape == (2, 0)
    with pytest.raises(GraphError, match="every pair is an edge"):
        sampler.sample(1, distinct=False)


@pytest.mark.parametrize("source", [[-1], [3]])
def test_bad_sources(source) -> None:
    with pytest.raises(GraphError, match="'source'"):
        NegativePairs(torch.tensor([[0], [1]]), 3).sample_targets(torch.tensor(source))

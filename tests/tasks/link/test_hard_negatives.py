from __future__ import annotations

import dataclasses

import networkx as nx
import numpy as np
import pytest
import torch

from graphlocal import CSRGraph, GraphError
from graphlocal.tasks.link import evaluate, hard_negatives
from graphlocal.topology import pair_scores
from tests.tasks.link.small import SmallLinkNet, small_link_data


def some_graph() -> tuple[CSRGraph, torch.Tensor, torch.Tensor]:
    edges = torch.tensor(list(nx.connected_watts_strogatz_graph(60, 6, 0.2, seed=1).edges)).t()
    edges = edges[:, torch.randperm(edges.size(1), generator=torch.Generator().manual_seed(0))]
    return CSRGraph.from_edge_index(edges[:, 20:], 60), edges[:, :10], edges[:, 10:20]


@pytest.mark.parametrize("heuristic", ["cn", "aa", "ra", "ppr"])
def test_negatives_are_the_best_pairs_that_are_no_edges(heuristic) -> None:
    graph, positives, known = some_graph()
    count = 7
    negatives = hard_negatives(graph, positives, count, heuristics=[heuristic], known=known)
    assert negatives.shape == (2, 10, count)
    taken = {frozenset(p) for p in graph.to_edges().tolist()}
    taken |= {frozenset(p) for p in torch.cat([positives, known], 1).t().tolist()}
    for p in range(10):
        for kept, other, part in ((0, 1, slice(0, 4)), (1, 0, slice(4, 7))):
            node = int(positives[kept, p])
            assert (negatives[kept, p, part] == node).all()
            got = negatives[other, p, part].tolist()
            assert len(set(got)) == len(got)
            free = [v for v in range(60) if v != node and frozenset((node, v)) not in taken]
            assert set(got) <= set(free)
            pairs = np.array([(node, v) for v in free])
            if heuristic == "ppr":
                from graphlocal.topology import personalized_pagerank

                value = personalized_pagerank(graph, [node]).toarray()[0][free]
            else:
                value = pair_scores(graph, pairs, heuristic).reshape(-1)
            best = np.sort(value)[::-1][: len(got)]
            mine = np.sort(value[[free.index(v) for v in got]])[::-1]
            np.testing.assert_allclose(mine, best, rtol=1e-9)


def test_the_better_of_two_ranks_counts() -> None:
    graph, positives, _ = some_graph()
    both = hard_negatives(graph, positives, 8, heuristics=["ra", "ppr"])
    singles = [hard_negatives(graph, positives, 8, heuristics=[name]) for name in ("ra", "ppr")]
    for p in range(10):
        # The two first places of a merged list are the first places of the two.
        assert {int(single[1, p, 0]) for single in singles} <= set(both[1, p, :2].tolist())


def test_short_lists_are_filled_with_nodes_without_edges() -> None:
    star = CSRGraph.from_edges([(0, i) for i in range(1, 6)], 40)
    negatives = hard_negatives(star, torch.tensor([[0], [39]]), 60, heuristics=["cn"])
    kept = negatives[:, 0, :30]
    assert (kept[0] == 0).all() and set(kept[1].tolist()) <= set(range(6, 39))
    assert len(set(kept[1].tolist())) == 30
    again = hard_negatives(star, torch.tensor([[0], [39]]), 60, heuristics=["cn"])
    other = hard_negatives(star, torch.tensor([[0], [39]]), 60, heuristics=["cn"], seed=1)
    assert torch.equal(negatives, again) and not torch.equal(negatives, other)


def test_they_are_harder_than_random_ones() -> None:
    data, model = small_link_data(), SmallLinkNet()
    hard = hard_negatives(data.edge_index, data.test, 20, num_nodes=45, known=data.val)
    harder = dataclasses.replace(data, test_neg=hard)
    assert harder.test_neg.shape == (2, data.test.size(1), 20)
    scores = [evaluate(model, d, "test", ["auc", "mrr", "hits@5"]) for d in (data, harder)]
    assert scores[1]["auc"] < scores[0]["auc"]


def test_bad_arguments() -> None:
    graph, positives, _ = some_graph()
    for options, message in (({"heuristics": ["katz"]}, "'heuristics': got 'katz'"),
                             ({"heuristics": []}, "'heuristics': got none"),
                             ({"num_negatives": 0}, "'num_negatives'"),
                             ({"num_negatives": 200}, "'num_negatives': got 100 partners"),
                             ({"known": positives.t()}, "'known'"), ({"seed": -1}, "'seed'")):
        with pytest.raises(GraphError, match=message):
            hard_negatives(graph, positives, **{"num_negatives": 3, **options})
    assert hard_negatives(graph, positives[:, :0], 3).shape == (2, 0, 3)

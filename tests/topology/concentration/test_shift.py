"""The distribution shift, and concentration under the weights of messages."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from graphlocal import CSRGraph, GraphError
from graphlocal.topology import (
    topological_concentration,
    topological_distribution_shift,
    weighted_topological_concentration,
)
from tests.zoo import ZOO, each_zoo_graph

from .reference import concentration, dense


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_shift(hops: int) -> None:
    graph = CSRGraph.from_edge_index(*ZOO["random"])
    pairs = np.random.default_rng(0).integers(0, graph.num_nodes, (12, 2))
    targets = CSRGraph.from_edges(pairs, graph.num_nodes)
    shift = topological_distribution_shift(graph, pairs, hops)
    there = targets.degree > 0
    assert there.any() and not there.all() and shift.num_nodes == there.sum()
    expected = concentration(graph, None, hops) - concentration(graph, targets, hops)
    np.testing.assert_allclose(shift.shift[there], expected[there], rtol=1e-10)
    assert np.isnan(shift.shift[~there]).all() and np.isnan(shift.new[~there]).all()
    assert shift.mean == pytest.approx(expected[there].mean())
    assert shift.mean == pytest.approx(shift.mean_train - shift.mean_new)
    assert json.loads(json.dumps(shift.to_dict()))["num_nodes"] == there.sum()
    assert f"{shift.mean:.4f}" in str(shift)


def test_shift_where_links_close_no_triangles() -> None:
    """Two cliques and a link between them: what is new has nothing in common."""
    clique = [(i, j) for i in range(4) for j in range(i)]
    graph = CSRGraph.from_edges(clique + [(i + 4, j + 4) for i, j in clique])
    shift = topological_distribution_shift(graph, [(0, 4)])
    assert (shift.mean_train, shift.mean_new, shift.mean, shift.num_nodes) == (1.0, 0.0, 1.0, 2)
    nothing = topological_distribution_shift(graph, np.zeros((0, 2), np.int64))
    assert nothing.num_nodes == 0 and math.isnan(nothing.mean)
    with pytest.raises(GraphError, match="targets"):
        topological_distribution_shift(graph, None)


@each_zoo_graph
@pytest.mark.parametrize("own", [True, False])
def test_weighted(name: str, own: bool) -> None:
    graph = CSRGraph.from_edge_index(*ZOO[name])
    n, rng = graph.num_nodes, np.random.default_rng(0)
    targets = graph if own else CSRGraph.from_edges(rng.integers(0, max(n, 1), (20 * (n > 0), 2)),
                                                    n)
    weight = rng.random(len(graph.col)) * (rng.random(len(graph.col)) < 0.8)
    received = dense(graph)
    received[received > 0] = weight
    train, to = dense(graph), dense(targets)
    common = train @ to if n else train
    for given, weights in ((None, train), (weight, received)):
        expected = np.full(n, np.nan)
        for i in range(n):
            if weights[i].sum() > 0 and to[i].any():
                share = common[:, i] / to[i].sum()
                expected[i] = (weights[i] / weights[i].sum()) @ share
        got = weighted_topological_concentration(graph, None if own else targets, given)
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_weighted_reads_hubs_by_searching() -> None:
    rng = np.random.default_rng(0)
    spokes = np.stack([np.zeros(800, np.int64), np.arange(1, 801)])
    graph = CSRGraph.from_edge_index(np.concatenate([spokes, rng.integers(0, 900, (2, 900))], 1))
    train = dense(graph)
    targets = CSRGraph.from_edges(rng.integers(0, graph.num_nodes, (300, 2)), graph.num_nodes)
    to = dense(targets)
    with np.errstate(invalid="ignore"):
        expected = (train * (train @ to).T).sum(axis=1) / train.sum(axis=1) / to.sum(axis=1)
    np.testing.assert_allclose(weighted_topological_concentration(graph, targets), expected)


def test_weighted_and_plain_agree_on_equal_weights_of_one_node() -> None:
    """With one neighbour there is nothing to weigh: a leaf's value is its neighbour's share."""
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (1, 3), (2, 3)])
    pairs = [(0, 2), (0, 3)]
    assert weighted_topological_concentration(graph, pairs, np.full(8, 7.0))[0] == 1.0
    assert topological_concentration(graph, pairs)[0] == 1.0


def test_bad_weights() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)])
    for weight in ([1, 1, 1], [1, 1, 1, -1], [1, 1, 1, np.nan]):
        with pytest.raises(GraphError, match="edge_weight"):
            weighted_topological_concentration(graph, None, weight)
    mine = np.ones(4)
    weighted_topological_concentration(graph, None, mine)
    mine[0] = 2.0  # stays the caller's to change

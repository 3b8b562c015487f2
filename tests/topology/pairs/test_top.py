"""The best pairs against every pair there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import CSRGraph, GraphError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.topology import pair_scores, top_pairs
from graphlocal.topology.pairs.top import LOCAL_SCORES, best_pairs
from tests.zoo import ZOO, each_zoo_graph

from .brute import dense, graphs, hubs, score


@pytest.fixture(autouse=True)
def _default_threads() -> Iterator[None]:
    yield
    set_num_threads(None)


def ranked(graph: CSRGraph, name: str) -> list[tuple[float, int, int]]:
    """Every pair of a node and another that is no neighbour and shares one, the best first."""
    adjacency = dense(graph)
    pairs = np.argwhere((adjacency == 0) & (adjacency @ adjacency > 0)
                        & ~np.eye(graph.num_nodes, dtype=bool)).reshape(-1, 2)
    scores = pair_scores(graph, pairs, name)[:, 0]
    rows = [(-s, u, v) for s, (u, v) in zip(scores.tolist(), pairs.tolist(), strict=True)]
    return [(-s, u, v) for s, u, v in sorted(rows)]


def assert_best(graph: CSRGraph, k: int, name: str, nodes: Any = None) -> None:
    wanted = set(range(graph.num_nodes) if nodes is None else nodes)
    everything = ranked(graph, name)
    found, values = best_pairs(graph, k, name, nodes=nodes)
    expected = [row for row in everything if row[1] < row[2] and wanted & set(row[1:])][:k]
    assert list(zip(values.tolist(), *found.T.tolist(), strict=True)) == expected
    found, values = best_pairs(graph, k, name, nodes=nodes, per_node=True)
    each = [row for u in sorted(wanted) for row in [r for r in everything if r[1] == u][:k]]
    assert list(zip(values.tolist(), *found.T.tolist(), strict=True)) == each


@each_zoo_graph
@pytest.mark.parametrize("by", LOCAL_SCORES)
def test_zoo_by_brute_force(name: str, by: str) -> None:
    graph = CSRGraph.from_edge_index(*ZOO[name])
    for k in (1, 3, 10**9):
        assert_best(graph, k, by)


@given(graphs(), st.sampled_from(LOCAL_SCORES), st.integers(1, 12), st.data())
def test_any_graph_by_brute_force(graph: CSRGraph, name: str, k: int, data: st.DataObject) -> None:
    assert_best(graph, k, name)
    nodes = data.draw(st.lists(st.integers(0, graph.num_nodes - 1)))
    assert_best(graph, k, name, nodes)


@given(graphs())
def test_scores_are_those_of_the_definition(graph: CSRGraph) -> None:
    for name in LOCAL_SCORES:
        for (u, v), value in zip(*map(np.ndarray.tolist, best_pairs(graph, 4, name)), strict=True):
            assert value == pytest.approx(score(graph, u, v, 0.1, 0.5)[name])


@pytest.mark.parametrize("per_node", [False, True])
def test_same_for_any_threads(per_node: bool) -> None:
    graph = hubs()
    whole = best_pairs(graph, 50, "ra", per_node=per_node)
    for threads in (1, 3):
        set_num_threads(threads)
        for ours, other in zip(best_pairs(graph, 50, "ra", per_node=per_node), whole, strict=True):
            np.testing.assert_array_equal(ours, other)
    assert len(whole[0]) == 50 if not per_node else len(whole[0]) > 50 * 1000


def test_large_graph_by_matrix_product() -> None:
    graph = hubs(4)
    a = graph.to_scipy().astype(np.int64)
    shared = (a @ a).tocoo()
    edges = set(zip(*a.nonzero(), strict=True))
    rows = [(-c, u, v) for u, v, c in zip(shared.row.tolist(), shared.col.tolist(),
                                          shared.data.tolist(), strict=True)
            if u < v and c > 3 and (u, v) not in edges]
    expected = sorted(rows)[:40]
    assert len(expected) == 40
    found, values = best_pairs(graph, 40, "cn")
    assert [(-c, u, v) for c, (u, v) in zip(values.tolist(), found.tolist(), strict=True)
            ] == expected


def test_table_has_the_ids() -> None:
    graph = CSRGraph.read(b"b a\nb c\nb d\n")
    table = top_pairs(graph, 2, "cn", nodes=[3])
    assert table.columns["cn"].dtype == np.int64
    assert list(zip(table.ids, table.target_ids, strict=True)) == [("a", "d"), ("c", "d")]


def test_bad_arguments_are_refused() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)])
    for options in ({"k": 0}, {"k": 1.5}, {"k": 3, "score": "pa"}, {"k": 3, "score": "ppr"},
                    {"k": 3, "score": "no"}, {"k": 3, "nodes": [3]}, {"k": 3, "nodes": ["a"]}):
        with pytest.raises(GraphError):
            top_pairs(graph, **options)

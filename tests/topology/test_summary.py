"""The summary against networkx and against what is published of a real graph."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from graphlocal import CSRGraph, GraphError
from graphlocal.topology import graph_summary
from tests.topology.test_metrics import graphs, to_networkx
from tests.zoo import shared_data


@given(graphs())
@settings(max_examples=50)
def test_like_networkx(graph: CSRGraph) -> None:
    theirs = to_networkx(graph)
    found = graph_summary(graph)
    degrees = [d for _, d in theirs.degree]
    parts = [theirs.subgraph(nodes) for nodes in nx.connected_components(theirs)]
    assert (found.nodes, found.edges) == (len(theirs), theirs.size())
    assert found.density == pytest.approx(nx.density(theirs))
    assert found.isolated == nx.number_of_isolates(theirs)
    assert found.leaves == degrees.count(1)
    assert found.degree_mean == pytest.approx(np.mean(degrees))
    assert (found.degree_median, found.degree_max) == (np.median(degrees), max(degrees))
    assert found.degree_std == pytest.approx(np.std(degrees))
    assert (found.components, found.largest_component) == (len(parts), max(map(len, parts)))
    assert found.triangles == sum(nx.triangles(theirs).values()) // 3
    assert found.transitivity == pytest.approx(nx.transitivity(theirs))
    assert found.average_clustering == pytest.approx(nx.average_clustering(theirs))
    assert found.degeneracy == max(nx.core_number(theirs).values())
    distances = [part_length for part in parts for _, lengths in nx.all_pairs_shortest_path_length(
        part) for part_length in lengths.values() if part_length]
    assert found.diameter_at_least == max(map(nx.diameter, parts))
    if distances:
        assert found.mean_distance == pytest.approx(np.mean(distances))
        gaps = sum(abs(a - b) for a, b in combinations(degrees, 2))
        assert found.degree_gini == pytest.approx(gaps / (len(degrees) * sum(degrees)))
    else:
        assert np.isnan(found.mean_distance)
        assert np.isnan(found.degree_gini)


def test_effective_diameter_lies_between_hops() -> None:
    # Pairs at distances 1 to 4 of a path of five: 8, 6, 4, 2; nine tenths of 20 are 18.
    assert graph_summary(nx.path_graph(5)).effective_diameter == pytest.approx(3.0)
    # Of a star of four leaves: 8 at distance 1, 12 at 2; 18 is ten twelfths of the way to 2.
    assert graph_summary(nx.star_graph(4)).effective_diameter == pytest.approx(1 + 10 / 12)


def test_published_numbers_of_a_real_graph() -> None:
    """ego-Facebook, as the collection it comes from describes it."""
    found = graph_summary(str(shared_data("networks", "social", "facebook_combined.txt")))
    assert (found.nodes, found.edges, found.triangles) == (4039, 88234, 1612010)
    assert round(found.average_clustering, 4) == 0.6055
    assert found.diameter_at_least == 8
    assert round(found.effective_diameter, 1) == 4.7


def test_graphs_of_almost_nothing() -> None:
    nothing = graph_summary(CSRGraph.from_edges([], num_nodes=0))
    assert (nothing.nodes, nothing.components, nothing.diameter_at_least) == (0, 0, 0)
    alone = graph_summary(CSRGraph.from_edges([], num_nodes=1))
    assert (alone.nodes, alone.isolated, alone.density) == (1, 1, 0.0)
    assert "nan" in str(nothing)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"samples": 0}, "'samples': got 0"), ({"seed": -1}, "'seed': got -1")])
def test_bad_arguments(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        graph_summary(nx.path_graph(3), **arguments)

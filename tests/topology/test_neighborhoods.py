"""Neighbourhoods and assortativity against networkx and by hand."""

from __future__ import annotations

import warnings
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal import CSRGraph, GraphError, topology
from graphlocal.kernels.cpu.parallel import set_num_threads
from tests.topology.test_metrics import graphs, hubs_and_cliques, to_networkx
from tests.zoo import ZOO, each_zoo_graph


def assert_like_networkx(graph: CSRGraph) -> None:
    theirs, nodes = to_networkx(graph), range(graph.num_nodes)
    mean = nx.average_neighbor_degree(theirs)
    np.testing.assert_allclose(topology.average_neighbor_degree(graph), [mean[v] for v in nodes])
    np.testing.assert_allclose(topology.ego_density(graph),
                               [nx.density(nx.ego_graph(theirs, v)) for v in nodes])
    sizes = topology.hop_sizes(graph, 4)
    assert sizes.shape == (graph.num_nodes, 4)
    for hop in range(4):
        np.testing.assert_array_equal(
            sizes[:, hop], [len(nx.ego_graph(theirs, v, hop + 1)) - 1 for v in nodes])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = nx.degree_assortativity_coefficient(theirs) if graph.num_edges else np.nan
    np.testing.assert_allclose(topology.degree_assortativity(graph), expected, atol=1e-9)


@each_zoo_graph
def test_zoo_like_networkx(name: str) -> None:
    assert_like_networkx(CSRGraph.from_edge_index(*ZOO[name]))


@given(graphs())
def test_any_graph_like_networkx(graph: CSRGraph) -> None:
    assert_like_networkx(graph)


@given(graphs(), st.data())
def test_assortativity_of_values_and_labels(graph: CSRGraph, data: st.DataObject) -> None:
    n = graph.num_nodes
    values = data.draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    theirs = to_networkx(graph)
    nx.set_node_attributes(theirs, dict(enumerate(values)), "x")
    ends = {values[v] for v in range(n) if graph.degree[v]}
    if len(ends) < 2:
        assert np.isnan(topology.numeric_assortativity(graph, values))
        assert np.isnan(topology.attribute_assortativity(graph, values))
        return
    assert topology.numeric_assortativity(graph, values) == pytest.approx(
        nx.numeric_assortativity_coefficient(theirs, "x"), abs=1e-9)
    expected = nx.attribute_assortativity_coefficient(theirs, "x")
    for labels in (values, [f"class {x}" for x in values]):
        assert topology.attribute_assortativity(graph, labels) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_assortativity_knows_no_unit(scale: float) -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)])
    x = np.array([1.0, 2.0, 5.0, 3.0])
    assert topology.numeric_assortativity(graph, x * scale) == pytest.approx(
        topology.numeric_assortativity(graph, x))


def test_threads_change_nothing() -> None:
    graph = hubs_and_cliques(num_nodes=8000)
    found = []
    for count in (1, 3):
        set_num_threads(count)
        try:
            found.append((topology.average_neighbor_degree(graph), topology.hop_sizes(graph, 3)))
        finally:
            set_num_threads(None)
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_hops_by_matrix_products() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    graph = hubs_and_cliques(seed=3, num_nodes=3000)
    step = sparse.csr_array((np.ones(len(graph.col), np.int64), graph.col, graph.rowptr))
    step.setdiag(1)
    two = np.diff((step @ step).indptr) - 1
    np.testing.assert_array_equal(topology.hop_sizes(graph)[:, 1], two)


@pytest.mark.parametrize(("call", "message"), [
    (lambda g: topology.hop_sizes(g, 0), r"'hops': got 0, expected at least 1"),
    (lambda g: topology.hop_sizes(g, 1.5), r"'hops': got 1.5, expected an integer"),
    (lambda g: topology.ego_density(g, triangles=np.zeros(2, int)), r"'triangles'.*\(2,\)"),
    (lambda g: topology.numeric_assortativity(g, [1.0]), r"'values': got shape \(1,\)"),
    (lambda g: topology.numeric_assortativity(g, [1, 2, np.nan]), r"'values': got nan"),
    (lambda g: topology.attribute_assortativity(g, ["a", "b"]), r"'labels': got shape \(2,\)"),
    (lambda g: topology.attribute_assortativity(g, [0, "b", None]), r"'labels'"),
])
def test_bad_arguments(call: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        call(CSRGraph.from_edges([(0, 1), (1, 2)]))


@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200, 2.0**1023, 2.0**-1060])
@pytest.mark.parametrize("alone", [0.0, 1e300, 5e-324])
def test_assortativity_at_the_ends_of_numbers(scale: float, alone: float) -> None:
    """A path of four, and a node without edges, whose value is at no end of one."""
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)], num_nodes=5)
    values = [-scale, scale, scale / 2, -scale / 2, alone]
    expected = topology.numeric_assortativity(graph, [-2, 2, 1, -1, 0])
    assert expected == pytest.approx(nx.numeric_assortativity_coefficient(
        to_networkx_with([-2, 2, 1, -1]), "x"))
    with np.errstate(all="raise", under="ignore"):
        assert topology.numeric_assortativity(graph, values) == pytest.approx(expected)


def to_networkx_with(values: list[int]) -> nx.Graph:
    path = nx.path_graph(len(values))
    nx.set_node_attributes(path, dict(enumerate(values)), "x")
    return path


def test_values_that_hardly_differ() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])
    assert topology.numeric_assortativity(graph, [1e16, 1e16 + 2, 1e16 + 4, 1e16]) == \
        pytest.approx(topology.numeric_assortativity(graph, [0, 2, 4, 0]), abs=0.2)


def test_more_hops_than_there_can_be() -> None:
    with pytest.raises(GraphError, match=r"'hops': got 1\d+, expected at most 65536"):
        topology.hop_sizes(CSRGraph.from_edges([(0, 1)]), 10**19)

"""The definitions, against networkx and against their own automorphisms."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest

from graphlocal.topology.orbits import GRAPHLETS, graphlets


def graph_of(shape) -> nx.Graph:
    return nx.Graph(list(shape.edges))


def test_every_connected_graph_of_two_to_five_nodes_is_there_once() -> None:
    connected = [g for g in nx.graph_atlas_g() if 2 <= len(g) <= 5 and nx.is_connected(g)]
    assert len(connected) == len(GRAPHLETS) == 30
    for graph in connected:
        assert sum(nx.is_isomorphic(graph, graph_of(shape)) for shape in GRAPHLETS) == 1


@pytest.mark.parametrize("number", range(30))
def test_orbits_are_what_automorphisms_exchange(number: int) -> None:
    shape = GRAPHLETS[number]
    edges = set(shape.edges)

    def image(edge, labels):
        return tuple(sorted((labels[edge[0]], labels[edge[1]])))

    symmetries = [labels for labels in itertools.permutations(range(shape.size))
                  if {image(edge, labels) for edge in edges} == edges]
    for a, b in itertools.combinations(range(shape.size), 2):
        same = any(labels[a] == b for labels in symmetries)
        assert same == (shape.node_orbits[a] == shape.node_orbits[b])
    for a, b in itertools.combinations(range(len(shape.edges)), 2):
        same = any(image(shape.edges[a], labels) == shape.edges[b] for labels in symmetries)
        assert same == (shape.edge_orbits[a] == shape.edge_orbits[b])


def test_orbits_are_numbered_without_gaps_and_graphlet_by_graphlet() -> None:
    nodes = [sorted(set(shape.node_orbits)) for shape in GRAPHLETS]
    assert list(itertools.chain(*nodes)) == list(range(73))
    edges = [sorted(set(shape.edge_orbits)) for shape in GRAPHLETS[1:]]
    assert list(itertools.chain(*edges)) == list(range(68))
    sizes = [(shape.size, len(shape.edges)) for shape in GRAPHLETS]
    assert sizes == sorted(sizes)


def test_published_names_of_the_orbits() -> None:
    """Orbits whose meaning every paper states, told by degree inside the graphlet."""
    degree = {}
    for shape in GRAPHLETS:
        of = dict(graph_of(shape).degree)
        for node, orbit in enumerate(shape.node_orbits):
            degree[orbit] = of[node]
    known = {0: 1, 1: 1, 2: 2, 3: 2, 4: 1, 5: 2, 6: 1, 7: 3, 8: 2, 9: 1, 10: 2, 11: 3, 12: 2, 13: 3,
             14: 3, 15: 1, 16: 2, 17: 2, 18: 1, 19: 1, 20: 2, 21: 3, 22: 1, 23: 4, 34: 2, 44: 4,
             49: 2, 50: 3, 69: 4, 70: 3, 71: 4, 72: 4}
    assert {orbit: degree[orbit] for orbit in known} == known


@pytest.mark.parametrize("root", ["node", "edge"])
def test_matrix_counts_spanning_subgraphs(root: str) -> None:
    """Against networkx: every connected spanning subgraph, matched by isomorphism."""
    matrix = graphlets.noninduced_matrix(root)
    assert (np.diag(matrix) == 1).all() and not np.tril(matrix, -1).any()
    rng = np.random.default_rng(0)
    for shape in [GRAPHLETS[i] for i in (*range(1, 24), *rng.choice(np.arange(24, 30), 2, False))]:
        expected = np.zeros_like(matrix)
        places = range(shape.size) if root == "node" else range(len(shape.edges))
        orbits = shape.node_orbits if root == "node" else shape.edge_orbits
        roots = {orbits[place]: place for place in places}
        for length in range(shape.size - 1, len(shape.edges) + 1):
            for chosen in itertools.combinations(shape.edges, length):
                part = nx.Graph(list(chosen))
                if len(part) < shape.size or not nx.is_connected(part):
                    continue
                for smaller in GRAPHLETS:
                    if smaller.size != shape.size or len(smaller.edges) != length:
                        continue
                    match = nx.isomorphism.GraphMatcher(part, graph_of(smaller))
                    if not match.is_isomorphic():
                        continue
                    to = match.mapping
                    for orbit, place in roots.items():
                        if root == "node":
                            expected[smaller.node_orbits[to[place]], orbit] += 1
                        elif shape.edges[place] in chosen:
                            ends = tuple(sorted(to[x] for x in shape.edges[place]))
                            at = smaller.edges.index(ends)
                            expected[smaller.edge_orbits[at], orbit] += 1
                    break
        columns = list(roots)
        np.testing.assert_array_equal(matrix[:, columns], expected[:, columns])


@pytest.mark.parametrize("root,size", [("node", 4), ("node", 5), ("edge", 4), ("edge", 5)])
def test_steps_invert_the_matrix(root: str, size: int) -> None:
    steps = graphlets.inversion_steps(root, size)
    matrix = graphlets.noninduced_matrix(root)
    induced = np.random.default_rng(1).integers(0, 100, len(matrix))
    count = {("node", 4): 15, ("node", 5): 73, ("edge", 4): 12, ("edge", 5): 68}[root, size]
    induced[count:] = 0
    copies = (matrix @ induced)[:count]
    for i, j, factor in steps:
        copies[i] -= factor * copies[j]
    np.testing.assert_array_equal(copies, induced[:count])

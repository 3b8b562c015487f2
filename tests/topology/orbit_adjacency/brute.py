"""The 28 orbit adjacencies by looking at every set of two to four nodes."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
from numpy.typing import NDArray

#: Graphlets of two to four nodes: their edges, and the orbit of each node in ORCA's numbering.
GRAPHLETS = (
    ([(0, 1)], [0, 0]),
    ([(0, 2), (1, 2)], [1, 1, 2]),
    ([(0, 1), (0, 2), (1, 2)], [3, 3, 3]),
    ([(0, 3), (1, 2), (2, 3)], [4, 4, 5, 5]),
    ([(0, 3), (1, 3), (2, 3)], [6, 6, 6, 7]),
    ([(0, 1), (0, 3), (1, 2), (2, 3)], [8, 8, 8, 8]),
    ([(0, 3), (1, 2), (1, 3), (2, 3)], [9, 10, 10, 11]),
    ([(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], [12, 12, 13, 13]),
    (list(itertools.combinations(range(4), 2)), [14, 14, 14, 14]),
)


def _patterns() -> dict[tuple[int, int], list[tuple[int, int, int, int, int]]]:
    """(size, bits of the edges) -> ordered pairs of places with hop and orbits."""
    found = {}
    for edges, orbits in GRAPHLETS:
        size = len(orbits)
        places = list(itertools.combinations(range(size), 2))
        distance = dict(nx.all_pairs_shortest_path_length(nx.Graph(edges)))
        for order in itertools.permutations(range(size)):
            bits = sum(1 << places.index(tuple(sorted((order[a], order[b])))) for a, b in edges)
            found[size, bits] = [
                (order[a], order[b], distance[a][b], orbits[a], orbits[b])
                for a, b in itertools.permutations(range(size), 2)]
    return found


_PATTERNS = _patterns()


def brute_force(num_nodes: int, edges: list[tuple[int, int]]) -> dict[
    tuple[int, int, int], NDArray[np.int64]
]:
    """Dense orbit adjacencies; those that are all zero may be missing."""
    linked = np.zeros((num_nodes, num_nodes), bool)
    for u, v in edges:
        linked[u, v] = linked[v, u] = True
    result: dict[tuple[int, int, int], NDArray[np.int64]] = {}
    for size in (2, 3, 4):
        places = list(itertools.combinations(range(size), 2))
        for nodes in itertools.combinations(range(num_nodes), size):
            bits = sum(1 << k for k, (a, b) in enumerate(places) if linked[nodes[a], nodes[b]])
            for a, b, hop, i, j in _PATTERNS.get((size, bits), ()):
                matrix = result.setdefault((hop, i, j), np.zeros((num_nodes,) * 2, np.int64))
                matrix[nodes[a], nodes[b]] += 1
    return result

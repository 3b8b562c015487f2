"""Orbit counts by looking at every set of at most five nodes."""

from __future__ import annotations

import itertools
from functools import cache

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from graphlocal.topology.orbits import GRAPHLETS


@cache
def classify(size: int, edges: frozenset[tuple[int, int]]):
    """Node orbits and edge orbits (by pair) of a labelled graph; None if it is not connected."""
    for shape in GRAPHLETS:
        if shape.size != size or len(shape.edges) != len(edges):
            continue
        for labels in itertools.permutations(range(size)):
            moved = [tuple(sorted((labels[a], labels[b]))) for a, b in shape.edges]
            if set(moved) == edges:
                nodes = np.empty(size, np.int64)
                nodes[list(labels)] = shape.node_orbits
                return nodes, dict(zip(moved, shape.edge_orbits, strict=True))
    return None


def count(num_nodes: int, edges: list[tuple[int, int]]) -> tuple[NDArray, NDArray]:
    """``(N, 73)`` and, for the edges in sorted order, ``(M, 68)``."""
    edges = sorted({tuple(sorted(edge)) for edge in edges})
    number = {edge: i for i, edge in enumerate(edges)}
    nodes_out = np.zeros((num_nodes, 73), np.int64)
    edges_out = np.zeros((len(edges), 68), np.int64)
    for size in range(2, 6):
        for nodes in itertools.combinations(range(num_nodes), size):
            inside = frozenset((i, j) for i, j in itertools.combinations(range(size), 2)
                               if (nodes[i], nodes[j]) in number)
            if len(inside) < size - 1:
                continue
            found = classify(size, inside)
            if found is None:
                continue
            nodes_out[list(nodes), found[0]] += 1
            for (i, j), orbit in found[1].items():
                if orbit >= 0:
                    edges_out[number[nodes[i], nodes[j]], orbit] += 1
    return nodes_out, edges_out


@cache
def atlas() -> tuple[list[tuple[int, list[tuple[int, int]]]], list[tuple[NDArray, NDArray]]]:
    """The 1,253 graphs of up to seven nodes, and their counts."""
    graphs = [(len(g), sorted(tuple(sorted(e)) for e in g.edges)) for g in nx.graph_atlas_g()]
    return graphs, [count(*graph) for graph in graphs]

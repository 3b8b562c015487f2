"""Orbit counts against igraph's motifs, networkx's triangles and a look at every set of nodes.

Ours counts every orbit of every node from an int64 edge array, building the graph included. No
peer does that: igraph's ``motifs_randesu`` gives totals, networkx one orbit, and looking at every
set of nodes is out of the question beyond a hundred. Real graphs are read from
``GRAPHLOCAL_SHARED_DATA``, or the folder ``shared/data`` beside the repository, where there is one.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .harness import Case, Peer

Call = Callable[[], dict[str, Any]]

_DATA = Path(os.environ.get("GRAPHLOCAL_SHARED_DATA",
                            Path(__file__).parents[1].parent / "shared" / "data"))

#: Real graphs: file, delimiter, and the size of graphlets counted.
_REAL = {
    "yeast": ("networks/seal/Yeast.txt", None, 5),
    "polblogs": ("networks/seal/PB.txt", None, 5),
    "ca-CondMat": ("networks/collaboration/ca-CondMat.txt", None, 5),
    "facebook": ("networks/social/facebook_combined.txt", None, 5),
    "BlogCatalog": ("networks/social/BlogCatalog/edges.csv", ",", 4),
    "tolokers": ("pyg/HeterophilousGraphDataset/tolokers/raw/tolokers.npz", None, 4),
    "ogbl-ddi": ("ogb/ogbl_ddi/raw/edge.csv.gz", ",", 4),
}


def _barabasi_albert(num_nodes: int, degree: int) -> np.ndarray:
    import networkx

    graph = networkx.barabasi_albert_graph(num_nodes, degree, seed=0)
    return np.array(graph.edges, np.int64).T.copy()


def _random(num_nodes: int, num_edges: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, num_nodes, (2, num_edges))


def _real(name: str) -> np.ndarray:
    path, delimiter, _ = _REAL[name]
    if path.endswith(".npz"):
        edges = np.load(_DATA / path)["edges"]
    else:
        edges = np.loadtxt(_DATA / path, np.int64, delimiter=delimiter, usecols=(0, 1))
    return np.unique(edges, return_inverse=True)[1].reshape(-1, 2).T.copy()


def _molecules(count: int) -> list[np.ndarray]:
    """Rings with a tail and a chord or two, of a drug's size."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        ring, tail = rng.integers(5, 8), rng.integers(5, 30)
        nodes = np.arange(ring + tail)
        edges = np.stack([nodes, np.concatenate([nodes[1:], [0]])])
        edges[1, -1] = rng.integers(0, ring)
        made.append(np.concatenate([edges, [[0], [ring - 1]]], axis=1))
    return made


def _ours(size: int, edges: np.ndarray) -> Call:
    from graphlocal import CSRGraph
    from graphlocal.topology.orbits.counts import orbit_counts, totals

    def call() -> dict[str, Any]:
        counts = orbit_counts(CSRGraph.from_edge_index(edges), size)
        return {"triangles": counts[:, 3], f"totals {size}": totals(counts)[1:]}

    return call


def _our_edges(edges: np.ndarray) -> Call:
    from graphlocal import CSRGraph
    from graphlocal.topology import edge_orbit_counts

    return lambda: {"edge": edge_orbit_counts(CSRGraph.from_edge_index(edges), 5).sum(axis=0)}


def _networkx(edges: np.ndarray) -> Call:
    import networkx

    graph = networkx.empty_graph(int(edges.max()) + 1)
    graph.add_edges_from(edges.T[edges[0] != edges[1]].tolist())

    def call() -> dict[str, Any]:
        found = networkx.triangles(graph)
        return {"triangles": np.array([found[node] for node in range(len(graph))])}

    return call


def _igraph(size: int, edges: np.ndarray) -> Call:
    import igraph

    from graphlocal.topology.orbits import GRAPHLETS

    graph = igraph.Graph(int(edges.max()) + 1, edges.T).simplify()
    number = {}
    shapes = [igraph.Graph(list(shape.edges)) for shape in GRAPHLETS]
    for nodes in range(3, size + 1):
        for cls, _ in enumerate(graph.motifs_randesu(size=nodes, cut_prob=[1] * nodes)):
            motif = igraph.Graph.Isoclass(n=nodes, cls=cls)
            number[nodes, cls] = next((i for i, shape in enumerate(shapes) if shape.vcount() ==
                                       nodes and motif.isomorphic(shape)), None)

    def call() -> dict[str, Any]:
        result = np.zeros(30 if size == 5 else 9, np.int64)
        for nodes in range(3, size + 1):
            for cls, found in enumerate(graph.motifs_randesu(size=nodes)):
                if number[nodes, cls] is not None:
                    result[number[nodes, cls]] = found
        return {f"totals {size}": result[1:]}

    return call


def _every_set(edges: np.ndarray) -> Call:
    """Every set of up to five nodes, looked up by which pairs are edges."""
    from graphlocal.topology.orbits.graphlets import labelled_graphs, pairs_of

    num_nodes = int(edges.max()) + 1
    adjacent = np.zeros((num_nodes, num_nodes), bool)
    adjacent[edges[0], edges[1]] = adjacent[edges[1], edges[0]] = True
    np.fill_diagonal(adjacent, False)

    def call() -> dict[str, Any]:
        result = np.zeros(30, np.int64)
        for size in range(3, 6):
            kind = labelled_graphs(size)[0]
            sets = np.array(list(itertools.combinations(range(num_nodes), size)))
            mask = sum(adjacent[sets[:, i], sets[:, j]].astype(np.int64) << bit
                       for bit, (i, j) in enumerate(pairs_of(size)))
            found = kind[mask]
            result += np.bincount(found[found >= 0], minlength=30)
        return {"totals 5": result[1:]}

    return call


def _batch(graphs: list[np.ndarray]) -> Call:
    from graphlocal.topology import graphlet_counts

    return lambda: {"totals 5": graphlet_counts(graphs, 5)}


def _one_by_one(graphs: list[np.ndarray]) -> Call:
    from graphlocal.topology import graphlet_counts

    return lambda: {"totals 5": np.stack([graphlet_counts(graph, 5) for graph in graphs])}


def cases() -> list[Case]:
    triangles = Peer("networkx, triangles only", _networkx, slow=True, needs=("networkx",))

    def ours(size: int) -> Peer:
        return Peer("graphlocal", partial(_ours, size))

    def motifs(size: int) -> Peer:
        return Peer("igraph, totals only", partial(_igraph, size), slow=True, needs=("igraph",))

    found = [
        Case("every set of 40 nodes, size 5", partial(_random, 40, 120),
             [ours(5), motifs(5), Peer("every set of nodes", _every_set, slow=True)]),
        Case("BA of 500 nodes, size 5", partial(_barabasi_albert, 500, 3), [ours(5), motifs(5)]),
        Case("BA of 2,000 nodes, size 4", partial(_barabasi_albert, 2000, 4),
             [ours(4), motifs(4)]),
        Case("BA of 20,000 nodes, size 5", partial(_barabasi_albert, 20_000, 5),
             [ours(5), triangles]),
        Case("G(20,000, 100,000), size 5", partial(_random, 20_000, 100_000),
             [ours(5), triangles]),
        Case("BA of 20,000 nodes, edges, size 5", partial(_barabasi_albert, 20_000, 5),
             [Peer("graphlocal", _our_edges)], rounds=3),
        Case("10,000 molecules, size 5", partial(_molecules, 10_000),
             [Peer("graphlocal", _batch), Peer("graphlocal, one by one", _one_by_one, slow=True)]),
    ]
    for name, (path, _, size) in _REAL.items():
        if (_DATA / path).exists():
            found.append(Case(f"{name}, size {size}", partial(_real, name),
                              [ours(size), triangles], rounds=3))
    return found

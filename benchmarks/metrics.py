"""Triangles, clustering, core, components and PageRank against networkx, igraph and networkit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges, threads

NUM_NODES = 170_000
Call = Callable[[], dict[str, Any]]


def _inputs() -> np.ndarray:
    return power_law_edges(NUM_NODES, 1_200_000)


def _small_inputs() -> np.ndarray:
    return power_law_edges(NUM_NODES // 10, 120_000)


def _ours(name: str, key: str) -> Callable[[np.ndarray], Call]:
    def setup(edges: np.ndarray) -> Call:
        from graphlocal import CSRGraph, topology

        graph = CSRGraph.from_edge_index(edges, NUM_NODES)
        function = getattr(topology, name)
        return lambda: {key: function(graph)}

    return setup


def _igraph(call: Callable[[Any], Any], key: str) -> Callable[[np.ndarray], Call]:
    def setup(edges: np.ndarray) -> Call:
        import igraph

        graph = igraph.Graph(NUM_NODES, edges.T)
        return lambda: {key: np.asarray(call(graph))}

    return setup


def _networkit_graph(edges: np.ndarray) -> Any:
    import networkit

    networkit.setNumberOfThreads(threads())
    graph = networkit.GraphFromCoo((edges[0], edges[1]), n=NUM_NODES, directed=False)
    # What its fast variants need, and what ours has too: not timed.
    graph.sortEdges()
    graph.indexEdges()
    return graph


def _networkit(call: Callable[[Any, Any], Any], key: str) -> Callable[[np.ndarray], Call]:
    def setup(edges: np.ndarray) -> Call:
        import networkit

        graph = _networkit_graph(edges)
        return lambda: {key: np.asarray(call(networkit, graph))}

    return setup


def _networkx(name: str, key: str, **options: Any) -> Callable[[np.ndarray], Call]:
    def setup(edges: np.ndarray) -> Call:
        import networkx

        graph = networkx.empty_graph(NUM_NODES)
        graph.add_edges_from(edges.T.tolist())
        function = getattr(networkx, name)

        def call() -> dict[str, Any]:
            values = function(graph, **options)
            return {key: np.array([values[node] for node in range(NUM_NODES)])}

        return call

    return setup


def _igraph_triangles(graph: Any) -> np.ndarray:
    """igraph has no count per node; its fastest way is through the local coefficient."""
    degree = np.asarray(graph.degree())
    share = np.asarray(graph.transitivity_local_undirected(mode="zero"))
    return np.rint(share * degree * (degree - 1) / 2)


def _networkit_triangles(edges: np.ndarray) -> Call:
    """networkit counts per edge: half the sum over a node's edges is its count."""
    import networkit

    graph = _networkit_graph(edges)
    ends = np.empty((2, graph.numberOfEdges()), np.int64)
    graph.forEdges(lambda u, v, weight, edge: ends.__setitem__((slice(None), edge), (u, v)))

    def call() -> dict[str, Any]:
        score = np.asarray(networkit.sparsification.TriangleEdgeScore(graph).run().scores())
        total = np.bincount(ends[0], score, NUM_NODES) + np.bincount(ends[1], score, NUM_NODES)
        return {"triangles": total / 2}

    return call


def _by_smallest(labels: Any) -> np.ndarray:
    """Components numbered by smallest node, as ours are."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]


def _networkit_pagerank(nk: Any, graph: Any) -> np.ndarray:
    """Stops at what ours stops at: a sum of changes, where its default is their length."""
    found = nk.centrality.PageRank(graph, damp=0.85, tol=1e-8)
    found.norm = nk.centrality.Norm.L1_NORM
    ranks = np.asarray(found.run().scores())
    return ranks / ranks.sum()  # it loses what is on isolated nodes


def cases() -> list[Case]:
    def igraph(call: Callable[[Any], Any], key: str) -> Peer:
        return Peer("igraph", _igraph(call, key), needs=("igraph",))

    def networkit(call: Callable[[Any, Any], Any], key: str) -> Peer:
        return Peer("networkit", _networkit(call, key), needs=("networkit",))

    def networkx(name: str, key: str, **options: Any) -> Peer:
        return Peer("networkx", _networkx(name, key, **options), slow=True, needs=("networkx",))

    def score(run: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda nk, graph: run(nk, graph).run().scores()

    return [
        Case("triangles", _inputs, [
            Peer("graphlocal", _ours("triangles", "triangles")),
            igraph(_igraph_triangles, "triangles"),
            Peer("networkit", _networkit_triangles, needs=("networkit",)),
            networkx("triangles", "triangles"),
        ]),
        Case("clustering", _inputs, [
            Peer("graphlocal", _ours("clustering", "clustering")),
            igraph(lambda graph: graph.transitivity_local_undirected(mode="zero"), "clustering"),
            networkit(score(lambda nk, graph: nk.centrality.LocalClusteringCoefficient(
                graph, turbo=True)), "clustering"),
        ]),
        # networkx intersects the sets of neighbours of every edge, hubs and all: minutes above.
        Case("clustering, 17k nodes", _small_inputs, [
            Peer("graphlocal", _ours("clustering", "clustering")),
            networkx("clustering", "clustering"),
        ]),
        Case("core", _inputs, [
            Peer("graphlocal", _ours("core_number", "core")),
            igraph(lambda graph: graph.coreness(), "core"),
            networkit(score(lambda nk, graph: nk.centrality.CoreDecomposition(graph)), "core"),
            networkx("core_number", "core"),
        ]),
        Case("components", _inputs, [
            Peer("graphlocal", _ours("connected_components", "component")),
            igraph(lambda graph: _by_smallest(graph.connected_components().membership),
                   "component"),
            networkit(lambda nk, graph: _by_smallest(
                nk.components.ConnectedComponents(graph).run().getPartition().getVector()),
                "component"),
        ]),
        # Ranks around 1e-5: all agree to 1e-8 in sum, and to far less at any one node.
        Case("pagerank", _inputs, [
            Peer("graphlocal", _ours("pagerank", "pagerank")),
            igraph(lambda graph: graph.pagerank(damping=0.85), "pagerank"),
            networkit(_networkit_pagerank, "pagerank"),
            networkx("pagerank", "pagerank", tol=1e-8 / NUM_NODES),
        ], rtol=0, atol=1e-9),
        Case("average neighbour degree", _inputs, [
            Peer("graphlocal", _ours("average_neighbor_degree", "mean")),
            igraph(lambda graph: np.nan_to_num(graph.knn()[0]), "mean"),
            networkx("average_neighbor_degree", "mean"),
        ]),
    ]

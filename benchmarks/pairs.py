"""Scores of pairs and personalised PageRank against scipy, networkit, igraph, networkx and PyG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges, threads

NUM_NODES = 170_000
#: Of the push: as PyG's get_ppr takes it.
ALPHA, EPS = 0.2, 1e-5
#: Sources whose values are compared, of 2000.
COMPARED = 5
Inputs = tuple[np.ndarray, np.ndarray]
Call = Callable[[], dict[str, Any]]


def _pairs(count: int) -> Callable[[], Inputs]:
    """Edges, and pairs of ends of edges: a node is drawn as often as it has neighbours.

    None with itself, of which networkit says that it shares nothing.
    """

    def inputs() -> Inputs:
        edges = power_law_edges(NUM_NODES, 1_200_000)
        drawn = np.random.default_rng(1).integers(0, edges.size, (count + count // 10, 2))
        pairs = edges.ravel()[drawn]
        return edges, pairs[pairs[:, 0] != pairs[:, 1]][:count]

    return inputs


def _sources() -> Inputs:
    edges = power_law_edges(NUM_NODES, 1_200_000)
    return edges, np.random.default_rng(1).permutation(np.unique(edges))[:2000]


def _ours(names: str) -> Callable[[Inputs], Call]:
    def setup(inputs: Inputs) -> Call:
        from graphlocal import CSRGraph
        from graphlocal.topology import pair_scores

        graph, keys = CSRGraph.from_edge_index(inputs[0], NUM_NODES), names.split(",")
        return lambda: dict(zip(keys, pair_scores(graph, inputs[1], keys).T, strict=True))

    return setup


def _scipy_graph(edges: np.ndarray) -> Any:
    from scipy.sparse import csr_array

    both = np.concatenate([edges, edges[::-1]], axis=1)
    return csr_array((np.ones(both.shape[1]), (both[0], both[1])), (NUM_NODES, NUM_NODES))


def _scipy(inputs: Inputs) -> Call:
    graph, pairs = _scipy_graph(inputs[0]), inputs[1]

    def common(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return graph[left].multiply(graph[right]).sum(axis=1)

    # All pairs at once would take more memory than there is.
    parts = [pairs[i : i + 64_000].T for i in range(0, len(pairs), 64_000)]
    return lambda: {"cn": np.concatenate([common(*part) for part in parts])}


def _scipy_all(inputs: Inputs) -> Call:
    """Each score by the shortest way that scipy and numpy have for it."""
    graph, (left, right) = _scipy_graph(inputs[0]), inputs[1].T
    degree = graph.sum(axis=1)
    by_degree = np.divide(1, degree, out=np.zeros(NUM_NODES), where=degree > 0)
    log = np.log(np.maximum(degree, 1))
    by_log = np.divide(1, log, out=np.zeros(NUM_NODES), where=log > 0)

    def call() -> dict[str, Any]:
        shared = graph[left].multiply(graph[right]).tocsr()
        common = shared.sum(axis=1)
        first, second = degree[left], degree[right]
        union = first + second - common
        return {"cn": common, "jaccard": common / union, "aa": shared @ by_log,
                "ra": shared @ by_degree, "pa": first * second}

    return call


def _networkit(inputs: Inputs) -> Call:
    import networkit

    networkit.setNumberOfThreads(threads())
    edges, pairs = inputs
    graph = networkit.GraphFromCoo((edges[0], edges[1]), n=NUM_NODES, directed=False)
    graph.sortEdges()
    index = networkit.linkprediction.CommonNeighborsIndex(graph)
    # One call for all, on its threads; the answer is sorted by pair.
    asked = [tuple(pair) for pair in pairs.tolist()]

    def call(keep: Any = graph) -> dict[str, Any]:  # the index points to it and does not own it
        found = dict(index.runOn(asked))
        return {"cn": np.array([found[pair] for pair in asked])}

    return call


def _igraph(inputs: Inputs) -> Call:
    """igraph has no such call: sets of its adjacency lists, the quickest way that it leaves."""
    import igraph

    graph = igraph.Graph(NUM_NODES, inputs[0].T)
    pairs = inputs[1].tolist()

    def call() -> dict[str, Any]:
        neighbors = [set(row) for row in graph.get_adjlist()]
        return {"cn": np.array([len(neighbors[u] & neighbors[v]) for u, v in pairs])}

    return call


def _networkx(inputs: Inputs) -> Call:
    import networkx

    graph = networkx.empty_graph(NUM_NODES)
    graph.add_edges_from(inputs[0].T.tolist())
    pairs = inputs[1].tolist()
    return lambda: {"cn": np.array([len(networkx.common_neighbors(graph, u, v))
                                    for u, v in pairs])}


def _pushed(inputs: Inputs) -> Call:
    from graphlocal import CSRGraph
    from graphlocal.topology import personalized_pagerank

    edges, sources = inputs
    graph = CSRGraph.from_edge_index(edges, NUM_NODES)

    def call() -> dict[str, Any]:
        matrix = personalized_pagerank(graph, sources, alpha=ALPHA, eps=EPS)
        return _per_neighbor(graph.degree, matrix.indptr, matrix.indices, matrix.data)

    return call


def _per_neighbor(degree: np.ndarray, ptr: np.ndarray, node: np.ndarray, value: np.ndarray
                  ) -> dict[str, Any]:
    """What two answers within the same bound agree in: values by degree, of a few sources."""
    out = np.zeros((COMPARED, NUM_NODES))
    row = np.repeat(np.arange(COMPARED), np.diff(ptr[: COMPARED + 1]))
    out[row, node[: ptr[COMPARED]]] = value[: ptr[COMPARED]]
    return {"ppr": out / np.maximum(degree, 1)}


def _get_ppr(inputs: Inputs) -> Call:
    import numba
    import torch
    from torch_geometric.utils import get_ppr

    numba.set_num_threads(min(threads(), numba.config.NUMBA_NUM_THREADS))
    torch.set_num_threads(threads())
    edges, sources = inputs
    edge_index = torch.as_tensor(np.concatenate([edges, edges[::-1]], axis=1))
    target, degree = torch.as_tensor(sources), np.bincount(edges.ravel(), minlength=NUM_NODES)
    get_ppr(edge_index, ALPHA, EPS, target[:1], NUM_NODES)  # compiles

    def call() -> dict[str, Any]:
        (row, col), weight = get_ppr(edge_index, ALPHA, EPS, target, NUM_NODES)
        start = np.flatnonzero(np.diff(row.numpy(), prepend=-1))[: COMPARED + 1]
        return _per_neighbor(degree, start, col.numpy(), weight.numpy())

    return call


def cases() -> list[Case]:
    graphlocal = Peer("graphlocal", _ours("cn"))
    return [
        Case("cn, 64k pairs", _pairs(64_000), [
            graphlocal,
            Peer("scipy", _scipy, needs=("scipy",)),
            Peer("networkit", _networkit, slow=True, needs=("networkit",)),
            Peer("igraph", _igraph, slow=True, needs=("igraph",)),
            Peer("networkx", _networkx, slow=True, needs=("networkx",)),
        ]),
        Case("cn, jaccard, aa, ra, pa, 64k pairs", _pairs(64_000), [
            Peer("graphlocal", _ours("cn,jaccard,aa,ra,pa")),
            Peer("scipy", _scipy_all, needs=("scipy",)),
        ], atol=1e-9, rtol=1e-9),
        Case("cn, 5M pairs", _pairs(5_000_000), [
            graphlocal,
            Peer("scipy", _scipy, slow=True, needs=("scipy",)),
        ], rounds=3),
        # Both are too small by less than EPS per neighbour.
        Case("ppr, 2000 sources", _sources, [
            Peer("graphlocal", _pushed),
            Peer("PyG get_ppr", _get_ppr, slow=True, needs=("torch_geometric",)),
        ], atol=EPS, rtol=0.0, rounds=3),
    ]

"""Topological concentration, exact and approximate, against networkx, scipy and a loop over nodes.

The loop over nodes is the authors' way: walk counts and ends of walks per node in dictionaries and
sets, and a Python loop over every node, neighbour and pair of hops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges

Call = Callable[[], dict[str, Any]]
Inputs = tuple[np.ndarray, int, np.ndarray]


def _inputs(num_nodes: int, num_edges: int, num_pairs: int = 0) -> Callable[[], Inputs]:
    """Training edges, number of nodes, and edges held out."""
    def make() -> Inputs:
        edges = power_law_edges(num_nodes, num_edges + num_pairs)
        return edges[:, :num_edges], num_nodes, edges[:, num_edges:].T

    return make


def _ours(hops: int, held_out: bool = False) -> Callable[[Inputs], Call]:
    def setup(inputs: Inputs) -> Call:
        from graphlocal import CSRGraph
        from graphlocal.topology import topological_concentration

        edges, num_nodes, pairs = inputs
        graph = CSRGraph.from_edge_index(edges, num_nodes)
        targets = pairs if held_out else None
        return lambda: {"tc": topological_concentration(graph, targets, hops)}

    return setup


def _ours_approximate(hops: int, dim: int) -> Callable[[Inputs], Call]:
    def setup(inputs: Inputs) -> Call:
        from graphlocal import CSRGraph
        from graphlocal.topology import approximate_topological_concentration

        graph = CSRGraph.from_edge_index(inputs[0], inputs[1])
        return lambda: {"atc": approximate_topological_concentration(graph, hops=hops, dim=dim)}

    return setup


def _networkx(inputs: Inputs) -> Call:
    import networkx

    edges, num_nodes, _ = inputs
    graph = networkx.empty_graph(num_nodes)
    graph.add_edges_from(edges.T.tolist())

    def call() -> dict[str, Any]:
        values = networkx.clustering(graph)
        return {"tc": np.array([values[node] for node in range(num_nodes)])}

    return call


def _loop(hops: int) -> Callable[[Inputs], Call]:
    def setup(inputs: Inputs) -> Call:
        edges, num_nodes, _ = inputs
        near: list[list[int]] = [[] for _ in range(num_nodes)]
        for u, v in edges.T.tolist():
            near[u].append(v)
            near[v].append(u)
        beta = num_nodes / sum(map(len, near))

        def walks_of(node: int) -> list[dict[int, int]]:
            found = [dict.fromkeys(near[node], 1)]
            for _ in range(hops - 1):
                further: dict[int, int] = {}
                for u, count in found[-1].items():
                    for v in near[u]:
                        further[v] = further.get(v, 0) + count
                found.append(further)
            return found

        def call() -> dict[str, Any]:
            walks = [walks_of(node) for node in range(num_nodes)]
            values = np.zeros(num_nodes)
            for i in range(num_nodes):
                if len(near[i]) <= 1:
                    continue
                shares = []
                for j in near[i]:
                    found = whole = 0.0
                    for k1 in range(hops):
                        for k2 in range(hops):
                            power = beta ** (k1 + k2)
                            mine = walks[i][k1]
                            found += power * sum(mine[u] for u in walks[j][k2] if u in mine)
                            whole += power * (sum(mine.values()) - (k1 == k2 == 0))
                    shares.append(found / whole)
                values[i] = sum(shares) / len(shares)
            return {"tc": values}

        return call

    return setup


def _matrix(edges: np.ndarray, num_nodes: int, dtype: Any = np.float64) -> Any:
    from scipy.sparse import csr_array

    row, col = np.concatenate([edges, edges[::-1]], axis=1)
    return csr_array((np.ones(len(row), dtype), (row, col)), shape=(num_nodes, num_nodes))


def _scipy(hops: int) -> Callable[[Inputs], Call]:
    """The formula in sparse products; of two hops, with every pair two hops apart in memory."""
    def setup(inputs: Inputs) -> Call:
        edges, num_nodes, _ = inputs
        train = _matrix(edges, num_nodes)

        def call() -> dict[str, Any]:
            degree = train.sum(axis=1)
            beta = num_nodes / degree.sum()
            walks, trees = [train], [train]
            for _ in range(hops - 1):
                walks.append(walks[-1] @ train)
                trees.append((walks[-1] > 0).astype(np.float64))
            mine = sum(beta**k * w for k, w in enumerate(walks))
            theirs = sum(beta**k * t for k, t in enumerate(trees))
            found = mine.multiply(train @ theirs).sum(axis=1)
            whole = sum(beta**k for k in range(hops)) * mine.sum(axis=1) - 1
            values = np.divide(found, whole * degree, out=np.zeros(num_nodes), where=degree > 1)
            return {"tc": values}

        return call

    return setup


def _scipy_held_out(inputs: Inputs) -> Call:
    edges, num_nodes, pairs = inputs
    train = _matrix(edges, num_nodes)

    def call() -> dict[str, Any]:
        common = train[pairs[:, 0]].multiply(train[pairs[:, 1]]).sum(axis=1)
        total = sum(np.bincount(side, common, num_nodes) for side in pairs.T)
        count = sum(np.bincount(side, minlength=num_nodes) for side in pairs.T)
        whole = count * train.sum(axis=1)
        return {"tc": np.divide(total, whole, out=np.zeros(num_nodes), where=whole > 0)}

    return call


def _scipy_approximate(hops: int, dim: int) -> Callable[[Inputs], Call]:
    def setup(inputs: Inputs) -> Call:
        edges, num_nodes, _ = inputs
        train = _matrix(edges, num_nodes, np.float32)

        def call() -> dict[str, Any]:
            degree = np.maximum(train.sum(axis=1), 1)[:, None]
            beta = num_nodes / train.nnz
            x = np.random.default_rng(0).standard_normal((num_nodes, dim), np.float32)
            x /= np.float32(np.sqrt(dim))
            total = np.zeros_like(x)
            for hop in range(hops):
                x = train @ x / degree
                total += np.float32(beta**hop) * x
            length = np.linalg.norm(total, axis=1, keepdims=True)
            total /= np.where(length > 0, length, 1)
            return {"atc": (total * (train @ total / degree)).sum(axis=1)}

        return call

    return setup


def cases() -> list[Case]:
    def scipy(setup: Callable[[Inputs], Call]) -> Peer:
        return Peer("scipy", setup, needs=("scipy",))

    def loop(hops: int) -> Peer:
        return Peer("loop over nodes", _loop(hops), slow=True)

    return [
        Case("one hop, 10k nodes, 100k edges", _inputs(10_000, 100_000), [
            Peer("graphlocal", _ours(1)), scipy(_scipy(1)),
            Peer("networkx.clustering", _networkx, slow=True, needs=("networkx",)), loop(1),
        ]),
        Case("one hop, 100k held-out pairs, 1.2M edges", _inputs(170_000, 1_200_000, 100_000), [
            Peer("graphlocal", _ours(1, held_out=True)), scipy(_scipy_held_out),
        ]),
        Case("two hops, 2k nodes, 10k edges", _inputs(2_000, 10_000), [
            Peer("graphlocal", _ours(2)), scipy(_scipy(2)), loop(2),
        ]),
        # Alone: what the others keep in memory, most pairs of nodes, is more than there is.
        Case("two hops, 142k nodes, 1M edges", _inputs(142_000, 1_000_000), [
            Peer("graphlocal", _ours(2)),
        ], rounds=3),
        Case("two hops approximately, 64 features, 1.2M edges", _inputs(170_000, 1_200_000), [
            Peer("graphlocal", _ours_approximate(2, 64)), scipy(_scipy_approximate(2, 64)),
        ], rounds=5),
    ]

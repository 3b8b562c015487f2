"""Neighbours, walks and LargeGT's tokens drawn from large graphs, against what others draw with.

Power-law graphs (Chung-Lu): 170,000 nodes and 1.2 million edges, and 2.4 million nodes and 30
million edges, each edge in both directions. Samplers get the graph prepared in their own form; a
call draws for some batches. Random results can't be equal: what is compared are their sizes, or
what they are on average.

LargeGT's tokens are drawn by the authors' procedure from the square of the adjacency matrix. For
all nodes it does not fit the memory of most machines, so both sides draw for the same part of the
nodes, and the authors' one multiplies the rows of that part alone. What it needs for all nodes is
therefore more than what stands here, times the nodes over those of the part.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges

FAN_OUT, BATCH, BATCHES = [10, 10], 1024, 8
LENGTH, WALKERS = 20, 50_000
TOKENS, PART = 50, 1500


def _graph(nodes: int, edges: int, exponent: float) -> Any:
    from graphlocal import CSRGraph

    return CSRGraph.from_edge_index(power_law_edges(nodes, edges, exponent), nodes)


def _some(graph: Any, count: int) -> np.ndarray:
    return np.random.default_rng(9).permutation(graph.num_nodes)[:count]


def _sizes(samples: list[tuple[int, int]]) -> dict[str, Any]:
    nodes, edges = map(sum, zip(*samples, strict=True))
    return {"nodes": nodes, "edges": edges}


def _batches(graph: Any) -> list[np.ndarray]:
    return np.split(_some(graph, BATCH * BATCHES), BATCHES)


def _neighbors(graph: Any) -> Callable[[], dict[str, Any]]:
    from graphlocal.ops import sample_neighbors

    batches, epochs = _batches(graph), itertools.count()

    def call() -> dict[str, Any]:
        epoch = next(epochs)
        samples = [sample_neighbors(graph, batch, FAN_OUT, epoch=epoch) for batch in batches]
        return _sizes([(len(s.n_id), len(s.e_id)) for s in samples])

    return call


def _torch_sparse(graph: Any) -> Callable[[], dict[str, Any]]:
    import torch
    import torch_sparse  # noqa: F401  # brings the operator

    rowptr, col = torch.tensor(graph.rowptr), torch.tensor(graph.col, dtype=torch.long)
    batches = [torch.from_numpy(batch) for batch in _batches(graph)]

    def call() -> dict[str, Any]:
        samples = [torch.ops.torch_sparse.neighbor_sample(rowptr, col, batch, FAN_OUT, False, True)
                   for batch in batches]
        return _sizes([(len(s[0]), len(s[3])) for s in samples])

    return call


def _ends(walks: np.ndarray, graph: Any) -> dict[str, Any]:
    """Walkers visit nodes in proportion to their degrees: on average they agree."""
    return {"log degree": np.log(graph.degree[walks[:, 1:]]).mean()}


def _starts(graph: Any) -> np.ndarray:
    nodes = _some(graph, 2 * WALKERS)
    return nodes[graph.degree[nodes] > 0][:WALKERS]


def _walks(graph: Any, p: float, q: float) -> Callable[[], dict[str, Any]]:
    from graphlocal.ops import random_walks

    start, epochs = _starts(graph), itertools.count()
    return lambda: _ends(random_walks(
        graph, start, LENGTH, epoch=next(epochs), p=p, q=q)[:, 0].numpy(), graph)


def _torch_cluster(graph: Any, p: float, q: float) -> Callable[[], dict[str, Any]]:
    import torch
    import torch_cluster  # noqa: F401  # brings the operator

    rowptr, col = torch.tensor(graph.rowptr), torch.tensor(graph.col, dtype=torch.long)
    start = torch.from_numpy(_starts(graph))
    walk = torch.ops.torch_cluster.random_walk
    return lambda: _ends(walk(rowptr, col, start, LENGTH, p, q)[0].numpy(), graph)


def _numpy_walks(graph: Any) -> Callable[[], dict[str, Any]]:
    start, degree = _starts(graph), graph.degree
    rng = np.random.default_rng(0)

    def call() -> dict[str, Any]:
        walks = np.empty((LENGTH + 1, len(start)), np.int64)
        walks[0] = start
        for step in range(LENGTH):
            node = walks[step]
            slot = graph.rowptr[node] + (rng.random(len(node)) * degree[node]).astype(np.int64)
            walks[step + 1] = graph.col[slot]
        return _ends(walks.T, graph)

    return call


def _repeats(tokens: np.ndarray, graph: Any) -> dict[str, Any]:
    return {"log degree": np.log(graph.degree[tokens[:, 1:]].clip(1)).mean()}


def _tokens(graph: Any, law: str) -> Callable[[], dict[str, Any]]:
    from graphlocal.loader import LocalTokenSampler

    sampler, nodes = LocalTokenSampler(graph, TOKENS, law), _some(graph, PART)
    epochs = itertools.count()
    if law == "path":  # another law: nothing to compare
        return lambda: {"rows": len(sampler(nodes, next(epochs)))}
    return lambda: {"rows": PART} | _repeats(sampler(nodes, next(epochs)).numpy(), graph)


def _authors(graph: Any) -> Callable[[], dict[str, Any]]:
    """Candidates from A and its square, ``random.sample``, cyclic repetition where they are few."""
    from scipy.sparse import csr_array

    size = (graph.num_nodes, graph.num_nodes)
    a = csr_array((np.ones(len(graph.col), np.int64), graph.col, graph.rowptr), size)
    nodes = _some(graph, PART)

    def call() -> dict[str, Any]:
        square = a[nodes] @ a
        tokens = np.empty((PART, TOKENS), np.int64)
        for i, node in enumerate(nodes.tolist()):
            first = a.indices[a.indptr[node]:a.indptr[node + 1]].tolist()
            found = first + square.indices[square.indptr[i]:square.indptr[i + 1]].tolist()
            if not found:
                chosen = random.sample(range(graph.num_nodes), TOKENS - 1)
            elif len(found) < TOKENS - 1:
                chosen = (found * (TOKENS // len(found) + 1))[: TOKENS - 1]
            else:
                chosen = random.sample(found, TOKENS - 1)
            tokens[i] = [node, *chosen]
        return {"rows": PART} | _repeats(tokens, graph)

    return call


def cases() -> list[Case]:
    graphs = {"170k nodes": partial(_graph, 170_000, 1_200_000, 2.5),
              "2.4M nodes": partial(_graph, 2_400_000, 30_000_000, 5.0)}
    found = []
    for name, graph in graphs.items():
        found += [
            Case(f"10 x 10 neighbours of {BATCHES} batches of {BATCH}, {name}", graph, [
                Peer("graphlocal", _neighbors),
                Peer("torch_sparse", _torch_sparse, needs=("torch_sparse",)),
            ], rtol=0.02),
            Case(f"{WALKERS} walks of {LENGTH} steps, {name}", graph, [
                Peer("graphlocal", partial(_walks, p=1.0, q=1.0)),
                Peer("torch_cluster", partial(_torch_cluster, p=1.0, q=1.0),
                     needs=("torch_cluster",)),
                Peer("numpy, all at once", _numpy_walks),
            ], rtol=0.02),
            Case(f"{TOKENS} tokens of {PART} nodes, {name}", graph, [
                Peer("graphlocal, exact", partial(_tokens, law="exact")),
                Peer("graphlocal, path", partial(_tokens, law="path")),
                Peer("authors, rows of A @ A", _authors),
            ], rtol=0.05),
        ]
    found.insert(2, Case(f"{WALKERS} node2vec walks of {LENGTH} steps, 170k nodes",
                         graphs["170k nodes"], [
        Peer("graphlocal", partial(_walks, p=0.5, q=2.0)),
        Peer("torch_cluster", partial(_torch_cluster, p=0.5, q=2.0), needs=("torch_cluster",)),
    ], rtol=0.05))
    return found

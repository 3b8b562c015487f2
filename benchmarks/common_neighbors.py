"""Common neighbours of pairs and sums over them, forward and backward, against torch and scipy.

Three graphs: preferential attachment of 100,000 nodes with a million edges (few pairs share
anything), one that looks like a collaboration network (236,000 nodes, triads closed half of the
time), and one as dense as a network of drug interactions (4,267 nodes, a million edges, where pairs
share a hundred). Half of the pairs are edges, half are drawn uniformly; 64 features in float32.

The torch route is how published code finds common neighbours without a kernel of its own: both rows
of every pair are gathered, an entry becomes one key of pair and node, and the keys of one side are
looked up among the sorted keys of the other. scipy multiplies the two gathered sparse matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from .harness import Case, Peer

WIDTH = 64


@njit(cache=True)
def _attach(num_nodes, links, triads, rng):
    """Ends of edges, two by two: every node links to ends of earlier edges, so in proportion to
    degree, or with probability ``triads`` to a neighbour of the one it linked to before."""
    edges = (num_nodes - links) * links
    end = np.empty(2 * edges, np.int64)
    first = np.full(num_nodes, -1, np.int64)  # of each node, the last of its ends
    before = np.empty(2 * edges, np.int64)  # and of each end, the one before
    for e in range(edges):
        row = e // links
        node = links + row
        target = -1
        if e % links and row and rng.random() < triads:
            at = first[end[2 * e - 1]]
            for _ in range(rng.integers(0, 20)):
                if before[at] < 0:
                    break
                at = before[at]
            target = end[at ^ 1]
            if target == node:
                target = -1
        if target < 0:
            target = end[rng.integers(0, 2 * row * links)] if row else e % links
        end[2 * e], end[2 * e + 1] = node, target
        for at in (2 * e, 2 * e + 1):
            before[at] = first[end[at]]
            first[end[at]] = at
    return end


def _dense(num_nodes: int, num_edges: int, seed: int = 0) -> NDArray[np.int64]:
    """Edges of a Chung-Lu graph whose degrees differ mildly, as in a dense network."""
    rng = np.random.default_rng(seed)
    total = np.cumsum((np.arange(num_nodes) + 60.0) ** -0.45)
    keys = np.zeros(0, np.int64)
    while len(keys) < num_edges:
        ends = np.searchsorted(total / total[-1], rng.random((2, num_edges)))
        ends = np.sort(ends.clip(max=num_nodes - 1), axis=0)
        fresh = (ends[0] * num_nodes + ends[1])[ends[0] != ends[1]]
        keys = np.unique(np.concatenate([keys, fresh]))
    keys = rng.permutation(keys)[:num_edges]
    names = rng.permutation(num_nodes)
    return names[np.stack([keys // num_nodes, keys % num_nodes])]


def _inputs(name: str) -> dict[str, Any]:
    from graphlocal import CSRGraph

    if name == "drugs":
        num_nodes, pairs, edge_index = 4_267, 24_576, _dense(4_267, 1_060_000)
    else:
        num_nodes, links, triads = (100_000, 10, 0.0) if name == "attachment" else (235_868, 5, 0.5)
        pairs, end = 65_536, _attach(
            num_nodes, links, triads, np.random.default_rng(0))
        edge_index = np.stack([end[::2], end[1::2]])
    graph = CSRGraph.from_edge_index(edge_index, num_nodes)
    rng = np.random.default_rng(1)
    row = np.repeat(np.arange(num_nodes), graph.degree)
    chosen = rng.choice(len(row), pairs // 2, replace=False)
    ends = np.stack([row[chosen], graph.col[chosen]])
    ends = np.concatenate([ends, rng.integers(0, num_nodes, (2, pairs - pairs // 2))], axis=1)
    return {
        "rowptr": graph.rowptr, "col": graph.col,
        "pairs": np.ascontiguousarray(ends[:, rng.permutation(pairs)]),
        "x": rng.standard_normal((num_nodes, WIDTH), dtype=np.float32),
        "grad": rng.standard_normal((pairs, WIDTH), dtype=np.float32),
    }


def _tensors(inputs: dict[str, Any]) -> dict[str, Any]:
    import torch

    return {key: torch.from_numpy(np.array(value)) for key, value in inputs.items()}


def _sample(out: Any) -> dict[str, Any]:
    """A sum is compared in full only where it is small: its rows add up to as much as all do."""
    return {"out": out.detach()[::16], "total": out.detach().sum(0)}


def _ours(inputs: dict[str, Any], *, task: str) -> Callable[[], dict[str, Any]]:
    from graphlocal import ops

    t = _tensors(inputs)
    graph = ops.SimpleGraph(t["rowptr"], t["col"])
    graph, pairs, x = ops.as_simple(graph), t["pairs"], t["x"].requires_grad_(task == "train")

    def call() -> dict[str, Any]:
        if task == "list":
            ptr, node = ops.common_neighbors(graph, pairs)
            return {"ptr": ptr, "node": node}
        if task == "split":
            parts = ops.neighbor_split(graph, pairs)
            return {f"{k}{n}": part[n] for k, part in enumerate(parts) for n in range(2)}
        out = ops.overlap_sum(x, graph, pairs)
        if task == "sum":
            return _sample(out)
        x.grad = None
        out.backward(t["grad"])
        return {**_sample(out), "grad": x.grad[::16]}

    return call


def _torch(inputs: dict[str, Any], *, task: str) -> Callable[[], dict[str, Any]]:
    import torch

    t = _tensors(inputs)
    rowptr, col, pairs = t["rowptr"], t["col"].long(), t["pairs"]
    x, count = t["x"].requires_grad_(task == "train"), pairs.shape[1]

    def keys(node):
        start, degree = rowptr[node], rowptr[node + 1] - rowptr[node]
        pair = torch.arange(count).repeat_interleave(degree)
        within = torch.arange(len(pair)) - (degree.cumsum(0) - degree)[pair]
        return (pair << 32) + col[start[pair] + within]

    def found(some, among):
        at = torch.searchsorted(among, some).clamp_(max=len(among) - 1)
        return among[at] == some

    def lists(key):
        ptr = torch.zeros(count + 1, dtype=torch.long)
        torch.cumsum(torch.bincount(key >> 32, minlength=count), 0, out=ptr[1:])
        return ptr, key & 0xFFFFFFFF

    def call() -> dict[str, Any]:
        first, second = keys(pairs[0]), keys(pairs[1])
        if task == "split":
            shared = found(first, second)
            parts = (first[shared], first[~shared], second[~found(second, first)])
            return {f"{k}{n}": part for k, key in enumerate(parts)
                    for n, part in enumerate(lists(key))}
        if len(first) > len(second):
            first, second = second, first
        ptr, node = lists(first[found(first, second)])
        if task == "list":
            return {"ptr": ptr, "node": node}
        pair = torch.arange(count).repeat_interleave(ptr.diff())
        out = torch.zeros(count, WIDTH).index_add(0, pair, x.index_select(0, node))
        if task == "sum":
            return _sample(out)
        x.grad = None
        out.backward(t["grad"])
        return {**_sample(out), "grad": x.grad[::16]}

    return call


def _scipy(inputs: dict[str, Any], *, task: str) -> Callable[[], dict[str, Any]]:
    from scipy.sparse import csr_array

    num_nodes = len(inputs["x"])
    matrix = csr_array((np.ones(len(inputs["col"]), np.float32), inputs["col"], inputs["rowptr"]),
                       (num_nodes, num_nodes))
    left, right = inputs["pairs"]

    def call() -> dict[str, Any]:
        first, second = matrix[left], matrix[right]
        shared = first.multiply(second).tocsr()
        shared.sort_indices()
        if task == "list":
            return {"ptr": shared.indptr, "node": shared.indices}
        if task == "split":
            parts = [shared, first - shared, second - shared]
            for part in parts[1:]:
                part.eliminate_zeros()
                part.sort_indices()
            return {f"{k}{n}": array for k, part in enumerate(parts)
                    for n, array in enumerate((part.indptr, part.indices))}
        out = shared @ inputs["x"]
        result = {"out": out[::16], "total": out.sum(0)}
        if task == "train":
            result["grad"] = (shared.T @ inputs["grad"])[::16]
        return result

    return call


def cases() -> list[Case]:
    tasks = {"list": "list", "split": "three parts", "sum": "sum", "train": "sum and gradient"}
    return [
        Case(f"{name}: {what}", partial(_inputs, name), [
            Peer("graphlocal", partial(_ours, task=task)),
            Peer("torch, sorted keys", partial(_torch, task=task)),
            Peer("scipy", partial(_scipy, task=task)),
        ], atol=2e-2 if task in ("sum", "train") else 0)
        for name in ("attachment", "collaboration", "drugs") for task, what in tasks.items()
    ]

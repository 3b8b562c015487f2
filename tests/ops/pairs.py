"""Pairs of nodes to try on graphs of the zoo, and what python's sets say of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from graphlocal.kernels.cpu import common_neighbors as kernel
from tests.ops.graphs import zoo

PARTS = ("both", "left", "right")
each_part = pytest.mark.parametrize("part", PARTS)
each_pair_backend = pytest.mark.parametrize("backend", ["cpu", "reference"])
each_method = pytest.mark.parametrize("method", list(kernel.METHODS))


def zoo_pairs(name: str, count: int = 150) -> tuple[Tensor, int, Tensor]:
    """``(edge_index, num_nodes, pairs)``: all pairs of a small graph, some of a larger one."""
    edge_index, num_nodes = zoo(name)
    pairs = np.array(list(itertools.product(range(num_nodes), repeat=2)), np.int64).reshape(-1, 2)
    if len(pairs) > count:
        pairs = pairs[np.random.default_rng(1).permutation(len(pairs))[:count]]
    return edge_index, num_nodes, torch.from_numpy(np.ascontiguousarray(pairs.T))


def some_edges(edge_index: Tensor) -> Tensor:
    """Every third edge, as pairs: some the other way round, and one that is no edge."""
    chosen = edge_index[:, ::3]
    return torch.cat([chosen[:, ::2], chosen[:, 1::2].flip(0)], 1)


def neighbor_sets(edge_index: Tensor, num_nodes: int, hidden: Tensor | None = None
                  ) -> list[set[int]]:
    rows: list[set[int]] = [set() for _ in range(num_nodes)]
    gone = set() if hidden is None else {frozenset(pair) for pair in hidden.t().tolist()}
    for u, v in edge_index.t().tolist():
        if u != v and frozenset((u, v)) not in gone:
            rows[u].add(v)
            rows[v].add(u)
    return rows


def walk(rows: list[set[int]], node: int, hops: int) -> set[int]:
    reached = {node}
    for _ in range(hops):
        reached = set().union(*(rows[u] for u in reached))
    return reached


def by_sets(rows: list[set[int]], pairs: Tensor, part: str = "both", hops=(1, 1)
            ) -> list[list[int]]:
    out = []
    for i, j in pairs.t().tolist():
        a, b = walk(rows, i, hops[0]), walk(rows, j, hops[1])
        out.append(sorted({"both": a & b, "left": a - b, "right": b - a}[part]))
    return out


def as_lists(ptr: Tensor, node: Tensor) -> list[list[int]]:
    borders = ptr.tolist()
    return [node[a:b].tolist() for a, b in itertools.pairwise(borders)]


def force(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every op on pairs take one algorithm."""
    choose = kernel.plan_pairs
    monkeypatch.setattr(kernel, "plan_pairs", lambda *arguments: choose(*arguments, method=method))

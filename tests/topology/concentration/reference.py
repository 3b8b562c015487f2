"""Topological concentration straight from its formula, in dense matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graphlocal import CSRGraph


def dense(graph: CSRGraph) -> NDArray[np.float64]:
    matrix = np.zeros((graph.num_nodes,) * 2)
    matrix[np.repeat(np.arange(graph.num_nodes), graph.degree), graph.col] = 1.0
    return matrix


def concentration(
    graph: CSRGraph, targets: CSRGraph | None, hops: int, beta: float | None = None
) -> NDArray[np.float64]:
    """``targets`` of ``None`` are the training neighbours."""
    train = dense(graph)
    to = train if targets is None else dense(targets)
    n = len(train)
    out = np.zeros(n)
    if beta is None:
        beta = 1.0 / train.sum(axis=1).mean() if train.any() else 1.0
    walks = [np.linalg.matrix_power(train, k) for k in range(1, hops + 1)]
    for i in range(n):
        degree = train[i].sum()
        if degree == 0 or to[i].sum() == 0 or (targets is None and degree <= 1):
            continue
        shares = []
        for j in np.flatnonzero(to[i]):
            found = whole = 0.0
            for k1 in range(1, hops + 1):
                for k2 in range(1, hops + 1):
                    power = beta ** (k1 + k2 - 2)
                    end = walks[k2 - 1][j] > 0
                    found += power * walks[k1 - 1][i][end].sum()
                    whole += power * (walks[k1 - 1][i].sum()
                                      - (targets is None and k1 == k2 == 1))
            shares.append(found / whole)
        out[i] = np.mean(shares)
    return out

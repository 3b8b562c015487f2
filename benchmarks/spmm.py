"""Sums and maxima over neighbours, forward and backward, against EdgeIndex, torch and scatter.

A power-law graph of 170,000 nodes and 1.2 million edges (600,000 both ways) with 128 features in
float32. Every peer gets its graph prepared: EdgeIndex sorted with its caches filled, torch a CSR
matrix, torch-scatter the row pointers, ours an Adjacency. Gradients are those of the features.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges

#: Peers are compared on every so manieth row.
STRIDE = 16


def _inputs(nodes: int, edges: int, width: int, weighted: bool) -> dict[str, Any]:
    pairs = power_law_edges(nodes, edges)
    rng = np.random.default_rng(1)
    return {
        "edge_index": np.concatenate([pairs, pairs[::-1]], axis=1),
        "x": rng.standard_normal((nodes, width), dtype=np.float32),
        "grad": rng.standard_normal((nodes, width), dtype=np.float32),
        "weight": rng.random(2 * edges, dtype=np.float32) if weighted else None,
    }


def _peer(inputs: dict[str, Any], *, name: str, reduce: str) -> Callable[[], dict[str, Any]]:
    import warnings

    import torch

    warnings.filterwarnings("ignore", message="Sparse")
    x = torch.from_numpy(inputs["x"]).requires_grad_()
    grad = torch.from_numpy(inputs["grad"])
    edge_index = torch.from_numpy(inputs["edge_index"])
    weight = None if inputs["weight"] is None else torch.from_numpy(inputs["weight"])
    forward = globals()[f"_{name}"](edge_index, x, weight, reduce)

    def call() -> dict[str, Any]:
        x.grad = None
        out = forward()
        out.backward(grad)
        return {"out": out.detach()[::STRIDE], "grad": x.grad[::STRIDE]}

    return call


def _graphlocal(edge_index, x, weight, reduce):
    from graphlocal import ops

    adjacency = ops.as_adjacency(edge_index, x.shape[0])
    return lambda: ops.spmm(adjacency, x, weight, reduce)


def _edge_index(edge_index, x, weight, reduce):
    from torch_geometric import EdgeIndex

    graph = EdgeIndex(edge_index, sparse_size=(x.shape[0], x.shape[0]))
    graph, perm = graph.sort_by("col")
    graph.fill_cache_()
    value = None if weight is None else weight[perm]
    return lambda: graph.matmul(x, value, reduce=reduce, transpose=True)


def _torch_csr(edge_index, x, weight, reduce):
    import torch

    source, target = edge_index
    order = target.argsort(stable=True)
    rowptr = torch.zeros(x.shape[0] + 1, dtype=torch.long)
    rowptr[1:] = target.bincount(minlength=x.shape[0]).cumsum(0)
    value = torch.ones(len(source)) if weight is None else weight[order]
    matrix = torch.sparse_csr_tensor(rowptr, source[order], value, (x.shape[0],) * 2)
    return lambda: matrix @ x


def _pyg_scatter(edge_index, x, weight, reduce):
    from torch_geometric.utils import scatter

    source, target = edge_index

    def forward():
        message = x.index_select(0, source)
        if weight is not None:
            message = message * weight.unsqueeze(-1)
        return scatter(message, target, 0, x.shape[0], reduce)

    return forward


def _torch_scatter(edge_index, x, weight, reduce):
    from torch_scatter import segment_csr

    from graphlocal import ops

    adjacency = ops.as_adjacency(edge_index, x.shape[0])
    col = adjacency.col.long()
    value = None if weight is None else weight[adjacency.perm].unsqueeze(-1)

    def forward():
        message = x.index_select(0, col)
        if value is not None:
            message = message * value
        return segment_csr(message, adjacency.rowptr, reduce=reduce)

    return forward


def cases() -> list[Case]:
    def peers(reduce: str, *names: str) -> list[Peer]:
        known = {
            "graphlocal": Peer("graphlocal", partial(_peer, name="graphlocal", reduce=reduce)),
            "edge_index": Peer("EdgeIndex.matmul", partial(
                _peer, name="edge_index", reduce=reduce)),
            "torch_csr": Peer("torch CSR", partial(_peer, name="torch_csr", reduce=reduce)),
            "pyg_scatter": Peer("PyG scatter", partial(
                _peer, name="pyg_scatter", reduce=reduce), slow=True),
            "torch_scatter": Peer("torch_scatter", partial(
                _peer, name="torch_scatter", reduce=reduce), slow=True, needs=("torch_scatter",)),
        }
        return [known[name] for name in ("graphlocal", *names)]

    large = partial(_inputs, 170_000, 600_000, 128)
    every = ("edge_index", "torch_csr", "pyg_scatter", "torch_scatter")
    return [
        Case("sum", partial(large, weighted=False), peers("sum", *every), atol=1e-3),
        Case("weighted sum", partial(large, weighted=True), peers("sum", *every), atol=1e-3),
        Case("mean", partial(large, weighted=False),
             peers("mean", "edge_index", "pyg_scatter", "torch_scatter")),
        Case("max", partial(large, weighted=False), peers("max", "pyg_scatter", "torch_scatter")),
        Case("sum, Cora-sized", partial(_inputs, 2_708, 5_278, 16, weighted=False),
             peers("sum", *every), rounds=51),
    ]

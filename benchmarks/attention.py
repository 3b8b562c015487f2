"""Attention over neighbours by itself, forward and backward, against PyG's and torch's ways.

A power-law graph of 170,000 nodes and 1.2 million edges (600,000 both ways), 4 heads of 32
channels, float32, queries, keys and values given: what TransformerConv does between its linear
maps. PyG's way is its own ``propagate`` of that layer; the other gathers rows and reduces segments
of edges sorted by target with ``torch.segment_reduce``. Ours gets a prepared Adjacency. Gradients
are those of queries, keys and values. ``with edge features`` adds a term to keys and values, edge
by edge, whose gradient is asked for as well; it has 8 channels per head throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges

#: Peers are compared on every so manieth row.
STRIDE = 16


def _inputs(nodes: int, pairs: int, heads: int, width: int, edges: bool) -> dict[str, Any]:
    one_way = power_law_edges(nodes, pairs)
    rng = np.random.default_rng(1)
    shape = (nodes, heads, width)
    given = {name: rng.standard_normal(shape, dtype=np.float32)
             for name in ("q", "k", "v", "grad")}
    given["edge_index"] = np.concatenate([one_way, one_way[::-1]], axis=1)
    if edges:
        given["edge"] = rng.standard_normal((2 * pairs, heads, width), dtype=np.float32)
    return given


def _peer(
    inputs: dict[str, Any], *, name: str, backward: bool
) -> Callable[[], dict[str, Any]]:
    import torch

    given = {key: torch.from_numpy(value) for key, value in inputs.items()}
    grad, edge_index = given.pop("grad"), given.pop("edge_index")
    for x in given.values():
        x.requires_grad_(backward)
    forward = globals()[f"_{name}"](edge_index, given)

    def call() -> dict[str, Any]:
        for x in given.values():
            x.grad = None
        with torch.set_grad_enabled(backward):
            out = forward()
        found = {"out": out.detach()[::STRIDE]}
        if backward:
            out.backward(grad)
            found |= {key: x.grad[::STRIDE] for key, x in given.items()}
        return found

    return call


def _graphlocal(edge_index, given):
    from graphlocal import ops

    adjacency = ops.as_adjacency(edge_index, given["q"].shape[0])
    edge = given.get("edge")
    return lambda: ops.neighbor_attention(
        given["q"], given["k"], given["v"], adjacency, edge_key=edge, edge_value=edge)


def _pyg(edge_index, given):
    from torch.nn import Identity
    from torch_geometric.nn import TransformerConv

    _, heads, width = given["q"].shape
    layer = TransformerConv(1, width, heads, edge_dim=1 if "edge" in given else None)
    if "edge" in given:  # its features come transformed already
        layer.lin_edge = Identity()

    def forward():
        return layer.propagate(edge_index, query=given["q"], key=given["k"], value=given["v"],
                               edge_attr=given.get("edge"))

    return forward


def _segments(edge_index, given):
    import torch

    nodes, heads, width = given["q"].shape
    order = edge_index[1].argsort(stable=True)
    source, target = edge_index[:, order]
    length = target.bincount(minlength=nodes)

    def reduce(x, how):
        return torch.segment_reduce(x, how, lengths=length, unsafe=True, initial=0)

    def forward():
        score = (given["q"][target] * given["k"][source]).sum(-1) / width**0.5
        # The same number taken off all scores of a row, so that none is large; no gradient.
        top = torch.full((nodes, heads), -torch.inf).scatter_reduce_(
            0, target.unsqueeze(-1).expand(-1, heads), score.detach(), "amax")
        weight = (score - top[target]).exp()
        weight = weight / reduce(weight, "sum")[target]
        return reduce(given["v"][source] * weight.unsqueeze(-1), "sum")

    return forward


def cases() -> list[Case]:
    def peers(backward: bool, *names: str) -> list[Peer]:
        known = {"graphlocal": "graphlocal", "pyg": "PyG TransformerConv.propagate",
                 "segments": "gather and torch.segment_reduce"}
        return [Peer(known[name], partial(_peer, name=name, backward=backward),
                     slow=name == "segments") for name in ("graphlocal", *names)]

    large = partial(_inputs, 170_000, 600_000)
    small = partial(_inputs, 2_708, 5_278)
    return [
        Case("forward and backward", partial(large, 4, 32, False),
             peers(True, "pyg", "segments"), atol=1e-3, rounds=5),
        Case("forward alone", partial(large, 4, 32, False), peers(False, "pyg"), rounds=5),
        Case("with edge features", partial(large, 4, 8, True), peers(True, "pyg"), atol=1e-3,
             rounds=5),
        Case("Cora-sized, 8 heads of 8 channels", partial(small, 8, 8, False), peers(True, "pyg"),
             atol=1e-3, rounds=51),
    ]

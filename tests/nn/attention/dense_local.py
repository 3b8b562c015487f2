"""Layers of local attention as dense formulas, from distances."""

from __future__ import annotations

import math
from functools import partial

import networkx as nx
import pytest
import torch
from torch import Tensor, nn

from graphlocal.nn.attention import (
    DilatedNeighborAttention,
    GatedPositionalAttention,
    NeighborAttention,
)

LAYERS = {
    "neighbors": NeighborAttention,
    "no loops": partial(NeighborAttention, self_loops=False, root_weight=True),
    "dilated": partial(DilatedNeighborAttention, dilation=2),
    "dilations": partial(DilatedNeighborAttention, dilation=[3, 1, 3, 2], include_self=False),
    "gated": partial(GatedPositionalAttention, hops=2),
    "gated ring": partial(GatedPositionalAttention, hops=3, include_self=False, root_weight=True),
}
each_layer = pytest.mark.parametrize("name", list(LAYERS))


def local_layer(name: str, channels: int = 6, out: int = 8, heads: int = 4) -> nn.Module:
    torch.manual_seed(0)
    layer = LAYERS[name](channels, out, heads).double()
    if isinstance(layer, GatedPositionalAttention):
        nn.init.normal_(layer.hop_weight), nn.init.normal_(layer.gate)
    return layer


def both(edges: Tensor) -> Tensor:
    return torch.cat([edges, edges.flip(0)], dim=1)


def distances(edge_index: Tensor, num_nodes: int) -> Tensor:
    """``[N, N]``: how far j is from i along the edges as they point, in row i and column j."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(num_nodes))
    graph.add_edges_from((v, u) for u, v in edge_index.t().tolist())
    distance = torch.full((num_nodes, num_nodes), math.inf)
    for i in range(num_nodes):
        for j, hop in nx.single_source_shortest_path_length(graph, i).items():
            distance[i, j] = hop
    return distance


def heads(layer: nn.Module, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return tuple(lin(x).unflatten(1, (layer.heads, layer.head_channels)).transpose(0, 1)
                 for lin in (layer.lin_query, layer.lin_key, layer.lin_value))  # [H, N, D]


def softmax(score: Tensor, seen: Tensor) -> Tensor:
    return score.masked_fill(~seen, -math.inf).softmax(-1).nan_to_num(0.0)


def finish(layer: nn.Module, out: Tensor, x: Tensor) -> Tensor:
    out = layer.lin_out(out.transpose(0, 1).flatten(1))
    return out if layer.lin_root is None else out + layer.lin_root(x)


def plain(layer: nn.Module, x: Tensor, edge_index: Tensor) -> Tensor:
    """Dense, from distances; for graphs without parallel edges."""
    q, k, v = heads(layer, x)
    score = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
    distance = distances(edge_index, len(x))
    if isinstance(layer, NeighborAttention):
        seen = torch.zeros(len(x), len(x), dtype=torch.bool)
        seen[edge_index[1], edge_index[0]] = True
        if layer.self_loops:
            seen.fill_diagonal_(True)
        return finish(layer, softmax(score, seen) @ v, x)
    if isinstance(layer, DilatedNeighborAttention):
        seen = torch.stack([(distance == hop) | ((distance == 0) & layer.include_self)
                            for hop in layer.dilation])
        return finish(layer, softmax(score, seen) @ v, x)
    seen = (distance <= layer.hops) & (layer.include_self | (distance > 0))
    place = layer.hop_weight[distance.clamp(max=layer.hops).long()].permute(2, 0, 1)  # [H, N, N]
    gate = layer.gate.sigmoid().view(-1, 1, 1)
    weight = (1 - gate) * softmax(score, seen) + gate * softmax(place, seen)
    return finish(layer, weight @ v, x)

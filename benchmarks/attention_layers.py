"""Attention layers, forward and backward, as PyG has them and on GraphLocal's core.

A power-law graph of 170,000 nodes and 1.2 million edges (600,000 both ways), 128 features, 4 heads
of 32 channels, float32. Both get the same parameters and the same tensors; gradients are those of
the parameters. Self loops are added by the layers, as they do by default. The linear maps are the
same in both and a share of the time: ``linear maps alone`` says how much.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges

#: Peers are compared on every so manieth row.
STRIDE = 16
#: Linear maps of 128 by 128 in each layer.
_MAPS = {"GATConv": 1, "GATv2Conv": 2, "TransformerConv": 4}


def _inputs(nodes: int, pairs: int, width: int) -> dict[str, Any]:
    edges = power_law_edges(nodes, pairs)
    rng = np.random.default_rng(1)
    return {
        "edge_index": np.concatenate([edges, edges[::-1]], axis=1),
        "x": rng.standard_normal((nodes, width), dtype=np.float32),
        "grad": rng.standard_normal((nodes, width), dtype=np.float32),
    }


def _layer(
    inputs: dict[str, Any], *, name: str, ours: bool, dropout: float
) -> Callable[[], dict[str, Any]]:
    import torch
    from torch_geometric.nn import conv as pyg

    torch.manual_seed(0)
    x, grad = torch.from_numpy(inputs["x"]), torch.from_numpy(inputs["grad"])
    edge_index = torch.from_numpy(inputs["edge_index"])
    layer = getattr(pyg, name)(x.size(1), 32, heads=x.size(1) // 32, dropout=dropout)
    if ours:
        import graphlocal

        assert graphlocal.accelerate(layer).changed

    def call() -> dict[str, Any]:
        layer.zero_grad()
        out = layer(x, edge_index)
        out.backward(grad)
        if dropout:
            return {"shape": np.array(out.shape)}
        found = {key: p.grad for key, p in layer.named_parameters()}
        # A bias of all keys changes no softmax: its gradient is rounding.
        found.pop("lin_key.bias", None)
        return {"out": out.detach()[::STRIDE],
                **{key: value / value.abs().max() for key, value in found.items()}}

    return call


def _maps(inputs: dict[str, Any], *, name: str) -> Callable[[], dict[str, Any]]:
    import torch

    x, grad = torch.from_numpy(inputs["x"]), torch.from_numpy(inputs["grad"])
    maps = [torch.nn.Linear(x.size(1), x.size(1)) for _ in range(_MAPS[name])]

    def call() -> dict[str, Any]:
        for linear in maps:
            linear.zero_grad()
            linear(x).backward(grad)
        return {"shape": np.array(grad.shape)}

    return call


def cases() -> list[Case]:
    found = []
    large = partial(_inputs, 170_000, 600_000, 128)
    for name in _MAPS:
        layer = partial(_layer, name=name, dropout=0.0)
        found.append(Case(name, large, [
            Peer("graphlocal", partial(layer, ours=True)),
            Peer("PyG", partial(layer, ours=False)),
        ], rounds=5, atol=1e-3, rtol=1e-3))
    for name in _MAPS:
        dropped = partial(_layer, name=name, dropout=0.5)
        found.append(Case(f"{name}, dropout 0.5", large, [
            Peer("graphlocal", partial(dropped, ours=True)),
            Peer("PyG", partial(dropped, ours=False)),
            Peer("linear maps alone", partial(_maps, name=name)),
        ], rounds=3))
    return found

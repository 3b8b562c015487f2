"""A training epoch of PyG's GCN and GraphSAGE, as they are and after ``accelerate``.

Two layers, full batch: forward, cross entropy, backward, a step of Adam. The loop is PyG's usual
one and the same for both: the only difference is the line ``graphlocal.accelerate(model)``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges


def _power_law() -> dict[str, Any]:
    """170,000 nodes, 1.2 million edges (600,000 both ways), 128 features, 40 classes."""
    return _inputs(power_law_edges(num_edges=600_000), 170_000, 128, 128, 40)


def _cora_sized() -> dict[str, Any]:
    """Cora's numbers: 2,708 nodes, 10,556 edges (5,278 both ways), 1,433 features, 7 classes."""
    return _inputs(power_law_edges(2_708, 5_278), 2_708, 1_433, 16, 7)


def _inputs(edges: np.ndarray, nodes: int, features: int, hidden: int, classes: int) -> dict:
    rng = np.random.default_rng(1)
    return {
        "edge_index": np.concatenate([edges, edges[::-1]], axis=1),
        "x": rng.standard_normal((nodes, features), dtype=np.float32),
        "y": rng.integers(0, classes, nodes),
        "hidden": hidden,
        "classes": classes,
    }


def _training(
    inputs: dict[str, Any], *, model: str, fast: bool, epochs: int
) -> Callable[[], dict[str, Any]]:
    """The first call trains from the start and returns what both must agree on."""
    import torch
    import torch.nn.functional as F
    from torch_geometric.nn import models

    torch.manual_seed(0)
    x, y = torch.from_numpy(inputs["x"]), torch.from_numpy(inputs["y"])
    edge_index = torch.from_numpy(inputs["edge_index"])
    net = getattr(models, model)(x.size(1), inputs["hidden"], 2, inputs["classes"])
    if fast:
        import graphlocal

        graphlocal.accelerate(net)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    net.train()

    def train() -> dict[str, Any]:
        losses = []
        for _ in range(epochs):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x, edge_index), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return {"loss": torch.stack(losses)}

    return train


def cases() -> list[Case]:
    found = []
    for model in ("GCN", "GraphSAGE"):
        for name, make, epochs, rounds in (
            ("170k nodes, 1.2M edges, 1 epoch", _power_law, 1, 7),
            ("Cora-sized, 20 epochs", _cora_sized, 20, 15),
        ):
            peers = [
                Peer("accelerated", partial(_training, model=model, fast=True, epochs=epochs)),
                Peer("PyG", partial(_training, model=model, fast=False, epochs=epochs)),
            ]
            found.append(Case(f"{model}, {name}", make, peers, rounds=rounds, rtol=1e-3, atol=1e-3))
    return found

"""A training epoch of Graph Mamba Networks against PyG's ``GPSConv`` with Performer attention.

Two blocks of width 64 with the same GIN beside attention or scan, and a feed-forward network, full
batch: forward, cross entropy, backward, a step of Adam. GMN scans in both directions, with 16
states for each of 64 channels. With ``m`` of 1 and more every node has tokens of its own, subgraphs
uncovered by walks, which GPSConv has not. The models differ, so only their losses are looked at:
they are finite.

The last cases are GMN alone and of width 32, from 10 thousand nodes to a million: cost grows with
the nodes and the edges.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges

_WIDTH, _FEATURES, _CLASSES = 64, 32, 2


def _grid() -> dict[str, Any]:
    """Minesweeper's graph: a grid of 100 x 100, diagonals too; 10,000 nodes, 78,804 edges."""
    place = np.arange(10_000).reshape(100, 100)
    sides = [(place[:, 1:], place[:, :-1]), (place[1:], place[:-1]),
             (place[1:, 1:], place[:-1, :-1]), (place[1:, :-1], place[:-1, 1:])]
    return _inputs(np.concatenate([[a.ravel(), b.ravel()] for a, b in sides], axis=1), 10_000)


def _power_law(nodes: int, edges: int) -> dict[str, Any]:
    return _inputs(power_law_edges(nodes, edges), nodes)


def _inputs(edges: np.ndarray, nodes: int) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    return {"edge_index": np.concatenate([edges, edges[::-1]], axis=1),
            "x": rng.standard_normal((nodes, _FEATURES), dtype=np.float32),
            "y": rng.integers(0, _CLASSES, nodes)}


def _gmn(width: int = _WIDTH, **options: Any) -> Any:
    from graphlocal.models import GMN

    return GMN(_FEATURES, width, _CLASSES, 2, norm="batch", norm_first=False, **options)


def _gps() -> Any:
    from torch import nn
    from torch_geometric.nn import GINConv, GPSConv

    class GPS(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(_FEATURES, _WIDTH), nn.Linear(_WIDTH, _CLASSES)
            self.convs = nn.ModuleList(GPSConv(_WIDTH, GINConv(nn.Sequential(
                nn.Linear(_WIDTH, 2 * _WIDTH), nn.ReLU(), nn.Linear(2 * _WIDTH, _WIDTH)),
                train_eps=True), heads=4, attn_type="performer") for _ in range(2))

        def forward(self, x: Any, edge_index: Any) -> Any:
            x = self.first(x)
            for conv in self.convs:
                x = conv(x, edge_index)
            return self.last(x)

    return GPS()


def _epoch(inputs: dict[str, Any], make: Callable[[], Any]) -> Callable[[], dict[str, Any]]:
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(0)
    x, y, edge_index = (torch.from_numpy(inputs[name]) for name in ("x", "y", "edge_index"))
    model = make()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def run() -> dict[str, Any]:
        optimizer.zero_grad(set_to_none=True)
        loss = cross_entropy(model(x, edge_index), y)
        loss.backward()
        optimizer.step()
        return {"finite": loss.detach().isfinite().float()}

    return run


def _peer(name: str, make: Callable[[], Any], **options: Any) -> Peer:
    return Peer(name, partial(_epoch, make=partial(make, **options)))


def cases() -> list[Case]:
    """One epoch, small and large, and growing graphs."""
    ours, theirs = _peer("GMN, nodes as tokens (m=0)", _gmn), _peer("PyG GPSConv, Performer", _gps)
    found = [
        Case("minesweeper's grid, 10,000 nodes", _grid,
             [ours, _peer("GMN, m=1, M=4, s=1", _gmn, m=1, M=4),
              _peer("GMN, m=2, M=4, s=2, drawn anew", _gmn, m=2, M=4, s=2, resample=True), theirs],
             rounds=5),
        Case("power law, 170,000 nodes, 1,200,000 edges", partial(_power_law, 170_000, 600_000),
             [ours, _peer("GMN, m=1, M=2, s=1, portions of 20,000", _gmn, m=1, M=2,
                          portion=20_000), theirs], rounds=3),
    ]
    for nodes in (10_000, 100_000, 1_000_000):
        found.append(Case(f"cost: {nodes:,} nodes, {8 * nodes:,} edges",
                          partial(_power_law, nodes, 4 * nodes),
                          [_peer("GMN of width 32", _gmn, width=32)], rounds=3))
    return found

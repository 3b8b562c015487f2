"""A graph of three groups and a network small enough to train in milliseconds."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.data import Data


def small_data(num_classes: int = 3, splits: int = 0, seed: int = 0) -> Data:
    """Groups of 20 nodes, mostly joined within, features that point weakly to the group."""
    generator = torch.Generator().manual_seed(seed)
    n = 20 * num_classes
    y = torch.arange(n) % num_classes
    pairs = torch.randint(0, n, (2, 12 * n), generator=generator)
    keep = (y[pairs[0]] == y[pairs[1]]) | (torch.rand(12 * n, generator=generator) < 0.1)
    edge_index = torch.cat([pairs[:, keep], pairs[:, keep].flip(0)], dim=1)
    x = torch.randn(n, 8, generator=generator)
    x[:, :num_classes] += 1.5 * torch.eye(num_classes)[y]
    shape = (n, splits) if splits else (n,)
    part = torch.rand(shape, generator=generator)
    return Data(x=x, edge_index=edge_index, y=y, train_mask=part < 0.4,
                val_mask=(part >= 0.4) & (part < 0.7), test_mask=part >= 0.7)


class SmallNet(nn.Module):
    """A sum over neighbours with dropout and a batch norm, so that buffers and draws matter."""

    def __init__(self, out_channels: int = 3, in_channels: int = 8) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(in_channels, 16), nn.Linear(16, out_channels)
        self.norm, self.dropout = nn.BatchNorm1d(16), nn.Dropout(0.5)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = x + torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])
        return self.second(self.dropout(self.norm(self.first(x)).relu()))

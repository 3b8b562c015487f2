"""A graph with groups and a predictor that trains in milliseconds."""

from __future__ import annotations

import networkx as nx
import torch
from torch import Tensor, nn

from graphlocal.tasks.link import LinkData


def small_link_data(seed: int = 0) -> LinkData:
    """Three groups of 15 nodes, densely joined within, with features that point to the group."""
    graph = nx.planted_partition_graph(3, 15, 0.6, 0.03, seed=1)
    edges = torch.tensor(list(graph.edges)).t()
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(45, 6, generator=generator)
    x[torch.arange(45), torch.arange(45) // 15] += 2
    return LinkData.random(edges, 45, x=x, seed=seed)


class SmallLinkNet(nn.Module):
    """A sum over visible neighbours, dropout, and an inner product with a scale."""

    def __init__(self, in_channels: int = 6) -> None:
        super().__init__()
        self.encoder = nn.Linear(in_channels, 8)
        self.predictor = nn.Linear(8, 1)
        self.dropout = nn.Dropout(0.3)
        self.seen: list[tuple[int, int, int]] = []

    def encode(self, x: Tensor, edge_index: Tensor, exclude: Tensor | None = None) -> Tensor:
        if exclude is not None:
            key = edge_index[0] * len(x) + edge_index[1]
            both = torch.cat([exclude, exclude.flip(0)], dim=1)
            edge_index = edge_index[:, ~torch.isin(key, both[0] * len(x) + both[1])]
        h = self.dropout(self.encoder(x))
        return h + torch.zeros_like(h).index_add(0, edge_index[1], h[edge_index[0]])

    def decode(self, h: Tensor, graph: Tensor, edge_label_index: Tensor,
               exclude: Tensor | None = None) -> Tensor:
        return self.predictor(h[edge_label_index[0]] * h[edge_label_index[1]]).squeeze(-1)

    def forward(self, x: Tensor, edge_index: Tensor, edge_label_index: Tensor,
                exclude: Tensor | None = None) -> Tensor:
        self.seen.append((edge_index.size(1), edge_label_index.size(1),
                          0 if exclude is None else exclude.size(1)))
        return self.decode(self.encode(x, edge_index, exclude), edge_index, edge_label_index)

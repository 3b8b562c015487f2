"""Positions of nodes from random numbers that walk over the graph: linear in its edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from ..graph.checks import GraphTypeError, check_count, check_number, fail
from ..ops import as_adjacency, spmm
from ..ops.rows import as_undirected
from .attach import check_free, check_name, graph_of, put_nodes


@torch.no_grad()
def random_projection(
    graph: Any, channels: int = 64, weights: Sequence[float] = (0.0, 1.0, 1.0, 1.0), seed: int = 0
) -> Tensor:
    r"""Positions of nodes by "Fast and Accurate Network Embeddings via Very Sparse Random
    Projection" (arXiv:1908.11512).

    .. math::
        \mathbf{Z} = \sum_{k=1}^{K} \alpha_k \, \mathrm{norm}\left((\mathbf{D}^{-1} \mathbf{A})^k
        \mathbf{R}\right), \quad \mathbf{R} \sim \mathcal{N}(0, 1)

    Rows of :math:`(\mathbf{D}^{-1} \mathbf{A})^k` say where a random walk of ``k`` steps ends, so
    that nodes whose walks end alike lie close together, as with node2vec; nothing is learned, and
    the cost is that of ``K`` products of the graph with a matrix of ``channels`` columns. Columns
    of the result are brought to mean 0 and deviation 1.

    Args:
        graph: Anything :func:`~graphlocal.ops.as_adjacency` takes, taken as undirected.
        channels: Size of a position. (default: ``64``)
        weights: :math:`\alpha_1, \ldots, \alpha_K`. (default: ``(0, 1, 1, 1)``)
        seed: Of the random numbers. (default: ``0``)

    Shapes:
        - **output:** :math:`(N, C)`

    Raises:
        GraphError: If an argument is out of range.

    Example:
        >>> random_projection(torch.tensor([[0, 1, 2], [1, 2, 3]]), 8).shape
        torch.Size([4, 8])
    """
    channels, weights = _settings(channels, weights)
    graph = as_undirected(graph)
    adjacency = as_adjacency(graph)
    generator = torch.Generator().manual_seed(check_count(seed, "seed", most=2**64 - 1))
    values = torch.randn(graph.num_nodes, channels, generator=generator)
    total = torch.zeros_like(values)
    for weight in weights:
        values = spmm(adjacency, values, reduce="mean")
        total.add_(F.normalize(values, dim=1), alpha=weight)
    if graph.num_nodes > 1:
        std, mean = torch.std_mean(total, dim=0)
        total.sub_(mean).div_(std.clamp(min=1e-12))
    return total


@functional_transform("add_random_projection")
class AddRandomProjection(BaseTransform):
    """Adds :func:`random_projection` to every node (functional name: ``add_random_projection``).

    Args:
        channels: Size of a position. (default: ``64``)
        weights: Of the steps of a walk. (default: ``(0, 1, 1, 1)``)
        seed: Of the random numbers. (default: ``0``)
        attr: Name of the attribute. (default: ``"pos_enc"``)

    Shapes:
        - **input:** ``data.edge_index`` :math:`(2, E)`, taken as undirected
        - **output:** ``data[attr]`` :math:`(N, C)`

    Raises:
        GraphError: If an argument is out of range or ``data`` has the attribute already.

    Example:
        >>> from torch_geometric.data import Data
        >>> data = Data(edge_index=torch.tensor([[0, 1, 2], [1, 2, 3]]), num_nodes=4)
        >>> AddRandomProjection(8)(data)
        Data(edge_index=[2, 3], num_nodes=4, pos_enc=[4, 8])
    """

    def __init__(
        self, channels: int = 64, weights: Sequence[float] = (0.0, 1.0, 1.0, 1.0), seed: int = 0,
        attr: str = "pos_enc",
    ) -> None:
        self.channels, self.weights = _settings(channels, weights)
        self.seed = check_count(seed, "seed", most=2**64 - 1)
        self.attr = check_name(attr)

    def forward(self, data: Any) -> Any:
        check_free(data, self.attr)
        values = random_projection(graph_of(data), self.channels, self.weights, self.seed)
        put_nodes(data, self.attr, values.to(data.edge_index.device))
        return data

    def __repr__(self) -> str:
        return (f"{type(self).__name__}(channels={self.channels}, weights={self.weights}, "
                f"seed={self.seed}, attr='{self.attr}')")


def _settings(channels: int, weights: Sequence[float]) -> tuple[int, list[float]]:
    if not isinstance(weights, Sequence):
        fail("weights", repr(weights), "a list with a number for every step", kind=GraphTypeError)
    weights = [check_number(weight, "weights") for weight in weights]
    if not any(weights):
        fail("weights", repr(weights), "at least one that is not 0")
    return check_count(channels, "channels", least=1), weights

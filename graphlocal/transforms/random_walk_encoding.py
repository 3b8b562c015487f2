"""Return probabilities of random walks as the place of nodes in the structure."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from ..graph.checks import check_count
from ..topology.returns import return_probabilities
from .attach import append, check_free, check_name, graph_of, put_nodes


@functional_transform("add_random_walk_encoding")
class AddRandomWalkEncoding(BaseTransform):
    r"""Adds how likely a random walk is back at each node after 1, 2, ... steps, the encoding of
    "Graph Neural Networks with Learnable Structural and Positional Representations"
    (arXiv:2110.07875) (functional name: ``add_random_walk_encoding``).

    See :func:`~graphlocal.topology.return_probabilities`: exact, and powers of the adjacency are
    never stored, whatever the size of the graph.

    Args:
        steps: Length of the longest walk. (default: ``16``)
        attr: ``"x"``, to append to it or to be it where there is none, or the name of a new
            attribute. (default: ``"random_walk_pe"``)

    Shapes:
        - **input:** ``data.edge_index`` :math:`(2, E)`
        - **output:** ``data[attr]`` :math:`(N, T)` float32, or :math:`(N, F + T)` behind ``x``

    Raises:
        GraphError: If ``steps`` is below 1, ``data`` has several types of nodes or a wrong
            ``edge_index``, ``data.x`` is not floating-point, or ``data`` has the attribute already.

    Example:
        >>> from torch_geometric.data import Data
        >>> path = Data(edge_index=torch.tensor([[0, 1], [1, 2]]), num_nodes=3)
        >>> AddRandomWalkEncoding(2)(path).random_walk_pe
        tensor([[0.0000, 0.5000],
                [0.0000, 1.0000],
                [0.0000, 0.5000]])
    """

    def __init__(self, steps: int = 16, attr: str = "random_walk_pe") -> None:
        self.steps = check_count(steps, "steps", least=1)
        self.attr = check_name(attr)

    def forward(self, data: Any) -> Any:
        graph = graph_of(data)
        if self.attr != "x":
            check_free(data, self.attr)
        found = return_probabilities(graph, self.steps).astype(np.float32)
        values = torch.from_numpy(found).to(data.edge_index.device)
        put_nodes(data, self.attr, append(data, "x", values) if self.attr == "x" else values)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(steps={self.steps}, attr='{self.attr}')"

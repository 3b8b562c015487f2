"""What two nodes have in common, as features of the pair."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ... import ops
from ...graph import checks


def pair_features(pairs: ops.HopNeighbors, graph: Any, features: Tensor | None = None) -> Tensor:
    r"""Features of pairs of nodes for :class:`~graphlocal.nn.attention.GatedPositionalAttention`.

    .. math::
        \mathbf{f}_{ij} = \big[ \log(1 + d_j), \; |\log(1 + d_j) - \log(1 + d_i)|, \;
        |\mathbf{s}_j - \mathbf{s}_i| \big]

    A softmax over j forgets whatever depends on i alone and adds up over both: so a plain
    difference would tell it no more than :math:`\mathbf{s}_j`.

    Args:
        pairs: The pairs, j in row 0 and i in row 1.
        graph: Whose in-degrees are meant, anything :func:`~graphlocal.ops.as_adjacency` takes.
        features: What is known of the structure around each node, such as ``random_walk_pe``.
            Default: ``None``, degrees only.

    Shapes:
        - **features:** :math:`(N, F)`
        - **output:** :math:`(P, 2 + F)`

    Raises:
        GraphError: If the graph, the pairs and the features do not fit together.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> pair_features(ops.hop_neighbors(path, 1), path, torch.ones(3, 4)).shape
        torch.Size([4, 6])
    """
    if not isinstance(pairs, ops.HopNeighbors):
        checks.fail("pairs", type(pairs).__name__, "an ops.HopNeighbors", "take them from "
                    "ops.hop_neighbors or a layer's neighbors()", kind=checks.GraphTypeError)
    dtype = torch.get_default_dtype()
    if features is not None:
        dtype = checks.check_features(features, None, "features").dtype
    adjacency = ops.as_adjacency(graph, None if features is None else len(features))
    num_nodes = adjacency.num_dst
    ops.as_adjacency(pairs.edge_index, num_nodes, num_nodes)  # no node past the last
    (source, target), degree = pairs.edge_index, adjacency.degree.to(dtype).log1p()
    near = degree[source]
    parts = [near.unsqueeze(-1), (near - degree[target]).abs().unsqueeze(-1)]
    if features is not None:
        parts.append((features[source] - features[target]).abs())
    return torch.cat(parts, dim=-1)

"""Parts of a graph for attention between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ... import ops
from ...graph import checks
from ...kernels.cpu.partition import grow_parts


def bfs_partition(graph: Any, part_size: int, num_nodes: int | None = None,
                  batch: Tensor | None = None, seed: int = 0) -> Tensor:
    """Cuts a graph into parts of ``part_size`` neighbouring nodes by breadth-first search.

    Parts grow one after another, from the rim of the earlier ones; the last one of a graph may be
    smaller, and pieces cut off by others are filled up from elsewhere. Edges count in both
    directions. Time and memory grow with nodes and edges.

    Args:
        graph: ``edge_index`` or whatever :func:`~graphlocal.ops.as_simple` takes.
        part_size: Nodes in a part.
        num_nodes: Number of nodes. Default: ``None``, what the graph says.
        batch: The graph of each node, sorted; no part has nodes of two. Default: ``None``.
        seed: Of the order in which unconnected pieces are taken. Default: ``0``.

    Shapes:
        - **batch, output:** :math:`(N)`

    Raises:
        GraphError: If the graph, ``part_size`` or ``batch`` is wrong.

    Example:
        >>> path = torch.tensor([[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]])
        >>> sorted(bfs_partition(path, 3).bincount().tolist())
        [3, 3]
    """
    checks.check_count(part_size, "part_size", least=1)
    simple = ops.as_simple(graph, num_nodes)
    count, device = simple.num_nodes, simple.rowptr.device
    random = np.random.default_rng(checks.check_count(seed, "seed")).permutation(count)
    if batch is None:
        group = np.zeros(count, np.int64)
    else:
        checks.check_groups(batch, simple.degree)
        checks.check_sorted(batch)
        group = batch.cpu().long().numpy()
        random = random[np.argsort(group[random], kind="stable")]
    part = np.full(count, -1, np.int64)
    grow_parts(simple.rowptr.cpu().numpy(), simple.col.cpu().numpy(), random, group, part_size,
               part, np.zeros(count, np.int64), np.zeros(count, np.int64),
               np.zeros(count, np.uint8))
    return torch.from_numpy(part).to(device)

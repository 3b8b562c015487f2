"""Random walks along the edges of a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...graph import checks
from ...kernels.cpu import random_walks as kernel
from ...kernels.cpu.counter_random import draw_key
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ..rows import as_rows, device_of, frozen, to_nodes

#: Tells the numbers drawn here from those other ops draw for the same seed and epoch.
PURPOSE = 1


def random_walks(
    graph: Any,
    nodes: Any,
    length: int,
    walks_per_node: int = 1,
    seed: int = 0,
    epoch: int = 0,
    non_backtracking: bool = False,
    *,
    p: float = 1.0,
    q: float = 1.0,
    num_nodes: int | None = None,
    names: Any = None,
) -> Tensor:
    r"""Walks from given nodes along the direction of the edges.

    A step goes to a uniformly drawn out-neighbour; parallel edges make it as much likelier, a self
    loop stays where it is. From a node without out-edges there is no step: the walk stays, and the
    node is repeated. Walks of `"node2vec: Scalable Feature Learning for Networks"
    <https://arxiv.org/abs/1607.00653>`_ weigh a step from :math:`v` to :math:`x`, having come from
    :math:`u`, by :math:`1/p` if :math:`x = u`, by :math:`1` if :math:`u \to x` is an edge and by
    :math:`1/q` otherwise.

    Every walk has random numbers of its own, computed from ``seed``, ``epoch``, its node and its
    number among the walks of that node. It is the same in any batch, whatever the number of
    threads; a node that is listed twice has the same walks twice.

    Args:
        graph: What :func:`~graphlocal.ops.as_adjacency` takes; a :class:`~graphlocal.CSRGraph` is
            walked in both directions.
        nodes: Where walks start.
        length: Steps of a walk.
        walks_per_node: Walks from each node. (default: ``1``)
        seed: Names the draw. (default: ``0``)
        epoch: Names the pass; every pass has walks of its own. (default: ``0``)
        non_backtracking: Never go back along the last step unless there is no other way.
            (default: ``False``)
        p: Return parameter: large keeps a walk from going back. (default: ``1.0``)
        q: In-out parameter: small draws a walk away. (default: ``1.0``)
        num_nodes: Number of nodes; ``None`` takes what the graph knows. (default: ``None``)
        names: Numbers that stand for the nodes in the draw, such as their places within the graphs
            of a batch: a graph then has the same walks in any batch. (default: ``None``, the nodes)

    Shapes:
        - **nodes:** :math:`(n)`
        - **names:** :math:`(n)` *(optional)*
        - **output:** :math:`(n, W, L + 1)`, int64, on the device of ``nodes``

    Raises:
        GraphError: If a node is out of range, a number is too small, or ``p`` is given together
            with ``non_backtracking``.

    Example:
        >>> ring = torch.tensor([[0, 1, 2], [1, 2, 0]])
        >>> random_walks(ring, [0, 2], 4)
        tensor([[[0, 1, 2, 0, 1]],
        <BLANKLINE>
                [[2, 0, 1, 2, 0]]])
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> random_walks(path, [0], 4, non_backtracking=True).tolist()
        [[[0, 1, 2, 1, 0]]]
    """
    length = checks.check_count(length, "length")
    walks = checks.check_count(walks_per_node, "walks_per_node", least=1)
    key = draw_key(checks.check_count(seed, "seed", least=-(2**63)),
                   checks.check_count(epoch, "epoch"), PURPOSE)
    back, near, far = _weights(non_backtracking, p, q)
    rows = as_rows(graph, num_nodes, direction="out", ordered=near != far)
    start = to_nodes(nodes, rows.num_nodes)
    drawn = start if names is None else _names(names, len(start))
    out = np.empty((len(start) * walks, length + 1), np.int64)
    # Every walk is as much work as the next, whatever the degrees.
    borders = row_blocks(np.arange(len(out) + 1) * (length + 1))
    common = (borders, rows.rowptr, rows.col, start, drawn, walks, key, out)

    def scratch() -> tuple[np.ndarray, ...]:
        return tuple(np.empty(kernel.GROUP, kind) for kind in (np.uint64, np.int64, np.int64))

    if back == near == far:
        run_blocks(kernel.walk_rows, *common, scratch=scratch)
    else:
        run_blocks(kernel.walk_rows_back, *common, back, near, far, scratch=scratch)
    found = torch.from_numpy(out).view(len(start), walks, length + 1)
    return found.to(device_of(nodes))


def _names(names: Any, count: int) -> np.ndarray:
    found = checks.check_integers(checks.to_numpy(names, "names"), "names")
    if found.shape != (count,):
        checks.fail("names", f"shape {found.shape}", f"shape ({count},), one for each node")
    return frozen(found)


def _weights(non_backtracking: bool, p: float, q: float) -> tuple[float, float, float]:
    """What the node a walk came from weighs, its neighbours, and all others."""
    p, q = checks.check_positive(p, "p"), checks.check_positive(q, "q")
    if non_backtracking and p != 1.0:
        checks.fail("p", str(p), "1.0 with non_backtracking=True", "such a walk never goes back, "
                    "as if p were infinite")
    return 0.0 if non_backtracking else 1.0 / p, 1.0, 1.0 / q

"""Positions of nodes for a drawing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..graph import CSRGraph
from ..graph.checks import check_count, fail


def force_layout(
    graph: CSRGraph,
    start: ArrayLike,
    *,
    iterations: int = 120,
    gravity: float = 0.9,
    on_step: Callable[[], object] | None = None,
) -> NDArray[np.float64]:
    r"""Positions where neighbours pull, all nodes push, and none drifts off.

    The forces of Fruchterman and Reingold, "Graph Drawing by Force-directed Placement"
    (doi 10.1002/spe.4380211102): :math:`d^2/k` along edges and :math:`k^2/d` between all pairs,
    with :math:`k = 1/\sqrt N`, here with a pull to the centre proportional to the distance, which
    keeps small components near. Time and memory are :math:`O(N^2)`: for a few thousand nodes.

    Args:
        graph: The graph.
        start: Positions to refine; good ones (principal components) give the drawing its shape.
        iterations: Steps, each allowed to move nodes less far than the one before.
        gravity: Strength of the pull to the centre.
        on_step: Called after every step.

    Shapes:
        - **start, output:** :math:`(N, 2)`; the output is turned to be wider than high

    Raises:
        GraphError: If ``start`` has another shape or values that are not finite.

    Example:
        >>> square = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3), (3, 0)])
        >>> force_layout(square, [[0, 0], [1, 0], [1, 1], [0, 1]]).shape
        (4, 2)
    """
    n = graph.num_nodes
    position = np.array(start, dtype=np.float32)
    if position.shape != (n, 2) or not np.isfinite(position).all():
        fail("start", f"shape {position.shape}", f"finite numbers of shape ({n}, 2)")
    check_count(iterations, "iterations", least=1)
    if n == 0:
        return position.astype(float)
    scale = float(np.abs(position).max())
    position /= scale if scale > 0 else 1.0
    # Nodes on one spot would feel no force between them.
    position += np.random.default_rng(0).normal(0, 1e-3, position.shape).astype(np.float32)
    k2 = np.float32(1.0 / n)
    row, col = np.repeat(np.arange(n), graph.degree), graph.col
    for step in range(iterations):
        square = np.einsum("ij,ij->i", position, position)
        push = position @ (-2 * position.T)  # squared distances, then 1 / them, in place: [N, N]
        push += square[:, None]
        push += square
        np.maximum(push, 1e-3 * k2, out=push)
        np.divide(k2, push, out=push)
        force = push.sum(axis=1, keepdims=True) * position - push @ position
        force -= gravity * position
        apart = position[row] - position[col]
        pull = apart * np.sqrt(np.einsum("ij,ij->i", apart, apart) / k2)[:, None]
        for axis in range(2):
            force[:, axis] -= np.bincount(row, pull[:, axis], n)
        length = np.sqrt(np.einsum("ij,ij->i", force, force))[:, None]
        allowed = 0.1 * (1 - step / iterations) ** 1.5 + 1e-4
        position += force * (np.minimum(length, allowed) / np.maximum(length, 1e-12))
        if on_step is not None:
            on_step()
    centred = position.astype(np.float64) - position.mean(axis=0, dtype=np.float64)
    turn = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    return centred @ turn

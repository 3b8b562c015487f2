"""What two-hop neighbourhoods share, summed over targets, in whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph
from ...kernels.cpu import concentration as walks
from ...kernels.cpu import concentration_two as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks, run_summed

# Time of joining the bits along one edge, in units of reading one entry of a row.
_JOIN = 2.5
# Degrees whose ratio is 2^(1/4) are hubs together or not at all.
_LEVELS = 4


def two_hop_overlaps(graph: CSRGraph, targets: CSRGraph, own: bool) -> NDArray[np.int64]:
    r"""For walks of (1, 1), (1, 2), (2, 1) and (2, 2) hops, the sums :math:`\sum_{j \in T_i}
    \sum_{u \in H_j^{k_2}} (A^{k_1})_{iu}`.

    Args:
        graph: The graph that is walked on.
        targets: The targets of each node, on the same nodes.
        own: Whether the targets are the graph's own neighbours.

    Shapes:
        - **output:** :math:`(4, N)`
    """
    n, degree = graph.num_nodes, graph.degree
    arrays = (graph.rowptr, graph.col, targets.rowptr, targets.col)
    steps = walk_counts(graph, 3)
    is_hub = _hubs(graph, targets, steps[2])

    low, work = np.empty(n), np.empty(n)
    borders = row_blocks(graph.rowptr)
    run_blocks(kernel.walks_without_hubs, borders, graph.rowptr, graph.col, targets.rowptr,
               is_hub, low, work)
    # A node is marked once, from the ends of its walks, and read for each of its targets.
    cost = np.empty(n)
    run_blocks(walks.sum_neighbors, borders, targets.rowptr, targets.col, low, cost)
    cost += steps[1]
    (overlaps,) = run_summed(
        kernel.overlap_of_rows, row_blocks(_running(cost)), *arrays, is_hub, own,
        sums=((4, n),), scratch=((n + 1, np.int64), ((n >> 6) + 1, np.int64)))
    if own:
        overlaps[1] = degree**2  # neighbours of a node are two hops apart, through it

    hubs = np.flatnonzero(is_hub)
    if len(hubs):
        # Those of most neighbours first, so that none is left for the end.
        hubs = hubs[np.argsort(-degree[hubs], kind="stable")]
        index = graph.col.dtype
        (through,) = run_summed(
            kernel.overlap_of_hubs, np.arange(len(hubs) + 1), hubs, *arrays, is_hub, own,
            sums=(n,), scratch=((n, np.int32), ((n + 1, kernel.WORDS), np.int64), (n, index),
                                (n * kernel.WORDS, np.int64), (n, np.int64)))
        overlaps[3] += through
    return overlaps


def walk_counts(graph: CSRGraph, hops: int) -> list[NDArray[np.float64]]:
    """Number of walks of 1, 2, ... ``hops`` steps that start at each node."""
    counts = [graph.degree.astype(np.float64)]
    borders = row_blocks(graph.rowptr)
    for _ in range(hops - 1):
        counts.append(np.empty(graph.num_nodes))
        run_blocks(walks.sum_neighbors, borders, graph.rowptr, graph.col, counts[-2], counts[-1])
    return counts


def _hubs(
    graph: CSRGraph, targets: CSRGraph, reach: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """The nodes of highest degree, as many as make the rows and the bits together cheapest."""
    degree = graph.degree
    level = np.zeros(graph.num_nodes, np.int64)
    np.ceil(_LEVELS * np.log2(np.maximum(degree, 1)), out=level, casting="unsafe")
    levels = int(level.max(initial=0)) + 1
    rows = np.zeros(levels)
    kernel.work_by_degree(graph.rowptr, graph.col, targets.rowptr, level, rows)
    passes = -(-degree // kernel.BITS) + -(-targets.degree // kernel.BITS)
    if targets is graph:
        passes //= 2
    # A pass reads the rows of what is two steps from the hub, all edges at most.
    bits = np.bincount(level, _JOIN * passes * np.minimum(reach, len(graph.col)),
                       minlength=levels)
    above = bits[::-1].cumsum()[::-1]
    cost = np.concatenate([[0.0], rows.cumsum()]) + np.concatenate([above, [0.0]])
    return level >= int(cost.argmin())


def _running(work: NDArray[np.float64]) -> NDArray[np.int64]:
    total = np.zeros(len(work) + 1, np.int64)
    total[1:] = work.cumsum()
    return total

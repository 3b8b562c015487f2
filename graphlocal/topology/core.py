"""Core numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph
from ..kernels.cpu import core as kernel
from . import executors
from .blocks import map_blocks

#: Passes of an executor over the graph, and sweeps over a block in each, before peeling wins.
_MOST_PASSES, _SWEEPS = 64, 16


def core_number(graph: Any) -> NDArray[np.int64]:
    """Core number of each node: the largest k for which it lies in the k-core.

    The k-core is what remains when nodes with fewer than k neighbours are removed until there are
    none. Isolated nodes have core number 0. O(N + M), on one thread.

    On an executor, see :func:`~graphlocal.topology.executing`, blocks lower bounds that begin at
    the degrees, pass after pass: a bound falls to the largest h for which h neighbours are bounded
    by at least h (Lu, Zhou, Zhang and Stanley, "The H-index of a network node and its relation to
    degree and coreness", arXiv:1511.08270). A graph on which this takes more than 64 passes is
    peeled here after all.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Shapes:
        - **output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> core_number(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])).tolist()
        [2, 2, 2, 1]
    """
    graph = as_graph(graph)
    if executors.current() is not None:
        bound = _lowered(graph)
        if bound is not None:
            return bound
    # Half the traffic of int64: a degree is smaller than N, so it fits where a neighbour does.
    core, left, stack = (np.empty(graph.num_nodes, graph.col.dtype) for _ in range(3))
    kernel.peel(graph.rowptr, graph.col, core, left, stack)
    return core.astype(np.int64)


def _lowered(graph: CSRGraph) -> NDArray[np.int64] | None:
    """Core numbers by passes of an executor; ``None`` where they are too many."""
    bound = graph.degree
    for _ in range(_MOST_PASSES):
        last, bound = bound, map_blocks(_lower_rows, graph, state=(bound,))
        if np.array_equal(bound, last):
            return bound
    return None


def _lower_rows(
    graph: CSRGraph, start: int, stop: int, bound: NDArray[np.int64]
) -> NDArray[np.int64]:
    own = np.empty(stop - start, np.int64)
    longest = int(np.diff(graph.rowptr[start : stop + 1]).max(initial=0))
    kernel.lower_bounds(start, stop, graph.rowptr, graph.col, bound, own,
                        np.zeros(longest + 1, np.int64), _SWEEPS)
    return own

"""The targets of each node, and means over them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph, checks


def as_targets(graph: CSRGraph, targets: Any) -> CSRGraph:
    """Pairs ``[P, 2]``, or a graph on the same nodes, as the graph of targets."""
    if isinstance(targets, CSRGraph):
        if targets.num_nodes != graph.num_nodes:
            checks.fail("targets", f"a graph of {targets.num_nodes} nodes",
                        f"one of {graph.num_nodes}, the nodes of 'graph'",
                        "build it with num_nodes of the training graph")
        return targets
    pairs = checks.check_node_pairs(targets, graph.num_nodes, "targets")
    return CSRGraph.from_edges(pairs, graph.num_nodes)


def default_beta(graph: CSRGraph) -> float:
    """1 / mean degree over all nodes; 1 for a graph without edges, where it weighs nothing."""
    return graph.num_nodes / len(graph.col) if len(graph.col) else 1.0


def mean_over_targets(
    total: NDArray[np.float64], whole: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quotient, 0 where there is nothing to divide by."""
    return np.divide(total, whole, out=np.zeros(len(total)), where=whole > 0)

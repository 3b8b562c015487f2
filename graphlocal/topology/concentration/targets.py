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
        if not _same_ids(graph, targets):
            checks.fail("targets", "a graph with other ids, or in another order",
                        "the ids of 'graph' in their order", "pass pairs of positions instead")
        return targets
    pairs = checks.check_node_pairs(targets, graph.num_nodes, "targets")
    return CSRGraph.from_edges(pairs, graph.num_nodes)


def _same_ids(graph: CSRGraph, other: CSRGraph) -> bool:
    everyone = np.arange(graph.num_nodes)
    return np.array_equal(everyone if graph.ids is None else graph.ids,
                          everyone if other.ids is None else other.ids)


def chosen_beta(graph: CSRGraph, beta: Any, hops: int) -> float:
    """The weight of a further hop; where none is given, 1 / mean degree over all nodes, and 1 for
    a graph without edges, where it weighs nothing."""
    if beta is None:
        return graph.num_nodes / len(graph.col) if len(graph.col) else 1.0
    beta = checks.check_positive(beta, "beta", zero=True)
    if beta > 1e15 ** (1 / max(hops - 1, 1)):
        checks.fail("beta", str(beta), f"at most 1e15 to the power of 1 / {max(hops - 1, 1)}",
                    "single precision ends at 1e38")
    return beta


def check_undefined(value: Any) -> float:
    """What stands where nothing is defined: a number, also NaN or infinite."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        checks.fail("undefined", repr(value), "a number, which may be NaN",
                    kind=checks.GraphTypeError)
    return float(value)


def mean_over_targets(
    total: NDArray[np.float64], whole: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quotient, 0 where there is nothing to divide by."""
    return np.divide(total, whole, out=np.zeros(len(total)), where=whole > 0)

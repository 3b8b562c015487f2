"""One-hop topological concentration under the weights of message passing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph import as_graph, checks
from ...kernels.cpu import concentration as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from .targets import as_targets


def weighted_topological_concentration(
    graph: Any, targets: Any = None, edge_weight: Any = None
) -> NDArray[np.float64]:
    r"""One-hop concentration as message passing sees it: what share of a node's targets its
    neighbours know, averaged by the weights of their messages.

    .. math::
        \mathrm{TC}_i^{w,t} = \sum_{u \in N_i} \hat{w}_{iu} \frac{|N_u \cap N_i^t|}{|N_i^t|},
        \qquad \hat{w}_{iu} = \frac{w_{iu}}{\sum_{v \in N_i} w_{iv}}

    of "A Topological Perspective on Demystifying GNN-Based Link Prediction Performance"
    (arXiv:2310.04612). It rises when re-weighting edges moves messages towards neighbours that
    share a node's links. A row of length d costs :math:`O(d)`, or a search of it for each target
    where those are few.

    Args:
        graph: The training graph: a :class:`~graphlocal.graph.CSRGraph` or anything
            :func:`~graphlocal.graph.as_graph` takes.
        targets: As of :func:`~graphlocal.topology.topological_concentration`. (default: ``None``)
        edge_weight: Weights :math:`w` of at least 0 in the order of ``graph.col``: row i holds the
            weights of what node i receives. (default: ``None``, the graph's own weights, or all
            alike)

    Shapes:
        - **targets:** :math:`(P, 2)`
        - **edge_weight:** :math:`(2M)`
        - **output:** :math:`(N)`, NaN for nodes without neighbours, without weight or without
          targets

    Raises:
        GraphError: If no graph can be made from ``graph``, a pair names a node that is not there,
            or weights are negative, not finite or of another number.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
        >>> weighted_topological_concentration(graph, [(0, 3)]).tolist()
        [0.5, nan, nan, 1.0]
        >>> weights = [3, 1, 1, 1, 1, 1, 1, 1]  # 0 hears 1 three times as loudly as 2
        >>> weighted_topological_concentration(graph, [(0, 3)], weights).tolist()
        [0.25, nan, nan, 1.0]
    """
    graph = as_graph(graph)
    chosen = graph if targets is None else as_targets(graph, targets)
    if edge_weight is None and graph.weight is not None:
        edge_weight = graph.weight
    weight = np.zeros(0)
    if edge_weight is not None:
        weight = checks.check_weight(edge_weight, len(graph.col))
        checks.check_nonnegative(weight, "edge_weight")
    weight = weight.view()
    weight.flags.writeable = False  # one kernel serves the graph's own weights and the caller's
    out = np.empty(graph.num_nodes)
    run_blocks(kernel.weigh_overlaps, row_blocks(graph.rowptr), graph.rowptr, graph.col, weight,
               chosen.rowptr, chosen.col, out,
               scratch=lambda: (np.zeros(graph.num_nodes, np.uint8),))
    return out

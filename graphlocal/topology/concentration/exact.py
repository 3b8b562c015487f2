"""Topological concentration, exactly."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph, as_graph, checks
from ...kernels.cpu import concentration as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks, run_summed
from ..clustering import clustering
from .targets import as_targets, check_undefined, chosen_beta, mean_over_targets
from .two_hops import two_hop_overlaps, walk_counts


def topological_concentration(
    graph: Any,
    targets: Any = None,
    hops: Literal[1, 2, 3] = 1,
    beta: float | None = None,
    *,
    undefined: float = 0.0,
) -> NDArray[np.float64]:
    r"""Topological concentration: how much of a node's surroundings its targets have around them
    too, of "A Topological Perspective on Demystifying GNN-Based Link Prediction Performance"
    (arXiv:2310.04612).

    .. math::
        \mathrm{TC}_i^{K,t} = \frac{1}{|N_i^t|} \sum_{j \in N_i^t}
        \frac{\sum_{k_1,k_2=1}^{K} \beta^{k_1+k_2-2} \sum_{u \in H_j^{k_2}} (\mathbf{A}^{k_1})_{iu}}
        {\sum_{k_1,k_2=1}^{K} \beta^{k_1+k_2-2} \big( \sum_u (\mathbf{A}^{k_1})_{iu}
        - [t = \mathrm{train},\, k_1 = k_2 = 1] \big)}

    as the authors compute it: :math:`\mathbf{A}` is the training graph, :math:`H_j^k` the nodes at
    the end of some walk of k steps from j, and :math:`N_i^t` the neighbours of i among training,
    validation or test edges. One hop and training edges make it the local clustering coefficient.

    With degrees :math:`d` and :math:`M` edges, one hop costs :math:`O(M^{1.5})`. Two hops cost
    :math:`O(\sum_i d_i^2)` for marking, then the two-step walks through each edge between nodes
    that are no hubs, and for each 512 links of a hub at most a pass over the edges; with hubs, a
    thread holds 140 bytes per node. Three hops cost up to one pass over the edges per node,
    :math:`O(N M)`: they are for some ten thousand nodes, or for graphs without hubs.

    Args:
        graph: The training graph: a :class:`~graphlocal.graph.CSRGraph` or anything
            :func:`~graphlocal.graph.as_graph` takes.
        targets: Whose concentration to compute: ``None`` for training neighbours, else the
            validation or test pairs, one row each (repeated ones count once, self pairs not at
            all), or a ``CSRGraph`` of them on the same nodes. Either end of a pair is a target of
            the other. (default: ``None``)
        hops: Depth K of the trees. (default: ``1``)
        beta: Weight of a further hop. (default: ``None``, 1 / mean degree over all nodes)
        undefined: Value of nodes that have no concentration: those of training degree below 2
            (training neighbours), those without training neighbours or without targets
            (``targets`` given). ``float("nan")`` tells them from true zeros.
            (default: ``0.0``, as the authors)

    Shapes:
        - **targets:** :math:`(P, 2)`
        - **output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``, a pair names a node that is not there,
            or an argument is out of range.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
        >>> topological_concentration(graph).round(3).tolist()
        [1.0, 1.0, 0.333, 0.0]
        >>> topological_concentration(graph, [(0, 3)]).tolist()
        [0.5, 0.0, 0.0, 1.0]
        >>> topological_concentration(graph, hops=2).round(3).tolist()
        [0.848, 0.848, 0.69, 0.0]
    """
    graph = as_graph(graph)
    hops = checks.check_count(hops, "hops", least=1, most=3)
    beta, undefined = chosen_beta(graph, beta, hops), check_undefined(undefined)
    own = targets is None
    chosen = graph if targets is None else as_targets(graph, targets)
    if own and hops == 1:
        values = clustering(graph)
    else:
        found, steps = _found(graph, chosen, hops, beta, own), walk_counts(graph, hops)
        powers = beta ** np.arange(hops)
        whole = powers.sum() * sum(p * s for p, s in zip(powers, steps, strict=True)) - own
        values = mean_over_targets(found, chosen.degree * whole)
    return np.where(_defined(graph, chosen, own), values, undefined)


def _found(
    graph: CSRGraph, targets: CSRGraph, hops: int, beta: float, own: bool
) -> NDArray[np.float64]:
    """Sum over each node's targets of what its walks find in their trees."""
    n = graph.num_nodes
    if hops == 1:
        (common,) = run_summed(kernel.sum_overlaps, row_blocks(targets.rowptr), graph.rowptr,
                               graph.col, targets.rowptr, targets.col, sums=(n,),
                               scratch=((n, np.uint8),))
        return common.astype(np.float64)
    if hops == 2:
        one, far, near, two = two_hop_overlaps(graph, targets, own)
        return one + beta * (near + far) + beta**2 * two
    value = np.empty(len(targets.col))
    # As many blocks as can be: a row may cost a pass over the graph or next to nothing.
    run_blocks(
        kernel.walk_into_trees, row_blocks(targets.rowptr, min_work=64), graph.rowptr, graph.col,
        targets.rowptr, targets.col, hops, beta, value,
        scratch=lambda: (np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n + 1, np.int64),
                         np.zeros((2 * hops, n), graph.col.dtype)))
    return np.bincount(targets.col, value, minlength=n)


def _defined(graph: CSRGraph, targets: CSRGraph, own: bool) -> NDArray[np.bool_]:
    if own:
        return graph.degree > 1
    return (graph.degree > 0) & (targets.degree > 0)

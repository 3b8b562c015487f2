"""Personalised PageRank, approximated where a walk's mass goes and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph, as_graph, checks
from ...kernels.cpu import push as kernel
from ...kernels.cpu.parallel import MAX_BLOCKS, run_blocks

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Below these, walks are longer than a thousand steps and doubles round more than ``eps``.
_LEAST_ALPHA, _LEAST_EPS = 1e-3, 1e-15


def personalized_pagerank(
    graph: Any,
    sources: Any = None,
    *,
    alpha: float = 0.15,
    eps: float = 1e-5,
    top_k: int | None = None,
) -> csr_array:
    r"""Where a walk that starts at each source, and goes home now and then, is found in the end.

    .. math::
        \pi_u = \alpha \sum_{l \geq 0} (1 - \alpha)^l \mathbf{e}_u (\mathbf{D}^{-1} \mathbf{A})^l

    approximated by the push of "Local Graph Partitioning using PageRank Vectors" (Andersen, Chung
    and Lang, 2006): :math:`\hat\pi_u(v) \leq \pi_u(v) \leq \hat\pi_u(v) + \epsilon d_v` for every
    node, in at most :math:`1 / (\alpha \epsilon)` steps along edges a source, whatever the size
    of the graph. A walk at a node without neighbours stays there. Weights are not looked at.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        sources: Positions of nodes; ``None`` takes every one. (default: ``None``)
        alpha: Probability of going home at each step, 0.001 to 1; networkx's ``alpha`` is one
            minus it. (default: ``0.15``)
        eps: How far off a value may be, per neighbour of the node, at least 1e-15.
            (default: ``1e-5``)
        top_k: Keeps the largest values of each source, of equal ones those of smaller nodes.
            (default: ``None``, all)

    Shapes:
        - **sources:** :math:`(S)`
        - **output:** :math:`(S, N)`, sparse, rows sorted by node

    Raises:
        GraphError: If a source, ``alpha``, ``eps`` or ``top_k`` is out of range.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1)], num_nodes=3)
        >>> personalized_pagerank(graph, [0, 2], alpha=0.5).toarray().round(3).tolist()
        [[0.667, 0.333, 0.0], [0.0, 0.0, 1.0]]
    """
    from scipy.sparse import csr_array

    alpha, eps = check_walk(alpha, eps)
    top = 0 if top_k is None else checks.check_count(top_k, "top_k", least=1)
    graph = as_graph(graph)
    if sources is None:
        wanted = np.arange(graph.num_nodes)
    else:
        wanted = checks.check_nodes(sources, graph.num_nodes, "sources")
    length = np.zeros(len(wanted), np.int64)
    parts = run_blocks(kernel.push_rows, _blocks(len(wanted)), graph.rowptr, graph.col,
                       _limits(graph, eps), alpha, top, wanted, length, scratch=_scratch(graph))
    nodes = [part[0] for part in parts] or [np.zeros(0, graph.col.dtype)]
    values = [part[1] for part in parts] or [np.zeros(0)]
    # An index type for both arrays: scipy would copy otherwise.
    ptr = np.concatenate([[0], np.cumsum(length)])
    kind = np.int32 if graph.col.dtype == np.int32 and ptr[-1] < 2**31 else np.int64
    matrix = csr_array((np.concatenate(values), np.concatenate(nodes).astype(kind, copy=False),
                        ptr.astype(kind)), shape=(len(wanted), graph.num_nodes))
    matrix.sort_indices()
    return matrix


def push_pairs(
    graph: CSRGraph, pairs: NDArray[np.int64], *, alpha: float, eps: float
) -> NDArray[np.float64]:
    """``pi_u(v) + pi_v(u)`` of checked pairs, too small by at most ``eps * (d_u + d_v)``.

    One push serves both directions, from the end of larger degree (then of smaller position):
    hubs are in many pairs, and a pair is scored alike whichever others there are.
    """
    alpha, eps = check_walk(alpha, eps)
    degree = graph.degree
    first, second = pairs[:, 0], pairs[:, 1]
    swap = (degree[first] < degree[second]) | (
        (degree[first] == degree[second]) & (first > second))
    source, target = np.where(swap, second, first), np.where(swap, first, second)
    order = np.argsort(source, kind="stable")
    distinct, begin = np.unique(source[order], return_index=True)
    score = np.zeros(len(pairs))
    run_blocks(kernel.push_pairs, _blocks(len(distinct)), graph.rowptr, graph.col,
               _limits(graph, eps), alpha, distinct, np.append(begin, len(pairs)), order, target,
               score, scratch=_scratch(graph))
    return score


def check_walk(alpha: Any, eps: Any) -> tuple[float, float]:
    """``alpha`` and ``eps`` in the ranges of :func:`personalized_pagerank`."""
    alpha, eps = checks.check_positive(alpha, "alpha"), checks.check_positive(eps, "eps")
    if not _LEAST_ALPHA <= alpha <= 1:
        checks.fail("alpha", str(alpha), f"a probability from {_LEAST_ALPHA} to 1",
                    "it is that of going home, 0.15 where others have a damping of 0.85")
    if eps < _LEAST_EPS:
        checks.fail("eps", str(eps), f"at least {_LEAST_EPS}", "doubles hold no more digits")
    return alpha, eps


def _limits(graph: CSRGraph, eps: float) -> NDArray[np.float32]:
    # Half the memory to wander through; a little below, so that rounding keeps the promise.
    return (min(eps, 1.0) * (1 - 1e-7) * graph.degree).astype(np.float32)


def _scratch(graph: CSRGraph) -> Callable[[], tuple[NDArray[Any], ...]]:
    size, kind = graph.num_nodes, graph.col.dtype
    return lambda: (np.zeros(size), np.zeros(size), np.empty(size + 1, kind),
                    np.empty(size + 1, kind), np.empty(size, kind))


def _blocks(sources: int) -> NDArray[np.int64]:
    """A few sources a block: none of them is cheap, and nobody knows which are dear."""
    count = min(MAX_BLOCKS, max(sources, 0))
    return np.arange(count + 1) * sources // max(count, 1)

"""How many shortest paths pass through a node."""

from __future__ import annotations

from math import ceil, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph, checks
from ..kernels.cpu import betweenness as kernel
from ..kernels.cpu.parallel import run_blocks
from .blocks import sum_blocks
from .closeness import distances_from, draw_per_component
from .components import connected_components
from .estimate import Estimate

#: More paths than any machine draws, and the error that about as many have.
_MOST_PATHS, _LEAST_ERROR = 1 << 40, 1e-6

#: Partial sums of the exact computation; fixed, so that sums do not depend on threads.
_PARTS = 32


def betweenness(
    graph: Any, samples: int | None = None, *, confidence: float = 0.95, seed: int = 0
) -> Estimate:
    r"""Betweenness centrality: the share of shortest paths between others that pass a node.

    .. math::
        b_i = \frac{1}{(N - 1)(N - 2)} \sum_{s \ne i \ne t} \frac{\sigma_{st}(i)}{\sigma_{st}}

    with :math:`\sigma_{st}` shortest paths from s to t, of which :math:`\sigma_{st}(i)` pass i.
    Exact by Brandes' accumulation in :math:`O(N M)`. With ``samples``, that many pairs of nodes
    are drawn and one shortest path of each, uniformly; the error then holds for all nodes at once
    with probability ``confidence`` (Riondato and Kornaropoulos, "Fast Approximation of Betweenness
    Centrality through Sampling"):

    .. math::
        \epsilon = \sqrt{\frac{1}{2 S}
        \left( \lfloor \log_2(D - 1) \rfloor + 1 + \ln \frac{1}{1 - confidence} \right)}

    where D bounds the diameter and 1/2 is the usual constant of such bounds.
    :func:`betweenness_samples` turns it round.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        samples: Paths to draw; ``None`` is exact. (default: ``None``)
        confidence: Probability with which the error holds. (default: ``0.95``)
        seed: Seed of the draw. (default: ``0``)

    Shapes:
        - **output:** ``values`` and ``error`` are :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``, an argument is out of range, or without
            ``samples`` two nodes have more than 1e308 shortest paths, as on a grid of 600 x 600.

    Example:
        >>> from graphlocal import CSRGraph
        >>> betweenness(CSRGraph.from_edges([(0, 1), (1, 2)])).values.tolist()
        [0.0, 1.0, 0.0]
    """
    graph = as_graph(graph)
    if samples is not None:
        samples = checks.check_count(samples, "samples", least=1, most=_MOST_PATHS)
    confidence = checks.check_share(confidence, "confidence")
    seed = checks.check_count(seed, "seed")
    n = graph.num_nodes
    if n < 3:
        return Estimate(np.zeros(n), np.zeros(n), samples, confidence)
    if samples is None:
        return Estimate(_exact(graph) / ((n - 1) * (n - 2)), np.zeros(n), None, confidence)
    counts = _draw(graph, samples, seed)
    # Paths were drawn among all pairs; those that end in the node itself never pass it.
    scale = n / (n - 2)
    error = _error(_diameter_bound(graph), samples, confidence) * scale
    values = counts / samples * scale
    return Estimate(values, np.full(n, min(error, 1.0)), samples, confidence)


def betweenness_samples(graph: Any, error: float, *, confidence: float = 0.95) -> int:
    """Paths that :func:`betweenness` has to draw for an error of at most this much.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        error: Largest difference from the true values, at least 1e-6.
        confidence: Probability with which it holds. (default: ``0.95``)

    Raises:
        GraphError: If no graph can be made from ``graph`` or an argument is out of range.

    Example:
        >>> from graphlocal import CSRGraph
        >>> path = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)])
        >>> betweenness_samples(path, 0.1) > betweenness_samples(path, 0.2)
        True
    """
    graph = as_graph(graph)
    error = checks.check_positive(error, "error")
    if error < _LEAST_ERROR:
        checks.fail("error", str(error), f"at least {_LEAST_ERROR:g}",
                    "betweenness without samples is exact")
    confidence = checks.check_share(confidence, "confidence")
    if graph.num_nodes < 3:
        return 1
    one = _error(_diameter_bound(graph), 1, confidence) * graph.num_nodes / (graph.num_nodes - 2)
    return max(1, ceil((one / error) ** 2))


def _exact(graph: CSRGraph) -> NDArray[np.float64]:
    n = graph.num_nodes
    sums = np.zeros((_PARTS, n))
    borders = np.arange(_PARTS + 1) * n // _PARTS
    run_blocks(_sum_part, np.arange(_PARTS + 1), borders, graph.rowptr, graph.col, sums,
               scratch=lambda: (np.zeros(n, np.int64), np.empty(n), np.empty(n),
                                np.empty(n, graph.col.dtype)))
    if np.isnan(sums).any():
        checks.fail("graph", "one with over 1e308 shortest paths between two nodes",
                    "no more than doubles count", "pass samples: paths drawn need not be counted")
    return sums.sum(axis=0)


def _sum_part(
    start: int, stop: int, borders: NDArray[np.int64], rowptr: NDArray[np.int64],
    col: NDArray[np.integer], sums: NDArray[np.float64], *scratch: NDArray[Any],
) -> None:
    for part in range(start, stop):
        kernel.sum_dependencies(int(borders[part]), int(borders[part + 1]), rowptr, col,
                                sums[part], *scratch)


def _draw(graph: CSRGraph, samples: int, seed: int) -> NDArray[np.int64]:
    n = graph.num_nodes
    keys = np.random.default_rng(seed).integers(0, 2**64, samples, np.uint64)
    blocks = min(256, samples)
    (counts,) = sum_blocks(
        graph, kernel.draw_paths, np.arange(blocks + 1) * samples // blocks,
        graph.rowptr, graph.col, keys, sums=(n,),
        scratch=(((2, n), np.int64), ((2, n), np.float64), ((2, n), graph.col.dtype)))
    return counts


def _error(diameter: int, samples: int, confidence: float) -> float:
    """Of the paths drawn; ``diameter - 1`` nodes at most lie inside a path."""
    inside = diameter - 1
    if inside < 1:
        return 0.0
    return ((inside.bit_length() + log(1 / (1 - confidence))) / (2 * samples)) ** 0.5


def _diameter_bound(graph: CSRGraph) -> int:
    """Twice what a search from one node of each component reaches."""
    component = connected_components(graph)
    roots = draw_per_component(component, np.bincount(component), 1, 0)
    return 2 * int(distances_from(graph, roots)[0].max(initial=0))

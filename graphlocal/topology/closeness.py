"""How close a node is to all others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph, checks
from ..kernels.cpu import distances as kernel
from .blocks import sum_blocks
from .components import connected_components
from .estimate import Estimate


def closeness(
    graph: Any, samples: int | None = None, *, confidence: float = 0.95, seed: int = 0
) -> Estimate:
    r"""Closeness centrality: the inverse of a node's mean distance to the others.

    .. math::
        c_i = \frac{r_i - 1}{N - 1} \cdot \frac{r_i - 1}{\sum_j \delta(i, j)}

    with the :math:`r_i` nodes of the component of :math:`i`; the first factor, of Wasserman and
    Faust, makes components comparable. 0 for isolated nodes.

    With ``samples``, distances are taken to that many nodes of every component, drawn without
    replacement, as Eppstein and Wang do ("Fast Approximation of Centrality",
    arXiv:cs/0009005); components of at most that many nodes are exact. The error of each node is
    the half-width of the confidence interval by Student's t for the mean of a sample from a finite
    population; the smallest and the largest distance possible are counted into the variance, so
    that rare distances are allowed for. From some 30 samples on it holds closely.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        samples: Nodes drawn per component; ``None`` is exact, in :math:`O(N M)`.
            (default: ``None``)
        confidence: Probability with which each error holds. (default: ``0.95``)
        seed: Seed of the draw. (default: ``0``)

    Shapes:
        - **output:** ``values`` and ``error`` are :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph`` or an argument is out of range.

    Example:
        >>> from graphlocal import CSRGraph
        >>> closeness(CSRGraph.from_edges([(0, 1), (1, 2)])).values.round(3).tolist()
        [0.667, 1.0, 0.667]
    """
    graph = as_graph(graph)
    if samples is not None:
        samples = checks.check_count(samples, "samples", least=1)
    confidence = checks.check_share(confidence, "confidence")
    seed = checks.check_count(seed, "seed")
    num_nodes = graph.num_nodes
    component = connected_components(graph)
    size = np.bincount(component)
    drawn = draw_per_component(component, size, samples, seed)
    furthest, total, squares, _ = distances_from(graph, drawn)

    taken = np.bincount(component[drawn], minlength=len(size))[component]
    others = taken.copy()  # nobody is a sample of its own distance to others
    others[drawn] -= 1
    reach = size[component] - 1
    mean = np.divide(total, others, out=np.zeros(num_nodes), where=others > 0)
    # A node that was drawn alone of its component has seen nothing: any distance may be.
    widest = 2 * _per_component(furthest, component[drawn], len(size))[component]
    unseen = (others == 0) & (reach > 0)
    mean[unseen] = (1 + widest[unseen]) / 2
    slack = np.where(taken == size[component], 0.0, _mean_error(
        mean, squares, others, reach, np.maximum(widest - 1, 0), confidence))
    scale = reach / max(num_nodes - 1, 1)
    values = np.divide(scale, mean, out=np.zeros(num_nodes), where=reach > 0)
    most = np.divide(scale, np.maximum(mean - slack, 1), out=np.zeros(num_nodes), where=reach > 0)
    return Estimate(values, np.where(slack > 0, np.maximum(most - values, 0), 0.0),
                    None if samples is None else len(drawn), confidence)


def draw_per_component(
    component: NDArray[np.int64], size: NDArray[np.int64], samples: int | None, seed: int
) -> NDArray[np.int64]:
    """Nodes drawn from every component, all of those that have no more, sorted."""
    if samples is None or samples >= int(size.max(initial=0)):
        return np.arange(len(component))
    order = np.random.default_rng(seed).permutation(len(component))
    order = order[np.argsort(component[order], kind="stable")]
    place = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
    return np.sort(order[place < samples])


def distances_from(
    graph: CSRGraph, sources: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of searches from ``sources``: furthest distance of each ``[S]``, sums of distances to each
    node and of their squares ``[N]``, and how many pairs lie at each distance."""
    n = graph.num_nodes
    furthest = np.zeros(len(sources), np.int64)
    groups = np.arange(-(-len(sources) // kernel.GROUP) + 1)
    index = graph.col.dtype
    total, squares, levels = sum_blocks(
        graph, kernel.sum_distances, groups, graph.rowptr, graph.col, sources,
        written=(furthest,), sums=(n, n, max(n, 2)),
        scratch=((n, np.uint64), (n, np.uint64), (n, np.uint64), (n, index), (n, index),
                 (n, index)))
    return furthest, total, squares, levels[: int(furthest.max(initial=0)) + 1]


def _per_component(
    furthest: NDArray[np.int64], component: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Smallest of the samples' furthest distances; half the diameter at least."""
    least = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(least, component, furthest)
    return least


def _mean_error(
    mean: NDArray[np.float64], squares: NDArray[np.int64], count: NDArray[np.int64],
    population: NDArray[np.int64], spread: NDArray[np.int64], confidence: float,
) -> NDArray[np.float64]:
    """Error of the mean of ``count`` of ``population`` values between 1 and ``1 + spread``."""
    from scipy.special import stdtrit  # not for the many who never sample

    taken = np.maximum(count, 1)
    # The two values at the ends of the range are counted in: what is rare may not have been drawn.
    variance = (np.maximum(squares - taken * mean * mean, 0) + spread**2 / 2) / (taken + 1)
    left = 1 - np.minimum(taken / np.maximum(population, 1), 1)
    quantile = stdtrit(np.maximum(count - 1, 1), (1 + confidence) / 2)
    return np.where(count > 1, np.minimum(quantile * np.sqrt(variance / taken * left), spread),
                    spread)

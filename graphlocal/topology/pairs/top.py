"""The pairs that are not edges and would make the best ones."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph, as_graph, checks
from ...kernels.cpu import top_pairs as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ..table import EdgeTable
from .names import PAIR_SCORES
from .scores import columns_of, neighbor_weight, table_of

#: Scores that are above 0 only where there is a common neighbour.
LOCAL_SCORES = tuple(name for name, score in PAIR_SCORES.items() if score.local)


def top_pairs(
    graph: Any, k: int, score: str = "aa", *, nodes: Any = None, per_node: bool = False
) -> EdgeTable:
    r"""The ``k`` best pairs of nodes that are no edges, by a score of :func:`pair_scores`.

    Exact: every pair with a common neighbour is looked at, from the paths of two edges that it
    ends, and pairs without one have score 0. That takes :math:`O(\sum_i d_i^2)` time, which hubs
    govern, and memory for ``k`` pairs and one number a node on each thread. Each pair counts
    once. Of equal scores the smaller positions come first.

    Args:
        graph: The path of a file, or anything else :func:`~graphlocal.graph.as_graph` takes.
        k: How many pairs; fewer are found where fewer have a common neighbour.
        score: ``"cn"``, ``"jaccard"``, ``"aa"``, ``"ra"``, ``"sorensen"`` or ``"cosine"``.
            (default: ``"aa"``)
        nodes: Positions of nodes, of which a pair must hold one; ``None`` takes every one.
            (default: ``None``)
        per_node: Whether to find the ``k`` best partners of each node instead. A pair may then
            be there twice, once from each end. (default: ``False``)

    Shapes:
        - **nodes:** :math:`(S)`
        - **output:** a table of at most :math:`k` rows, best first; with ``per_node`` of at most
          :math:`k S`, node by node, each as ``source`` with its best partner first

    Raises:
        GraphError: If ``k`` is below 1, a node is out of range, or a pair may have the score
            without a common neighbour.

    Example:
        >>> import sys
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.read(b"ann bob\nbob eve\neve dan\ndan ann\neve tom\n")
        >>> top_pairs(graph, 2, "cn").to_csv(sys.stdout)
        source,target,cn
        ann,eve,2
        bob,dan,2
    """
    source = Path(graph) if isinstance(graph, (str, os.PathLike)) else None
    graph = as_graph(graph)
    pairs, values = best_pairs(graph, k, score, nodes=nodes, per_node=per_node)
    return table_of(graph, pairs, columns_of([score], values[:, None]), source)


def best_pairs(
    graph: CSRGraph, k: int, score: str = "aa", *, nodes: Any = None, per_node: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What :func:`top_pairs` finds, as positions ``[P, 2]`` and scores ``[P]``.

    Example:
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2)])
        >>> [array.tolist() for array in best_pairs(graph, 5, "cn")]
        [[[0, 2]], [1.0]]
    """
    k = checks.check_count(k, "k", least=1)
    checks.check_choice(score, "score", LOCAL_SCORES)
    if nodes is None:
        chosen = np.arange(graph.num_nodes)
    else:
        chosen = np.unique(checks.check_nodes(nodes, graph.num_nodes))
    weight = neighbor_weight(graph, score) if score in ("aa", "ra") else np.ones(graph.num_nodes)
    # Work of a node: the rows of its neighbours.
    ends = np.concatenate([[0], np.cumsum(graph.degree[graph.col])])[graph.rowptr]
    borders = row_blocks(np.concatenate([[0], np.cumsum(np.diff(ends)[chosen])]),
                         min_work=1 << 17)
    # No more pairs than there are ends of such paths, or nodes.
    limit = graph.num_nodes if per_node else int(np.diff(ends)[chosen].sum())
    k, place = max(1, min(k, limit)), PAIR_SCORES[score].place
    find = _of_each if per_node else _of_all
    return find(graph, k, place, chosen, weight, borders)


def _arrays(graph: CSRGraph, k: int) -> tuple[NDArray[Any], ...]:
    size = graph.num_nodes
    return (np.zeros(size), np.empty(size + 1, graph.col.dtype), np.empty(k),
            np.empty(k, np.int64), np.empty(k, np.int64))


def _of_all(
    graph: CSRGraph, k: int, place: int | None, nodes: NDArray[np.int64],
    weight: NDArray[np.float64], borders: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    flags = np.zeros(graph.num_nodes, np.bool_)
    flags[nodes] = True
    made: list[tuple[NDArray[Any], ...]] = []
    lock = threading.Lock()

    def own() -> tuple[NDArray[Any], ...]:
        arrays = (*_arrays(graph, k), np.zeros(1, np.int64))
        with lock:
            made.append(arrays)
        return arrays

    run_blocks(kernel.best_pairs, borders, graph.rowptr, graph.col, weight, nodes, flags,
               len(nodes) == graph.num_nodes, place, scratch=own)
    heaps = [[array[: size[0]] for array in arrays] for _, _, *arrays, size in made]
    if not heaps:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    scores, first, second = map(np.concatenate, zip(*heaps, strict=True))
    order = np.lexsort([second, first, -scores])[:k]
    return np.stack([first[order], second[order]], axis=1), scores[order]


def _of_each(
    graph: CSRGraph, k: int, place: int | None, nodes: NDArray[np.int64],
    weight: NDArray[np.float64], borders: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    length = np.zeros(len(nodes), np.int64)
    parts = run_blocks(kernel.best_of_each, borders, graph.rowptr, graph.col, weight, nodes, place,
                       length, scratch=lambda: _arrays(graph, k))
    partners = np.concatenate([np.zeros(0, np.int64), *(part[0] for part in parts)])
    values = np.concatenate([np.zeros(0), *(part[1] for part in parts)])
    return np.stack([np.repeat(nodes, length), partners], axis=1), values

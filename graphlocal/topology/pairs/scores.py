"""Scores of many pairs of nodes at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph, as_graph, checks
from ...graph.lookup import check_found, find_nodes
from ...kernels.cpu import pair_scores as kernel
from ...kernels.cpu.common_neighbors import BITMAP, count_pairs, plan_pairs, weigh_pairs
from ...kernels.cpu.parallel import MAX_BLOCKS, run_blocks
from ..table import EdgeTable
from .names import DEFAULT_SCORES, PAIR_SCORES, resolve_scores
from .push import push_pairs

#: Pairs below which a block is not worth a thread's attention.
_MIN_PAIRS = 1024


def pair_scores(
    graph: Any,
    pairs: Any,
    names: str | Iterable[str] = DEFAULT_SCORES,
    *,
    ids: bool = False,
    beta: float = 0.005,
    alpha: float = 0.15,
    eps: float = 1e-5,
) -> NDArray[np.float64]:
    r"""How likely two nodes are neighbours, by what is around them, for millions of pairs.

    With neighbourhoods :math:`\Gamma` and degrees :math:`d`:

    .. math::
        \mathrm{cn} &= |\Gamma(u) \cap \Gamma(v)| &
        \mathrm{jaccard} &= \frac{\mathrm{cn}}{|\Gamma(u) \cup \Gamma(v)|} &
        \mathrm{pa} &= d_u d_v \\
        \mathrm{aa} &= \sum_{w \in \Gamma(u) \cap \Gamma(v)} \frac{1}{\log d_w} &
        \mathrm{ra} &= \sum_{w \in \Gamma(u) \cap \Gamma(v)} \frac{1}{d_w} &
        \mathrm{katz2} &= \beta \mathbf{A}_{uv} + \beta^2 (\mathbf{A}^2)_{uv} \\
        \mathrm{sorensen} &= \frac{2\,\mathrm{cn}}{d_u + d_v} &
        \mathrm{cosine} &= \frac{\mathrm{cn}}{\sqrt{d_u d_v}} &
        \mathrm{ppr} &= \pi_u(v) + \pi_v(u)

    as in "The Link-Prediction Problem for Social Networks" (Liben-Nowell and Kleinberg, 2007) and
    "Predicting missing links via local information" (arXiv 0901.0553). All but the last come from
    one pass over the rows of both ends, in :math:`O(\sum \min(d_u, d_v))` over the pairs, plus the
    rows of the nodes in them once. Every score is symmetric, and that of
    a pair is the same to the last bit whichever pairs it stands among.

    A fraction over nothing is 0. Of a node with itself the common neighbours are its neighbours;
    one of degree 1, whose logarithm is 0, then adds nothing to ``aa``. An edge between u and v
    counts in ``katz2`` and ``ppr`` only: to score edges as if they were not there, take them out
    of the graph first.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        pairs: Positions of nodes, one pair a row; or ids of the caller's where ``ids`` says so.
        names: Scores, as a list or comma-separated, in the order of the columns; ``"all"`` means
            every one of ``graphlocal pairs --list``.
            (default: ``("cn", "jaccard", "aa", "ra", "pa", "katz2")``)
        ids: Whether ``pairs`` holds the graph's own ids. (default: ``False``)
        beta: Weight of an edge of a path in ``katz2``. (default: ``0.005``)
        alpha: Probability that the walk of ``ppr`` goes home, see :func:`personalized_pagerank`.
            (default: ``0.15``)
        eps: ``ppr`` is too small by at most ``eps * (d_u + d_v)``. (default: ``1e-5``)

    Shapes:
        - **pairs:** :math:`(P, 2)`
        - **output:** :math:`(P, C)` for C names, float64

    Raises:
        GraphError: If a pair is out of range or an unknown id, a score is unknown, or
            ``pairs`` does not have two columns.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3), (3, 0)])
        >>> pair_scores(graph, [(0, 2), (0, 1)], "cn,jaccard,ra").tolist()
        [[2.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    """
    chosen = resolve_scores(names)
    beta = checks.check_positive(beta, "beta")
    graph = as_graph(graph)
    positions = _positions(graph, pairs, ids)
    out = np.empty((len(positions), len(chosen)))
    slots = np.full(kernel.PLACES, -1)
    for column, name in enumerate(chosen):
        place = PAIR_SCORES[name].place
        if place is None:
            out[:, column] = push_pairs(graph, positions, alpha=alpha, eps=eps)
        else:
            slots[place] = column
    if len(positions) and slots.max() >= 0:
        _score(graph, positions, chosen, beta, slots, out)
    return out


def pair_table(
    graph: Any, pairs: Any, names: str | Iterable[str] = DEFAULT_SCORES, **options: Any
) -> EdgeTable:
    """The scores of :func:`pair_scores` in a table with the caller's ids, one row a pair.

    Args:
        graph: The path of a file, or anything else :func:`~graphlocal.graph.as_graph` takes.
        pairs: As in :func:`pair_scores`.
        names: As in :func:`pair_scores`.
        options: Those of :func:`pair_scores`.

    Shapes:
        - **pairs:** :math:`(P, 2)`
        - **output:** a table of :math:`P` rows; ``cn`` and ``pa`` are whole numbers

    Raises:
        GraphError: As :func:`pair_scores`.

    Example:
        >>> from graphlocal import CSRGraph
        >>> import sys
        >>> graph = CSRGraph.read(b"ann bob\\nbob eve\\neve dan\\n")
        >>> pair_table(graph, [("ann", "eve")], "cn,ra", ids=True).to_csv(sys.stdout)
        source,target,cn,ra
        ann,eve,1,0.5
    """
    source = Path(graph) if isinstance(graph, (str, os.PathLike)) else None
    chosen = resolve_scores(names)
    graph = as_graph(graph)
    positions = _positions(graph, pairs, options.pop("ids", False))
    scores = pair_scores(graph, positions, chosen, **options)
    return table_of(graph, positions, columns_of(chosen, scores), source)


def columns_of(names: list[str], scores: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Columns of a table: whole numbers as such, where doubles hold every one of them."""
    columns: dict[str, NDArray[Any]] = {}
    for name, values in zip(names, scores.T, strict=True):
        whole = PAIR_SCORES[name].whole and values.max(initial=0.0) < 2.0**53
        columns[name] = values.astype(np.int64) if whole else values
    return columns


def table_of(
    graph: CSRGraph, positions: NDArray[np.int64], columns: dict[str, NDArray[Any]],
    source: Path | None = None,
) -> EdgeTable:
    """A table of pairs under the caller's ids."""
    ends = positions.T if graph.ids is None else graph.ids[positions.T]
    return EdgeTable(*ends, columns, source=source)


def _positions(graph: CSRGraph, pairs: Any, ids: bool) -> NDArray[np.int64]:
    if ids:
        given = checks.check_pair_rows(pairs)
        positions = check_found(graph, given, find_nodes(graph, given, "pairs"), "pairs")
    else:
        positions = checks.check_node_pairs(pairs, graph.num_nodes)
    return np.ascontiguousarray(positions)


def _score(
    graph: CSRGraph, pairs: NDArray[np.int64], chosen: list[str], beta: float,
    slots: NDArray[np.int64], out: NDArray[np.float64],
) -> None:
    rowptr, col, count, blocks = graph.rowptr, graph.col, len(pairs), _blocks(len(pairs))
    longer = np.empty(count, col.dtype)
    run_blocks(kernel.longer_ends, blocks, rowptr, pairs, longer)
    # Pairs that share their longer row come together: it is marked once for all of them.
    order = np.empty(count, np.int64)
    if count < graph.num_nodes // 16:
        order[:] = np.argsort(longer)
    else:
        kernel.order_by_node(longer, np.zeros(graph.num_nodes + 1, np.int64), order)
    left, right = np.empty(count, np.int64), np.empty(count, np.int64)
    run_blocks(kernel.arrange_ends, blocks, pairs, longer, order, left, right)
    common, sums = np.zeros(count, np.int64), np.zeros((count, 0))
    weights = [neighbor_weight(graph, name) for name in ("aa", "ra") if name in chosen]
    if any(PAIR_SCORES[name].shared for name in chosen):
        plan = plan_pairs(rowptr, col, left, right)
        if plan.method != BITMAP:
            plan = plan_pairs(rowptr, col, left, right, method="stamp")
        if weights:
            common, sums = weigh_pairs(plan, np.stack(weights, axis=1))
        else:
            common = count_pairs(plan)
    run_blocks(kernel.write_scores, blocks, rowptr, col, left, right, order, common, sums, beta,
               slots, out)


def _blocks(rows: int) -> NDArray[np.int64]:
    count = max(1, min(MAX_BLOCKS, rows // _MIN_PAIRS))
    return np.arange(count + 1) * rows // count


def neighbor_weight(graph: CSRGraph, name: str) -> NDArray[np.float64]:
    """``1 / log d`` for ``"aa"``, ``1 / d`` for ``"ra"``; 0 where that is infinite."""
    degree = graph.degree.astype(np.float64)
    if name == "aa":
        degree = np.log(degree, out=np.zeros_like(degree), where=degree > 0)
    return np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)

"""PageRank."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph, checks
from ..kernels.cpu import pagerank as kernel
from ..kernels.cpu.parallel import row_blocks, run_blocks
from . import executors
from .blocks import map_blocks

# Few blocks: every pass has three kernels, and a call costs as much as a thousand edges.
_MIN_BLOCK_WORK, _MAX_BLOCKS = 1 << 17, 128
#: Doubles have no more digits of ranks that add up to 1.
_LEAST_TOL = 1e-16
Floats = NDArray[np.float64]


def pagerank(
    graph: Any,
    damping: float = 0.85,
    personalization: Any = None,
    *,
    tol: float = 1e-8,
    max_iter: int = 1000,
    weight: bool | None = None,
) -> Floats:
    r"""PageRank of each node of an undirected graph; the ranks add up to 1.

    .. math::
        \mathbf{x} = \alpha \mathbf{A} \mathbf{D}^{-1} \mathbf{x}
                     + \Big(1 - \alpha + \alpha \sum_{d_i = 0} x_i\Big) \mathbf{p}

    with damping :math:`\alpha`, weights :math:`\mathbf{A}`, their row sums :math:`\mathbf{D}` and
    restarts :math:`\mathbf{p}`, of the whole adding up to 1; what is on isolated nodes goes where
    restarts go, as in networkx. Of Brin and Page, "The anatomy of a large-scale hypertextual Web
    search engine" (1998), solved by conjugate gradients.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        damping: Probability :math:`\alpha` to follow an edge, at least 0 and below 1.
            (default: ``0.85``)
        personalization: Where walks restart: a share of at least 0 for each node, as an array, or
            as a dict by node id in which absent ids have none. ``None`` is every node alike.
            (default: ``None``)
        tol: Bound on the sum over all nodes of what one more step of the power method would
            change, the norm networkx uses (it allows ``N * tol``); the ranks are then off by at
            most ``tol / (1 - damping)`` in sum. At least 1e-16. (default: ``1e-8``)
        max_iter: Most passes over the edges. (default: ``1000``)
        weight: Whether walks follow edges in proportion to their weights; ``None`` means where
            there are any. (default: ``None``)

    Shapes:
        - **personalization, output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``, an argument is out of range, a weight
            is negative, or ``max_iter`` passes do not reach ``tol``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> pagerank(CSRGraph.from_edges([(0, 1), (0, 2), (0, 3)])).round(3).tolist()
        [0.48, 0.173, 0.173, 0.173]
    """
    graph = as_graph(graph)
    damping = checks.check_fraction(damping, "damping")
    tol = checks.check_positive(tol, "tol")
    if tol < _LEAST_TOL:
        checks.fail("tol", str(tol), f"at least {_LEAST_TOL}", "doubles hold no more digits")
    max_iter = checks.check_count(max_iter, "max_iter", least=1)
    restart = _restarts(graph, personalization)
    if graph.num_nodes == 0:
        return np.zeros(0)
    weights = _weights(graph, weight)
    borders = row_blocks(graph.rowptr, min_work=_MIN_BLOCK_WORK, max_blocks=_MAX_BLOCKS)
    degree = graph.degree.astype(np.float64)
    if weights is not None:
        run_blocks(kernel.weighted_degree, borders, graph.rowptr, weights, degree)
        checks.check_walk_weights(weights, degree)
    alone = degree == 0
    # What is on isolated nodes is known beforehand, and with it all that restarts.
    there = float(restart[alone].sum())
    restart *= (1 - damping) / (1 - damping * there)
    y = _solve(graph, weights, degree, np.where(alone, 0.0, restart), borders, damping, tol,
               max_iter)
    return np.where(alone, restart, degree * y)


def _solve(
    graph: CSRGraph, weights: Floats | None, degree: Floats, r: Floats, borders: NDArray[np.int64],
    damping: float, tol: float, max_iter: int,
) -> Floats:
    """``y`` with ``(D - a A) y = r``, to a residual of ``tol``; ``r`` becomes the residual."""
    # Of what is not on isolated nodes, each has its share of the edges: that the sum is right from
    # the first step on is what makes it so in the end, whatever the tolerance.
    mass, whole = float(r.sum()), float(degree.sum())
    if not 0 < whole < np.inf:
        whole = np.inf
    y = np.full(len(r), mass / (1 - damping) / whole)
    r -= mass / whole * degree
    p, q = np.zeros(len(r)), np.empty(len(r))
    share = 0.0
    squares, size = _sums(run_blocks(kernel.descend, borders, 0.0, degree, p, p, y, r))
    for _ in range(max_iter):
        if size <= tol:
            return y
        run_blocks(kernel.turn, borders, share, degree, r, p)
        _multiply(graph, weights, borders, p, q)
        step = squares / sum(run_blocks(kernel.subtract, borders, degree, damping, p, q))
        last = squares
        squares, size = _sums(run_blocks(kernel.descend, borders, step, degree, p, q, y, r))
        share = squares / last
    if size <= tol:
        return y
    checks.fail("max_iter", f"{max_iter} passes, after which one more changes ranks by {size:.2g}",
                f"a change of at most tol={tol:g}", "allow more passes or a larger tol")


def _multiply(
    graph: CSRGraph, weights: Floats | None, borders: NDArray[np.int64], p: Floats, q: Floats
) -> None:
    """``q = A p``, the only work that an executor is given."""
    if executors.current() is not None:
        q[:] = map_blocks(_rows, graph, state=(p, weights is not None))
        return

    def multiply(start: int, stop: int) -> None:
        _write_rows(graph.rowptr, graph.col, weights, start, stop, p, q[start:stop])

    run_blocks(multiply, borders)


def _rows(graph: CSRGraph, start: int, stop: int, p: Floats, weighted: bool) -> Floats:
    q = np.empty(stop - start)
    _write_rows(graph.rowptr, graph.col, graph.weight if weighted else None, start, stop, p, q)
    return q


def _write_rows(
    rowptr: NDArray[np.int64], col: NDArray[np.integer], weights: Floats | None, start: int,
    stop: int, p: Floats, q: Floats,
) -> None:
    if weights is None:
        kernel.multiply(start, stop, rowptr, col, p, q)
    else:
        kernel.multiply_weighted(start, stop, rowptr, col, weights, p, q)


def _sums(parts: list[tuple[float, float]]) -> tuple[float, float]:
    """Added in the order of the blocks, whoever ran them."""
    return sum(part[0] for part in parts), sum(part[1] for part in parts)


def _weights(graph: CSRGraph, wanted: bool | None) -> Floats | None:
    if wanted is not None and not isinstance(wanted, bool):
        checks.fail("weight", repr(wanted), "True, False or None", kind=checks.GraphTypeError)
    if wanted and graph.weight is None:
        checks.fail("weight", "True, and a graph without weights", "a weighted graph",
                    "read or build it with weights, or leave weight out")
    if graph.weight is None or wanted is False:
        return None
    return graph.weight


def _restarts(graph: CSRGraph, given: Any) -> Floats:
    """Shares of the nodes that add up to 1."""
    if given is None:
        return np.full(graph.num_nodes, 1 / max(graph.num_nodes, 1))
    if hasattr(given, "items"):
        given = _by_position(graph, dict(given))
    return checks.check_shares(given, graph.num_nodes, "personalization")


def _by_position(graph: CSRGraph, shares: dict[Any, Any]) -> Floats:
    names = range(graph.num_nodes) if graph.ids is None else graph.ids.tolist()
    position = {name: place for place, name in enumerate(names)}
    values = np.zeros(graph.num_nodes)
    for name, share in shares.items():
        if name not in position:
            checks.fail("personalization", f"id {name!r}", "ids of this graph",
                        "absent nodes get no restarts: leave this one out")
        place = position[name]
        try:
            values[place] = share
        except (TypeError, ValueError, OverflowError):
            checks.fail("personalization", f"{share!r} for id {name!r}", "a number",
                        kind=checks.GraphTypeError)
    return values

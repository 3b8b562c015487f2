"""Similarity of nodes by their graphlet degree vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph.checks import GraphTypeError, fail
from ...kernels.cpu import gdv_similarity as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from .counts import check_counts

#: How many orbits affect each orbit, itself included: a triangle's corner also ends two edges.
_AFFECTED_BY = np.array([
    1, 2, 2, 2, 3, 4, 3, 3, 4, 3, 4, 4, 4, 4, 3,
    4, 6, 5, 4, 5, 6, 6, 4, 4, 4, 5, 7, 4, 6, 6, 7, 4, 6, 6, 6, 5, 6, 7, 7, 5, 7, 6, 7, 6, 5, 5, 6,
    8, 7, 6, 6, 8, 6, 9, 5, 6, 4, 6, 6, 7, 8, 6, 6, 8, 7, 6, 7, 7, 8, 5, 6, 6, 4])


def orbit_weights(orbits: int = 73, base: float = 73.0) -> NDArray[np.float64]:
    r"""Weight of each orbit in the GDV similarity: lower, the more other orbits decide it.

    .. math::
        w_i = 1 - \frac{\log o_i}{\log b}

    for an orbit affected by :math:`o_i` orbits.

    Args:
        orbits: 15 or 73.
        base: :math:`b`; 73 also for 15 orbits in the paper's program, 15 in some others.

    Shapes:
        - **output:** :math:`(orbits)`

    Raises:
        GraphError: If ``base`` would make a weight negative.

    Example:
        >>> orbit_weights(15)[:2].round(4).tolist()
        [1.0, 0.8384]
    """
    affected = _AFFECTED_BY[:orbits]
    if isinstance(base, bool) or not isinstance(base, (int, float, np.integer, np.floating)):
        fail("base", repr(base), "a number", kind=GraphTypeError)
    if not affected.max() <= base < np.inf:
        fail("base", str(base), f"a number of at least {affected.max()}",
             "the weight of an orbit is 1 - log(o) / log(base)")
    return 1.0 - np.log(affected) / np.log(base)


def gdv_similarity(counts_u: Any, counts_v: Any, *, base: float = 73.0) -> NDArray[np.float64]:
    r"""How alike two nodes' surroundings are, from `"Uncovering biological network function via
    graphlet degree signatures" <https://doi.org/10.4137/CIN.S680>`_.

    .. math::
        S(u, v) = 1 - \frac{\sum_i w_i D_i}{\sum_i w_i}, \qquad
        D_i = \frac{|\log(u_i + 1) - \log(v_i + 1)|}{\log(\max(u_i, v_i) + 2)}

    with the weights of :func:`orbit_weights`. It is 1 for equal counts, and above 0.

    Args:
        counts_u: Orbit counts of one node or of several.
        counts_v: Orbit counts of as many, or of one.
        base: Base of the weights. (default: ``73``)

    Shapes:
        - **counts_u, counts_v:** :math:`(..., 15)` or :math:`(..., 73)`
        - **output:** :math:`(...)`

    Raises:
        GraphError: If the counts are no counts, or not of the same orbits.

    Example:
        >>> end, middle = np.zeros((2, 15), int)
        >>> end[[0, 1]], middle[[0, 2]] = (1, 1), (2, 1)
        >>> round(float(gdv_similarity(end, middle)), 3)
        0.88
    """
    u, v = check_counts(counts_u, "counts_u"), check_counts(counts_v, "counts_v")
    _check_same_orbits(u, v)
    weight = orbit_weights(u.shape[-1], base)
    try:
        larger = np.maximum(u, v)
    except ValueError:
        fail("counts_v", f"shape {v.shape}", f"a shape that broadcasts with {u.shape}",
             "gdv_similarity_matrix compares all pairs")
    distance = np.abs(np.log1p(u) - np.log1p(v)) / np.log(larger + 2.0)
    return 1.0 - distance @ weight / weight.sum()


def gdv_similarity_matrix(
    counts_a: Any, counts_b: Any | None = None, *, base: float = 73.0
) -> NDArray[np.float64]:
    """:func:`gdv_similarity` of every node of one table with every node of another.

    Args:
        counts_a: Orbit counts.
        counts_b: Orbit counts to compare with; ``None`` compares ``counts_a`` with itself.
        base: Base of the weights. (default: ``73``)

    Shapes:
        - **counts_a:** :math:`(A, K)`, of 15 or 73 orbits
        - **counts_b:** :math:`(B, K)`
        - **output:** :math:`(A, B)`

    Raises:
        GraphError: If the counts are no counts, or not of the same orbits.

    Example:
        >>> gdv_similarity_matrix(np.zeros((2, 15), int)).tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """
    a = check_counts(counts_a, "counts_a")
    b = a if counts_b is None else check_counts(counts_b, "counts_b")
    for argument, counts in (("counts_a", a), ("counts_b", b)):
        if counts.ndim != 2:
            fail(argument, f"shape {counts.shape}", "shape (N, 15) or (N, 73)")
    _check_same_orbits(a, b)
    weight = orbit_weights(a.shape[1], base)
    distance = np.empty((len(a), len(b)))
    work = np.arange(len(a) + 1, dtype=np.int64) * max(len(b) * a.shape[1], 1)
    run_blocks(kernel.gdv_distances, row_blocks(work), np.log1p(a), np.log(a + 2.0), np.log1p(b),
               np.log(b + 2.0), weight / weight.sum(), distance)
    return np.subtract(1.0, distance, out=distance)


def _check_same_orbits(a: NDArray[np.int64], b: NDArray[np.int64]) -> None:
    if a.shape[-1] != b.shape[-1]:
        fail("counts", f"{a.shape[-1]} and {b.shape[-1]} orbits", "the same orbits in both")

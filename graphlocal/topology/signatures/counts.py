"""Orbit counts of whatever a signature is asked of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph.checks import check_integers, fail, to_numpy
from ..orbits import orbit_counts
from ..orbits.graphlets import NODE_ORBITS

#: Columns of a table of orbit counts -> size of the graphlets.
SIZES = {NODE_ORBITS[size]: size for size in (4, 5)}


def counts_of(source: Any, size: int, argument: str) -> NDArray[np.int64]:
    """Orbit counts ``[N, 15]`` or ``[N, 73]`` of a graph, or the first columns of given ones.

    An integer array with 15 or 73 columns holds counts already; with two rows it may as well be
    the edges of a graph, and is refused.

    Example:
        >>> counts_of(np.ones((3, 73), int), 4, "graph").shape
        (3, 15)
    """
    orbits = NODE_ORBITS[size]
    shape = getattr(source, "shape", ())
    dense = hasattr(source, "__array__") or hasattr(source, "detach")
    if not dense or len(shape) != 2 or shape[1] not in SIZES:
        return orbit_counts(source, size)
    if shape[0] == 2:
        fail(argument, f"an array of shape {tuple(shape)}", "no doubt about what it holds",
             "it could be two rows of counts or an edge_index: pass "
             "CSRGraph.from_edge_index(edge_index)")
    return check_counts(source, argument, least=orbits)[:, :orbits]


def check_counts(counts: Any, argument: str, *, least: int = 0) -> NDArray[np.int64]:
    """Orbit counts ``[..., 15 or 73]``: integers, none below zero."""
    array = check_integers(to_numpy(counts, argument), argument)
    if array.ndim == 0 or array.shape[-1] not in SIZES or array.shape[-1] < least:
        known = " or ".join(str(k) for k in SIZES if k >= least)
        fail(argument, f"shape {array.shape}", f"{known} columns, one per orbit",
             "orbit_counts(graph, size) makes them")
    if array.size and array.min() < 0:
        fail(argument, f"count {array.min()}", "counts of at least 0")
    return array

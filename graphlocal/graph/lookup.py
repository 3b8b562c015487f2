"""From a caller's ids to positions of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import checks


def find_nodes(graph: Any, ids: Any, argument: str = "ids") -> NDArray[np.int64]:
    """Positions of nodes by the caller's ids, -1 where the graph has no such node.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph`. Without ids of its own, positions are ids.
        ids: Ids in an array of any shape. Names are compared as text.
        argument: What an error calls them.

    Shapes:
        - **ids, output:** the same

    Raises:
        GraphError: If the graph's ids are integers and these are not.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.read(b"ann bob\\nbob eve\\n")
        >>> find_nodes(graph, [["eve", "ann"], ["bob", "tom"]]).tolist()
        [[2, 0], [1, -1]]
    """
    array = checks.to_numpy(ids, argument)
    if graph.ids is None:
        wanted = checks.check_integers(array, argument).reshape(array.shape)
        return np.where((wanted >= 0) & (wanted < graph.num_nodes), wanted, -1)
    known = graph.ids
    if known.dtype.kind in "iu":
        wanted = checks.check_integers(array, argument).reshape(array.shape)
    else:
        known, wanted = _text(known), _text(array)
    if graph.num_nodes == 0 or wanted.size == 0:
        return np.full(wanted.shape, -1, np.int64)
    order = np.argsort(known, kind="stable")
    at = np.searchsorted(known, wanted, sorter=order).clip(max=len(known) - 1)
    found = order[at]
    return np.where(known[found] == wanted, found, -1)


def check_found(
    graph: Any, ids: Any, positions: NDArray[np.int64], argument: str = "ids"
) -> NDArray[np.int64]:
    """The positions, where every id was found.

    Raises:
        GraphError: Naming the first id that was not, and where it stands.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1)])
        >>> check_found(graph, [1], find_nodes(graph, [1])).tolist()
        [1]
    """
    missing = np.argwhere(positions < 0)
    if len(missing):
        place = tuple(missing[0].tolist())
        value = checks.to_numpy(ids, argument)[place]
        shown = repr(value.item() if isinstance(value, np.generic) else value)
        at = place[0] if len(place) == 1 else place
        checks.fail(argument, f"id {shown} at {at}", "ids of nodes of this graph",
                    f"{len(missing):,} of them are not")
    return positions


def _text(values: NDArray[Any]) -> NDArray[np.str_]:
    if values.dtype.kind == "U":
        return values
    flat = np.array(list(map(str, values.ravel().tolist())), np.str_)
    return flat.reshape(values.shape)

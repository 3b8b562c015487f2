"""A graph from whatever the caller has."""

from __future__ import annotations

import os
from typing import Any

from . import checks
from .csr import CSRGraph


def as_graph(source: Any, argument: str = "graph") -> CSRGraph:
    """The :class:`CSRGraph` of anything one can be made from; a ``CSRGraph`` is returned as it is.

    Args:
        source: A ``CSRGraph``, the path of a file (weights are left out), an edge index in PyG's
            layout (tensor, ``EdgeIndex`` or array), a PyG ``Data``, a networkx graph or a scipy
            sparse matrix.
            Edge indices carry no number of nodes, but for an ``EdgeIndex`` with a size: where
            trailing nodes may be isolated, build the graph with
            ``CSRGraph.from_edge_index(edge_index, num_nodes)``.
        argument: What an error calls the argument.

    Shapes:
        - **source:** :math:`(2, E)` where it is an edge index

    Raises:
        GraphError: If no graph can be made from the source.

    Example:
        >>> import numpy as np
        >>> as_graph(np.array([[0, 1], [1, 2]]))
        CSRGraph(num_nodes=3, num_edges=2)
    """
    if isinstance(source, CSRGraph):
        return source
    if isinstance(source, (str, os.PathLike)):
        # The third column of an edge list may be anything: a time of 0 must not cost an edge.
        return CSRGraph.read(source, weight=False)
    # Recognised by what they have, so that nothing is imported for the asking.
    if hasattr(source, "is_multigraph") and hasattr(source, "adjacency"):
        return CSRGraph.from_networkx(source)
    if hasattr(source, "tocsr"):
        return CSRGraph.from_scipy(source)
    if hasattr(source, "edge_index") or hasattr(source, "edge_types"):
        return CSRGraph.from_data(source)
    if hasattr(source, "__array__"):
        return CSRGraph.from_edge_index(source)
    if isinstance(source, (list, tuple)):
        checks.fail(argument, f"a {type(source).__name__}", "a graph",
                    "a list of pairs goes through CSRGraph.from_edges(edges)",
                    kind=checks.GraphTypeError)
    checks.fail(
        argument, f"a {type(source).__name__}",
        "a CSRGraph, a path, an edge_index, a PyG Data, a networkx graph or a scipy matrix",
        "bytes and open files go through CSRGraph.read" if hasattr(source, "read") or isinstance(
            source, (bytes, bytearray)) else "",
        kind=checks.GraphTypeError,
    )

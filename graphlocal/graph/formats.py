"""Reads a graph from a file, whatever its format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import checks

if TYPE_CHECKING:
    from .csr import CSRGraph, Directed


def read(
    source: Any, *, num_nodes: int | None = None, directed: Directed = "symmetrize"
) -> CSRGraph:
    """Graph of an edge list in a file.

    Raises:
        GraphError: If the file cannot be read.
    """
    from .csr import CSRGraph

    if hasattr(source, "read"):
        text = source.read()
        text = text.decode() if isinstance(text, bytes) else text
    elif isinstance(source, bytes):
        text = source.decode()
    else:
        try:
            text = Path(source).read_text()
        except OSError as error:
            checks.fail("source", str(source), "a file that can be read", str(error))
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace(",", " ").replace(";", " ").split()
        if not words or words[0][0] in "#%":
            continue
        try:
            pairs.append((int(words[0]), int(words[1])))
        except (ValueError, IndexError):
            if number > 1:
                raise checks.GraphError(
                    f"{source}:{number}: got {line!r}, expected two integers") from None
    edges = np.array(pairs, np.int64).reshape(-1, 2)
    ids = None
    if num_nodes is None:
        ids, flat = np.unique(edges, return_inverse=True)
        edges = flat.reshape(-1, 2)
        num_nodes = len(ids)
        if num_nodes == 0 or (ids[0] == 0 and ids[-1] == num_nodes - 1):
            ids = None
    return CSRGraph.from_edge_index(edges.T, num_nodes, ids=ids, directed=directed)

"""One row an edge or a pair of nodes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...graph import checks
from .node import NodeTable


class EdgeTable(NodeTable):
    """Two ends and named columns, one row an edge; all else as in a :class:`NodeTable`.

    Args:
        source_ids: The caller's id of one end of each edge.
        target_ids: That of the other end.
        columns: Name to values.
        source: The file the graph was read from. (default: ``None``)

    Shapes:
        - **source_ids, target_ids, columns:** :math:`(M)` each

    Raises:
        GraphError: If lengths differ or a column is called ``source`` or ``target``.

    Example:
        >>> import sys
        >>> ends = np.array(["a", "a"]), np.array(["b", "c"])
        >>> EdgeTable(*ends, {"e1": np.array([0, 2])}).to_csv(sys.stdout)
        source,target,e1
        a,b,0
        a,c,2
    """

    _row, _keys = "edge", ("source", "target")

    def __init__(
        self,
        source_ids: NDArray[Any],
        target_ids: NDArray[Any],
        columns: Mapping[str, NDArray[Any]],
        *,
        source: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(source_ids, columns, source=source)
        self.target_ids = np.asarray(target_ids)
        if self.target_ids.shape != self.ids.shape:
            checks.fail("target_ids", f"shape {self.target_ids.shape}", f"shape {self.ids.shape}",
                        "one id per edge")

    def _key_columns(self) -> dict[str, NDArray[Any]]:
        return {"source": self.ids, "target": self.target_ids}

    def __repr__(self) -> str:
        return f"EdgeTable(num_edges={len(self)}, columns={list(self.columns)})"

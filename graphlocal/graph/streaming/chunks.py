"""What a source of edges is read as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Options:
    """How sources are read, see :func:`graphlocal.graph.read`."""

    sep: str | None = None
    header: bool | None = None
    weight: bool | str | int | None = None
    ids: Any = "auto"


@dataclass(frozen=True)
class Chunk:
    """Some edges of a source.

    Args:
        edge_index: Integer ids, or where their names are in ``data``: ``position + (length <<
            NAME_SHIFT)``.
        weight: Their weights, where the source has them.
        data: The bytes that hold the names; ``None`` where ids are integers.
        done: The share of the source that has been read; ``None`` where nobody knows.
    """

    edge_index: NDArray[np.int64]
    weight: NDArray[np.float64] | None
    data: NDArray[np.uint8] | None
    done: float | None

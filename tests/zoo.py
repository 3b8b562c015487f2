"""Small directed multigraphs that cover what real inputs do; every op and metric meets them all."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

#: name -> (edge_index [2, E] int64, num_nodes), in PyG's layout and meaning.
ZOO: dict[str, tuple[NDArray[np.int64], int]] = {}


def _add(name: str, edges: list[tuple[int, int]], num_nodes: int) -> None:
    ZOO[name] = (np.array(edges, np.int64).reshape(-1, 2).T.copy(), num_nodes)


def _both(edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return edges + [(v, u) for u, v in edges]


_add("empty", [], 0)
_add("one_node", [], 1)
_add("no_edges", [], 4)
_add("one_loop", [(0, 0)], 1)
_add("isolated_tail", _both([(0, 1), (1, 2)]), 6)
_add("self_loops", [(0, 0), (0, 1), (1, 0), (2, 2), (2, 1), (1, 2)], 3)
_add("duplicates", [(0, 1), (0, 1), (1, 0), (1, 2), (1, 2), (1, 2), (2, 2), (2, 2)], 4)
_add("star", _both([(0, i) for i in range(1, 9)]), 9)
_add("complete", [(i, j) for i in range(6) for j in range(6) if i != j], 6)
_add("bipartite", _both([(i, 3 + j) for i in range(3) for j in range(4)]), 7)
_add("two_components", _both([(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (3, 5)]), 6)
_add("directed", [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (4, 0)], 5)
_rng = np.random.default_rng(0)
ZOO["random"] = (_rng.integers(0, 40, (2, 160)), 41)
ZOO["hub"] = (
    np.concatenate([_rng.integers(0, 60, (2, 90)),
                    np.stack([np.full(50, 7), np.arange(50)])], axis=1), 64,
)

each_zoo_graph = pytest.mark.parametrize("name", list(ZOO))


def shared_data(*parts: str) -> Path:
    """Path under the folder of real data; skips the test, saying so, where there is none."""
    root = Path(os.environ.get("GRAPHLOCAL_SHARED_DATA",
                               Path(__file__).parents[1].parent / "shared" / "data"))
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real data not found: {'/'.join(parts)} (set GRAPHLOCAL_SHARED_DATA)")
    return path

"""All 28 orbit adjacencies against GRADCO, and against what A squared and cubed cost in scipy.

The time runs from an array of edges to 28 sparse matrices. GRADCO keeps dense matrices, 52 bytes
for each of N^2 pairs, so it is left out of the largest graph; its wheels ask for numpy below 2, so
with a newer one it is left out altogether. The powers of the adjacency matrix
are no peer but a floor: walks of two and three steps, with nothing told apart.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges

Call = Callable[[], dict[str, Any]]
_DATA = Path(os.environ.get("GRAPHLOCAL_SHARED_DATA",
                            Path(__file__).parents[2] / "shared" / "data"))
_PPI = _DATA / "networks" / "ppi" / "ppi-homo.edgelist"


class _Lazy:
    """A result made only when it is compared, so that it is not timed."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self.make(), dtype)


def _fingerprint(matrices: dict[tuple[int, int, int], Any]) -> np.ndarray:
    """Sums of each matrix against three fixed random vectors on either side, ``[28, 3]``."""
    n = next(iter(matrices.values())).shape[0]
    left, right = np.random.default_rng(0).integers(0, 8, (2, 3, n))
    return np.array([[int(a @ (matrices[name].astype(np.int64) @ b))
                      for a, b in zip(left, right, strict=True)] for name in sorted(matrices)])


def _number_of_nodes(edges: np.ndarray) -> int:
    return int(edges.max()) + 1


def _ours(edges: np.ndarray) -> Call:
    from graphlocal import CSRGraph
    from graphlocal.topology import orbit_adjacencies

    def call() -> dict[str, Any]:
        found = orbit_adjacencies(CSRGraph.from_edge_index(edges))
        closed = {name: found[name] for name in ((1, 0, 0), (1, 3, 3), (2, 1, 1))}
        return {"adjacencies": _Lazy(lambda: _fingerprint(found)),
                "two steps": _Lazy(lambda: _fingerprint(
                    {(0, 0, 0): closed[1, 3, 3] + closed[2, 1, 1]}))}

    return call


def _operator(edges: np.ndarray) -> Call:
    """Row sums and a product of (3; 4,4) alone, never stored."""
    from graphlocal import CSRGraph
    from graphlocal.topology import OrbitAdjacency

    n = _number_of_nodes(edges)
    x = np.random.default_rng(1).integers(0, 8, (n, 16))

    def call() -> dict[str, Any]:
        ends = OrbitAdjacency(CSRGraph.from_edge_index(edges), 3, 4, 4)
        return {"ends": ends @ x, "ends of each": ends.sum(axis=1)}

    return call


def _stored(edges: np.ndarray) -> Call:
    from graphlocal import CSRGraph
    from graphlocal.topology import orbit_adjacency

    n = _number_of_nodes(edges)
    x = np.random.default_rng(1).integers(0, 8, (n, 16))

    def call() -> dict[str, Any]:
        ends = orbit_adjacency(CSRGraph.from_edge_index(edges), 3, 4, 4)
        return {"ends": ends @ x, "ends of each": ends.sum(axis=1)}

    return call


def _gradco(edges: np.ndarray) -> Call:
    import gradco
    from scipy.sparse import coo_array

    n = _number_of_nodes(edges)
    matrix = coo_array((np.ones(edges.shape[1], np.int64), tuple(edges)), (n, n)).tocsr()
    matrix = (matrix + matrix.T).astype(bool).astype(np.int64)

    def call() -> dict[str, Any]:
        counter = gradco.Counter(matrix)
        counter.count()
        found = {name[:3]: name[3].tocsr() for name in counter.generate_orbit_adjacencies()}
        return {"adjacencies": _Lazy(lambda: _fingerprint(found))}

    return call


def _powers(edges: np.ndarray) -> Call:
    from scipy.sparse import coo_array, diags_array

    n = _number_of_nodes(edges)

    def call() -> dict[str, Any]:
        matrix = coo_array((np.ones(edges.shape[1], np.int64), tuple(edges)), (n, n)).tocsr()
        matrix = matrix + matrix.T
        square = matrix @ matrix
        cube = square @ matrix

        def compared() -> np.ndarray:
            diagonal = diags_array(square.diagonal(), dtype=np.int64)
            return _fingerprint({(0, 0, 0): square - diagonal})

        return {"two steps": _Lazy(compared), "cube": _Lazy(lambda: cube.nnz)}

    return call


def _ppi() -> np.ndarray:
    edges = np.loadtxt(_PPI, skiprows=1, usecols=(0, 1), dtype=np.int64)
    edges = np.unique(edges, return_inverse=True)[1].reshape(-1, 2)
    edges = np.unique(np.sort(edges[edges[:, 0] != edges[:, 1]], axis=1), axis=0)
    return np.ascontiguousarray(edges.T)


def cases() -> list[Case]:
    ours, powers = Peer("graphlocal", _ours), Peer("scipy, A^2 and A^3", _powers)
    peers = [ours, powers]
    if np.lib.NumpyVersion(np.__version__) < "2.0.0":
        peers.append(Peer("gradco", _gradco, slow=True, needs=("gradco",)))
    found = [Case("power law, 5,000 nodes and 25,000 edges",
                  lambda: power_law_edges(5_000, 25_000), peers)]
    if _PPI.exists():
        found.append(Case("human protein interactions, 8,887 nodes and 32,708 edges", _ppi, peers))
    return [*found,
            Case("power law, 20,000 nodes and 100,000 edges",
                 lambda: power_law_edges(20_000, 100_000), [ours, powers], rounds=3),
            Case("ends of paths times 16 columns, 20,000 nodes",
                 lambda: power_law_edges(20_000, 100_000),
                 [Peer("operator", _operator), Peer("stored", _stored)], rounds=3)]

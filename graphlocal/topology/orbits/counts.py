"""The orbit counts of nodes and edges, and how many graphlets a graph has."""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph, checks
from ...kernels.cpu.orbits_nodes import sum_graphs
from ...kernels.cpu.parallel import row_blocks, run_blocks
from .batch import gather
from .edge import edge_orbits
from .graphlets import GRAPHLETS, GRAPHLETS_UP_TO, noninduced_matrix
from .node import node_orbits_4, node_orbits_5
from .ordered import Ints

Size = Literal[4, 5]

_MOST = np.iinfo(np.int64).max
#: A node of more neighbours may be the centre of more 5-node stars than an int64 holds.
_STAR_DEGREE = 121_977


def orbit_counts(graph: Any, size: Size = 4, *, batch: Any = None, ptr: Any = None) -> Ints:
    r"""Number of induced graphlets of up to ``size`` nodes that touch each node at each orbit.

    Column ``i`` is orbit ``i`` of Przulj, "Biological network comparison using graphlet degree
    distribution" (2007), as every program numbers them: ``o0`` the degree, ``o3`` the triangles,
    ``o14`` and ``o72`` the cliques of four and five. The counts are exact.

    All copies :math:`N_i`, induced or not, are counted in degree order, as in Pashanasangi and
    Seshadhri, "Efficiently Counting Vertex Orbits of All 5-vertex Subgraphs, by EVOKE"
    (arXiv:1911.10616), and :math:`N = M o` is solved for the induced ones, where ``M`` is
    :func:`~graphlocal.topology.orbits.graphlets.noninduced_matrix`.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything
            :func:`~graphlocal.graph.as_graph` takes; or many graphs: a list of such, a PyG
            ``Batch``, a :class:`GraphBatch`, or an edge index with ``batch`` or ``ptr``. The rows
            of a batch follow each other, graph after graph.
        size: 4 for orbits 0..14, 5 for orbits 0..72.
        batch: Graph of each node, sorted, for an edge index.
        ptr: First node of each graph and the number of nodes, for an edge index.

    Shapes:
        - **output:** :math:`(N, 15)` or :math:`(N, 73)`

    Raises:
        GraphError: If ``size`` is neither 4 nor 5, or no graph can be made from ``graph``.

    Note:
        Only orbit 23, the centre of a star of five, can pass 64 bits on a graph that fits a
        machine: from 121,977 neighbours on. Such a count is set to 2^63 - 1, with a warning.

    Example:
        >>> from graphlocal import CSRGraph
        >>> counts = orbit_counts(CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)]))
        >>> counts[:, [0, 3, 9, 10, 11]].tolist()  # degree, triangles, and the paw
        [[2, 1, 0, 1, 0], [2, 1, 0, 1, 0], [3, 1, 0, 0, 1], [1, 0, 1, 0, 0]]
    """
    _check_size(size)
    return _node_counts(gather(graph, batch, ptr)[0], size)


def edge_orbit_counts(
    graph: Any, size: Size = 4, *, edges: Any = None, batch: Any = None, ptr: Any = None
) -> Ints:
    r"""Number of induced graphlets of 3 to ``size`` nodes that have each edge at each edge orbit.

    Column ``i`` is edge orbit ``i`` of Hocevar and Demsar, "Combinatorial algorithm for counting
    small induced graphs and orbits" (arXiv:1601.06834): ``e0`` the paths of three nodes, ``e1``
    the triangles, ``e11`` and ``e67`` the cliques of four and five.

    Args:
        graph: As :func:`orbit_counts`.
        size: 4 for edge orbits 0..11, 5 for edge orbits 0..67.
        edges: Edges to return, in this order; directions do not matter and repeated edges get
            the same row. ``None`` returns every edge once, in the order of ``graph.to_edges()``:
            smaller end first, sorted.
        batch: As :func:`orbit_counts`.
        ptr: As :func:`orbit_counts`.

    Shapes:
        - **edges:** :math:`(2, E)`
        - **output:** :math:`(M, 12)` or :math:`(M, 68)`; :math:`(E, \cdot)` with ``edges``

    Raises:
        GraphError: If ``size`` is neither 4 nor 5, ``edges`` holds what is no edge of the graph,
            or no graph can be made from ``graph``.

    Example:
        >>> paw = np.array([[2, 0, 1, 2], [3, 1, 2, 0]])
        >>> edge_orbit_counts(paw, edges=paw)[:, [0, 1, 6, 7, 8]].tolist()
        [[2, 0, 1, 0, 0], [0, 1, 0, 1, 0], [1, 1, 0, 0, 1], [1, 1, 0, 0, 1]]
    """
    _check_size(size)
    made, _ = gather(graph, batch, ptr)
    counts = edge_orbits(made, size)
    return counts if edges is None else counts[_rows_of(made, edges)]


def graphlet_counts(graph: Any, size: Size = 4, *, batch: Any = None, ptr: Any = None) -> Ints:
    """Number of induced graphlets ``G0..G8`` (size 4) or ``G0..G29`` (size 5).

    They come from :func:`orbit_counts` at its cost.

    Args:
        graph: As :func:`orbit_counts`.
        size: 4 or 5.
        batch: As :func:`orbit_counts`.
        ptr: As :func:`orbit_counts`.

    Shapes:
        - **output:** :math:`(9)` or :math:`(30)`, and :math:`(B, 9)` or :math:`(B, 30)` for a
          batch of B graphs

    Raises:
        GraphError: As :func:`orbit_counts`.

    Example:
        >>> from graphlocal import CSRGraph
        >>> square = CSRGraph.from_edges([(0, 1), (1, 2), (2, 3), (3, 0)])
        >>> graphlet_counts(square).tolist()  # edges, paths of three nodes, one 4-cycle
        [4, 4, 0, 0, 0, 1, 0, 0, 0]
        >>> graphlet_counts([square, square], size=5).shape
        (2, 30)
    """
    _check_size(size)
    made, borders = gather(graph, batch, ptr)
    return totals(_node_counts(made, size), borders)


def totals(counts: Ints, ptr: Ints | None = None) -> Ints:
    """Graphlets of each graph from the orbit counts of its nodes.

    Shapes:
        - **counts:** :math:`(N, 15)` or :math:`(N, 73)`
        - **ptr:** :math:`(B + 1)`
        - **output:** :math:`(9)` or :math:`(30)`; :math:`(B, \\cdot)` with ``ptr``

    Example:
        >>> totals(orbit_counts(np.array([[0, 1], [1, 2]]))).tolist()
        [2, 1, 0, 0, 0, 0, 0, 0, 0]
    """
    shapes = GRAPHLETS[: GRAPHLETS_UP_TO[4 if counts.shape[1] == 15 else 5]]
    # Of each graphlet its rarest orbit, so that sums stay small.
    orbits = [min(sorted(set(shape.node_orbits)), key=shape.node_orbits.count) for shape in shapes]
    shares = [shape.node_orbits.count(o) for shape, o in zip(shapes, orbits, strict=True)]
    borders = np.array([0, len(counts)]) if ptr is None else ptr
    result = np.zeros((len(borders) - 1, len(shapes)), np.int64)
    found = run_blocks(sum_graphs, row_blocks(borders), borders, counts, np.array(orbits),
                       np.array(shares), result)
    if float(max(found, default=0)) * len(counts) > _MOST:
        for b, g in np.ndindex(result.shape):
            exact = sum(counts[borders[b] : borders[b + 1], orbits[g]].tolist()) // shares[g]
            result[b, g] = min(exact, _MOST)
            if exact > _MOST:
                _warn(f"graphlet {g} occurs at least {exact:,} times")
    return result[0] if ptr is None else result


def _check_size(size: Any) -> None:
    checks.check_choice(checks.check_count(size, "size"), "size", (4, 5))


def _node_counts(graph: CSRGraph, size: Size) -> Ints:
    if size == 4:
        return node_orbits_4(graph)
    counts = node_orbits_5(graph)
    for node in np.flatnonzero(graph.degree >= _STAR_DEGREE):
        factors = noninduced_matrix()[23, 24:].tolist()
        exact = math.comb(int(graph.degree[node]), 4) - sum(
            factor * count for factor, count in zip(factors, counts[node, 24:].tolist(),
                                                    strict=True))
        counts[node, 23] = min(exact, _MOST)
        if exact > _MOST:
            _warn(f"node {node} is the centre of {exact:,} stars of five nodes")
    return counts


def _warn(what: str) -> None:
    warnings.warn(f"{what}, more than 64 bits hold: set to 2^63 - 1", RuntimeWarning, stacklevel=4)


def _rows_of(graph: CSRGraph, edges: Any) -> NDArray[np.intp]:
    """Rows of ``graph.to_edges()`` at which the given edges stand."""
    index, _ = checks.check_edge_index(edges, graph.num_nodes, "edges")
    listed = graph.to_edges()
    keys = listed[:, 0] * graph.num_nodes + listed[:, 1]
    wanted = index.min(axis=0) * graph.num_nodes + index.max(axis=0)
    rows = np.searchsorted(keys, wanted)
    known = rows < len(keys)
    known[known] = keys[rows[known]] == wanted[known]
    if not known.all():
        at = int(np.argmin(known))
        checks.fail("edges", f"{tuple(index[:, at].tolist())} at position {at}",
                    "edges of the graph", "self loops are not counted: leave them out")
    return rows

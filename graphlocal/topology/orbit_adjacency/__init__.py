"""Orbit adjacencies: how often two nodes meet on a pair of orbits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...graph import as_graph
from ...graph.checks import check_choice
from . import rows as _rows
from .edges import EdgeTables
from .names import ENDS, GRAPHLET_PAIRS, ORBIT_ADJACENCIES, Orbits, check_orbits
from .operator import OrbitAdjacency

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["ORBIT_ADJACENCIES", "OrbitAdjacency", "graphlet_adjacency", "orbit_adjacencies",
           "orbit_adjacency"]


def orbit_adjacency(graph: Any, hop: int, i: int, j: int) -> csr_array:
    r"""An orbit adjacency as a sparse matrix, rows on orbit i and columns on orbit j.

    .. math::
        \mathbf{A}_{h;i,j}[u, v] = \#\{\text{induced graphlets of at most 4 nodes with } u
        \text{ on orbit } i, v \text{ on orbit } j, \text{ at distance } h \text{ in it}\}

    Adjacencies of one hop lie on the edges, of two hops on pairs at distance two. (3; 4,4), the
    ends of paths of four nodes, is nearly dense on many graphs:
    :class:`OrbitAdjacency` multiplies it without making it.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        hop: Distance inside the graphlet, 1 to 3.
        i: Orbit of the row, in ORCA's numbering.
        j: Orbit of the column.

    Shapes:
        - **output:** :math:`(N, N)` int64, columns in order, no stored zeros

    Raises:
        GraphError: If no graph can be made from ``graph``, or there is no such orbit adjacency;
            the message lists the 28 there are.

    Example:
        >>> from graphlocal import CSRGraph
        >>> paw = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
        >>> orbit_adjacency(paw, 2, 9, 10).toarray().tolist()
        [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]]
    """
    orbits = check_orbits(hop, i, j)
    return OrbitAdjacency._of(EdgeTables(as_graph(graph)), orbits).tocsr()


def orbit_adjacencies(graph: Any) -> dict[tuple[int, int, int], csr_array]:
    """All 28 orbit adjacencies, by ``(hop, i, j)``, from one pass over the paths.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.

    Shapes:
        - **each matrix:** :math:`(N, N)` int64, columns in order, no stored zeros

    Raises:
        GraphError: If no graph can be made from ``graph``.

    Example:
        >>> from graphlocal import CSRGraph
        >>> all_of_them = orbit_adjacencies(CSRGraph.from_edges([(0, 1), (1, 2), (2, 3)]))
        >>> len(all_of_them), all_of_them[2, 4, 5].toarray().tolist()
        (28, [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]])
    """
    tables = EdgeTables(as_graph(graph))
    return _matrices(tables, ORBIT_ADJACENCIES)


def graphlet_adjacency(graph: Any, k: int) -> csr_array:
    r"""How often two nodes meet in graphlet Gk, from `"Graphlet Laplacians for topology-function
    and topology-disease relationships" <https://doi.org/10.1093/bioinformatics/btz455>`_.

    It is the sum of the orbit adjacencies of the graphlet in both orientations.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        k: Number of the graphlet: 0 edge, 1 path of three, 2 triangle, 3 path of four, 4 claw,
            5 cycle of four, 6 triangle with a tail, 7 diamond, 8 complete graph of four.

    Shapes:
        - **output:** :math:`(N, N)` int64, symmetric

    Raises:
        GraphError: If no graph can be made from ``graph``, or ``k`` is not 0 to 8.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graphlet_adjacency(CSRGraph.from_edges([(0, 1), (1, 2)]), 1).toarray().tolist()
        [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    """
    check_choice(k, "k", tuple(range(9)))
    tables = EdgeTables(as_graph(graph))
    matrices = list(_matrices(tables, GRAPHLET_PAIRS[k]).values())
    total = matrices.pop()
    while matrices:
        total = total + matrices.pop()
    return total


def _matrices(
    tables: EdgeTables, names: tuple[Orbits, ...]
) -> dict[tuple[int, int, int], csr_array]:
    """The matrices by name. The largest is made first, while there is most room."""
    made = {}
    if ENDS in names:
        made[ENDS] = _rows.rows(tables, ENDS, 0, tables.graph.num_nodes)
    two = [name for name in names if name.hop == 2]
    if two:
        matrices = _rows.two_hops(tables, two, 0, tables.graph.num_nodes)
        made |= dict(zip(two, matrices, strict=True))
    for name in names:
        if name.hop == 1:
            made[name] = _rows.rows(tables, name, 0, tables.graph.num_nodes)
    return {tuple(name): made[name] for name in names}

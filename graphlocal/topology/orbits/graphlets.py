"""The 30 graphlets of up to five nodes, their orbits, and how copies and induced copies relate.

The numbering of graphlets and node orbits is that of Przulj, "Biological network comparison using
graphlet degree distribution" (2007), that of edge orbits the one of Hocevar and Demsar,
"Combinatorial algorithm for counting small induced graphs and orbits" (arXiv:1601.06834).
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Root = Literal["node", "edge"]

#: Number of node orbits, edge orbits and graphlets of up to 2, 3, 4 and 5 nodes.
NODE_ORBITS = {2: 1, 3: 4, 4: 15, 5: 73}
EDGE_ORBITS = {2: 0, 3: 2, 4: 12, 5: 68}
GRAPHLETS_UP_TO = {2: 1, 3: 3, 4: 9, 5: 30}


class Graphlet(NamedTuple):
    """A connected graph of at most five nodes.

    Args:
        node_orbits: The orbit of each node ``0..k-1``.
        edges: Pairs of nodes, each with the first below the second.
        edge_orbits: The orbit of each edge; -1 for the single edge, which is not counted.

    Example:
        >>> GRAPHLETS[1]
        Graphlet(node_orbits=(1, 1, 2), edges=((0, 2), (1, 2)), edge_orbits=(0, 0))
    """

    node_orbits: tuple[int, ...]
    edges: tuple[tuple[int, int], ...]
    edge_orbits: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.node_orbits)


# Per graphlet: the orbits of its nodes; its edges, each with its edge orbit.
_TABLE = """
0 0 | 01:-1
1 1 2 | 02:0 12:0
3 3 3 | 01:1 02:1 12:1
4 4 5 5 | 03:2 12:2 23:3
6 6 6 7 | 03:4 13:4 23:4
8 8 8 8 | 01:5 03:5 12:5 23:5
9 10 10 11 | 03:6 12:7 13:8 23:8
12 12 13 13 | 02:9 03:9 12:9 13:9 23:10
14 14 14 14 | 01:11 02:11 03:11 12:11 13:11 23:11
15 15 16 16 17 | 03:12 12:12 24:13 34:13
18 19 19 20 21 | 03:14 14:15 24:15 34:16
22 22 22 22 23 | 04:17 14:17 24:17 34:17
24 24 25 26 26 | 04:18 13:18 23:19 24:19 34:20
27 28 29 29 30 | 01:21 14:22 23:23 24:24 34:24
31 31 32 32 33 | 04:25 14:25 23:26 24:27 34:27
34 34 34 34 34 | 01:28 04:28 12:28 23:28 34:28
35 36 37 37 38 | 04:29 12:30 13:30 24:31 34:31
39 40 40 41 42 | 04:32 13:33 14:34 23:33 24:34 34:35
43 43 43 43 44 | 01:36 04:37 14:37 23:36 24:37 34:37
45 46 47 48 48 | 02:38 13:39 14:39 23:40 24:40 34:41
49 49 49 50 50 | 03:42 04:42 13:42 14:42 23:42 24:42
51 51 52 53 53 | 01:43 03:44 14:44 23:45 24:45 34:46
54 54 54 55 55 | 03:47 04:47 13:47 14:47 23:47 24:47 34:48
56 57 57 57 58 | 04:49 12:50 13:50 14:51 23:50 24:51 34:51
59 59 60 60 61 | 03:52 04:53 12:52 14:53 23:54 24:55 34:55
62 63 63 64 64 | 01:56 02:56 13:57 14:57 23:57 24:57 34:58
65 66 66 67 67 | 03:59 04:59 12:60 13:61 14:61 23:61 24:61 34:62
68 68 68 68 69 | 01:63 03:63 04:64 12:63 14:64 23:63 24:64 34:64
70 70 71 71 71 | 02:65 03:65 04:65 12:65 13:65 14:65 23:66 24:66 34:66
72 72 72 72 72 | 01:67 02:67 03:67 04:67 12:67 13:67 14:67 23:67 24:67 34:67
"""


def _read_table(text: str) -> tuple[Graphlet, ...]:
    graphlets = []
    for line in text.strip().splitlines():
        nodes, edges = line.split("|")
        pairs = [word.split(":") for word in edges.split()]
        graphlets.append(Graphlet(
            tuple(map(int, nodes.split())),
            tuple((int(ends[0]), int(ends[1])) for ends, _ in pairs),
            tuple(int(orbit) for _, orbit in pairs),
        ))
    return tuple(graphlets)


#: The graphlets ``G0..G29``.
GRAPHLETS = _read_table(_TABLE)


def pairs_of(size: int) -> list[tuple[int, int]]:
    """Pairs of ``size`` nodes in the order of the bits of a labelled graph.

    Example:
        >>> pairs_of(3)
        [(0, 1), (0, 2), (1, 2)]
    """
    return list(itertools.combinations(range(size), 2))


@cache
def labelled_graphs(
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For every labelled graph of ``size`` nodes, as bits over :func:`pairs_of`: what it is.

    Returns:
        Graphlet ``[2^pairs]``, node orbits ``[2^pairs, size]`` and edge orbits
        ``[2^pairs, pairs]``; -1 where a graph is not connected or a pair no edge.

    Example:
        >>> graphlet, node_orbits, _ = labelled_graphs(3)
        >>> int(graphlet[0b011]), node_orbits[0b011].tolist()  # edges 0-1 and 0-2
        (1, [2, 1, 1])
    """
    pairs = pairs_of(size)
    bit = {pair: i for i, pair in enumerate(pairs)}
    graphlet = np.full(1 << len(pairs), -1, np.int64)
    node_orbits = np.full((1 << len(pairs), size), -1, np.int64)
    edge_orbits = np.full((1 << len(pairs), len(pairs)), -1, np.int64)
    for number, shape in enumerate(GRAPHLETS):
        if shape.size != size:
            continue
        for labels in itertools.permutations(range(size)):
            bits = [bit[min(labels[a], labels[b]), max(labels[a], labels[b])]
                    for a, b in shape.edges]
            mask = sum(1 << i for i in bits)
            graphlet[mask] = number
            node_orbits[mask, list(labels)] = shape.node_orbits
            edge_orbits[mask, bits] = shape.edge_orbits
    return graphlet, node_orbits, edge_orbits


@cache
def noninduced_matrix(root: Root = "node") -> NDArray[np.int64]:
    r"""How many copies of each rooted graphlet each rooted graphlet contains.

    .. math:: N_i(v) = \sum_j M_{ij}\, o_j(v)

    where :math:`o_j(v)` counts the induced graphlets with ``v`` at orbit ``j`` and :math:`N_i(v)`
    all copies, induced or not, with ``v`` at orbit ``i``: :math:`M_{ij}` is the number of
    spanning connected subgraphs of the graphlet of ``j``, found by trying all of them, in which
    its root is at orbit ``i``. The matrix is upper triangular with a diagonal of ones.

    Args:
        root: Whether orbits are those of a ``"node"`` (73) or of an ``"edge"`` (68).

    Example:
        >>> M = noninduced_matrix()
        >>> int(M[1, 3]), int(M[2, 3])  # a triangle holds three paths: twice from an end
        (2, 1)
    """
    count = NODE_ORBITS[5] if root == "node" else EDGE_ORBITS[5]
    matrix = np.zeros((count, count), np.int64)
    for shape in GRAPHLETS:
        pairs = pairs_of(shape.size)
        graphlet, node_orbits, edge_orbits = labelled_graphs(shape.size)
        mask = sum(1 << pairs.index(edge) for edge in shape.edges)
        parts = np.arange(1 << len(pairs))
        parts = parts[((parts & ~mask) == 0) & (graphlet[parts] >= 0)]
        if root == "node":
            places, orbits, found = range(shape.size), shape.node_orbits, node_orbits
        else:
            places = [pairs.index(edge) for edge in shape.edges]
            orbits, found = shape.edge_orbits, edge_orbits
        for orbit in set(orbits) - {-1}:
            rows = found[parts, places[orbits.index(orbit)]]
            matrix[:, orbit] += np.bincount(rows[rows >= 0], minlength=count)
    matrix.flags.writeable = False
    return matrix


@cache
def inversion_steps(root: Root, size: int) -> NDArray[np.int64]:
    """Back substitution ``o = M^-1 N``, in order: rows ``(i, j, factor)``, ``o_i -= factor o_j``.

    Example:
        >>> inversion_steps("edge", 3).tolist()  # paths less what a triangle holds of them
        [[0, 1, 2]]
    """
    count = (NODE_ORBITS if root == "node" else EDGE_ORBITS)[size]
    matrix = noninduced_matrix(root)[:count, :count]
    i, j = np.nonzero(np.triu(matrix, 1))
    order = np.lexsort((j, -i))
    steps = np.stack([i, j, matrix[i, j]], axis=1)[order]
    steps.flags.writeable = False
    return steps


def orbit_sizes(root: Root, size: int) -> NDArray[np.int64]:
    """How many nodes (or edges) of its graphlet are at each orbit.

    Example:
        >>> orbit_sizes("node", 3).tolist()
        [2, 2, 1, 3]
    """
    count = (NODE_ORBITS if root == "node" else EDGE_ORBITS)[size]
    orbits = [orbit for shape in GRAPHLETS
              for orbit in (shape.node_orbits if root == "node" else shape.edge_orbits)]
    return np.bincount([o for o in orbits if 0 <= o < count], minlength=count)

"""What the orbits of nodes and of edges are both made of: triangles, cliques, sums at nodes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.cpu import (
    orbits_cliques,
    orbits_nodes,
    orbits_order,
    orbits_pentagons,
    orbits_triangles,
)
from ...kernels.cpu.parallel import run_blocks
from ..blocks import sum_blocks
from .ordered import Ints, OrderedGraph

Ints32 = NDArray[np.int32]


class Triangles(NamedTuple):
    """The triangles ``u < v < w`` of an ordered graph, under their edges ``uv``."""

    tptr: Ints
    uw: Ints32
    vw: Ints32


class Common(NamedTuple):
    """The common neighbours of the two ends of every edge, and the edges to them."""

    cptr: Ints
    node: Ints32
    to_low: Ints32
    to_high: Ints32


def count_triangles(g: OrderedGraph) -> tuple[Ints, Ints]:
    """Triangles on each edge, and where those of which it is the lowest edge begin."""
    above = np.zeros(g.num_edges + 1, np.int64)
    (t,) = sum_blocks(
        g, orbits_triangles.count_triangles, g.blocks_up, g.optr, g.ocol,
        written=(above,), sums=((g.num_edges,),), scratch=(((g.num_nodes,), np.int32),),
    )
    return t, np.cumsum(above)


def list_triangles(g: OrderedGraph, tptr: Ints) -> Triangles:
    """The triangles."""
    made = Triangles(tptr, np.empty(tptr[-1], np.int32), np.empty(tptr[-1], np.int32))
    run_blocks(orbits_triangles.list_triangles, g.blocks_up, g.optr, g.ocol, *made,
               scratch=lambda: (np.zeros(g.num_nodes, np.int32),))
    return made


def list_common(g: OrderedGraph, triangles: Triangles, t: Ints) -> Common:
    """The common neighbours."""
    return Common(*orbits_triangles.list_common(g.optr, g.ocol, *triangles, t))


def count_cliques(g: OrderedGraph, triangles: Triangles, depth: int) -> tuple[Ints, Ints, Ints]:
    """4-cliques on each edge; from depth 1 on each triangle; at depth 2 5-cliques at each node."""
    words = (g.most_above + 63) // 64
    return sum_blocks(
        g, orbits_cliques.count_cliques, g.blocks_up, depth, g.optr, g.ocol, *triangles,
        sums=((g.num_edges,), (len(triangles.uw) if depth else 0,),
              (g.num_nodes if depth == 2 else 0,)),
        scratch=(((g.most_above * words,), np.int64), ((words,), np.int64),
                 ((g.num_nodes,), np.int8), ((g.most_above,), np.int64)),
    )


def sum_edges(g: OrderedGraph, triangles: Triangles, t: Ints) -> tuple[Ints, Ints]:
    """Q and both P of every edge."""
    return sum_blocks(
        g, orbits_triangles.sum_edges, g.blocks_up, g.optr, g.ocol, g.degree, *triangles, t,
        sums=((g.num_edges,), (g.num_edges, 2)),
    )


def base_sums(
    g: OrderedGraph, t: Ints, *, N8: Ints, N12: Ints, K4: Ints
) -> Ints:
    """The columns of every node that its neighbours sum over, see ``orbits_nodes``."""
    base = np.empty((g.num_nodes, orbits_nodes.BASE_COLUMNS), np.int64)
    run_blocks(orbits_nodes.first_sums, g.blocks, g.rowptr, g.col, g.edge, t, N8, N12, K4, base)
    run_blocks(orbits_nodes.second_sums, g.blocks, g.rowptr, g.col, base)
    return base


def join_sums(g: OrderedGraph, k: Ints, squares: Ints, Q: Ints, P: Ints) -> Ints:
    """The sums of every edge side by side, as the kernels read them."""
    result = np.empty((g.num_edges, 4), np.int64)
    run_blocks(orbits_nodes.join_sums, g.blocks_of_edges, k, squares, Q, P, result)
    return result


def edge_ends(g: OrderedGraph) -> tuple[Ints32, Ints]:
    """Lower end of every edge, and its slots in the rows of its lower and its upper end."""
    source, slots = np.empty(g.num_edges, np.int32), np.empty((g.num_edges, 2), np.int64)
    run_blocks(orbits_order.edge_ends, g.blocks, g.rowptr, g.optr, g.edge, source, slots)
    return source, slots


def tails_beyond(g: OrderedGraph) -> Ints32:
    """The tails beyond every slot, see ``orbits_pentagons``."""
    beyond = np.empty(len(g.col), np.int32)
    run_blocks(orbits_pentagons.tails_beyond, g.blocks, g.rowptr, g.col, g.first, g.optr, beyond)
    return beyond

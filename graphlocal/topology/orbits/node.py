"""Orbit counts of every node."""

from __future__ import annotations

import numpy as np

from ...graph import CSRGraph
from ...kernels.cpu import (
    orbits_cliques,
    orbits_nodes,
    orbits_order,
    orbits_pairs,
    orbits_pentagons,
    orbits_squares,
    orbits_triangles,
    orbits_wheels,
)
from ...kernels.cpu.orbits_local import MOST_WORDS
from ...kernels.cpu.parallel import run_blocks
from ..blocks import sum_blocks
from . import parts
from .graphlets import inversion_steps
from .ordered import Ints, OrderedGraph


def node_orbits_4(graph: CSRGraph) -> Ints:
    """Orbits 0..14 of every node: triangles, 4-cycles and 4-cliques in degree order."""
    g = OrderedGraph(graph)
    n, most = g.num_nodes, g.most_above
    t, _ = parts.count_triangles(g)
    words = (most + 63) // 64
    N12, K4 = sum_blocks(
        g, orbits_cliques.count_small, g.blocks_up, g.optr, g.ocol, t, sums=((n,), (n,)),
        scratch=(((n,), np.int32), ((most * words,), np.int64), ((most,), np.int64)),
    )
    (N8,) = sum_blocks(
        g, orbits_squares.count_squares, g.blocks_around, g.rowptr, g.col, g.first, sums=((n,),),
        scratch=(((n,), np.int32), ((n,), np.int32)),
    )
    base = parts.base_sums(g, t, N8=N8, N12=N12, K4=K4)
    result = np.empty((n, 15), np.int64)
    run_blocks(orbits_nodes.solve_small, g.blocks, base, g.order, inversion_steps("node", 4),
               result)
    return result


def node_orbits_5(graph: CSRGraph) -> Ints:
    """Orbits 0..72 of every node."""
    g = OrderedGraph(graph)
    n, m, most = g.num_nodes, g.num_edges, g.most_above
    up, around = g.blocks_up, g.blocks_around
    t, tptr = parts.count_triangles(g)
    triangles = parts.list_triangles(g, tptr)
    common = parts.list_common(g, triangles, t)
    k, k3, K5 = parts.count_cliques(g, triangles, 2)
    (N70,) = sum_blocks(
        g, orbits_cliques.sum_almost_cliques, up, g.optr, g.ocol, *triangles, k3, sums=((n,),),
        scratch=(((most * most,), np.int32), ((n,), np.int32)),
    )
    squares, square = sum_blocks(
        g, orbits_squares.sum_squares, around, g.rowptr, g.col, g.first, g.edge, g.degree, t,
        sums=((m,), (n, 2)), scratch=(((n, 3), np.int64), ((n,), np.int32)),
    )
    inner = orbits_order.first_slots(g.rowptr, g.col, g.least)
    ints, ids, words = ((n,), np.int64), ((n,), np.int32), ((MOST_WORDS,), np.int64)
    slots = ((int(g.degree.max(initial=0)) + 1,), np.int64)
    (pair,) = sum_blocks(
        g, orbits_pairs.sum_pairs, around, g.least, g.rowptr, g.col, g.first, inner, g.edge,
        *common,
        sums=((n, orbits_pairs.PAIR_COLUMNS),),
        scratch=(ints, ids, ids, slots, words, words, ((n + 1, 2), np.int64)),
    )
    N68, N69 = sum_blocks(
        g, orbits_wheels.count_wheels, around, g.rowptr, g.col, g.first, g.edge, *common,
        sums=((n,), (n,)), scratch=(ids, ids, ids, slots, words),
    )
    N34 = _pentagons(g, triangles, up, around)

    Q, P = parts.sum_edges(g, triangles, t)
    edge_sums = parts.join_sums(g, k, squares, Q, P)
    (corner,) = sum_blocks(
        g, orbits_triangles.sum_corners, up, g.optr, g.ocol, g.degree,
        orbits_nodes.fold(g.optr, g.ocol, t, 2), *triangles, t, k3, edge_sums,
        sums=((n, orbits_triangles.CORNER_COLUMNS),),
    )
    base = parts.base_sums(g, t, N8=orbits_nodes.fold(g.optr, g.ocol, squares, 2),
                           N12=corner[:, 0].copy(), K4=orbits_nodes.fold(g.optr, g.ocol, k, 3))
    local = np.stack([N34, N68, N69, N70, K5], axis=1)
    result = np.empty((n, 73), np.int64)
    run_blocks(orbits_nodes.solve_large, g.blocks, g.rowptr, g.col, g.edge, base, t, edge_sums,
               corner, square, pair, local, g.order, inversion_steps("node", 5), result)
    return result


def _pentagons(g: OrderedGraph, triangles: parts.Triangles, up: Ints, around: Ints) -> Ints:
    """5-cycles through every node."""
    n = g.num_nodes
    slots, beyond = parts.edge_ends(g)[1], parts.tails_beyond(g)
    (walks,) = sum_blocks(
        g, orbits_pentagons.count_pentagons, around, g.rowptr, g.col, g.first, sums=((n,),),
        scratch=(((n,), np.int64), ((n,), np.int64), ((n,), np.int64), ((n,), np.int32)),
    )
    at_triangle, ended = sum_blocks(
        g, orbits_pentagons.count_tails, up, slots, beyond, g.optr, g.ocol, *triangles,
        sums=((n,), (len(g.col),)),
    )
    (at_end,) = sum_blocks(
        g, orbits_pentagons.end_tails, g.blocks, g.rowptr, g.col, g.first, g.optr, ended,
        sums=((n,),),
    )
    return walks + at_triangle + at_end

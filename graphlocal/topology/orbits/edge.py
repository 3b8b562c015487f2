"""Orbit counts of every edge."""

from __future__ import annotations

import numpy as np

from ...graph import CSRGraph
from ...kernels.cpu import (
    orbits_edge_cliques,
    orbits_edge_cycles,
    orbits_edge_pairs,
    orbits_edge_triangles,
    orbits_edges,
    orbits_nodes,
    orbits_order,
    orbits_squares,
)
from ...kernels.cpu.parallel import run_blocks, run_summed
from . import parts
from .graphlets import inversion_steps
from .ordered import Ints, OrderedGraph


def edge_orbits(graph: CSRGraph, size: int) -> Ints:
    """Edge orbits 0..11 (size 4) or 0..67 (size 5) of the edges ``a < b`` in order of (a, b)."""
    g = OrderedGraph(graph)
    n, m, most = g.num_nodes, g.num_edges, g.most_above
    up, around, edges = g.blocks_up, g.blocks_around, g.blocks_of_edges
    row = orbits_order.edge_rows(graph.rowptr, graph.col, g.order, g.optr, g.ocol)
    source, slots = parts.edge_ends(g)
    t, tptr = parts.count_triangles(g)
    triangles = parts.list_triangles(g, tptr)
    k, k3, _ = parts.count_cliques(g, triangles, 0 if size == 4 else 1)
    squares, _ = run_summed(
        orbits_squares.sum_squares, around, g.rowptr, g.col, g.first, g.edge, g.degree, t,
        sums=((m,), (n, 2)), scratch=(((n, 3), np.int64), ((n,), np.int32)),
    )
    Q, P = parts.sum_edges(g, triangles, t)
    # P from a node adds up the triangles on the side opposite it, over both orders of its ends.
    N12 = (orbits_nodes.fold_directed(g.optr, g.ocol, P)
           - orbits_nodes.fold(g.optr, g.ocol, t, 1)) // 2
    base = parts.base_sums(g, t, N8=orbits_nodes.fold(g.optr, g.ocol, squares, 2), N12=N12,
                           K4=orbits_nodes.fold(g.optr, g.ocol, k, 3))
    result = np.empty((m, 12 if size == 4 else 68), np.int64)
    steps = inversion_steps("edge", size)
    if size == 4:
        run_blocks(orbits_edges.solve_small_edges, edges, source, g.ocol, base, t, k, squares, Q,
                   P, row, steps, result)
        return result

    common = parts.list_common(g, triangles, t)
    edge_sums = parts.join_sums(g, k, squares, Q, P)
    (side,) = run_summed(
        orbits_edge_triangles.sum_sides, up, g.optr, g.ocol, base, *triangles, t, k3, edge_sums, P,
        sums=((m, orbits_edge_triangles.SIDE_COLUMNS),),
    )
    step = np.zeros((len(g.col), orbits_edge_pairs.STEP_COLUMNS), np.int64)
    (chord,) = run_summed(
        orbits_edge_pairs.sum_steps, around, g.rowptr, g.col, g.first, g.edge, g.degree, t,
        *common, step, sums=((m,),), scratch=(((n, 3), np.int64), ((n,), np.int32)),
    )
    words = (most + 63) // 64
    (clique,) = run_summed(
        orbits_edge_cliques.sum_edge_cliques, up, g.optr, g.ocol, g.degree, *triangles, t, k3,
        sums=((m, orbits_edge_cliques.CLIQUE_COLUMNS),),
        scratch=(((most * words,), np.int64), ((most * most,), np.int32), ((n,), np.int32),
                 ((most,), np.int64)),
    )
    rim, spoke = run_summed(
        orbits_edge_cycles.count_edge_wheels, around, g.rowptr, g.col, g.first, g.edge, *common,
        sums=((m,), (m,)), scratch=(((n,), np.int64), ((n,), np.int64), ((n,), np.int32)),
    )
    ring = np.stack([_pentagons(g, triangles, up, around, slots), rim, spoke], axis=1)
    run_blocks(orbits_edges.solve_large_edges, edges, source, g.ocol, base, t, edge_sums, P, side,
               slots, step, chord, clique, ring, row, steps, result)
    return result


def _pentagons(
    g: OrderedGraph, triangles: parts.Triangles, up: Ints, around: Ints, slots: Ints
) -> Ints:
    """5-cycles over every edge."""
    n, m = g.num_nodes, g.num_edges
    beyond = parts.tails_beyond(g)
    (walks,) = run_summed(
        orbits_edge_cycles.count_edge_pentagons, around, g.rowptr, g.col, g.first, g.edge,
        sums=((m,),),
        scratch=(((n,), np.int64), ((n,), np.int64), ((n,), np.int64), ((n,), np.int32)),
    )
    at_triangle, ended = run_summed(
        orbits_edge_cycles.count_edge_tails, up, slots, beyond, g.optr, *triangles,
        sums=((m,), (len(g.col),)),
    )
    (at_end,) = run_summed(
        orbits_edge_cycles.end_edge_tails, g.blocks, g.rowptr, g.col, g.first, g.edge, g.optr,
        ended, sums=((m,),),
    )
    return walks + at_triangle + at_end

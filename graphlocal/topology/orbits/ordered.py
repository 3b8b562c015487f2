"""A graph renumbered for orbit counting, and its blocks of equal work."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph, checks
from ...kernels.cpu import orbits_order as kernel
from ...kernels.cpu.parallel import row_blocks

Ints = NDArray[np.int64]


class OrderedGraph:
    """The arrays that every orbit kernel reads.

    Nodes outside the 2-core come first, then the others by rising degree in the core. An edge is
    a pair ``u < v`` of new numbers; its own number is its place in ``ocol``.

    Args:
        graph: The graph to renumber.

    Shapes:
        - **order** (old number of each new one), **rank** (new of old), **degree**: :math:`(N)`
        - **rowptr, col, edge**: rows with every edge twice, and the edge in each slot
        - **first**: :math:`(N)`, first slot of each row that leads into the core
        - **optr, ocol**: the neighbours above each node, every edge once

    ``outside`` is the number of nodes outside the core, ``most_above`` the most neighbours above
    one inside it.
    """

    def __init__(self, graph: CSRGraph) -> None:
        if graph.num_nodes >= 2**31 or graph.num_edges >= 2**30:
            # Nodes and edges are numbered in 32 bits; sums over pairs of nodes share a word.
            checks.fail("graph", repr(graph), "fewer than 2^31 nodes and 2^30 edges",
                        "count in a part of the graph")
        core = kernel.core_degree(graph.rowptr, graph.col)
        self.num_nodes, self.num_edges = graph.num_nodes, graph.num_edges
        self.directory = graph.directory
        self.order = kernel.sort_by_degree(core)
        self.rowptr, self.col, self.rank = kernel.renumber(graph.rowptr, graph.col, self.order)
        self.outside = outside = self.num_nodes - int(np.count_nonzero(core))
        # Nodes from here on have three neighbours in the core.
        self.least = self.num_nodes - int(np.count_nonzero(core >= 3))
        self.first = kernel.first_slots(self.rowptr, self.col, outside)
        self.optr, self.ocol, self.edge = kernel.orient(self.rowptr, self.col)
        self.degree = np.diff(self.rowptr)
        self.most_above = int(np.diff(self.optr[outside:]).max(initial=0))
        self.blocks = row_blocks(self.rowptr)

    @cached_property
    def blocks_up(self) -> Ints:
        """Blocks of the core for work on pairs of the neighbours above a node."""
        above = np.diff(self.optr[self.outside :])
        work = np.zeros(len(above) + 1, np.int64)
        np.cumsum(above * above, out=work[1:])
        return row_blocks(work) + self.outside

    @cached_property
    def blocks_around(self) -> Ints:
        """Blocks of the core for work two steps around every node."""
        work = np.empty(self.num_nodes + 1 - self.outside, np.int64)
        kernel.work_around(self.outside, self.rowptr, self.col, self.first, work)
        return row_blocks(work) + self.outside

    @cached_property
    def blocks_of_edges(self) -> Ints:
        """Blocks of edges."""
        return row_blocks(np.arange(self.num_edges + 1))

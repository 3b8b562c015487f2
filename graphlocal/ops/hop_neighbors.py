"""Rings around nodes: who is exactly so many steps away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..graph import checks
from ..kernels.cpu import adjacency as sort
from ..kernels.cpu import hop_neighbors as kernel
from ..kernels.cpu.counter_random import draw_key
from ..kernels.cpu.parallel import row_blocks, run_blocks
from .adjacency import as_adjacency
from .arrays import empty
from .memory import remember
from .operator import operator
from .rows import frozen

#: A row costs the degrees of its neighbours, so blocks of few entries are worth a thread.
_MIN_BLOCK_WORK = 1 << 12
_PURPOSE = 0x686F7073
#: Draws that are remembered of a graph: a seed for each epoch must not fill the memory.
_DRAWS = 8
#: Bytes of a pair: two nodes and a distance.
_PAIR = 24


class HopNeighbors(NamedTuple):
    """Pairs of nodes by their distance, as :func:`hop_neighbors` finds them.

    Args:
        edge_index: The pairs: a node in row 1, one at a distance from it in row 0. Sorted by row 1,
            then by distance. Any layer takes it for a graph.
        hop: Distance of each pair.

    Shapes:
        - **edge_index:** :math:`(2, P)`, int64
        - **hop:** :math:`(P)`, int64

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> HopNeighbors(*hop_neighbors(path, 2)).num_pairs
        2
    """

    edge_index: Tensor
    hop: Tensor

    @property
    def num_pairs(self) -> int:
        """Number of pairs P."""
        return self.edge_index.shape[1]


def hop_neighbors(
    graph: Any, hops: int | Iterable[int], num_nodes: int | None = None, *,
    max_per_node: int | None = None, seed: int = 0, memory: int | str = "4GB",
) -> HopNeighbors:
    r"""Pairs of nodes whose distance is exactly one of ``hops``.

    .. math::
        \mathcal{S}_i = \{ j : d(j, i) \in \mathrm{hops} \}

    where :math:`d(j, i)` is the length of the shortest path from j to i along the edges as they
    point; distance 0 is the node itself. Parallel edges and self loops change nothing, and graphs
    of a batch have no path to one another. One breadth-first search per node: time grows with the
    edges at the nodes nearer than the largest distance, for two hops
    :math:`O(\sum_i \sum_{j \in \mathcal{N}(i)} d_j)`. In eager mode the pairs are remembered while
    the graph lives unchanged; of draws by different seeds, the last eight.

    Args:
        graph: Anything :func:`as_adjacency` takes, with as many sources as targets.
        hops: A distance, or several.
        num_nodes: Number of nodes. ``None`` takes what the graph knows.
        max_per_node: How many pairs a node has at most at each distance. Of more, as many
            different ones are drawn uniformly, by ``seed``, the node and the distance: the order of
            edges and the number of threads do not matter. ``None`` keeps all.
        seed: Names the draw. Default: ``0``.
        memory: How much the pairs may take, as a number of bytes or such as ``"500MB"``; they are
            counted before any is stored. Default: ``"4GB"``.

    Shapes:
        - **output:** a :class:`HopNeighbors` of P pairs

    Raises:
        GraphError: If the graph is malformed or bipartite, there is no distance or one below zero,
            or the pairs do not fit into ``memory``.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2]])
        >>> pairs = hop_neighbors(path, [0, 2])
        >>> pairs.edge_index.tolist()
        [[0, 2, 1, 3, 2, 0, 3, 1], [0, 0, 1, 1, 2, 2, 3, 3]]
        >>> pairs.hop.tolist()
        [0, 2, 0, 2, 0, 2, 0, 2]
    """
    wanted = checks.check_hops(hops)
    if num_nodes is not None and not torch.compiler.is_compiling():
        num_nodes = checks.check_count(num_nodes, "num_nodes")
    adjacency = as_adjacency(graph, num_nodes)
    if adjacency.num_src != adjacency.num_dst:
        checks.fail("graph", f"{adjacency.num_src} sources and {adjacency.num_dst} targets",
                    "one set of nodes", "a bipartite graph has no distances of this kind")
    most = 0 if max_per_node is None else checks.check_count(max_per_node, "max_per_node", least=1)
    seed = checks.check_count(seed, "seed", least=-2**63, most=2**63 - 1)
    limit = checks.check_memory(memory)

    def build() -> HopNeighbors:
        return HopNeighbors(*find_hops(adjacency.rowptr, adjacency.t_rowptr, adjacency.t_col,
                                       list(wanted), most, seed, limit))

    if not most:
        return remember(tuple(adjacency), ("hop neighbors", wanted), build)
    draws = remember(tuple(adjacency), ("hop neighbors", wanted, most), dict)
    pairs, versions = draws.get(seed, (None, ()))
    if pairs is None or any(t._version != v for t, v in zip(pairs, versions, strict=True)):
        with torch.inference_mode(False):  # as `remember` does: they may serve training later
            pairs = build()
        while len(draws) >= _DRAWS:
            draws.pop(next(iter(draws)), None)
        if not torch.compiler.is_compiling():
            draws[seed] = (pairs, tuple(t._version for t in pairs))
    return pairs


def _find_hops(
    rowptr: Tensor, t_rowptr: Tensor, t_col: Tensor, hops: list[int], most: int, seed: int,
    limit: int,
) -> tuple[Tensor, Tensor]:
    num_nodes, device = len(rowptr) - 1, rowptr.device
    rowptr, col = _ordered_rows(rowptr, t_rowptr, t_col)
    # Nobody is as far away as there are nodes, however far is asked for.
    wanted = np.array([min(hop, num_nodes) for hop in hops], np.int64)
    most = most or max(num_nodes, 1)
    counts = np.zeros((num_nodes, len(wanted)), np.int64)
    borders = row_blocks(rowptr, min_work=_MIN_BLOCK_WORK)

    def scratch() -> tuple[NDArray[np.integer], ...]:
        return (np.zeros(wanted[-1] + 2, np.int64), np.full(num_nodes, -1, col.dtype),
                np.zeros(num_nodes, col.dtype))

    run_blocks(kernel.count_hops, borders, rowptr, col, wanted, most, counts, scratch=scratch)
    begin = np.zeros(num_nodes + 1, np.int64)
    counts.sum(axis=1).cumsum(out=begin[1:])
    total = int(begin[-1])
    if total * _PAIR > limit:
        checks.fail_memory(limit, total * _PAIR, f"there are {total:,} pairs at these distances: "
                           "pass max_per_node, or smaller hops")
    edge_index, hop = empty((2, total), torch.int64), empty((total,), torch.int64)
    run_blocks(kernel.fill_hops, borders, rowptr, col, wanted, most, draw_key(seed, 0, _PURPOSE),
               begin, *edge_index.numpy(), hop.numpy(), scratch=scratch)
    return edge_index.to(device), hop.to(device)


def _ordered_rows(
    rowptr: Tensor, t_rowptr: Tensor, t_col: Tensor
) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
    """Rows whose entries are in order, so that the search is the same for any order of edges."""
    num_edges = len(t_col)
    source = torch.repeat_interleave(t_rowptr.diff(), output_size=num_edges).cpu().numpy()
    col, perm = (torch.empty(num_edges, dtype=t_col.dtype) for _ in range(2))
    sort.fill_rows(t_col.cpu().long().numpy(), source, rowptr[:-1].cpu().numpy().copy(),
                   col.numpy(), perm.numpy())
    return frozen(rowptr), frozen(col)


def _find_hops_fake(rowptr, t_rowptr, t_col, hops, most, seed, limit):
    pairs = torch.library.get_ctx().new_dynamic_size()
    return rowptr.new_empty((2, pairs)), rowptr.new_empty(pairs)


find_hops = operator("hop_neighbors", _find_hops, _find_hops_fake)

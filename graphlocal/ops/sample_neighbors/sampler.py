"""Samples hop by hop, from rows that were prepared once."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...graph import checks
from ...kernels.cpu import draws, weighted_sampling
from ...kernels.cpu import neighbor_sampling as kernel
from ...kernels.cpu.parallel import row_blocks, run_blocks
from ..rows import Rows, frozen

_scratch = threading.local()


class NeighborSample(NamedTuple):
    """Some nodes, the edges through which they were reached, and how many there are of each.

    Args:
        n_id: The nodes: those asked for first, then the new ones of every hop as they were found.
        edge_index: Both ends of every edge, source and target, as places in ``n_id``; hop by hop.
        e_id: Numbers of the edges in the graph.
        num_sampled_nodes: New nodes of every hop, those asked for first.
        num_sampled_edges: Edges of every hop; ``None`` for an induced subgraph.
        batch: Which of the nodes asked for each node belongs to; ``None`` unless disjoint.

    Shapes:
        - **n_id, batch:** :math:`(K)`
        - **edge_index:** :math:`(2, L)`
        - **e_id:** :math:`(L)`

    Example:
        >>> from graphlocal.ops.sample_neighbors import sample_neighbors
        >>> drawn = sample_neighbors(torch.tensor([[5, 5], [3, 0]]), [3], [2])
        >>> drawn.n_id, drawn.edge_index.tolist(), drawn.num_sampled_nodes
        (tensor([3, 5]), [[1], [0]], [1, 1])
    """

    n_id: Tensor
    edge_index: Tensor
    e_id: Tensor
    num_sampled_nodes: list[int]
    num_sampled_edges: list[int] | None
    batch: Tensor | None = None


class WeighedRows(NamedTuple):
    """Rows with what is needed to draw from them; empty arrays where weights do not matter.

    Example:
        >>> from graphlocal.ops.rows import as_rows
        >>> rows = weigh(as_rows(torch.tensor([[0, 1], [2, 2]]), direction="in"), [3.0, 1.0], True)
        >>> rows.total.tolist(), rows.positive.tolist()
        ([3.0, 4.0], [0, 0, 2])
    """

    rowptr: NDArray[np.int64]
    col: NDArray[np.integer]
    perm: NDArray[np.integer]
    value: NDArray[np.float64]
    total: NDArray[np.float64]
    positive: NDArray[np.int64]


def weigh(
    rows: Rows, weight: object | None, replace: bool, argument: str = "weight"
) -> WeighedRows:
    """Rows made ready for draws by weight, or for uniform ones without any.

    Example:
        >>> from graphlocal.ops.rows import as_rows
        >>> weigh(as_rows(torch.tensor([[0], [1]]), direction="in"), None, False).value.shape
        (0,)
    """
    nothing = np.zeros(0)
    value, total, positive = nothing, nothing, np.zeros(0, np.int64)
    if weight is not None:
        array = frozen(checks.check_draw_weights(weight, len(rows.col), argument))
        value, positive = np.empty(len(array)), np.empty(rows.num_nodes, np.int64)
        total = np.empty(len(array)) if replace else nothing
        finite = run_blocks(weighted_sampling.weigh_rows, row_blocks(rows.rowptr), rows.rowptr,
                            rows.perm, array, value, total, positive)
        if not all(finite):
            checks.fail(argument, "weights at a node that add up to infinity", "finite sums",
                        "scale the weights")
    return WeighedRows(*rows, frozen(value), frozen(total), frozen(positive))


def sample(
    rows: WeighedRows, nodes: NDArray[np.int64], fan_out: list[int], key: np.uint64, *,
    replace: bool = False, disjoint: bool = False, induced: bool = False,
) -> NeighborSample:
    """What :func:`~graphlocal.ops.sample_neighbors` returns, of arguments that were checked.

    Example:
        >>> from graphlocal.ops.rows import as_rows
        >>> rows = weigh(as_rows(torch.tensor([[0, 1], [2, 2]]), direction="in"), None, False)
        >>> sample(rows, np.array([2]), [-1], np.uint64(0)).n_id
        tensor([2, 0, 1])
    """
    groups = len(nodes) if disjoint else 1
    bounds = np.zeros((len(fan_out) + 1, groups + 1), np.int64)
    bounds[0] = np.arange(groups + 1) if disjoint else (0, len(nodes))
    local = _numbers(len(rows.rowptr) - 1)
    n_id, count, edges = np.array(nodes, np.int64), len(nodes), []
    for hop, most in enumerate(fan_out):
        ptr, source, edge = _draw(rows, n_id[bounds[hop, 0] : count], most, replace, key)
        row, col = np.empty(len(edge), np.int64), np.empty(len(edge), np.int64)
        n_id = np.concatenate([n_id[:count], np.empty(len(edge) + 1, np.int64)])
        count = kernel.relabel(local, n_id, count, bounds, hop, ptr, source, row, col)
        edges.append((row, col, edge))
    n_id = n_id[:count]
    per_hop: list[int] | None = [len(edge) for *_, edge in edges]
    if induced:
        edges, per_hop = [_induce(local, n_id, bounds, rows)], None
    row, col, edge = ((np.concatenate(parts) for parts in zip(*edges, strict=True)) if edges
                      else (np.zeros(0, np.int64) for _ in range(3)))
    sizes = np.diff(bounds)
    batch = np.concatenate([np.repeat(np.arange(groups), size) for size in sizes])
    return NeighborSample(
        torch.from_numpy(n_id), torch.from_numpy(np.stack([row, col])), torch.from_numpy(edge),
        sizes.sum(axis=1).tolist(), per_hop, torch.from_numpy(batch) if disjoint else None)


def _draw(
    rows: WeighedRows, nodes: NDArray[np.int64], most: int, replace: bool, key: np.uint64
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Where the edges of every node start, their other ends, and their numbers."""
    replace = replace and most >= 0
    low, ptr = np.empty(len(nodes), np.int64), np.empty(len(nodes) + 1, np.int64)
    kernel.count_draws(nodes, rows.rowptr, rows.positive, most, replace, low, ptr)
    source, edge = np.empty(ptr[-1], rows.col.dtype), np.empty(ptr[-1], np.int64)
    longest = int(np.diff(ptr).max(initial=0))
    common = (row_blocks(ptr), nodes, rows.rowptr, rows.col, rows.perm, low, ptr)
    if len(rows.positive):
        run_blocks(weighted_sampling.draw_weighted, *common, rows.value, rows.total, replace, key,
                   source, edge, scratch=lambda: (np.empty(longest),))
    else:
        table = 1 << draws.table_bits(longest)
        run_blocks(kernel.draw_rows, *common, replace, key, source, edge, scratch=lambda: (
            np.empty(2 * longest, np.int64), np.empty(table, np.int64)))
    return ptr, source, edge


def _induce(
    local: NDArray[np.int32], n_id: NDArray[np.int64], bounds: NDArray[np.int64], rows: WeighedRows
) -> tuple[NDArray[np.int64], ...]:
    nothing = np.zeros(0, np.int64)
    count = kernel.induce(local, n_id, bounds, *rows[:3], nothing, nothing, nothing)
    found = tuple(np.empty(count, np.int64) for _ in range(3))
    if count:
        kernel.induce(local, n_id, bounds, *rows[:3], *found)
    return found


def _numbers(num_nodes: int) -> NDArray[np.int32]:
    """A -1 for every node, kept by the thread: to fill it anew would cost more than a sample."""
    numbers = getattr(_scratch, "numbers", None)
    if numbers is None or len(numbers) != num_nodes:
        numbers = _scratch.numbers = np.full(num_nodes, -1, np.int32)
    return numbers

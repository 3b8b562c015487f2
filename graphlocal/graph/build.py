"""From a list of edges to the arrays of a simple undirected graph, counting what was changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.cpu import csr as kernel
from ..kernels.cpu.parallel import row_blocks, run_blocks


@dataclass(frozen=True)
class GraphReport:
    """What making a graph simple and undirected did to its input.

    Args:
        self_loops: Entries dropped because both ends are one node.
        duplicates: Entries merged into another of the same direction.
        one_way: Edges the input listed in one direction only.
        two_way: Edges the input listed in both directions.
        conflicts: Edges whose two directions had different weights; the larger was kept.
        zeros: Entries dropped because their weight is an explicit zero.
        cancelled: Edges dropped because the weights of their entries add up to zero.
        isolated: Nodes without an edge.

    Example:
        >>> GraphReport(self_loops=2).self_loops
        2
    """

    self_loops: int = 0
    duplicates: int = 0
    one_way: int = 0
    two_way: int = 0
    conflicts: int = 0
    zeros: int = 0
    cancelled: int = 0
    isolated: int = 0

    def __str__(self) -> str:
        said = [
            (self.self_loops, "self loops removed"),
            (self.duplicates, "duplicates merged"),
            (self.zeros, "zero weights removed"),
            (self.cancelled, "edges removed whose weights cancel"),
            (self.conflicts, "edges with two weights"),
            (self.isolated, "isolated"),
        ]
        return ", ".join(f"{count:,} {what}" for count, what in said if count)


#: Edges that one thread takes at a time, and how often at most.
_BLOCK_EDGES, _BLOCKS = 1 << 17, 64
#: Cells of nodes that ends are counted in, as bits; ends of a bucket, and buckets at most.
_CELL_BITS, _BUCKET_ENDS, _BUCKETS = 12, 1 << 16, 512


@dataclass(frozen=True)
class Buckets:
    """Rows cut into buckets of about as many ends each, see :mod:`graphlocal.kernels.cpu.csr`.

    Args:
        shift: A cell is ``2^shift`` rows.
        bucket_of: The bucket of each cell.
        first: The first row of each bucket, and the number of rows.
        low_bits: Bits of a key below the row.

    Shapes:
        - **bucket_of:** ``[cells]``
        - **first:** ``[B + 1]``
    """

    shift: int
    bucket_of: NDArray[np.int64]
    first: NDArray[np.int64]
    low_bits: int

    @classmethod
    def cut(
        cls, cells: NDArray[np.int64], shift: int, num_nodes: int, ends: int = _BUCKET_ENDS,
        most: int = _BUCKETS,
    ) -> Buckets:
        """Buckets of about ``ends`` by the number of ends in each cell, at ``most`` so many."""
        borders = row_blocks(np.concatenate([[0], np.cumsum(cells)]), min_work=ends,
                             max_blocks=most)
        bucket_of = np.repeat(np.arange(len(borders) - 1), np.diff(borders))
        first = np.minimum(borders << shift, num_nodes)
        low_bits = max(num_nodes - 1, 1).bit_length() + 1
        if low_bits + int(np.diff(first).max(initial=1)).bit_length() > 63:
            raise OverflowError("rows of too many nodes for keys of 63 bits")
        return cls(shift, bucket_of, first, low_bits)

    def __len__(self) -> int:
        return len(self.first) - 1


def cell_shift(num_nodes: int, bits: int = _CELL_BITS) -> int:
    """Cells of ``2^shift`` nodes are at most ``2^bits``."""
    return max(0, max(num_nodes - 1, 0).bit_length() - bits)


def edge_cuts(count: int) -> NDArray[np.int64]:
    """Borders of blocks of edges."""
    blocks = max(1, min(_BLOCKS, count // _BLOCK_EDGES))
    return np.arange(blocks + 1, dtype=np.int64) * count // blocks


def count_cells(
    source: NDArray[np.int64], target: NDArray[np.int64], num_nodes: int, shift: int
) -> tuple[NDArray[np.int64], int]:
    """Ends in each cell for each block of :func:`edge_cuts`, and the number of loops."""
    cuts = edge_cuts(len(source))
    cells = np.zeros((len(cuts) - 1, (max(num_nodes - 1, 0) >> shift) + 1), np.int64)
    loops = run_blocks(kernel.count_cells, range(len(cuts)), cuts, source, target, shift, cells)
    return cells, sum(loops)


def deal(
    source: NDArray[np.int64], target: NDArray[np.int64], weight: NDArray[np.float64] | None,
    cells: NDArray[np.int64], buckets: Buckets,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Keys of both ends of the edges, bucket after bucket: ``bounds, key, value``."""
    counts = np.zeros((len(cells), len(buckets)), np.int64)
    starts = np.flatnonzero(np.diff(buckets.bucket_of, prepend=-1))
    if len(starts):
        counts = np.add.reduceat(cells, starts, axis=1)
    bounds = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    position = np.cumsum(counts, axis=0) - counts + bounds[:-1]
    key = np.empty(bounds[-1], np.int64)
    value = np.empty(0 if weight is None else len(key), np.float64)
    cuts = edge_cuts(len(source))
    run_blocks(kernel.scatter_ends, range(len(cuts)), cuts, source, target,
               np.empty(0) if weight is None else weight, buckets.shift, buckets.bucket_of,
               buckets.first, buckets.low_bits, position, key, value)
    return bounds, key, value


def merge(
    bounds: NDArray[np.int64], first: NDArray[np.int64], low_bits: int, key: NDArray[np.int64],
    value: NDArray[np.float64], index_type: type[np.integer],
) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.float64], dict[str, int]]:
    """Rows of the graph from keys in buckets, which are used up.

    Returns:
        ``rowptr`` of the rows of the buckets, ``col``, ``weight`` (empty without weights), and
        counts by their names in :class:`GraphReport`.
    """
    rowptr = np.zeros(int(first[-1] - first[0]) + 1, np.int64)
    found = run_blocks(kernel.merge_bucket, range(len(first)), bounds, first, low_bits, key, value,
                       rowptr)
    np.cumsum(rowptr, out=rowptr)
    kept, *counts = np.array(found, np.int64).reshape(-1, 6).T
    starts = np.concatenate([[0], np.cumsum(kept)])
    col = np.empty(int(starts[-1]), index_type)
    weight = np.empty(len(col) if len(value) else 0, np.float64)

    def copy(bucket: int, _stop: int) -> None:
        low, size, at = int(bounds[bucket]), int(kept[bucket]), int(starts[bucket])
        col[at : at + size] = key[low : low + size]
        if len(weight):
            weight[at : at + size] = value[low : low + size]

    run_blocks(copy, range(len(first)))
    names = ("duplicates", "one_way", "two_way", "conflicts", "cancelled")
    report = {name: int(each.sum()) for name, each in zip(names, counts, strict=True)}
    return rowptr, col, weight, report | {
        "isolated": len(rowptr) - 1 - int(np.count_nonzero(np.diff(rowptr)))}


def build_csr(
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    num_nodes: int,
    weight: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.integer], NDArray[np.float64] | None, GraphReport]:
    """CSR of the simple undirected graph on checked edges: ``rowptr, col, weight, report``.

    Of repeated entries of a direction the weights are summed; where both directions are listed
    the larger weight is kept. An edge left with weight zero is none.
    """
    source, target, weight, zeros = without_zeros(source, target, weight)
    shift = cell_shift(num_nodes)
    cells, loops = count_cells(source, target, num_nodes, shift)
    buckets = Buckets.cut(cells.sum(axis=0), shift, num_nodes)
    bounds, key, value = deal(source, target, weight, cells, buckets)
    rowptr, col, merged, counts = merge(bounds, buckets.first, buckets.low_bits, key, value,
                                        index_type(num_nodes))
    report = GraphReport(self_loops=loops, zeros=zeros, **counts)
    return rowptr, col, None if weight is None else merged, report


def without_zeros(
    source: NDArray[np.int64], target: NDArray[np.int64], weight: NDArray[np.float64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64] | None, int]:
    """The edges whose weight is not zero, and the number of the others."""
    if weight is None or weight.all():
        return source, target, weight, 0
    kept = weight != 0
    zeros = len(weight) - int(np.count_nonzero(kept))
    return source[kept], target[kept], weight[kept], zeros


def index_type(num_nodes: int) -> type[np.integer]:
    """What neighbours are stored as."""
    return np.int32 if num_nodes <= 2**31 else np.int64

"""From a list of edges to the arrays of a simple undirected graph, counting what was changed."""

from __future__ import annotations

from dataclasses import dataclass

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
    zeros = 0
    if weight is not None and not weight.all():
        kept = weight != 0
        zeros = len(weight) - int(np.count_nonzero(kept))
        source, target, weight = source[kept], target[kept], weight[kept]

    rowptr = np.zeros(num_nodes + 1, dtype=np.int64)
    loops = int(kernel.count_ends(source, target, rowptr))
    np.cumsum(rowptr, out=rowptr)
    ends = int(rowptr[-1])
    # An entry holds 2 * neighbour + 1; half the memory traffic while that fits 32 bits.
    entry_type = np.int32 if num_nodes < 2**30 else np.int64
    entry, sorted_entry = np.empty(ends, entry_type), np.empty(ends, entry_type)
    number = sorted_number = None
    if weight is None:
        kernel.scatter_ends(source, target, rowptr[:-1].copy(), entry)
        kernel.sort_rows(rowptr, entry, rowptr[:-1].copy(), sorted_entry)
    else:
        number, sorted_number = np.empty(ends, np.int64), np.empty(ends, np.int64)
        kernel.scatter_ends_numbered(source, target, rowptr[:-1].copy(), entry, number)
        kernel.sort_rows_numbered(
            rowptr, entry, number, rowptr[:-1].copy(), sorted_entry, sorted_number
        )
    del entry, number

    borders = row_blocks(rowptr)
    new_rowptr = np.zeros(num_nodes + 1, dtype=np.int64)
    counts = run_blocks(kernel.count_distinct, borders, rowptr, sorted_entry, new_rowptr)
    repeated, one_way = (int(sum(c[i] for c in counts)) for i in (0, 1))
    np.cumsum(new_rowptr, out=new_rowptr)
    col = np.empty(int(new_rowptr[-1]), np.int32 if num_nodes <= 2**31 else np.int64)
    conflicts = 0
    merged = None
    if weight is None:
        run_blocks(kernel.write_distinct, borders, rowptr, sorted_entry, new_rowptr, col)
    else:
        merged = np.empty(len(col), np.float64)
        conflicts = sum(
            run_blocks(kernel.write_distinct_weighted, borders, rowptr, sorted_entry,
                       sorted_number, weight, new_rowptr, col, merged)
        )
    two_way = len(col) // 2 - one_way
    cancelled = 0
    if merged is not None and not merged.all():
        kept = merged != 0
        cancelled = (len(kept) - int(np.count_nonzero(kept))) // 2
        new_rowptr = np.concatenate([[0], np.cumsum(kept)])[new_rowptr]
        col, merged = col[kept], merged[kept]
    report = GraphReport(
        self_loops=loops,
        duplicates=repeated,
        one_way=one_way,
        two_way=two_way,
        conflicts=int(conflicts),
        zeros=zeros,
        cancelled=cancelled,
        isolated=num_nodes - int(np.count_nonzero(np.diff(new_rowptr))),
    )
    return new_rowptr, col, merged, report

"""What is left of rows once the nodes they share are known: copied in stretches, compared with
nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .common_neighbors import PairPlan, list_pairs
from .parallel import jit, row_blocks, run_blocks
from .prefetch import LINE, prefetch

#: Entries that a thread copies at a time.
BLOCK_WORK = 1 << 17
#: Rows ahead that are asked for.
_AHEAD = 12
# Unsigned positions need no test for counting from the end, which lets loops be vectorised.
_unsigned = np.uint64


@jit
def count_rest(start, stop, rowptr, visible, node, shared_ptr, length):
    """``length[p + 1]`` is the number of entries of the row of ``node[p]`` that are not shared."""
    for p in range(start, stop):
        first, last = rowptr[node[p]], rowptr[node[p] + 1]
        count = last - first
        if len(visible):
            count = 0
            for entry in range(first, last):
                count += visible[entry]
        length[p + 1] = count - (shared_ptr[p + 1] - shared_ptr[p])


@jit
def write_rest(start, stop, rowptr, col, visible, node, shared_ptr, shared, ptr, rest):
    """Writes the row of ``node[p]`` without the nodes it shares from where ``ptr`` says."""
    step = LINE // col.itemsize
    for p in range(start, stop):
        if p + _AHEAD < stop:
            later = node[p + _AHEAD]
            first = rowptr[later]
            for k in range(first, min(first + 4 * step, rowptr[later + 1]), step):
                prefetch(col, k)
        at, entry, last = ptr[p], rowptr[node[p]], rowptr[node[p] + 1]
        for s in range(shared_ptr[p], shared_ptr[p + 1] + 1):
            # Up to the next shared node, or to the end: a node past all where there is none.
            if s < shared_ptr[p + 1]:
                end = entry
                while col[end] != shared[s]:
                    end += 1
            else:
                end = last
            if len(visible) == 0:
                to, source = _unsigned(at), _unsigned(entry)
                for k in range(_unsigned(end - entry)):
                    rest[to + k] = col[source + k]
                at += end - entry
            else:
                for k in range(entry, end):
                    if visible[k]:
                        rest[at] = col[k]
                        at += 1
            entry = end + 1


def list_rest(
    plan: PairPlan, shared_ptr: NDArray[np.int64], shared: NDArray[np.integer], first: bool
) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
    """Sorted nodes that one row of each pair has alone: ``(ptr, node)``.

    Args:
        plan: A plan of the pairs with ``part="both"``.
        shared_ptr: Borders of the lists of shared nodes, of :func:`list_pairs`.
        shared: The shared nodes.
        first: Whether of the first node of each pair or of the second.

    Example:
        >>> from .common_neighbors import plan_pairs
        >>> rowptr, col = np.array([0, 2, 4, 6]), np.array([1, 2, 0, 2, 0, 1], np.int32)
        >>> plan = plan_pairs(rowptr, col, np.array([0]), np.array([1]))
        >>> ptr, node = list_rest(plan, *list_pairs(plan), True)
        >>> node.tolist()
        [1]
    """
    rowptr, col, visible = plan.arguments[:3]
    node = plan.arguments[4 if first else 5]
    ptr = np.zeros(len(plan.work), np.int64)
    borders = row_blocks(plan.work, min_work=BLOCK_WORK)
    run_blocks(count_rest, borders, rowptr, visible, node, shared_ptr, ptr)
    np.cumsum(ptr, out=ptr)
    rest = np.empty(int(ptr[-1]), col.dtype)
    run_blocks(write_rest, row_blocks(ptr, min_work=BLOCK_WORK), rowptr, col, visible, node,
               shared_ptr, shared, ptr, rest)
    return ptr, rest


def split_pairs(plan: PairPlan) -> tuple[NDArray[np.integer], ...]:
    """The shared nodes and what either row has alone: three times ``ptr, node``.

    Example:
        >>> from .common_neighbors import plan_pairs
        >>> rowptr, col = np.array([0, 2, 4, 6]), np.array([1, 2, 0, 2, 0, 1], np.int32)
        >>> plan = plan_pairs(rowptr, col, np.array([0]), np.array([1]))
        >>> [nodes.tolist() for nodes in split_pairs(plan)[1::2]]
        [[2], [1], [0]]
    """
    shared = list_pairs(plan)
    return (*shared, *list_rest(plan, *shared, True), *list_rest(plan, *shared, False))

"""Nodes next to one end of a pair and two steps from the other: the support of A times A, by rows.

Dense graphs get the rows of A times A as bits, only those that pairs ask for. Elsewhere every pair
takes the cheaper of two ways: to mark the row of the far end and look for a mark next to each
neighbour of the near one, or to mark everything two steps from the far end. Hidden entries must be
hidden in both directions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .common_neighbors import BITMAP_BYTES, BLOCK_WORK
from .common_neighbors_bitmap import write_bits
from .orbits_bits import count_bits, lowest_bit
from .parallel import jit, row_blocks, run_blocks

_NO_FLAGS = np.zeros(0, np.bool_)


@jit
def count_walks(start, stop, rowptr, col, walks):
    """Number of walks of two steps from each node, hidden entries included."""
    for v in range(start, stop):
        total = 0
        for entry in range(rowptr[v], rowptr[v + 1]):
            u = col[entry]
            total += rowptr[u + 1] - rowptr[u]
        walks[v] = total


@jit
def unite_bits(start, stop, rowptr, col, visible, wanted, bits, far_bits):
    """Row ``v`` of ``far_bits`` is the union of the rows of its neighbours, where it is wanted."""
    for v in range(start, stop):
        if not wanted[v]:
            continue
        for entry in range(rowptr[v], rowptr[v + 1]):
            if len(visible) == 0 or visible[entry]:
                u = col[entry]
                for k in range(bits.shape[1]):
                    far_bits[v, k] |= bits[u, k]


@jit
def count_bits_of_both(start, stop, near_bits, far_bits, near, far, length):
    """``length[p + 1]`` is how many bits two rows share."""
    for p in range(start, stop):
        i, j = near[p], far[p]
        count = 0
        for k in range(near_bits.shape[1]):
            count += count_bits(near_bits[i, k] & far_bits[j, k])
        length[p + 1] = count


@jit
def list_bits_of_both(start, stop, near_bits, far_bits, near, far, ptr, node):
    """Writes the bits two rows share from where ``ptr`` says."""
    for p in range(start, stop):
        i, j, at = near[p], far[p], ptr[p]
        for k in range(near_bits.shape[1]):
            word = near_bits[i, k] & far_bits[j, k]
            while word:
                node[at] = (k << 6) + lowest_bit(word)
                at += 1
                word &= word - 1


@jit
def _is_seen(visible, entry):
    return len(visible) == 0 or visible[entry]


@jit
def _mark_far(rowptr, col, visible, node, mark, value):
    """Marks everything two steps from a node, or takes the marks away."""
    for entry in range(rowptr[node], rowptr[node + 1]):
        if _is_seen(visible, entry):
            u = col[entry]
            for other in range(rowptr[u], rowptr[u + 1]):
                if _is_seen(visible, other):
                    mark[col[other]] = value


@jit
def list_near_far(start, stop, rowptr, col, visible, near, far, walks, both_far, length, mark,
                  nodes):
    """Returns an array of the nodes next to ``near`` and two steps from ``far``.

    With ``both_far`` they are two steps from either. ``mark`` is scratch of zeros, ``[N]``;
    ``nodes`` has room for all the pairs may list.
    """
    at = 0
    for p in range(start, stop):
        i, j = near[p], far[p]
        first = at
        if both_far:
            if walks[i] > walks[j]:
                i, j = j, i
            _mark_far(rowptr, col, visible, j, mark, 1)
            for entry in range(rowptr[i], rowptr[i + 1]):
                if not _is_seen(visible, entry):
                    continue
                u = col[entry]
                for other in range(rowptr[u], rowptr[u + 1]):
                    if _is_seen(visible, other) and mark[col[other]] == 1:
                        nodes[at] = col[other]
                        mark[col[other]] = 2
                        at += 1
            nodes[first:at].sort()
            _mark_far(rowptr, col, visible, j, mark, 0)
        elif walks[i] < 2 * walks[j]:
            for entry in range(rowptr[j], rowptr[j + 1]):
                if _is_seen(visible, entry):
                    mark[col[entry]] = 1
            for entry in range(rowptr[i], rowptr[i + 1]):
                if not _is_seen(visible, entry):
                    continue
                u = col[entry]
                for other in range(rowptr[u], rowptr[u + 1]):
                    if mark[col[other]] and _is_seen(visible, other):
                        nodes[at] = u
                        at += 1
                        break
            for entry in range(rowptr[j], rowptr[j + 1]):
                mark[col[entry]] = 0
        else:
            _mark_far(rowptr, col, visible, j, mark, 1)
            for entry in range(rowptr[i], rowptr[i + 1]):
                if mark[col[entry]] and _is_seen(visible, entry):
                    nodes[at] = col[entry]
                    at += 1
            _mark_far(rowptr, col, visible, j, mark, 0)
        length[p + 1] = at - first
    return nodes[:at].copy()


def list_pairs(
    rowptr: NDArray[np.int64], col: NDArray[np.integer], left: NDArray[np.int64],
    right: NDArray[np.int64], hops: list[int], visible: NDArray[np.bool_] | None = None,
    dense: bool | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
    """Sorted nodes at the end of walks of so many hops from both ends of each pair.

    Args:
        rowptr: Row pointers of a simple undirected graph.
        col: Its sorted rows.
        left: First node of each pair.
        right: Second node of each pair.
        hops: ``[1, 2]``, ``[2, 1]`` or ``[2, 2]``.
        visible: Flag of each entry, the same in both directions.
        dense: Whether to use bits, to have no choice.

    Example:
        >>> rowptr, col = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1], np.int32)  # 0 - 1 - 2
        >>> ptr, node = list_pairs(rowptr, col, np.array([1]), np.array([0]), [1, 2])
        >>> node.tolist()
        [0, 2]
    """
    near, far = (right, left) if hops == [2, 1] else (left, right)
    both_far = hops == [2, 2]
    visible = _NO_FLAGS if visible is None else visible
    num_nodes, pairs = len(rowptr) - 1, len(near)
    words = (num_nodes + 63) >> 6
    ptr = np.zeros(pairs + 1, np.int64)
    walks = np.empty(num_nodes, np.int64)
    rows = row_blocks(rowptr)
    run_blocks(count_walks, rows, rowptr, col, walks)
    degree = np.diff(rowptr)
    wanted = np.zeros(num_nodes, np.bool_)
    wanted[far] = True
    if both_far:
        wanted[near] = True
        work = walks[near] + 2 * walks[far]
        longest = np.minimum(np.minimum(walks[near], walks[far]), num_nodes)
    else:
        work = np.minimum(walks[near] + 2 * degree[far], 2 * walks[far] + degree[near])
        longest = degree[near]
    work, bound = (np.concatenate([[0], np.cumsum(part)]) for part in (work, longest))
    as_bits = (int(degree[wanted].sum()) + pairs + 2 * num_nodes) * words // 3
    if dense is None:
        dense = 2 * num_nodes * words * 8 <= BITMAP_BYTES and as_bits < int(work[-1])
    if not dense:
        borders = row_blocks(work, min_work=BLOCK_WORK)
        most = int(np.diff(bound[borders]).max(initial=0))
        parts = run_blocks(list_near_far, borders, rowptr, col, visible, near, far, walks, both_far,
                           ptr, scratch=lambda: (np.zeros(num_nodes, np.uint8),
                                                 np.empty(most, col.dtype)))
        np.cumsum(ptr, out=ptr)
        return ptr, np.concatenate(parts) if parts else np.empty(0, col.dtype)
    bits, far_bits = (np.zeros((num_nodes, words), np.int64) for _ in range(2))
    run_blocks(write_bits, rows, rowptr, col, visible, bits)
    run_blocks(unite_bits, rows, rowptr, col, visible, wanted, bits, far_bits)
    arguments: tuple[Any, ...] = (far_bits if both_far else bits, far_bits, near, far)
    borders = row_blocks(np.arange(pairs + 1) * words, min_work=BLOCK_WORK)
    run_blocks(count_bits_of_both, borders, *arguments, ptr)
    np.cumsum(ptr, out=ptr)
    node = np.empty(int(ptr[-1]), col.dtype)
    run_blocks(list_bits_of_both, borders, *arguments, ptr, node)
    return ptr, node

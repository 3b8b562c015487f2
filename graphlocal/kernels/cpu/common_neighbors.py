"""Common neighbours of many pairs of nodes: the list, its length, and sums over it.

Pairs are looked at a few hundred at a time: first where their rows are, then the rows are asked
for, then they are compared, so that many rows are on their way from memory at once. Which of the
algorithms compares them follows from the graph and the pairs, never from the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .common_neighbors_bitmap import count_shared_bits, list_bits, write_bits
from .common_neighbors_merge import SKEW, shared, unshared
from .common_neighbors_stamp import shared_with_stamped, stamp
from .parallel import jit, row_blocks, run_blocks
from .prefetch import LINE, prefetch

MERGE, BITMAP, STAMP = 0, 1, 2
METHODS = {"merge": MERGE, "bitmap": BITMAP, "stamp": STAMP}
#: Pairs whose rows are asked for together.
CHUNK = 256
#: Nodes a chunk may list before it is cut short, unless a single pair may list more.
CHUNK_NODES = 1 << 15
#: Work below which no block of pairs is cut.
BLOCK_WORK = 1 << 17
#: A graph is kept as bits up to so many bytes.
BITMAP_BYTES = 1 << 27
#: Most lines of a row that are asked for in advance.
_LINES = 4
_NO_FLAGS = np.zeros(0, np.bool_)
_NO_FLAGS.flags.writeable = False


@jit
def measure_pairs(start, stop, rowptr, left, right, both, work):
    """Work of every pair into ``work[p + 1]``.

    Returns the most nodes that one pair can list, and how many pairs have the first node of the
    pair before.
    """
    most = 0
    repeated = 0
    for p in range(start, stop):
        i, j = left[p], right[p]
        a, b = rowptr[i + 1] - rowptr[i], rowptr[j + 1] - rowptr[j]
        least = min(a, b)
        most = max(most, least if both else a)
        work[p + 1] = min(a + b, 2 * SKEW * least + 1) if both else a + min(b, 2 * SKEW * a)
        repeated += p > start and left[p - 1] == i
    return most, repeated


@jit
def list_chunk(p, stop, rowptr, col, visible, bits, mark, left, right, both, method, ends, room,
               out, at, length):
    """Lists the nodes of the next pairs from ``out[at]`` on, until ``room`` may be exceeded.

    ``length[q + 1]`` gets how many pair ``q`` has. ``ends`` is scratch ``[4 * CHUNK]``. Returns
    the first pair that was left, and where the list ends.
    """
    last = min(p + CHUNK, stop)
    if method != BITMAP:
        step = LINE // col.itemsize
        k = 0
        for q in range(p, last):
            i, j = left[q], right[q]
            ends[k], ends[k + 1] = rowptr[i], rowptr[i + 1]
            ends[k + 2], ends[k + 3] = rowptr[j], rowptr[j + 1]
            k += 4
        for k in range(0, 4 * (last - p), 2):
            for entry in range(ends[k], min(ends[k + 1], ends[k] + _LINES * step), step):
                prefetch(col, entry)
    k = 0
    stamped = np.int64(-1)
    bound = at + room
    while p < last:
        if method == BITMAP:
            i, j = left[p], right[p]
            longest = rowptr[i + 1] - rowptr[i]
            if both:
                longest = min(longest, rowptr[j + 1] - rowptr[j])
            if at > bound - longest:
                break
            end = list_bits(bits, i, j, both, out, at, len(out))
        else:
            a, a_end, b, b_end = ends[k], ends[k + 1], ends[k + 2], ends[k + 3]
            k += 4
            if at > bound - (min(a_end - a, b_end - b) if both else a_end - a):
                break
            if method == STAMP and both and (b_end - b) <= SKEW * (a_end - a):
                i = left[p]
                if i != stamped:
                    if stamped >= 0:
                        stamp(rowptr, col, visible, stamped, mark, False)
                    stamp(rowptr, col, visible, i, mark, True)
                    stamped = i
                end = shared_with_stamped(col, visible, b, b_end, mark, out, at)
            elif both:
                end = shared(col, visible, a, a_end, b, b_end, out, at)
            else:
                end = unshared(col, visible, a, a_end, b, b_end, out, at)
        length[p + 1] = end - at
        at = end
        p += 1
    if stamped >= 0:
        stamp(rowptr, col, visible, stamped, mark, False)
    return p, at


@jit
def count_block(start, stop, rowptr, col, visible, bits, left, right, both, method, length,
                mark, ends, out):
    """``length[p + 1]`` is the number of nodes that a pair lists."""
    if method == BITMAP:
        for p in range(start, stop):
            length[p + 1] = count_shared_bits(bits, left[p], right[p], both)
        return
    p = start
    while p < stop:
        p, _ = list_chunk(p, stop, rowptr, col, visible, bits, mark, left, right, both, method,
                          ends, len(out) - 1, out, 0, length)


@jit
def list_block(start, stop, rowptr, col, visible, bits, left, right, both, method, length,
               mark, ends, out):
    """Returns an array of the nodes of all pairs; ``out`` has room for all they may list."""
    at = 0
    p = start
    while p < stop:
        p, at = list_chunk(p, stop, rowptr, col, visible, bits, mark, left, right, both, method,
                           ends, len(out) - 1 - at, out, at, length)
    return out[:at].copy()


@jit
def write_block(start, stop, rowptr, col, visible, bits, left, right, both, method, ptr, node,
                mark, ends, out):
    """Lists the nodes of all pairs from where ``ptr`` says, by their bits."""
    for p in range(start, stop):
        list_bits(bits, left[p], right[p], both, node, ptr[p], ptr[p + 1])


@jit
def weigh_block(start, stop, rowptr, col, visible, bits, left, right, both, method, weight, length,
                total, mark, ends, out):
    """``total[p, k]`` is the sum of ``weight[u, k]`` over the nodes ``u`` that a pair lists."""
    p = start
    while p < stop:
        first = p
        p, _ = list_chunk(p, stop, rowptr, col, visible, bits, mark, left, right, both, method,
                          ends, len(out) - 1, out, 0, length)
        at = 0
        for q in range(first, p):
            end = at + length[q + 1]
            for k in range(weight.shape[1]):
                total[q, k] = 0
            for entry in range(at, end):
                u = out[entry]
                for k in range(weight.shape[1]):
                    total[q, k] += weight[u, k]
            at = end


@dataclass(frozen=True)
class PairPlan:
    """How the pairs are gone through: what every kernel gets, and the blocks.

    Example:
        >>> rowptr, col = np.array([0, 1, 2]), np.array([1, 0], np.int32)
        >>> plan = plan_pairs(rowptr, col, np.array([0]), np.array([1]))
        >>> plan.method, plan.borders.tolist()
        (0, [0, 1])
    """

    arguments: tuple[Any, ...]
    borders: NDArray[np.int64]
    work: NDArray[np.int64]
    room: int
    method: int

    def run(
        self, kernel: Callable[..., Any], *arguments: Any, room: int = 0,
        scratch: Callable[[int], tuple[NDArray[Any], ...]] | None = None,
    ) -> list[Any]:
        """Runs a kernel over all pairs.

        Args:
            kernel: One of this module, or one that takes what they take.
            arguments: Passed between those of the plan and the working arrays.
            room: Nodes it may list at once, if more than usual.
            scratch: Makes further working arrays, given how many nodes may be listed at once.

        Example:
            >>> rowptr, col = np.array([0, 1, 2]), np.array([1, 0], np.int32)
            >>> plan = plan_pairs(rowptr, col, np.array([0]), np.array([0]))
            >>> length = np.zeros(2, np.int64)
            >>> _ = plan.run(count_block, length)
            >>> length.tolist()
            [0, 1]
        """
        col, num_nodes = self.arguments[1], len(self.arguments[0]) - 1

        room = max(self.room, room) + 1

        def own() -> tuple[NDArray[Any], ...]:
            mark = np.zeros(num_nodes if self.method == STAMP else 0, np.bool_)
            nodes = np.empty(room, col.dtype)
            further = () if scratch is None else scratch(room)
            return mark, np.empty(4 * CHUNK, np.int64), nodes, *further

        return run_blocks(kernel, self.borders, *self.arguments, *arguments, scratch=own)


def plan_pairs(
    rowptr: NDArray[np.int64], col: NDArray[np.integer], left: NDArray[np.int64],
    right: NDArray[np.int64], part: str = "both", visible: NDArray[np.bool_] | None = None,
    method: str | None = None,
) -> PairPlan:
    """Chooses an algorithm and cuts the pairs into blocks of equal work. Nothing is checked.

    Args:
        rowptr: Row pointers of a simple undirected graph.
        col: Its sorted rows.
        left: First node of each pair.
        right: Second node of each pair.
        part: ``"both"``: nodes in both rows; ``"left"``, ``"right"``: in that one only.
        visible: Flag of each entry of ``col``; one without is not there.
        method: One of ``METHODS``, to have no choice.

    Example:
        >>> rowptr, col = np.array([0, 1, 2]), np.array([1, 0], np.int32)
        >>> plan_pairs(rowptr, col, np.array([0]), np.array([1]), method="bitmap").method == BITMAP
        True
    """
    both = part == "both"
    if part == "right":
        left, right = right, left
    rowptr, col, left, right = (_frozen(array) for array in (rowptr, col, left, right))
    visible = _NO_FLAGS if visible is None else _frozen(visible)
    pairs, num_nodes = len(left), len(rowptr) - 1
    work = np.zeros(pairs + 1, np.int64)
    borders = row_blocks(np.zeros(pairs + 1, np.int64), min_work=1 << 14)
    measured = run_blocks(measure_pairs, borders, rowptr, left, right, both, work)
    np.cumsum(work, out=work)
    most = max((one for one, _ in measured), default=0)
    words = (num_nodes + 63) >> 6
    if method is None:
        # Measured: a word costs about a third of a step along two rows, an entry as much as one.
        as_bits = pairs * words // 3 + len(col) + num_nodes * words // 4
        if num_nodes * words * 8 <= BITMAP_BYTES and as_bits < int(work[-1]):
            chosen = BITMAP
        else:
            grouped = both and sum(count for _, count in measured) * 4 > 3 * pairs
            chosen = STAMP if grouped else MERGE
    else:
        chosen = METHODS[method]
    bits = np.zeros((num_nodes, words) if chosen == BITMAP else (0, 0), np.int64)
    if chosen == BITMAP:
        run_blocks(write_bits, row_blocks(rowptr), rowptr, col, visible, bits)
    cost = np.arange(pairs + 1) * words if chosen == BITMAP else work
    return PairPlan((rowptr, col, visible, bits, left, right, both, chosen),
                    row_blocks(cost, min_work=BLOCK_WORK), work, max(CHUNK_NODES, most), chosen)


def count_pairs(plan: PairPlan) -> NDArray[np.int64]:
    """Number of nodes of each pair, ``[P]``.

    Example:
        >>> rowptr, col = np.array([0, 2, 4, 6]), np.array([1, 2, 0, 2, 0, 1], np.int32)
        >>> count_pairs(plan_pairs(rowptr, col, np.array([0, 1]), np.array([1, 1]))).tolist()
        [1, 2]
    """
    length = np.zeros(len(plan.work), np.int64)
    plan.run(count_block, length)
    return length[1:]


def list_pairs(plan: PairPlan) -> tuple[NDArray[np.int64], NDArray[np.integer]]:
    """Sorted nodes of each pair: ``(ptr, node)``.

    Example:
        >>> rowptr, col = np.array([0, 2, 4, 6]), np.array([1, 2, 0, 2, 0, 1], np.int32)
        >>> ptr, node = list_pairs(plan_pairs(rowptr, col, np.array([0, 1]), np.array([1, 1])))
        >>> ptr.tolist(), node.tolist()
        ([0, 1, 3], [2, 0, 2])
    """
    ptr = np.zeros(len(plan.work), np.int64)
    col = plan.arguments[1]
    if plan.method == BITMAP:
        plan.run(count_block, ptr)
        np.cumsum(ptr, out=ptr)
        node = np.empty(int(ptr[-1]), col.dtype)
        plan.run(write_block, ptr, node)
        return ptr, node
    # No pair lists more nodes than it is work; memory that is never written is none.
    most = int(np.diff(plan.work[plan.borders]).max(initial=0))
    parts = plan.run(list_block, ptr, room=most)
    np.cumsum(ptr, out=ptr)
    node = np.empty(int(ptr[-1]), col.dtype)
    run_blocks(_copy_parts, np.arange(len(parts) + 1), parts, ptr[plan.borders], node)
    return ptr, node


def weigh_pairs(
    plan: PairPlan, weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Number of nodes of each pair, and the sums of several weights over them.

    Args:
        plan: The pairs.
        weight: Weights of the nodes, ``[N, K]``.

    Returns:
        Counts ``[P]`` and sums ``[P, K]``, added in the order of the nodes.

    Example:
        >>> rowptr, col = np.array([0, 2, 4, 6]), np.array([1, 2, 0, 2, 0, 1], np.int32)
        >>> plan = plan_pairs(rowptr, col, np.array([0, 1]), np.array([1, 1]))
        >>> count, total = weigh_pairs(plan, np.array([[1.0], [2.0], [4.0]]))
        >>> count.tolist(), total.tolist()
        ([1, 2], [[4.0], [5.0]])
    """
    length = np.zeros(len(plan.work), np.int64)
    total = np.empty((len(plan.work) - 1, weight.shape[1]), np.float64)
    plan.run(weigh_block, _frozen(np.ascontiguousarray(weight, np.float64)), length, total)
    return length[1:], total


def _copy_parts(
    start: int, stop: int, parts: list[Any], first: NDArray[np.int64], node: NDArray[np.integer]
) -> None:
    for b in range(start, stop):
        node[first[b] : first[b] + len(parts[b])] = parts[b]
        parts[b] = None


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Read-only, as the arrays of a graph are: kernels compile once."""
    array = np.ascontiguousarray(array).view()
    array.flags.writeable = False
    return array

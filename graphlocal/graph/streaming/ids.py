"""From the integer ids of a spooled list to ``0..N-1``, in the order of the ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...kernels.cpu import labels as kernel
from ...kernels.cpu.parallel import run_blocks
from .. import checks
from ..labels import BitRanks, HashRanks, distinct, edge_blocks, is_dense
from .spool import EdgeSpool

#: Numbers that are put out at a time.
_STEP = 1 << 20


@dataclass(frozen=True)
class Ids:
    """The distinct ids of a list.

    Args:
        count: How many there are.
        ranks: What replaces ids by their ranks; ``None`` where they are ``0..N-1``.
        sorted: Either all ids, or with ``low`` whether ``low + i`` is one.
        low: The smallest id.
    """

    count: int
    ranks: BitRanks | HashRanks | None
    sorted: NDArray[np.int64] | NDArray[np.bool_]
    low: int

    def pieces(self) -> Iterator[NDArray[np.int64]]:
        """The ids, sorted."""
        for start in range(0, len(self.sorted), _STEP):
            piece = self.sorted[start : start + _STEP]
            yield np.flatnonzero(piece) + (start + self.low) if piece.dtype == np.bool_ else piece


def find_ids(edges: EdgeSpool, step: int, room: int) -> Ids:
    """The ids of the edges, read ``step`` edges at a time.

    Args:
        edges: At least one edge.
        step: Edges of a piece.
        room: Bytes that may be used.

    Raises:
        GraphError: If there are more ids than the room can hold.
    """
    span = edges.high - edges.low + 1
    if is_dense(edges.low, edges.high, len(edges)) and span + span // 4 <= room:
        seen = np.zeros(span, np.bool_)
        for _, ends, _ in edges.pieces(step, weight=False):
            run_blocks(kernel.mark, edge_blocks(ends.shape[1]), ends[0], ends[1], edges.low, seen)
        count = int(np.count_nonzero(seen))
        whole = edges.low == 0 and count == span
        return Ids(count, None if whole else BitRanks(edges.low, seen), seen, edges.low)
    runs: list[NDArray[np.int64]] = []
    for _, ends, _ in edges.pieces(step, weight=False):
        runs.append(distinct(np.array_split(ends.ravel(), ends.size // (1 << 21) + 1)))
        # Runs of sizes that fall by half: each id is merged a few times only.
        while len(runs) > 1 and len(runs[-2]) < 2 * len(runs[-1]):
            runs.append(distinct([np.concatenate([runs.pop(), runs.pop()])]))
        _check_room(sum(map(len, runs)), room)
    while len(runs) > 1:
        runs.append(distinct([np.concatenate([runs.pop(), runs.pop()])]))
    ids = runs[0]
    whole = edges.low == 0 and len(ids) == span
    return Ids(len(ids), None if whole else HashRanks(ids), ids, edges.low)


def _check_room(count: int, room: int) -> None:
    # While two runs are merged: they, both in one, sorted, and without repetitions.
    if 32 * count > room:
        checks.fail_memory(2 * room, 4 * 32 * count, f"the ids of {count:,} nodes so far have to "
                           "be held: ids closer together, such as 0, 1, 2, ..., need less")

"""How the work of a selective scan is cut: channels into blocks of lanes, both into tasks.

The cuts follow from shapes and borders alone, never from the number of threads.
"""

from __future__ import annotations

import functools
import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .lanes import WIDTH
from .parallel import row_blocks

#: Tasks beyond which channels are no longer split among them: each split has sums of ``B`` and
#: ``C`` of its own, and passes by all rows again to take little of each.
ENOUGH_TASKS = 8
#: Fewest blocks of a task where channels are split: where it reads less than 256 bytes of each row
#: a step takes two to four times as long, more than a second thread would gain.
LEAST_BLOCKS = 4
#: Most ranges of sequences.
MOST_RANGES = 256
#: Steps of sixteen channels with sixteen states below which a task is not worth a thread's while.
LEAST_STEPS = 1 << 11
#: Most sequences whose plan is remembered, from a scan to its gradient and to the next scan: of few
#: sequences it takes one part in fifty of the time, of many nothing.
MOST_REMEMBERED = 1 << 12


class Plan(NamedTuple):
    """What the kernels of :mod:`.selective_scan` take as ``tasks``, ``blocks`` and ``ranges``.

    Example:
        >>> plan = make_plan(np.array([0, 5, 9]), 40, 16, 1, (False, True))
        >>> plan.blocks.tolist()  # halves of 20 channels
        [[0, 16, 0, 0, 0], [16, 4, 0, 0, 0], [20, 16, 0, 1, 1], [36, 4, 0, 1, 1]]
        >>> plan.tasks.tolist()
        [[0, 2, 0, 2], [2, 4, 0, 2]]
    """

    tasks: NDArray[np.int64]
    blocks: NDArray[np.int64]
    ranges: int
    parts: int
    #: Whether some places for the sums of ``B`` and ``C`` are written by nobody.
    has_gaps: bool
    #: Most blocks of a task.
    widest: int

    def to_lanes(self, values: NDArray[np.float32], axis: int = 0) -> NDArray[np.float32]:
        """The axis of channels as blocks and lanes ``[..., K, (N,) 16]``, lanes last."""
        index = self.blocks[:, :1] + np.arange(WIDTH)
        beyond = np.arange(WIDTH) >= self.blocks[:, 1:2]
        index = np.where(beyond, 0, index)
        found = np.take(values, index, axis=axis)  # [..., K, 16, (N)]
        if found.ndim > axis + 2:
            found = np.moveaxis(found, axis + 1, -1)  # [..., K, N, 16]
            beyond = beyond[:, None, :]
        return np.where(beyond, np.float32(0), found)

    def from_lanes(self, values: NDArray[np.float32], axis: int = 0) -> NDArray[np.float32]:
        """Back from blocks ``axis`` and lanes (last) to channels."""
        place = np.empty(int(self.blocks[:, 1].sum()), np.int64)
        for number, (channel, count, *_) in enumerate(self.blocks.tolist()):
            place[channel : channel + count] = number * WIDTH + np.arange(count)
        values = np.moveaxis(values, -1, axis + 1)  # [..., K, 16, (N)]
        *before, blocks, lanes = values.shape[: axis + 2]
        shape = (*before, blocks * lanes, *values.shape[axis + 2 :])
        return np.take(values.reshape(shape), place, axis=axis)


def _cuts(channels: int, groups: int, split: bool) -> list[int]:
    """Channels where a block begins anew: those of groups, and the middle if it is one."""
    return sorted({*range(0, channels + 1, channels // groups), *([channels // 2] * split)})


def count_blocks(channels: int, groups: int, split: bool) -> int:
    """Blocks of lanes that channels are cut into; ``split`` says that halves differ.

    Example:
        >>> count_blocks(40, 1, True)
        4
    """
    return sum(-(-(stop - start) // WIDTH)
               for start, stop in itertools.pairwise(_cuts(channels, groups, split)))


def make_plan(
    ptr: NDArray[np.int64], channels: int, states: int, groups: int, reverse: tuple[bool, bool]
) -> Plan:
    """Plan of a scan of the sequences that ``ptr`` borders.

    Args:
        ptr: Borders of the sequences.
        channels: Number of channels.
        states: States per channel.
        groups: Groups of channels that share ``B`` and ``C``.
        reverse: Direction of the first and of the second half of the channels.

    Example:
        >>> make_plan(np.array([0, 65536]), 128, 16, 1, (False, False)).tasks.tolist()
        [[0, 4, 0, 1], [4, 8, 0, 1]]
    """
    make = _make_plan if len(ptr) <= MOST_REMEMBERED else _make_plan.__wrapped__
    return make(ptr.tobytes(), channels, states, groups, reverse)


@functools.lru_cache(maxsize=16)
def _make_plan(
    borders: bytes, channels: int, states: int, groups: int, reverse: tuple[bool, bool]
) -> Plan:
    ptr = np.frombuffer(borders, np.int64)
    halves: dict[tuple[int, bool], list[list[int]]] = {}
    for start, stop in itertools.pairwise(_cuts(channels, groups, reverse[0] != reverse[1])):
        backwards = reverse[start >= channels // 2]
        own = halves.setdefault((start * groups // channels, backwards), [])
        own += [[channel, min(WIDTH, stop - channel), start * groups // channels, int(backwards)]
                for channel in range(start, stop, WIDTH)]
    total = sum(map(len, halves.values()))
    # One task takes the same sequences through many channels, or few of them where there are so
    # few sequences that threads would have nothing to do.
    steps = max(1, LEAST_STEPS * WIDTH // (states * total))
    ranges = row_blocks(ptr, min_work=steps, max_blocks=MOST_RANGES)
    count = max(1, len(ranges) - 1)
    most = max(map(len, halves.values()))
    worth = int(ptr[-1]) * total * states // (WIDTH * LEAST_STEPS * count)
    per_part = -(-most // max(1, min(most // LEAST_BLOCKS, -(-ENOUGH_TASKS // count), worth)))
    table, used = [], [0] * groups
    for (group, _), own in halves.items():
        # Two directions of a group meet in no sum: they come by the same row at different times.
        table += [[*block, used[group] + rank // per_part] for rank, block in enumerate(own)]
        used[group] = table[-1][4] + 1
    parts = max(used)
    table = np.array(sorted(table, key=lambda b: (b[4], b[2], b[0])), np.int64).reshape(-1, 5)
    first = np.searchsorted(table[:, 4], np.arange(parts + 1))
    tasks = [[first[p], first[p + 1], ranges[r], ranges[r + 1]]
             for p in range(parts) for r in range(len(ranges) - 1)]
    return Plan(np.array(tasks, np.int64).reshape(-1, 4), table, count, parts,
                min(used) < parts, int(np.diff(first).max()))

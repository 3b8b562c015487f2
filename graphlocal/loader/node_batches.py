"""Which nodes are in which batch, of which process."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Sampler

from ..kernels.cpu.counter_random import draw_key

#: Tells the orders drawn here from the numbers that samples are drawn with.
PURPOSE = 4


class NodeBatches(Sampler[tuple[int, NDArray[np.int64]]]):
    """The epoch and the numbers of the nodes of each batch of one of several processes.

    Args:
        total: Number of nodes.
        size: Nodes in a batch.
        shuffle: Whether every epoch has an order of its own.
        drop_last: Whether to leave out a last joint batch that is not full.
        seed: Names the orders.
        rank: Which process.
        world_size: Of how many.

    Example:
        >>> [(e, list(map(int, b))) for e, b in NodeBatches(5, 1, False, False, 0, 1, 2)]
        [(0, [1]), (0, [3]), (0, [4])]
    """

    def __init__(self, total: int, size: int, shuffle: bool, drop_last: bool, seed: int, rank: int,
                 world_size: int) -> None:
        self.total, self.size, self.shuffle, self.drop_last = total, size, shuffle, drop_last
        self.seed, self.rank, self.world_size = seed, rank, world_size
        self.epoch = 0

    def __iter__(self) -> Iterator[tuple[int, NDArray[np.int64]]]:
        # Made now, not when the first batch is asked for: the epoch may be another by then.
        epoch, step = self.epoch, self.size * self.world_size
        order = np.arange(self.total)
        if self.shuffle:
            generator = torch.Generator()
            generator.manual_seed(int(draw_key(self.seed, epoch, PURPOSE)) >> 1)
            order = torch.randperm(self.total, generator=generator).numpy()
        joint = [order[start : start + step] for start in range(0, len(self) * step, step)]
        return iter([(epoch, self._share(nodes)) for nodes in joint])

    def _share(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        if len(nodes) < self.world_size:  # every process has a batch, or the others would wait
            nodes = np.resize(nodes, self.world_size)
        return np.array_split(nodes, self.world_size)[self.rank]

    def __len__(self) -> int:
        step = self.size * self.world_size
        return self.total // step if self.drop_last else -(-self.total // step)

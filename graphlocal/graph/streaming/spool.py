"""Arrays that are written one piece after the other and read back: in memory while they are small,
else in files without a name, which vanish with the process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Spool:
    """One array, in memory up to ``limit`` bytes and from then on in a file in ``folder``.

    Example:
        >>> spool = Spool(np.int64, 10**6, Path())
        >>> spool.append(np.arange(5))
        >>> spool.read(1, 3).tolist()
        [1, 2]
    """

    def __init__(self, dtype: type[np.generic], limit: int, folder: Path) -> None:
        self._dtype = np.dtype(dtype)
        # A limit of 0 would mean none.
        self._file = SpooledTemporaryFile(max_size=max(1, limit), dir=folder)  # noqa: SIM115
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, array: NDArray[Any]) -> None:
        """Writes an array at the end."""
        self.write(self._length, array)
        self._length += len(array)

    def write(self, start: int, array: NDArray[Any]) -> None:
        """Writes an array over what is there."""
        if len(array):
            self._file.seek(start * self._dtype.itemsize)
            self._file.write(memoryview(np.ascontiguousarray(array, self._dtype)).cast("B"))

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """A piece of the array."""
        array = np.empty(stop - start, self._dtype)
        self.read_into(start, array)
        return array

    def read_into(self, start: int, array: NDArray[Any]) -> None:
        """Fills an array."""
        if not len(array):
            return
        self._file.seek(start * self._dtype.itemsize)
        rest = memoryview(array).cast("B")
        while len(rest):
            got = self._file.readinto(rest)
            if not got:
                raise OSError("a temporary file ended early")
            rest = rest[got:]

    def close(self) -> None:
        """Gives memory and disk back."""
        self._file.close()


class EdgeSpool:
    """Edges in the order of their files.

    Args:
        limit: Bytes to hold in memory.
        folder: Where to put what is more.
    """

    def __init__(self, limit: int, folder: Path) -> None:
        self._ends = [Spool(np.int64, limit // 3, folder) for _ in range(2)]
        self._weight = Spool(np.float64, limit // 3, folder)
        self.weighted = False
        self.low, self.high = 0, -1

    def __len__(self) -> int:
        return len(self._ends[0])

    def append(self, edge_index: NDArray[np.int64], weight: NDArray[np.float64] | None) -> None:
        """Writes edges at the end."""
        if edge_index.shape[1] == 0:
            return
        low, high = int(edge_index.min()), int(edge_index.max())
        empty = len(self) == 0
        self.low = low if empty else min(low, self.low)
        self.high = high if empty else max(high, self.high)
        for spool, ends in zip(self._ends, edge_index, strict=True):
            spool.append(ends)
        if weight is not None:
            self.weighted = True
            self._weight.append(weight)

    def pieces(
        self, step: int, *, weight: bool = True
    ) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64] | None]]:
        """Where a piece of ``step`` edges begins, its ends ``[2, step]`` and its weights."""
        for start in range(0, len(self), step):
            stop = min(start + step, len(self))
            edge_index = np.empty((2, stop - start), np.int64)
            for spool, ends in zip(self._ends, edge_index, strict=True):
                spool.read_into(start, ends)
            yield start, edge_index, (
                self._weight.read(start, stop) if weight and self.weighted else None)

    def replace(self, start: int, edge_index: NDArray[np.int64]) -> None:
        """Writes other ends over those of a piece."""
        for spool, ends in zip(self._ends, edge_index, strict=True):
            spool.write(start, ends)

    def close(self) -> None:
        """Gives memory and disk back."""
        for spool in (*self._ends, self._weight):
            spool.close()

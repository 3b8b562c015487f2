"""Numbers the names of a list that is read in pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.cpu import labels as kernel
from ..labels import decode_names, number_names


class Names:
    """Distinct names and their numbers, in order of first appearance.

    Example:
        >>> from graphlocal.kernels.cpu.text import NAME_SHIFT
        >>> names, data = Names(), np.frombuffer(b"annbob", np.uint8)
        >>> edges = np.array([[3 + (3 << NAME_SHIFT)], [0 + (3 << NAME_SHIFT)]])
        >>> names.number(data, edges)
        >>> edges.tolist(), names.decode().tolist()
        ([[0], [1]], ['bob', 'ann'])
    """

    def __init__(self) -> None:
        self._known = np.empty(1 << 16, np.uint8)
        self._first, self._codes = np.empty(1 << 12, np.int64), np.empty(1 << 12, np.int64)
        self._table = np.zeros((1 << 14) + 1, np.int64)
        self._count = self._used = 0

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes that are held, and those that :meth:`decode` will need besides."""
        held = sum(array.nbytes for array in (self._known, self._first, self._codes, self._table))
        longest = int((self._first[: self._count] >> kernel.NAME_SHIFT).max(initial=0))
        return held + self._used + min(4 * longest * self._count, 120 * self._count + self._used)

    def number(self, data: NDArray[np.uint8], edge_index: NDArray[np.int64]) -> None:
        """Replaces the places of names in ``data`` by their numbers, in place."""
        places = number_names(data, edge_index)
        numbers = np.empty(len(places), np.int64)
        done = 0
        while True:
            done, self._count, self._used = kernel.collect_names(
                data, places, done, self._table, self._first, self._codes, self._count,
                self._known, self._used, numbers)
            if done == len(places):
                break
            self._grow(int(places[done]) >> kernel.NAME_SHIFT)
        for ends in edge_index:
            ends[:] = numbers[ends]

    def _grow(self, length: int) -> None:
        """Makes room for one more name of so many bytes, and for many more."""
        if self._used + length > len(self._known):
            self._known = _longer(self._known, self._used + length)
        if self._count == len(self._first):
            self._first = _longer(self._first, self._count)
            self._codes = _longer(self._codes, self._count)
        if 2 * (self._count + 1) > len(self._table):
            self._table = np.zeros(4 * (len(self._table) - 1) + 1, np.int64)
            kernel.enter_all(self._table, self._codes, self._count)

    def decode(self) -> NDArray[Any]:
        """The names as an array."""
        return decode_names(self._known[: self._used].tobytes(), self._first[: self._count])


def _longer(array: NDArray[Any], least: int) -> NDArray[Any]:
    longer = np.empty(least + least // 2, array.dtype)
    longer[: len(array)] = array
    return longer

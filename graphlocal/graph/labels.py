"""From the ids a caller uses to the indices ``0..N-1`` that kernels use, and back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.cpu import labels as kernel
from ..kernels.cpu.parallel import row_blocks, run_blocks
from .sources import Buffer

#: Past this many bytes names are kept as objects: one long name widens every row of an array.
_NAMES_BYTES = 1 << 30


def relabel(edge_index: NDArray[np.int64]) -> tuple[NDArray[np.int64] | None, int]:
    """Replaces integer ids by their ranks, in place.

    Returns:
        The sorted distinct ids (``None`` if they were ``0..N-1`` already) and how many there are.

    Example:
        >>> edges = np.array([[7, 7], [-1, 10**12]])
        >>> relabel(edges), edges.tolist()
        ((array([           -1,             7, 1000000000000]), 3), [[1, 1], [0, 2]])
    """
    source, target = edge_index
    count = len(source)
    if count == 0:
        return None, 0
    low, high = int(edge_index.min()), int(edge_index.max())
    if is_dense(low, high, count):
        seen = np.zeros(high - low + 1, np.bool_)
        run_blocks(kernel.mark, edge_blocks(count), source, target, low, seen)
        if low == 0 and seen.all():
            return None, len(seen)
        ranks: BitRanks | HashRanks = BitRanks(low, seen)
        ids = np.flatnonzero(seen)
        ids += low
    else:
        ids = distinct(np.array_split(edge_index.ravel(), count // (1 << 20) + 1))
        ranks = HashRanks(ids)
    ranks.replace(source, target)
    return ids, len(ids)


def is_dense(low: int, high: int, count: int) -> bool:
    """Whether ids of so many edges lie so close that a place for each between is no waste."""
    return high - low < max(8 * count, 1 << 16)


def edge_blocks(count: int) -> NDArray[np.int64]:
    """Borders of the blocks in which edges are numbered."""
    return np.unique(np.append(np.arange(0, count, max(1 << 17, count // 1024 + 1)), count))


def distinct(pieces: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The distinct integers of all pieces, sorted."""
    found: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(pieces)

    def sort(piece: int, _stop: int) -> None:
        found[piece] = _distinct(pieces[piece])

    run_blocks(sort, range(len(pieces) + 1))
    return _distinct(np.concatenate(found)) if len(found) != 1 else found[0]


def _distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    values = np.sort(values)
    first = np.empty(len(values), np.bool_)
    first[:1] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]


class BitRanks:
    """Ranks of ids that lie close together.

    Args:
        low: The smallest id.
        seen: Whether ``low + i`` is an id.
    """

    def __init__(self, low: int, seen: NDArray[np.bool_]) -> None:
        bits = np.packbits(seen, bitorder="little")
        words = np.zeros((len(bits) + 7) // 8, np.int64)
        words.view(np.uint8)[: len(bits)] = bits
        if sys.byteorder == "big":
            words.byteswap(inplace=True)
        self._low, self._words = low, words
        ones = np.bitwise_count(words.view(np.uint64))
        self._before = np.cumsum(ones, dtype=np.int64) - ones

    def replace(self, source: NDArray[np.int64], target: NDArray[np.int64]) -> None:
        """Replaces ids by their ranks, in place."""
        run_blocks(kernel.rank_bits, edge_blocks(len(source)), source, target, self._low,
                   self._words, self._before)


class HashRanks:
    """Ranks of ids that may lie anywhere.

    Args:
        ids: The ids, sorted.
    """

    def __init__(self, ids: NDArray[np.int64]) -> None:
        self._ids = ids
        size = 1 << (2 * len(ids)).bit_length()
        self._table = np.zeros(size, np.int32 if len(ids) < 2**31 - 1 else np.int64)
        kernel.enter_integers(ids, self._table)

    def replace(self, source: NDArray[np.int64], target: NDArray[np.int64]) -> None:
        """Replaces ids by their ranks, in place."""
        run_blocks(kernel.number_integers, edge_blocks(len(source)), source, target, self._ids,
                   self._table)


def number_names(data: NDArray[np.uint8], edge_index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Replaces the names that a parser left as places in ``data`` by numbers, in place.

    Returns:
        Where each name stands first, in order of first appearance.
    """
    size, count, edge = 1 << 16, 0, 0
    first, codes = np.empty(0, np.int64), np.empty(0, np.int64)
    while True:
        table = np.zeros(size + 1, np.int64)
        room = np.empty(size // 2 - count, np.int64)
        first, codes = np.concatenate([first[:count], room]), np.concatenate([codes[:count], room])
        kernel.enter_all(table, codes, count)
        edge, count = kernel.number_names(
            data, edge_index[0], edge_index[1], edge, table, first, codes, count
        )
        if edge == edge_index.shape[1]:
            return first[:count]
        size *= 4


def decode_names(content: Buffer, places: NDArray[np.int64]) -> NDArray[Any]:
    """The names at the places that :func:`number_names` returned."""
    lengths = places >> kernel.NAME_SHIFT
    longest = int(lengths.max(initial=0))
    if 0 < 4 * len(places) * longest <= _NAMES_BYTES:
        letters = np.zeros((len(places), longest), np.uint32)
        data = np.frombuffer(content, np.uint8)
        borders = row_blocks(np.concatenate([[0], np.cumsum(lengths)]))
        if all(run_blocks(kernel.copy_names, borders, data, places, letters)):
            return letters.view(f"=U{longest}")[:, 0]
    lows = (places & ((1 << kernel.NAME_SHIFT) - 1)).tolist()
    # Bytes that are not UTF-8 are shown, so that different names stay different.
    return name_array([content[low : low + length].decode("utf-8", "backslashreplace")
                       .replace('""', '"')
                       for low, length in zip(lows, lengths.tolist(), strict=True)])


def name_array(names: list[str]) -> NDArray[Any]:
    """Names as an array of numpy's text type, or of objects where that would be huge."""
    if 4 * len(names) * max(map(len, names), default=0) <= _NAMES_BYTES:
        return np.array(names, dtype=np.str_)
    array = np.empty(len(names), object)
    array[:] = names
    return array

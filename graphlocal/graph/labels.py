"""From the ids a caller uses to the indices ``0..N-1`` that kernels use, and back."""

from __future__ import annotations

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
    span = high - low + 1
    borders = np.unique(np.append(np.arange(0, count, max(1 << 17, count // 1024 + 1)), count))
    if span <= max(8 * count, 1 << 16):
        seen = np.zeros(span, np.bool_)
        run_blocks(kernel.mark, borders, source, target, low, seen)
        ids = np.flatnonzero(seen)
        if low == 0 and len(ids) == span:
            return None, span
        rank = np.cumsum(seen, dtype=np.int64)
        rank -= 1
        run_blocks(kernel.renumber, borders, source, target, low, rank)
        ids += low
        return ids, len(ids)
    ids = _number_integers(source, target)
    order = np.argsort(ids)
    rank = np.empty(len(ids), np.int64)
    rank[order] = np.arange(len(ids))
    run_blocks(kernel.renumber, borders, source, target, 0, rank)
    return ids[order], len(ids)


def _number_integers(source: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.int64]:
    size, count, edge = 1 << 16, 0, 0
    known = np.empty(0, np.int64)
    while True:
        keys, values = np.empty(size, np.int64), np.zeros(size, np.int64)
        known = np.concatenate([known[:count], np.empty(size // 2 - count, np.int64)])
        kernel.rehash_integers(keys, values, known, count)
        edge, count = kernel.number_integers(source, target, edge, keys, values, known, count)
        if edge == len(source):
            return known[:count]
        size *= 4


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

"""From spooled edges to the files of a graph, a range of rows at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.cpu.parallel import num_threads
from .. import build, checks
from ..build import Buckets, GraphReport
from .ids import Ids
from .spool import EdgeSpool, Spool

#: Cells of nodes that ends are counted in, as bits, and buckets at most.
_CELL_BITS, _BUCKETS = 14, 1024
#: Ends of a bucket: enough that what one piece of the list adds to it is worth a read.
_BUCKET_ENDS = 1 << 16
#: What is called with the share of a pass that is done.
Tell = Callable[[float], None]


class ArrayWriter:
    """A ``.npy`` file of one dimension that grows.

    Args:
        path: The file.
        dtype: What it holds.
    """

    def __init__(self, path: Path, dtype: Any) -> None:
        self._dtype = np.dtype(dtype)
        self._file = open(path, "wb")  # noqa: SIM115
        self._length = 0
        self._header()

    def _header(self) -> None:
        # numpy leaves room for more digits: the header of any length is of the same size.
        self._file.seek(0)
        np.lib.format.write_array_header_1_0(self._file, {
            "descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False,
            "shape": (self._length,)})

    def append(self, array: NDArray[Any]) -> None:
        """Writes an array at the end."""
        if len(array):
            self._file.write(memoryview(np.ascontiguousarray(array, self._dtype)).cast("B"))
            self._length += len(array)

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._header()
        finally:
            self._file.close()


def rank_ends(
    edges: EdgeSpool, ids: Ids | None, num_nodes: int, step: int, tell: Tell
) -> NDArray[np.int64]:
    """Replaces ids by ranks where they are ranked, and counts the ends of each cell of nodes."""
    shift = build.cell_shift(num_nodes, _CELL_BITS)
    total = np.zeros((max(num_nodes - 1, 0) >> shift) + 1, np.int64)
    for start, ends, weight in edges.pieces(step):
        if ids is not None and ids.ranks is not None:
            ids.ranks.replace(ends[0], ends[1])
            edges.replace(start, ends)
        source, target, _, _ = build.without_zeros(ends[0], ends[1], weight)
        total += build.count_cells(source, target, num_nodes, shift)[0].sum(axis=0)
        tell((start + ends.shape[1]) / len(edges))
    return total


class Dealt:
    """Keys of the ends of all edges, each piece of the list in the order of the buckets.

    Args:
        edges: Edges between ``0..num_nodes-1``; given back when they are dealt.
        cells: Ends in each cell, from :func:`rank_ends`.
        num_nodes: Number of nodes.
        step: Edges of a piece.
        limit: Bytes to hold in memory.
        folder: Where to put what is more.
        tell: Called with the share that is done.
    """

    def __init__(
        self, edges: EdgeSpool, cells: NDArray[np.int64], num_nodes: int, step: int, limit: int,
        folder: Path, tell: Tell,
    ) -> None:
        shift = build.cell_shift(num_nodes, _CELL_BITS)
        # Rows take memory too, also those without an edge.
        work = cells + (1 << shift)
        try:
            self.buckets = Buckets.cut(work, shift, num_nodes, _BUCKET_ENDS, _BUCKETS)
        except OverflowError:
            checks.fail("num_nodes", f"{num_nodes}", "a graph of fewer nodes",
                        "leave it out: ids are relabelled to 0, 1, 2, ...")
        self.weighted = edges.weighted
        self.loops = self.zeros = 0
        self._key = Spool(np.int64, limit // (1 + self.weighted), folder)
        self._value = Spool(np.float64, limit // 2, folder)
        bounds = []
        for start, ends, weight in edges.pieces(step):
            count = ends.shape[1]
            source, target, weight, zeros = build.without_zeros(ends[0], ends[1], weight)
            counted, loops = build.count_cells(source, target, num_nodes, shift)
            piece, key, value = build.deal(source, target, weight, counted, self.buckets)
            bounds.append(piece + len(self._key))
            self._key.append(key)
            self._value.append(value)
            self.loops += loops
            self.zeros += zeros
            tell((start + count) / len(edges))
        self._bounds = np.array(bounds, np.int64).reshape(-1, len(self.buckets) + 1)
        edges.close()

    def sizes(self) -> NDArray[np.int64]:
        """Ends in each bucket."""
        return np.diff(self._bounds, axis=1).sum(axis=0)

    def read(
        self, begin: int, end: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Keys of some buckets, each in the order of the list: ``bounds, key, value``."""
        bounds = np.concatenate([[0], np.cumsum(self.sizes()[begin:end])])
        key = np.empty(int(bounds[-1]), np.int64)
        value = np.empty(len(key) if self.weighted else 0, np.float64)
        at = bounds[:-1].copy()
        for piece in self._bounds:
            for bucket in range(begin, end):
                low, high = int(piece[bucket]), int(piece[bucket + 1])
                into = slice(int(at[bucket - begin]), int(at[bucket - begin]) + high - low)
                self._key.read_into(low, key[into])
                if self.weighted:
                    self._value.read_into(low, value[into])
                at[bucket - begin] += high - low
        return bounds, key, value

    def close(self) -> None:
        """Gives memory and disk back."""
        self._key.close()
        self._value.close()


def write_rows(
    dealt: Dealt, num_nodes: int, room: int, folder: Path, name: str, tell: Tell
) -> tuple[int, GraphReport]:
    """Writes ``rowptr.npy``, ``col.npy`` and ``weight.npy``; returns entries and the report.

    Args:
        dealt: The keys.
        num_nodes: Number of nodes.
        room: Bytes that may be used.
        folder: Where to write.
        name: What the list is called in messages.
        tell: Called with the share that is done.

    Raises:
        GraphError: If the rows of a bucket do not fit, or weights of an edge add up to infinity.
    """
    index_type = build.index_type(num_nodes)
    buckets = dealt.buckets
    totals = dict.fromkeys((field.name for field in fields(GraphReport)), 0)
    totals |= {"self_loops": dealt.loops, "zeros": dealt.zeros}
    entries = 0
    with ExitStack() as stack:
        rowptr = stack.enter_context(ArrayWriter(folder / "rowptr.npy", np.int64))
        col = stack.enter_context(ArrayWriter(folder / "col.npy", index_type))
        weight = stack.enter_context(
            ArrayWriter(folder / "weight.npy", np.float64)) if dealt.weighted else None
        rowptr.append(np.zeros(1, np.int64))
        for begin, end in pairwise(_groups(dealt, room)):
            bounds, key, value = dealt.read(begin, end)
            pointers, neighbors, merged, counts = build.merge(
                bounds, buckets.first[begin : end + 1], buckets.low_bits, key, value, index_type)
            rowptr.append(pointers[1:] + entries)
            col.append(neighbors)
            entries += len(neighbors)
            if weight is not None:
                checks.check_sums(merged, name)
                weight.append(merged)
            for count, number in counts.items():
                totals[count] += number
            tell(end / len(buckets))
    return entries, GraphReport(**totals)


def _groups(dealt: Dealt, room: int) -> list[int]:
    """Borders of the buckets that are built at once."""
    first = dealt.buckets.first
    # Keys, and neighbours of half that size; while a thread sorts a bucket, the bucket again.
    each, sorting = (28, 16 * num_threads()) if dealt.weighted else (12, 8 * num_threads())
    groups, held, largest = [0], 0, 0
    for bucket, size in enumerate(dealt.sizes().tolist()):
        own = each * size + 16 * int(first[bucket + 1] - first[bucket])
        if own + sorting * size > room:
            checks.fail_memory(2 * room, 2 * (own + sorting * size), f"nodes {first[bucket]:,} to "
                               f"{first[bucket + 1] - 1:,}, with {size:,} ends of edges, are built "
                               "at once")
        if held and held + own + sorting * max(largest, size) > room:
            groups.append(bucket)
            held = largest = 0
        held, largest = held + own, max(largest, size)
    return [*groups, len(dealt.buckets)]

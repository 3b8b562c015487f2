"""Functions of blocks at the top level of a module, where worker processes find them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphlocal import CSRGraph


def neighbor_sums(graph: CSRGraph, start: int, stop: int, x: NDArray[np.int64]) -> NDArray:
    """Sum of ``x`` over the neighbours of each row."""
    first = graph.rowptr[start]
    rows = np.repeat(np.arange(stop - start), np.diff(graph.rowptr[start : stop + 1]))
    values = x[graph.col[first : graph.rowptr[stop]]]
    return np.bincount(rows, values, stop - start).astype(np.int64)


def weight_sum(graph: CSRGraph, start: int, stop: int) -> float:
    weight = graph.weight if graph.weight is not None else np.ones(len(graph.col))
    return float(weight[graph.rowptr[start] : graph.rowptr[stop]].sum())


def borders(graph: CSRGraph, start: int, stop: int) -> tuple[int, int, int]:
    """The block, and the process it ran in."""
    return start, stop, os.getpid()


def one_row_short(graph: CSRGraph, start: int, stop: int) -> NDArray[np.int64]:
    return np.zeros(max(stop - start - 1, 0), np.int64)


def divide_at(graph: CSRGraph, start: int, stop: int, node: int) -> NDArray[np.int64]:
    """Fails in the block that holds a node."""
    if start <= node < stop:
        raise ZeroDivisionError(f"node {node} is the one")
    return np.zeros(stop - start, np.int64)


def die_once(graph: CSRGraph, start: int, stop: int, folder: str) -> NDArray[np.int64]:
    """The first to come here takes its worker along."""
    try:
        Path(folder, "died").touch(exist_ok=False)
    except FileExistsError:
        return np.arange(start, stop)
    os.kill(os.getpid(), signal.SIGKILL)
    return np.zeros(0)  # never


def slow_or_broken(graph: CSRGraph, start: int, stop: int, folder: str) -> int:
    """The first block fails, the others leave a trace, after a while."""
    if start == 0:
        raise ValueError("the first block")
    time.sleep(0.2)
    Path(folder, str(start)).touch()
    return 0

"""Pairs of nodes, in columns as torch's rooms pass them."""

from __future__ import annotations

from typing import Any

from ..errors import fail
from .arrays import check_bounds, check_integer_dtype


def check_pair_columns(pairs: Any, argument: str = "pairs") -> None:
    """Shape ``[2, P]`` and an integer dtype, looking at neither values nor device.

    Two pairs, shape ``(2, 2)``, are always read as columns.
    """
    shape = tuple(pairs.shape)
    if len(shape) != 2 or shape[0] != 2:
        remedy = "one column per pair, as PyG's edge_label_index"
        if len(shape) == 2 and shape[1] == 2:
            remedy += f": pass {argument}.t()"
        fail(argument, f"shape {shape}", "shape (2, P)", remedy)
    check_integer_dtype(pairs.dtype, argument)


def check_pair_range(low: int, high: int, num_nodes: int, argument: str = "pairs") -> None:
    """Smallest and largest node of the pairs are nodes of the graph."""
    check_bounds(low, high, argument, num_nodes, "num_nodes")

"""Pairs of nodes, one a row, and lists of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GraphTypeError, fail
from .arrays import check_index_range, check_integers, to_numpy


def check_pair_rows(pairs: Any, argument: str = "pairs") -> NDArray[Any]:
    """An array ``[P, 2]`` of any type; an empty one may have any shape."""
    array = to_numpy(pairs, argument)
    if array.size == 0 and array.ndim <= 2 and array.shape not in ((2, 0),):
        return array.reshape(0, 2)
    if array.ndim != 2 or array.shape[1] != 2:
        remedy = "one row per pair"
        if array.ndim == 2 and array.shape[0] == 2:
            remedy += f": pass {argument}.T for pairs in columns, such as an edge_label_index"
        fail(argument, f"shape {tuple(array.shape)}", "shape (P, 2)", remedy)
    return array


def check_node_pairs(pairs: Any, num_nodes: int, argument: str = "pairs") -> NDArray[np.int64]:
    """Pairs ``[P, 2]`` of node positions as int64, every one below the number of nodes."""
    array = check_integers(check_pair_rows(pairs, argument), argument)
    check_index_range(array, argument, num_nodes)
    return array


def check_nodes(nodes: Any, num_nodes: int, argument: str = "nodes") -> NDArray[np.int64]:
    """Node positions ``[S]`` as int64, every one below the number of nodes; one number is one."""
    array = to_numpy(nodes, argument)
    if array.dtype == np.bool_:
        fail(argument, "a boolean mask", "numbers of nodes",
             "those of a mask are mask.nonzero().flatten()", kind=GraphTypeError)
    array = check_integers(array, argument)
    if array.ndim == 0:
        array = array.reshape(1)
    if array.ndim != 1:
        fail(argument, f"shape {tuple(array.shape)}", "one dimension", "a list of nodes")
    check_index_range(array, argument, num_nodes)
    return array

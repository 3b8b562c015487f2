"""Masks and labels of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GraphTypeError, fail
from .arrays import check_integers, to_numpy


def check_mask(mask: Any, argument: str, num_nodes: int, split: int = 0) -> NDArray[np.bool_]:
    """Boolean mask ``[N]`` with some node in it; of ``[N, S]`` masks, column ``split % S``."""
    if mask is None:
        fail(argument, "none", "a boolean mask of the nodes",
             "split the data first, for example with torch_geometric.transforms.RandomNodeSplit")
    array = to_numpy(mask, argument)
    if array.dtype != np.bool_:
        fail(argument, f"dtype {array.dtype}", "dtype bool",
             "indices become a mask with torch_geometric.utils.index_to_mask",
             kind=GraphTypeError)
    if array.ndim not in (1, 2) or array.shape[0] != num_nodes or 0 in array.shape[1:]:
        fail(argument, f"shape {tuple(array.shape)}",
             f"shape ({num_nodes},), one entry per node, or ({num_nodes}, S) for S splits")
    if array.ndim == 2:
        array = array[:, split % array.shape[1]]
    if not array.any():
        fail(argument, "no node", "at least one", "every split needs nodes to be scored on")
    return array


def check_labels(labels: Any, num_nodes: int, argument: str = "y") -> NDArray[np.int64]:
    """Class labels ``[N]`` (or ``[N, 1]``) as int64; their range is checked where they are used."""
    if labels is None:
        fail(argument, "none", "one class label per node")
    array = to_numpy(labels, argument)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (num_nodes,):
        fail(argument, f"shape {tuple(array.shape)}", f"shape ({num_nodes},), one label per node")
    return check_integers(array, argument)


def check_label_range(labels: NDArray[np.int64], num_classes: int, argument: str = "y") -> None:
    """Every label lies in ``[0, num_classes)``."""
    bad = labels[(labels < 0) | (labels >= num_classes)]
    if bad.size:
        fail(argument, f"label {bad[0]}", f"0 <= label < {num_classes}, the model's outputs",
             "unlabelled nodes must be outside the masks; else widen the model's last layer")

"""Between PyG's ``Data`` and the arrays of topology."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..graph import CSRGraph
from ..graph.checks import GraphTypeError, fail


def graph_of(data: Any) -> CSRGraph:
    """The graph of ``data``; of a ``Batch``, all its graphs side by side.

    Raises:
        GraphError: If ``data`` has several types of nodes, no ``edge_index`` or a wrong one.
    """
    return CSRGraph.from_data(data, weight=False)


def features(counts: NDArray[np.int64], log: bool, device: torch.device) -> Tensor:
    """Counts as they are, int64, or ``log(1 + count)``, float32.

    Example:
        >>> features(np.array([[0, 1]]), True, torch.device("cpu"))
        tensor([[0.0000, 0.6931]])
    """
    # Rounded once, from float64.
    values = np.log1p(counts).astype(np.float32) if log else counts
    return torch.from_numpy(np.ascontiguousarray(values)).to(device)


def append(data: Any, name: str, values: Tensor) -> Tensor:
    """What ``data[name]`` becomes with the columns of ``values`` behind its own.

    Raises:
        GraphError: If what is there is no matrix of floats with one row for each of ``values``.
    """
    there = getattr(data, name, None)
    if there is None:
        return values.float()
    if there.dim() == 1:
        there = there.view(-1, 1)
    if not there.is_floating_point():
        fail(f"data.{name}", f"dtype {str(there.dtype).removeprefix('torch.')}",
             "a floating-point dtype, to append features to", f"convert it with data.{name} = "
             f"data.{name}.float(), or give the counts an attribute of their own: attr='orbits'",
             kind=GraphTypeError)
    if there.dim() != 2 or len(there) != len(values):
        fail(f"data.{name}", f"shape {tuple(there.shape)}", f"shape ({len(values)}, F)")
    # Half precision ends at 65,504, which raw counts pass.
    dtype = torch.promote_types(there.dtype, torch.float32)
    return torch.cat([there.to(dtype), values.to(there.device, dtype)], dim=1)


def check_free(data: Any, name: str) -> None:
    """Nothing is overwritten: ``data`` has no such attribute yet.

    Raises:
        GraphError: If it has.
    """
    if getattr(data, name, None) is not None:
        fail("attr", f"'{name}', which data has already", "a new attribute",
             f"choose another name or delete data.{name}")


def check_name(name: Any) -> str:
    """A name that an attribute may have.

    Raises:
        GraphError: If it is none.
    """
    if not isinstance(name, str) or not name.isidentifier():
        fail("attr", repr(name), "the name of an attribute", kind=GraphTypeError)
    return name


def put_nodes(data: Any, name: str, values: Tensor) -> None:
    """Sets an attribute of nodes."""
    data[name] = values
    if hasattr(data, "_slice_dict"):
        _remember(data, name, data.ptr.cpu(), None)


def put_edges(data: Any, name: str, values: Tensor) -> None:
    """Sets an attribute of the entries of ``edge_index``."""
    data[name] = values
    if hasattr(data, "_slice_dict"):
        _remember(data, name, data._slice_dict["edge_index"], None)


def put_edge_set(data: Any, index: str, weight: str, row_col: Tensor, values: Tensor) -> None:
    """Sets an edge index, sorted by row, and the weights that belong to it."""
    data[index], data[weight] = row_col, values
    if hasattr(data, "_slice_dict"):
        borders = torch.searchsorted(row_col[0].contiguous(), data.ptr).cpu()
        _remember(data, index, borders, data._inc_dict["edge_index"])
        _remember(data, weight, borders, None)


def _remember(data: Any, name: str, borders: Tensor, increments: Any) -> None:
    """Tells a ``Batch`` where each of its graphs is in a new attribute, so that they come out."""
    if increments is None:
        increments = torch.zeros(len(borders) - 1, dtype=torch.long)
    # New dictionaries: transforms work on shallow copies, which share the old ones.
    data._slice_dict = {**data._slice_dict, name: borders}
    data._inc_dict = {**data._inc_dict, name: increments}

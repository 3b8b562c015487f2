"""Vectors that say which graph, or which part of one, every node belongs to."""

from __future__ import annotations

from typing import Any

from ..errors import GraphTypeError, fail
from .arrays import check_integer_dtype


def check_groups(groups: Any, x: Any, argument: str = "batch") -> Any:
    """One integer for each row of the tensor ``x``, on its device, looking at no values."""
    if not hasattr(groups, "unique_consecutive"):
        fail(argument, type(groups).__name__, "a tensor with an integer for each node",
             kind=GraphTypeError)
    check_integer_dtype(groups.dtype, argument)
    if tuple(groups.shape) != (x.shape[0],):
        fail(argument, f"shape {tuple(groups.shape)}", f"shape ({x.shape[0]},), one per node")
    if groups.device != x.device:
        fail(argument, f"a tensor on {groups.device}", f"one on {x.device}, as 'x'",
             "move one of them with .to(device)")
    return groups


def check_sorted(groups: Any, argument: str = "batch") -> None:
    """No value below zero, and none below the one before it."""
    if groups.numel() == 0:
        return
    if int(groups[0]) < 0:
        fail(argument, f"value {int(groups[0])}", "numbers of at least 0")
    falls = groups[1:] < groups[:-1]
    if bool(falls.any()):
        place = int(falls.nonzero()[0]) + 1
        fail(argument, f"{int(groups[place])} after {int(groups[place - 1])} at position {place}",
             "the nodes of each graph one after another",
             f"reorder the nodes by {argument}.argsort(stable=True)")

"""Distances in a graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import GraphTypeError, fail
from .values import check_count


def check_hops(hops: Any, argument: str = "hops", *, least: int = 0) -> tuple[int, ...]:
    """A distance or several, each once and in order."""
    if isinstance(hops, str) or not isinstance(hops, Iterable):
        hops = (hops,)
    elif getattr(hops, "ndim", 1) != 1:
        fail(argument, repr(hops), "distances in one dimension", kind=GraphTypeError)
    if hasattr(hops, "tolist"):  # an array or a tensor
        hops = hops.tolist()
    found = sorted({check_count(hop, argument, least=least) for hop in hops})
    if not found:
        fail(argument, "none", "at least one distance")
    return tuple(found)

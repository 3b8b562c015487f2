"""Edges that a program hands over in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import checks
from .chunks import Chunk, Options


def array_chunks(items: Iterator[Any], options: Options, step: int) -> Iterator[Chunk]:
    """The edges of arrays ``[E, 2]``, or with ``weight=True`` of pairs of those and weights.

    Args:
        items: The arrays.
        options: Only the weights matter.
        step: Edges of a piece at most.

    Raises:
        GraphError: If an array is of another shape or type.
    """
    checks.check_choice(options.ids, "ids", ("auto", "int"))
    for option in ("sep", "header"):
        if getattr(options, option) is not None:
            checks.fail(option, repr(getattr(options, option)), "None", "arrays have no use for it")
    if options.weight not in (None, False, True):
        checks.fail("weight", repr(options.weight), "True or False",
                    "arrays have no columns with names")
    for number, item in enumerate(items):
        name, weight = f"source[{number}]", None
        if options.weight:
            if not isinstance(item, (tuple, list)) or len(item) != 2:
                checks.fail(name, type(item).__name__, "a pair (edges, weights), because "
                            "weight=True", kind=checks.GraphTypeError)
            item, weight = item
        edges = checks.to_numpy(item, name)
        if edges.size == 0 and edges.ndim <= 2:
            edges = edges.reshape(0, 2)
        if edges.ndim != 2 or edges.shape[1] != 2:
            remedy = "pass edge_index.T" if edges.ndim == 2 and len(edges) == 2 else ""
            checks.fail(name, f"shape {tuple(edges.shape)}", "shape (E, 2)", remedy)
        if weight is not None:
            weight = checks.check_weight(weight, len(edges), f"{name}[1]")
        for start in range(0, len(edges), step):
            piece = checks.check_integers(edges[start : start + step], name)
            yield Chunk(np.ascontiguousarray(piece.T),
                        None if weight is None else weight[start : start + step], None, None)

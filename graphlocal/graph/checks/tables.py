"""Columns and rows of tables."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GraphTypeError, fail
from .arrays import check_bounds, to_numpy


def check_columns(
    names: str | Iterable[str] | None, known: Mapping[str, NDArray[Any]], *, numbers: bool = False
) -> list[str]:
    """Names of columns there are, each once; with ``numbers`` they hold some. ``None`` is all."""
    if names is None:
        return [n for n, v in known.items() if not numbers or v.dtype.kind in "iufb"]
    parts = names.split(",") if isinstance(names, str) and names not in known else names
    parts = [parts] if isinstance(parts, str) else parts
    if not isinstance(parts, Iterable):
        fail("columns", repr(names), "names of columns", kind=GraphTypeError)
    chosen = list(dict.fromkeys(p.strip() if isinstance(p, str) and p not in known else p
                                for p in parts))
    for name in chosen:
        if not isinstance(name, str) or name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            fail("columns", repr(name), "one of " + (", ".join(known) or "none"),
                 f"did you mean '{close[0]}'?" if close else "")
        if numbers and known[name].dtype.kind not in "iufb":
            fail("columns", f"'{name}', of dtype {known[name].dtype}", "columns of numbers",
                 "leave it out, or give every text a number first", kind=GraphTypeError)
    return chosen


def check_rows(rows: Any, num_rows: int) -> NDArray[Any]:
    """A boolean mask ``[N]``, or positions from 0 to ``N - 1``."""
    array = to_numpy(rows, "rows")
    if array.dtype == np.bool_:
        if array.shape != (num_rows,):
            fail("rows", f"a mask of shape {array.shape}", f"shape ({num_rows},), one per row")
        return array
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        fail("rows", f"dtype {array.dtype} of shape {array.shape}",
             "a mask, positions in one dimension, or a slice", kind=GraphTypeError)
    if array.size:
        check_bounds(int(array.min()), int(array.max()), "rows", num_rows, "number of rows")
    return array.astype(np.int64)


def check_unique(repeated: Sequence[Any] | NDArray[Any], argument: str) -> None:
    """No id occurs twice: ``repeated`` are those that do."""
    if len(repeated):
        fail(argument, "id " + ", ".join(repr(getattr(i, "item", lambda i=i: i)())
                                         for i in repeated[:2]) + " twice",
             "every id once", "which of its rows belongs to it is unknown")


def check_same_ids(mine: NDArray[Any], theirs: NDArray[Any], argument: str) -> None:
    """Ids of two tables are of one kind: a 1 is never equal to a text '1'."""
    kinds = [_kind(ids) for ids in (mine, theirs)]
    if None not in kinds and kinds[0] != kinds[1]:
        fail(argument, f"ids that are {kinds[1]}", f"{kinds[0]}, as here",
             "turn one into the other: they are equal nowhere", kind=GraphTypeError)


def _kind(ids: NDArray[Any]) -> str | None:
    if ids.size == 0:
        return None
    if ids.dtype.kind in "iufb":
        return "numbers"
    if ids.dtype.kind in "US" or all(isinstance(i, str) for i in ids.tolist()):
        return "text"
    return None

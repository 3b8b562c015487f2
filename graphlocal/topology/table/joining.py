"""Rows of two tables side by side where their ids are equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...graph import checks

How = Literal["left", "inner", "outer"]


def sides(
    keys: list[NDArray[Any]], other: list[NDArray[Any]], how: How
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row of the one and of the other for each row of the join, -1 where there is none.

    Example:
        >>> [p.tolist() for p in sides([np.array([1, 2])], [np.array([2, 3])], "outer")]
        [[0, 1, -1], [-1, 0, 1]]
    """
    found = _locate(keys, other)
    rows = np.arange(len(found))
    if how == "inner":
        return rows[found >= 0], found[found >= 0]
    if how == "outer":
        alone = np.ones(len(other[0]), bool)
        alone[found[found >= 0]] = False
        extra = np.flatnonzero(alone)
        return (np.concatenate([rows, np.full(len(extra), -1)]), np.concatenate([found, extra]))
    return rows, found


def _locate(keys: list[NDArray[Any]], other: list[NDArray[Any]]) -> NDArray[np.int64]:
    """Where in ``other`` each key stands, -1 where it does not."""
    for mine, theirs in zip(keys, other, strict=True):
        checks.check_same_ids(mine, theirs, "other")
    if len(keys) == 1 and keys[0].dtype.kind in "iu" and other[0].dtype.kind in "iu":
        order = np.argsort(other[0], kind="stable")
        ordered = other[0][order]
        checks.check_unique(ordered[:-1][ordered[1:] == ordered[:-1]], "other")
        if not len(ordered):
            return np.full(len(keys[0]), -1)
        place = np.minimum(np.searchsorted(ordered, keys[0]), len(ordered) - 1)
        return np.where(ordered[place] == keys[0], order[place], -1)
    known: dict[Any, int] = {}
    for row, key in enumerate(zip(*(array.tolist() for array in other), strict=True)):
        if known.setdefault(key, row) != row:
            checks.check_unique(list(key), "other")
    return np.array([known.get(key, -1) for key in
                     zip(*(array.tolist() for array in keys), strict=True)], np.int64)


def take(values: NDArray[Any], rows: NDArray[np.int64], fill: Any, name: str) -> NDArray[Any]:
    """``values[rows]``, and what stands for missing ones where a row is -1.

    Example:
        >>> take(np.array([5, 6]), np.array([1, -1]), None, "x").tolist()
        [6.0, nan]
        >>> take(np.array([5, 6]), np.array([1, -1]), 0, "x").tolist()
        [6, 0]
    """
    missing = rows < 0
    if not missing.any():
        return values[rows]
    source = values if len(values) else np.zeros(1, values.dtype)
    if values.dtype.kind not in "iufb":
        out = source.astype(object)[rows]
        out[missing] = "" if fill is None else fill
        return out
    if fill is not None:
        return np.where(missing, fill, source[rows])
    out = source[rows].astype(np.float64)
    if values.dtype.kind in "iu" and (out[~missing].astype(values.dtype)
                                      != source[rows[~missing]]).any():
        checks.fail("fill", "None", "a number for rows without a value",
                    f"'{name}' has counts past 2^53, which NaN beside them would round")
    out[missing] = np.nan
    return out


def columns_of(other: Any, name: str | None) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """Ids and columns of what is no table: a mapping of ids, a Series, a frame, or an array."""
    if hasattr(other, "index") and hasattr(other, "columns"):  # a pandas.DataFrame
        return other.index.to_numpy(), {str(c): other[c].to_numpy() for c in other.columns}
    if hasattr(other, "index") and hasattr(other, "to_numpy"):  # a pandas.Series
        label = getattr(other, "name", None) if name is None else name
        return other.index.to_numpy(), {_named(label): other.to_numpy()}
    if isinstance(other, Mapping):
        return _array(list(other)), {_named(name): _array(list(other.values()))}
    values = checks.to_numpy(other, "other")
    if values.ndim != 1:
        checks.fail("other", f"shape {values.shape}", "one value per id",
                    "an array holds the value of id 0, 1, 2, ...; else pass a table or a dict")
    return np.arange(len(values)), {_named(name): values}


def _named(name: Any) -> str:
    if name is None:
        checks.fail("name", "None", "a name for the new column", "for example name='label'")
    return str(name)


def _array(values: list[Any]) -> NDArray[Any]:
    """Numbers or text as numpy has them, anything mixed as objects, so that 1 is not '1'."""
    kinds = {bool: "b", int: "i", float: "f", str: "U"}
    found = {kinds.get(type(v), "O") if not isinstance(v, np.generic) else v.dtype.kind
             for v in values}
    if found <= {"i", "u", "f"} or (len(found) == 1 and "O" not in found):
        array = np.array(values)
        if array.dtype.kind in "iufbU" and array.ndim == 1:
            return array
    out = np.empty(len(values), object)
    out[:] = values
    return out

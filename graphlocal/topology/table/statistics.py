"""What the columns of a table are like, alone and together."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["spearman", "pearson"]


def describe(values: NDArray[np.generic]) -> dict[str, float]:
    """Count, mean, spread and quartiles of the values that are there; NaN where there is none.

    Example:
        >>> describe(np.array([1.0, 3.0, np.nan]))["mean"]
        2.0
    """
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    if not len(known):
        return {"count": 0.0} | dict.fromkeys(
            ("mean", "std", "min", "q25", "median", "q75", "max"), float("nan"))
    known = known.astype(np.float64)
    with np.errstate(invalid="ignore"):  # of an infinite value among them
        low, q25, median, q75, high = np.quantile(known, (0, 0.25, 0.5, 0.75, 1)).tolist()
        mean, std = float(known.mean()), float(known.std())
    return {"count": float(len(known)), "mean": mean, "std": std, "min": low, "q25": q25,
            "median": median, "q75": q75, "max": high}


def average_ranks(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of theirs.

    Example:
        >>> average_ranks(np.array([7, 3, 7])).tolist()
        [2.5, 1.0, 2.5]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def correlation(columns: list[NDArray[np.generic]], method: Method) -> NDArray[np.float64]:
    """Correlation of every two columns over the rows that have both; NaN for a constant one."""
    matrix = np.full((len(columns), len(columns)), np.nan)
    missing = [np.isnan(c) if c.dtype.kind == "f" else np.zeros(len(c), bool) for c in columns]
    whole = [i for i, gaps in enumerate(missing) if not gaps.any()]
    matrix[np.ix_(whole, whole)] = _products([columns[i] for i in whole], method)
    for i, j in zip(*np.triu_indices(len(columns)), strict=True):
        if i in whole and j in whole:
            continue
        both = ~(missing[i] | missing[j])
        pair = _products([columns[i][both], columns[j][both]], method)
        matrix[i, j] = matrix[j, i] = pair[0, 1]
    return matrix


def _products(columns: list[NDArray[np.generic]], method: Method) -> NDArray[np.float64]:
    if not columns or not len(columns[0]):
        return np.full((len(columns), len(columns)), np.nan)
    scaled = np.empty((len(columns), len(columns[0])))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        for row, values in zip(scaled, columns, strict=True):
            row[:] = average_ranks(values) if method == "spearman" else values
            constant = len(row) == 0 or (row == row[0]).all()
            # To size one first: squares of large counts would overflow.
            row /= np.abs(row).max() or 1.0
            row -= row.mean()
            row /= np.nan if constant else np.linalg.norm(row)
        return np.clip(scaled @ scaled.T, -1.0, 1.0)

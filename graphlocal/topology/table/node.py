"""One row a node, one column a metric."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...graph import checks
from . import joining, statistics
from .files import NUMBERS, TableFiles
from .joining import How
from .statistics import Method


class NodeTable(TableFiles):
    """Node ids and named columns.

    Written files never replace the file the graph was read from, and appear whole or not at all.
    Ids are written as they were read, also those a spreadsheet would take for a formula
    (``=1+1``): import such a file as text.

    Args:
        ids: The caller's node ids.
        columns: Name to values.
        source: The file the graph was read from. (default: ``None``)

    Shapes:
        - **ids, columns:** :math:`(N)` each

    Raises:
        GraphError: If lengths differ or a column is called ``node``.

    Example:
        >>> table = NodeTable(np.array(["a", "b"]), {"degree": np.array([1, 1])})
        >>> table
        NodeTable(num_nodes=2, columns=['degree'])
        >>> table["degree"].tolist()
        [1, 1]
    """

    def __init__(
        self,
        ids: NDArray[Any],
        columns: Mapping[str, NDArray[Any]],
        *,
        source: str | os.PathLike[str] | None = None,
    ) -> None:
        self.ids = np.asarray(ids)
        if not isinstance(columns, Mapping):
            checks.fail("columns", type(columns).__name__, "a mapping of names to arrays",
                        "ids come first", kind=checks.GraphTypeError)
        self.columns = {name: np.asarray(values) for name, values in columns.items()}
        self.source = None if source is None else Path(source)
        self._inputs = () if self.source is None else (self.source,)
        for name, values in self.columns.items():
            if values.shape != self.ids.shape:
                checks.fail("columns", f"shape {values.shape} for '{name}'",
                            f"shape {self.ids.shape}", f"one value per {self._row}")
            if name in self._keys:
                checks.fail("columns", f"a column '{name}'", "another name",
                            "it is that of the ids")

    def _key_columns(self) -> dict[str, NDArray[Any]]:
        return {"node": self.ids}

    def _like(self, keys: Iterable[NDArray[Any]], columns: Mapping[str, NDArray[Any]],
              *others: TableFiles) -> Self:
        """A table of this kind that protects the same files, and those of others."""
        table = type(self)(*keys, columns, source=self.source)
        table._inputs = tuple(dict.fromkeys(
            path for one in (self, *others) for path in one._inputs))
        return table

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self.columns:
            raise KeyError(f"no column '{name}': there are {', '.join(self.columns)}")
        return self.columns[name]

    def __repr__(self) -> str:
        return f"NodeTable(num_nodes={len(self)}, columns={list(self.columns)})"

    @classmethod
    def concatenate(cls, tables: Mapping[str, NodeTable]) -> NodeTable:
        """One table of several with the same columns, and a first column ``file`` of their names.

        Example:
            >>> one = NodeTable(np.arange(1), {"core": np.array([2])})
            >>> NodeTable.concatenate({"a.csv": one, "b.csv": one})["file"].tolist()
            ['a.csv', 'b.csv']
        """
        parts = list(tables.values())
        file = np.repeat(np.array(list(tables), object), [len(part) for part in parts])
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        keys = zip(*(part._key_columns().values() for part in parts), strict=True)
        return parts[0]._like(map(np.concatenate, keys), {"file": file} | columns, *parts)

    @property
    def numbers(self) -> list[str]:
        """Names of the columns that hold numbers.

        Example:
            >>> NodeTable(np.arange(1), {"core": np.array([2]), "x": np.array(["a"])}).numbers
            ['core']
        """
        return [name for name, values in self.columns.items() if values.dtype.kind in NUMBERS]

    def select(self, columns: str | Iterable[str] | None = None, rows: Any = None) -> Self:
        """Some columns and some rows.

        Args:
            columns: Names, as a list or comma-separated; ``None`` takes all. (default: ``None``)
            rows: A boolean mask, positions or a slice; ``None`` takes all. (default: ``None``)

        Shapes:
            - **rows:** :math:`(N)` for a mask, :math:`(R)` for positions

        Raises:
            GraphError: If there is no such column or row.

        Example:
            >>> table = NodeTable(np.arange(3), {"core": np.array([1, 2, 2])})
            >>> table.select(rows=table["core"] == 2).ids.tolist()
            [1, 2]
        """
        names = checks.check_columns(columns, self.columns)
        if rows is None:
            rows = slice(None)
        elif not isinstance(rows, slice):
            rows = checks.check_rows(rows, len(self))
        return self._like((ids[rows] for ids in self._key_columns().values()),
                          {name: self.columns[name][rows] for name in names})

    def sort(self, column: str, *, descending: bool = False) -> Self:
        """Rows by the values of a column; equal ones keep their order and NaN comes last.

        Args:
            column: Its name.
            descending: Largest first. (default: ``False``)

        Raises:
            GraphError: If there is no such column, or its values cannot be ordered.

        Example:
            >>> table = NodeTable(np.arange(3), {"core": np.array([1, 3, 2])})
            >>> table.sort("core", descending=True).ids.tolist()
            [1, 2, 0]
        """
        (name,) = checks.check_columns([column], self.columns)
        values = self.columns[name]
        try:
            # From the end, so that turning it around leaves equal ones in order.
            order = (len(values) - 1 - np.argsort(values[::-1], kind="stable")[::-1] if descending
                     else np.argsort(values, kind="stable"))
        except TypeError:
            checks.fail("column", f"'{name}', a mixture of types", "numbers or text")
        if descending and values.dtype.kind == "f":
            known = ~np.isnan(values[order])
            order = np.concatenate([order[known], order[~known]])
        return self.select(rows=order)

    def top(self, column: str, k: int = 10) -> Self:
        """The ``k`` rows with the largest values of a column, largest first.

        Args:
            column: Its name.
            k: How many. (default: ``10``)

        Raises:
            GraphError: As in :meth:`sort`.

        Example:
            >>> NodeTable(np.arange(3), {"core": np.array([1, 3, 2])}).top("core", 2).ids.tolist()
            [1, 2]
        """
        checks.check_count(k, "k")
        return self.sort(column, descending=True).select(rows=slice(k))

    def join(
        self, other: Any, how: How = "left", *, name: str | None = None, suffix: str = "_other",
        fill: Any = None,
    ) -> Self:
        """Columns of another table, or values by id such as labels, beside the own ones.

        Args:
            other: A table of the same kind; a dictionary from id to value; a pandas Series or
                DataFrame indexed by ids; or an array with the value of id 0, 1, 2, ... Every id
                occurs once in it.
            how: Rows of the result: ``"left"`` the own ones, ``"inner"`` those with an id that
                both have, ``"outer"`` the own ones and then those only ``other`` has.
            name: Of the new column, where ``other`` has no names.
            suffix: Follows the name of a column that both have. (default: ``"_other"``)
            fill: What stands where there is no value; ``None`` is NaN among numbers, which makes
                whole numbers floats, and an empty text. (default: ``None``)

        Raises:
            GraphError: If an id occurs twice in ``other``, ids are numbers in one and text in the
                other, or two columns would have one name.

        Example:
            >>> table = NodeTable(np.array([7, 8]), {"core": np.array([2, 1])})
            >>> table.join({8: "b"}, "inner", name="label")["label"].tolist()
            ['b']
        """
        checks.check_choice(how, "how", ("left", "inner", "outer"))
        if isinstance(other, NodeTable):
            if other._keys != self._keys:
                checks.fail("other", f"a table with one row per {other._row}",
                            f"one row per {self._row}", kind=checks.GraphTypeError)
            keys, columns = list(other._key_columns().values()), other.columns
        elif len(self._keys) > 1:
            checks.fail("other", f"a {type(other).__name__}", "an EdgeTable",
                        kind=checks.GraphTypeError)
        else:
            ids, columns = joining.columns_of(other, name)
            keys = [ids]
        mine, theirs = joining.sides(list(self._key_columns().values()), keys, how)
        joined = {n: joining.take(v, mine, fill, n) for n, v in self.columns.items()}
        for column, values in columns.items():
            new = column + suffix if column in joined or column in self._keys else column
            if new in joined or new in self._keys:
                checks.fail("suffix", repr(suffix), "one that makes a new name",
                            f"there is a column '{new}' already")
            joined[new] = joining.take(values, theirs, fill, column)
        rows = [_either(a, b, mine, theirs) for a, b in
                zip(self._key_columns().values(), keys, strict=True)]
        return self._like(rows, joined, *([other] if isinstance(other, TableFiles) else []))

    def describe(self) -> dict[str, dict[str, float]]:
        """Count, mean, standard deviation, quartiles and bounds of every column of numbers.

        Values that are NaN are left out.

        Example:
            >>> table = NodeTable(np.arange(2), {"core": np.array([1, 3])})
            >>> {name: table.describe()["core"][name] for name in ("min", "mean", "max")}
            {'min': 1.0, 'mean': 2.0, 'max': 3.0}
        """
        return {name: statistics.describe(self.columns[name]) for name in self.numbers}

    def correlation(
        self, method: Method = "spearman", columns: str | Iterable[str] | None = None
    ) -> NDArray[np.float64]:
        """Correlation of every two columns of numbers, over the rows that have both values.

        Args:
            method: ``"spearman"`` of ranks, or ``"pearson"``. (default: ``"spearman"``)
            columns: Which, in this order; ``None`` takes :attr:`numbers`. (default: ``None``)

        Shapes:
            - **output:** :math:`(C, C)`; NaN in the row and column of a constant one

        Raises:
            GraphError: If ``method`` is unknown, there is no such column or it holds no numbers.

        Example:
            >>> table = NodeTable(np.arange(3), {"a": np.array([1, 2, 9]), "b": np.arange(3)})
            >>> table.correlation().tolist()
            [[1.0, 1.0], [1.0, 1.0]]
        """
        checks.check_choice(method, "method", ("spearman", "pearson"))
        names = checks.check_columns(columns, self.columns, numbers=True)
        return statistics.correlation([self.columns[name] for name in names], method)

    def plot(
        self, path: str | os.PathLike[str], columns: str | Iterable[str] | None = None, *,
        title: str | None = None, degree: ArrayLike | None = None,
    ) -> None:
        """One page about the columns: distributions, how they go together, the first rows.

        Args:
            path: ``.html`` is a page for the browser that needs no other file; ``.png``, ``.pdf``
                and ``.svg`` are pictures, drawn by matplotlib.
            columns: Which; ``None`` takes all. (default: ``None``)
            title: Above it; ``None`` is the name of the file the graph is from.
            degree: Degree of each node, where no column holds it. (default: ``None``)

        Shapes:
            - **degree:** :math:`(N)`

        Raises:
            GraphError: If the path cannot be written or ends otherwise, is that of the graph's own
                file, there is no such column, or matplotlib is needed and not installed.

        Example:
            >>> import tempfile
            >>> table = NodeTable(np.arange(3), {"degree": np.array([1, 2, 1])})
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     table.plot(f"{folder}/path.html", title="A path")
            ...     "A path" in Path(f"{folder}/path.html").read_text()
            True
        """
        from .drawing import draw

        draw(self.select(columns), self._checked(path), title=title, degree=degree)


def _either(
    mine: NDArray[Any], theirs: NDArray[Any], rows: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[Any]:
    """Ids of the one side where it has the row, of the other elsewhere."""
    own = mine[rows[rows >= 0]]
    extra = theirs[others[rows < 0]]
    if not len(extra):
        return own
    if {mine.dtype.kind, theirs.dtype.kind} <= {"i", "u"} or mine.dtype == theirs.dtype:
        return np.concatenate([own, extra])
    return np.concatenate([own.astype(object), extra.astype(object)])

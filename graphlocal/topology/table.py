"""One row a node or an edge, one column a metric, and the ways out of it."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..graph import checks
from ..graph.output import replacing
from ..kernels.cpu.rows import LONGEST_INTEGER, write_rows

# Rows turned into Python objects at a time: a bound on memory that costs no speed.
_ROWS = 1 << 16


class NodeTable:
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

    #: What a row is, and what names it.
    _row, _keys = "node", ("node",)

    def __init__(
        self,
        ids: NDArray[Any],
        columns: Mapping[str, NDArray[Any]],
        *,
        source: str | os.PathLike[str] | None = None,
    ) -> None:
        self.ids = np.asarray(ids)
        self.columns = {name: np.asarray(values) for name, values in columns.items()}
        self.source = None if source is None else Path(source)
        for name, values in self.columns.items():
            if values.shape != self.ids.shape:
                checks.fail("columns", f"shape {values.shape} for '{name}'",
                            f"shape {self.ids.shape}", f"one value per {self._row}")
            if name in self._keys:
                checks.fail("columns", f"a column '{name}'", "another name",
                            "it is that of the ids")

    def _key_columns(self) -> dict[str, NDArray[Any]]:
        """The columns that name the rows, first in every file."""
        return {"node": self.ids}

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
        return cls(*map(np.concatenate, keys), {"file": file} | columns)

    def describe(self) -> dict[str, dict[str, float]]:
        """Smallest, mean, median and largest value of every column of numbers.

        Example:
            >>> NodeTable(np.arange(2), {"core": np.array([1, 3])}).describe()
            {'core': {'min': 1.0, 'mean': 2.0, 'median': 2.0, 'max': 3.0}}
        """
        if not len(self):
            return {}
        return {
            name: {"min": float(values.min()), "mean": float(values.mean()),
                   "median": float(np.median(values)), "max": float(values.max())}
            for name, values in self.columns.items() if values.dtype.kind in "iufb"
        }

    def to_numpy(self) -> NDArray[np.float64]:
        """All columns of numbers as one matrix, ids left out.

        Shapes:
            - **output:** :math:`(N, C)`

        Example:
            >>> NodeTable(np.arange(2), {"core": np.array([1, 3])}).to_numpy().tolist()
            [[1.0], [3.0]]
        """
        numbers = [v for v in self.columns.values() if v.dtype.kind in "iufb"]
        return np.stack(numbers, axis=1).astype(np.float64) if numbers else np.zeros(
            (len(self), 0))

    def to_pandas(self) -> Any:
        """A ``pandas.DataFrame`` indexed by the ids.

        Raises:
            ImportError: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_pandas needs pandas: pip install pandas") from error
        index: Any = [pd.Index(ids, name=name) for name, ids in self._key_columns().items()]
        index = index[0] if len(index) == 1 else pd.MultiIndex.from_arrays(index)
        return pd.DataFrame(self.columns, index=index)

    def to_csv(self, target: str | os.PathLike[str] | IO[str], *, separator: str = ",") -> None:
        """Text with a header line; numbers are written so that they read back the same.

        Args:
            target: A path, or a text file that is open for writing.
            separator: Between two columns. (default: ``","``)

        Raises:
            GraphError: If the path cannot be written, or is that of the graph's own file, or the
                separator is none.

        Example:
            >>> import sys
            >>> NodeTable(np.array(["a"]), {"core": np.array([2])}).to_csv(sys.stdout)
            node,core
            a,2
        """
        if not isinstance(separator, str) or len(separator.encode()) != 1 or separator in '\r\n"':
            checks.fail("separator", repr(separator),
                        "one ASCII character that is no quote or newline")
        if hasattr(target, "write"):
            self._write_rows(target, separator)
            return
        with replacing(self._checked(target)) as path, \
                open(path, "w", encoding="utf-8", newline="") as file:
            self._write_rows(file, separator)

    def to_npz(self, path: str | os.PathLike[str]) -> None:
        """Numpy arrays: one of ids and one per column; ``np.load`` reads them.

        Raises:
            GraphError: If the path cannot be written, or is that of the graph's own file.
        """
        arrays = self._key_columns() | self.columns
        plain = {name: _text(v) if v.dtype == object else v for name, v in arrays.items()}
        with replacing(self._checked(path)) as temporary, open(temporary, "wb") as file:
            np.savez(file, **plain)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """A Parquet file with the columns of :meth:`to_csv`.

        Raises:
            GraphError: If the path cannot be written, is that of the graph's own file, or pyarrow
                is not installed.
        """
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            checks.fail("path", f"'{path}'", "a .csv, .tsv or .npz file where pyarrow is missing",
                        "pip install pyarrow, for Parquet")
        columns = self._key_columns() | self.columns
        table = pa.table({name: pa.array(_plain(values)) for name, values in columns.items()})
        with replacing(self._checked(path)) as temporary:
            pq.write_table(table, temporary)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the format the suffix names: ``.csv``, ``.tsv``, ``.npz`` or ``.parquet``.

        Raises:
            GraphError: If the suffix is another, or as the method for it.
        """
        WRITERS[checks.check_suffix(path, tuple(WRITERS))](self, path)

    def _checked(self, path: str | os.PathLike[str]) -> Path:
        return checks.check_output(path, "path", [] if self.source is None else [self.source])

    def _write_rows(self, file: Any, separator: str) -> None:
        columns = self._key_columns() | self.columns
        csv.writer(file, delimiter=separator, lineterminator="\n").writerow(columns)
        for start in range(0, len(self), _ROWS):
            file.write(_rows_text([array[start : start + _ROWS] for array in columns.values()],
                                  separator))


def _text(values: NDArray[Any]) -> NDArray[np.str_]:
    # One by one: numpy would turn a number among names into text of its own.
    return np.array(list(map(str, values.tolist())), np.str_)


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Objects as text, as in csv, where they are not text already: a column has one type."""
    mixed = values.dtype == object and not all(isinstance(v, str) for v in values.tolist())
    return _text(values) if mixed else values


def _rows_text(columns: list[NDArray[Any]], separator: str) -> str:
    """The lines of some rows."""
    kinds, integers, fields = [], [], []
    for column in columns:
        if column.dtype.kind != "b" and np.can_cast(column.dtype, np.int64):
            kinds.append(len(integers))
            integers.append(column)
        else:
            fields.append(_fields(column, separator))
            kinds.append(-len(fields))
    rows = len(columns[0])
    text = list(chain.from_iterable(zip(*fields, strict=True)))
    data = "".join(text).encode()
    plain = len(data) == sum(map(len, text))
    lengths = np.array([len(field if plain else field.encode()) for field in text], np.int64)
    out = np.empty(len(data) + rows * (len(integers) * LONGEST_INTEGER + len(columns)), np.uint8)
    size = write_rows(
        np.array(kinds), np.array(integers, np.int64).reshape(len(integers), rows),
        lengths.reshape(rows, len(fields)).T.copy(), np.frombuffer(data, np.uint8),
        ord(separator), out)
    return out[:size].tobytes().decode()


def _fields(column: NDArray[Any], separator: str) -> list[str]:
    """Numbers so that they read back the same; text in quotes where a reader would need them."""
    if column.dtype.kind not in "OSU":
        return list(map(repr, column.tolist()))
    special = re.compile(f'[{re.escape(separator)}"\r\n]')
    return ['"' + field.replace('"', '""') + '"' if special.search(field) else field
            for field in map(str, column.tolist())]


class EdgeTable(NodeTable):
    """Two ends and named columns, one row an edge; written like a :class:`NodeTable`.

    Args:
        source_ids: The caller's id of one end of each edge.
        target_ids: That of the other end.
        columns: Name to values.
        source: The file the graph was read from. (default: ``None``)

    Shapes:
        - **source_ids, target_ids, columns:** :math:`(M)` each

    Raises:
        GraphError: If lengths differ or a column is called ``source`` or ``target``.

    Example:
        >>> import sys
        >>> ends = np.array(["a", "a"]), np.array(["b", "c"])
        >>> EdgeTable(*ends, {"e1": np.array([0, 2])}).to_csv(sys.stdout)
        source,target,e1
        a,b,0
        a,c,2
    """

    _row, _keys = "edge", ("source", "target")

    def __init__(
        self,
        source_ids: NDArray[Any],
        target_ids: NDArray[Any],
        columns: Mapping[str, NDArray[Any]],
        *,
        source: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(source_ids, columns, source=source)
        self.target_ids = np.asarray(target_ids)
        if self.target_ids.shape != self.ids.shape:
            checks.fail("target_ids", f"shape {self.target_ids.shape}", f"shape {self.ids.shape}",
                        "one id per edge")

    def _key_columns(self) -> dict[str, NDArray[Any]]:
        return {"source": self.ids, "target": self.target_ids}

    def __repr__(self) -> str:
        return f"EdgeTable(num_edges={len(self)}, columns={list(self.columns)})"


#: Suffix of a file to what writes it.
WRITERS = {
    ".csv": NodeTable.to_csv,
    ".tsv": lambda table, path: table.to_csv(path, separator="\t"),
    ".npz": NodeTable.to_npz,
    ".parquet": NodeTable.to_parquet,
}

"""What every table can become, and the files it can be read from again."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from ...graph import checks
from ...graph.output import replacing
from . import text

#: What a number is to a table.
NUMBERS = "iufb"


class TableFiles:
    """The ways out of a table and back in; :class:`NodeTable` says what a table is."""

    #: What a row is, and the columns that name it.
    _row, _keys = "node", ("node",)

    columns: dict[str, NDArray[Any]]
    _inputs: tuple[Path, ...]

    def _key_columns(self) -> dict[str, NDArray[Any]]:
        """The columns that name the rows, first in every file."""
        raise NotImplementedError

    def to_numpy(self, columns: str | Iterable[str] | None = None) -> NDArray[np.float64]:
        """Columns of numbers as one matrix, ids left out.

        Args:
            columns: Their names; ``None`` takes all that hold numbers. (default: ``None``)

        Shapes:
            - **output:** :math:`(N, C)`

        Raises:
            GraphError: If there is no such column or it holds no numbers.

        Example:
            >>> from graphlocal import NodeTable
            >>> NodeTable(np.arange(2), {"core": np.array([1, 3])}).to_numpy().tolist()
            [[1.0], [3.0]]
        """
        names = checks.check_columns(columns, self.columns, numbers=True)
        rows = len(next(iter(self._key_columns().values())))
        matrix = np.empty((rows, len(names)))
        for number, name in enumerate(names):
            matrix[:, number] = self.columns[name]
        return matrix

    def to_torch(self, columns: str | Iterable[str] | None = None, *, dtype: Any = None) -> Any:
        """Columns of numbers as one tensor: features of the nodes, in the order of the rows.

        Args:
            columns: Their names; ``None`` takes all that hold numbers. (default: ``None``)
            dtype: Of the tensor; ``None`` is ``torch.float32``. (default: ``None``)

        Shapes:
            - **output:** :math:`(N, C)`

        Raises:
            GraphError: If there is no such column or it holds no numbers.

        Example:
            >>> from graphlocal import NodeTable
            >>> NodeTable(np.arange(2), {"core": np.array([1, 3])}).to_torch("core")
            tensor([[1.],
                    [3.]])
        """
        import torch

        names = checks.check_columns(columns, self.columns, numbers=True)
        kind = torch.float32 if dtype is None else dtype
        rows = len(next(iter(self._key_columns().values())))
        # Column by column: a large count goes to an integer dtype without a float in between.
        tensor = torch.empty((rows, len(names)), dtype=kind)
        for number, name in enumerate(names):
            # A copy where the array is not torch's to own (read-only, strided backwards).
            tensor[:, number] = torch.tensor(np.ascontiguousarray(self.columns[name]))
        return tensor

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

        Ids are written as they came, also those that a spreadsheet takes for a formula (``=1+2``):
        changed ones would no longer match the graph's file.

        Args:
            target: A path, or a text file that is open for writing.
            separator: Between two columns. (default: ``","``)

        Raises:
            GraphError: If the path cannot be written, or is that of the graph's own file, or the
                separator is none.

        Example:
            >>> import sys
            >>> from graphlocal import NodeTable
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
        # Not np.savez, which has a parameter "file" that a column of that name would collide with.
        with replacing(self._checked(path)) as temporary, \
                zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for name, values in arrays.items():
                plain = _text(values) if values.dtype == object else values
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.ascontiguousarray(plain),
                                              allow_pickle=False)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """A Parquet file with the columns of :meth:`to_csv`.

        Raises:
            GraphError: If the path cannot be written, is that of the graph's own file, or pyarrow
                is not installed.
        """
        pa, pq = _pyarrow(path)
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

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """A table from a file that :meth:`save` wrote, or one that looks the same.

        Text has no types: in ``.csv`` and ``.tsv`` a column of whole numbers becomes integers, of
        other numbers floats (an empty field is NaN), of ``True`` and ``False`` truth values, and
        any other text. Ids become integers only where they are written like them: not ``007``.

        Args:
            path: A ``.csv``, ``.tsv``, ``.npz`` or ``.parquet`` file, whose first column is
                ``node``, or ``source`` and ``target`` for edges.

        Raises:
            GraphError: If the file is not such a one.

        Example:
            >>> import tempfile
            >>> from graphlocal import NodeTable
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     NodeTable(np.array(["a"]), {"core": np.array([2])}).save(f"{folder}/t.npz")
            ...     NodeTable.read(f"{folder}/t.npz")["core"].tolist()
            [2]
        """
        suffix = checks.check_suffix(path, tuple(_READERS))
        columns = _READERS[suffix](Path(path), len(cls._keys))
        for place, key in enumerate(cls._keys):
            if list(columns)[place : place + 1] != [key]:
                first = ", ".join(list(columns)[:4]) or "of no name"
                checks.fail_file(str(path), f"columns {first}", f"'{key}' as column {place + 1}",
                                 "name the column of ids so, and put it first")
        keys = [columns.pop(key) for key in cls._keys]
        return cls(*keys, columns, source=path)

    def _checked(self, path: str | os.PathLike[str]) -> Path:
        return checks.check_output(path, "path", self._inputs)

    def _write_rows(self, file: Any, separator: str) -> None:
        columns = self._key_columns() | self.columns
        text.write_header(columns, file, separator)
        for lines in text.chunks(columns, separator):
            file.write(lines)


def _text(values: NDArray[Any]) -> NDArray[np.str_]:
    # One by one: numpy would turn a number among names into text of its own.
    return np.array(list(map(str, values.tolist())), np.str_)


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Objects as text, as in csv, where they are not text already: a column has one type."""
    mixed = values.dtype == object and not all(isinstance(v, str) for v in values.tolist())
    return _text(values) if mixed else values


def _pyarrow(path: Any) -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        checks.fail("path", f"'{path}'", "a .csv, .tsv or .npz file where pyarrow is missing",
                    "pip install pyarrow, for Parquet")
    return pa, pq


def _read_text(separator: str) -> Any:
    def read(path: Path, keys: int) -> dict[str, NDArray[Any]]:
        try:
            with open(path, encoding="utf-8", newline="") as file:
                columns = text.read_columns(file, separator, str(path))
        except UnicodeDecodeError:
            checks.fail_file(str(path), "bytes that are no text", "a file in UTF-8")
        return {name: text.parse(fields, key=place < keys)
                for place, (name, fields) in enumerate(columns.items())}

    return read


def _read_npz(path: Path, keys: int) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, zipfile.BadZipFile, EOFError, TypeError) as error:
        checks.fail_file(str(path), f"what is no table ({error})", "arrays of one length")


def _read_parquet(path: Path, keys: int) -> dict[str, NDArray[Any]]:
    pa, pq = _pyarrow(path)
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        checks.fail_file(str(path), f"what is no Parquet file ({error})", "a table")
    return {name: column.to_numpy() for name, column in
            zip(table.column_names, table.columns, strict=True)}


#: Suffix of a file to what writes it.
WRITERS = {
    ".csv": TableFiles.to_csv,
    ".tsv": lambda table, path: table.to_csv(path, separator="\t"),
    ".npz": TableFiles.to_npz,
    ".parquet": TableFiles.to_parquet,
}
_READERS = {".csv": _read_text(","), ".tsv": _read_text("\t"), ".npz": _read_npz,
            ".parquet": _read_parquet}

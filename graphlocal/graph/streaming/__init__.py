"""Graphs larger than memory: from a list of edges to the directory that opens without being read.

The list is read once, in pieces, into a spool of integer ends; ids are found and ranked there; the
ends are dealt out to buckets of neighbouring rows; and the rows are built bucket by bucket, with
the kernels that build a graph in memory.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import checks, store
from .arrays import array_chunks
from .builder import ArrayWriter, Dealt, rank_ends, write_rows
from .chunks import Chunk, Options
from .ids import Ids, find_ids
from .names import Names
from .parquet import parquet_chunks
from .spool import EdgeSpool
from .text import opened, text_chunks

if TYPE_CHECKING:
    from ..csr import CSRGraph, Directed

__all__ = ["convert_file"]

#: Shares of the time that the passes take: reading, finding ids, ranking, dealing, building.
_SHARES = {"reading": 0.4, "finding ids": 0.02, "ranking": 0.13, "sorting": 0.15,
           "building": 0.3}
#: Bytes of text and edges of a piece: at most, and per byte of the limit.
_TEXT, _TEXT_SHARE, _NAMES_SHARE = 1 << 26, 32, 128
_LEAST_TEXT = 1 << 16
_EDGES, _EDGES_SHARE = 1 << 22, 4 * 56


def convert_file(
    source: Any,
    directory: str | os.PathLike[str],
    *,
    memory: str | int = "2GB",
    sep: str | None = None,
    header: bool | None = None,
    weight: bool | str | int | None = None,
    ids: Literal["auto", "int", "str"] = "auto",
    num_nodes: int | None = None,
    relabel: bool | None = None,
    directed: Directed = "symmetrize",
    overwrite: bool = False,
    following: Callable[[str, float | None], None] | None = None,
) -> CSRGraph:
    """Converts edges of any number to a directory that :meth:`CSRGraph.open` maps.

    The graph is the one that :func:`read` would make and :meth:`CSRGraph.save` write, to the byte.
    The directory appears whole or not at all; what does not fit meanwhile goes to files beside it.

    What has to fit are the distinct ids: integers need a byte and a quarter for each number between
    the least and the largest, or 32 bytes each where they lie far apart, in half of the limit;
    names need about 40 bytes and four times their letters. So do the rows of a single node. The
    limit is on what the conversion allocates; Python and compiled kernels take about 150 MB more.

    Args:
        source: Path, open file or bytes of an edge list in text (gzip is unpacked) or Parquet; a
            list of such, read one after the other; or an iterable of arrays of edges.
        directory: Where the graph will be; it must not exist.
        memory: What may be used, as ``"2GB"``, ``"512MB"``, ``"1.5GiB"`` or in bytes.
        sep: As in :func:`read`, like the next six.
        header: Likewise.
        weight: Likewise; of several files the first decides. With an iterable ``True`` means that
            it yields pairs ``(edges, weights)``.
        ids: Likewise; of several files the first decides.
        num_nodes: Likewise.
        relabel: Likewise.
        directed: Likewise.
        overwrite: Replace a graph that is there.
        following: Called after every piece with what is done at the time and the share of the
            whole that is done, which is ``None`` while nobody knows how long a stream is.

    Shapes:
        - **source:** arrays of :math:`(E_i, 2)`, weights of :math:`(E_i)`

    Returns:
        The graph, its arrays mapped.

    Raises:
        GraphError: As :func:`read`, naming file and line; if ``memory`` is no size or too small; or
            if ``directory`` cannot be made.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     graph = convert_file(b"10 30\\n30 20\\n", f"{folder}/graph", memory="64MB")
        ...     graph, graph.ids.tolist()
        (CSRGraph(num_nodes=3, num_edges=2), [10, 20, 30])
    """
    from ..csr import CSRGraph

    limit = checks.check_memory(memory)
    checks.check_choice(directed, "directed", ("symmetrize", "error"))
    checks.check_choice(ids, "ids", ("auto", "int", "str"))
    if num_nodes is not None:
        checks.check_count(num_nodes, "num_nodes")
        if relabel:
            checks.fail("relabel", "True with num_nodes", "one of the two",
                        "num_nodes says that ids are the indices 0..num_nodes-1")
    options = Options(sep, header, weight, ids)
    as_indices = num_nodes is not None or relabel is False
    try:
        with store.new_directory(directory, overwrite=overwrite) as folder:
            work = _Conversion(folder, limit, following)
            work.read(source, options)
            work.number(num_nodes, as_indices)
            work.build(directed)
    except OSError as error:  # files without a name have none to show
        if error.filename is None:
            error.filename = os.fspath(directory)
        raise
    return CSRGraph.open(directory)


class _Conversion:
    """What the passes hand on to each other."""

    def __init__(
        self, folder: Path, limit: int, following: Callable[[str, float | None], None] | None
    ) -> None:
        self._folder, self._limit, self._following = folder, limit, following
        self._edges = EdgeSpool(limit // 4, folder)
        self._names: Names | None = None
        self._ids: Ids | None = None
        self._name = ""
        self._num_nodes = 0
        self._step = max(1, min(_EDGES, limit // _EDGES_SHARE))
        self._passed = 0.0

    def _tell(self, what: str, share: float | None) -> None:
        if self._following is not None:
            whole = None if share is None else self._passed + share * _SHARES[what]
            self._following(what, whole)

    def _end(self, what: str) -> None:
        self._passed += _SHARES[what]

    def read(self, source: Any, options: Options) -> None:
        """The first pass: all edges into the spool."""
        self._name, chunks = _chunks(source, options, self._limit)
        for chunk in chunks:
            if chunk.data is not None:
                if self._names is None:
                    self._names = Names()
                self._names.number(chunk.data, chunk.edge_index)
                if self._names.nbytes > self._limit // 2:
                    checks.fail_memory(self._limit, 4 * self._names.nbytes,
                                       f"{len(self._names):,} names so far have to be held")
            self._edges.append(chunk.edge_index, chunk.weight)
            self._tell("reading", chunk.done)
        self._end("reading")

    def number(self, num_nodes: int | None, as_indices: bool) -> None:
        """The second pass: what the nodes are called, and how many there are."""
        edges, name = self._edges, self._name
        if len(edges) == 0 and num_nodes is None:
            checks.fail_file(name, "no edges", "at least one line with an edge",
                             "pass num_nodes for a graph without edges")
        if self._names is not None:
            if as_indices:
                first = self._names.decode()[0]
                checks.fail_file(name, f"names as ids, such as {str(first)!r}",
                                 "the indices 0, 1, 2, ..., because of num_nodes or relabel=False",
                                 "leave both out to keep the names")
            self._num_nodes = len(self._names)
        elif as_indices:
            self._num_nodes = num_nodes if num_nodes is not None else (
                checks.bounded_num_nodes(edges.high, len(edges), name))
            if len(edges):
                checks.check_bounds(edges.low, edges.high, name, self._num_nodes, "num_nodes")
        else:
            self._tell("finding ids", 0.0)
            self._ids = find_ids(edges, self._step, self._limit // 2)
            self._num_nodes = self._ids.count
        self._end("finding ids")

    def build(self, directed: str) -> None:
        """The passes that rank, sort and build, and what is written."""
        cells = rank_ends(self._edges, self._ids, self._num_nodes, self._step,
                          lambda share: self._tell("ranking", share))
        self._end("ranking")
        kind = self._write_ids()
        dealt = Dealt(self._edges, cells, self._num_nodes, self._step, self._limit // 4,
                      self._folder, lambda share: self._tell("sorting", share))
        self._end("sorting")
        entries, report = write_rows(dealt, self._num_nodes, self._limit // 2, self._folder,
                                     self._name, lambda share: self._tell("building", share))
        dealt.close()
        if directed == "error":
            checks.check_undirected(report, self._name, once=True)
        store.write_meta(self._folder, self._num_nodes, entries // 2, dealt.weighted, kind, report)

    def _write_ids(self) -> str | None:
        """Writes the ids and lets go of them."""
        ids, names = self._ids, self._names
        self._ids = self._names = None
        if names is not None:
            return store.write_ids(self._folder, names.decode())
        if ids is None or ids.ranks is None:
            return None
        with ArrayWriter(self._folder / "ids.npy", np.int64) as file:
            for piece in ids.pieces():
                file.append(piece)
        return "ids.npy"


def _chunks(source: Any, options: Options, limit: int) -> tuple[str, Iterator[Chunk]]:
    """What the source is called in messages, and its edges."""
    if _is_file(source):
        return _name(source), _file_chunks([source], options, limit)
    if isinstance(source, np.ndarray) or hasattr(source, "detach"):
        source = [source]
    if not isinstance(source, Iterable):
        checks.fail("source", type(source).__name__, "a path, an open file, bytes, a list of such, "
                    "or an iterable of arrays of edges", kind=checks.GraphTypeError)
    items = iter(source)
    first = next(items, None)
    if first is None:
        return "source", iter(())
    items = itertools.chain([first], items)
    if not _is_file(first):
        step = max(1, min(_EDGES, limit // _EDGES_SHARE))
        return "source", array_chunks(items, options, step)
    files = list(items)
    for file in files:
        if not _is_file(file):
            checks.fail("source", f"{type(file).__name__} among files", "files only",
                        kind=checks.GraphTypeError)
    name = _name(files[0])
    return name if len(files) == 1 else f"{name} and {len(files) - 1} more", (
        _file_chunks(files, options, limit))


def _is_file(source: Any) -> bool:
    return isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)) or (
        hasattr(source, "read"))


def _name(source: Any) -> str:
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else (
        "<stream>" if hasattr(source, "read") else "<bytes>")


def _file_chunks(files: list[Any], options: Options, limit: int) -> Iterator[Chunk]:
    """The edges of files; how the first is read decides on ids and weights of the others."""
    decided = options
    for number, source in enumerate(files):
        for chunk in _one_file(source, decided, limit):
            if decided is options:
                decided = _decide(options, chunk)
            done = None if chunk.done is None else (number + chunk.done) / len(files)
            yield Chunk(chunk.edge_index, chunk.weight, chunk.data, done)


def _decide(options: Options, chunk: Chunk) -> Options:
    weight = options.weight
    if weight is None:
        weight = chunk.weight is not None
    return Options(options.sep, options.header, weight, "int" if chunk.data is None else "str")


def _one_file(source: Any, options: Options, limit: int) -> Iterator[Chunk]:
    from ..formats import find_format

    with ExitStack() as stack:
        file = stack.enter_context(opened(source))
        head = file.read(1 << 12)
        kind = find_format(file.name, head)
        if kind == "parquet":
            for option in ("sep", "header"):
                if getattr(options, option) is not None:
                    checks.fail(option, repr(getattr(options, option)), "None",
                                f"'{file.name}' is parquet: it has no use for it")
            where = os.fspath(source) if isinstance(source, (str, os.PathLike)) else (
                head + _rest(file.read))
            yield from parquet_chunks(file.name, where, min(_EDGES, limit // 256), options.weight,
                                      options.ids)
            return
        if kind != "text":
            checks.fail_file(file.name, f"format {kind}", "an edge list in text or Parquet",
                             "graphlocal.read(file).save(directory) converts what fits into memory")
        size = max(_LEAST_TEXT, min(_TEXT, limit // _TEXT_SHARE))
        if options.ids == "str":
            size = max(_LEAST_TEXT, min(_TEXT, limit // _NAMES_SHARE))
        yield from text_chunks(file, size, options, head)


def _rest(read: Callable[[int], bytes]) -> bytes:
    parts = []
    while part := read(1 << 24):
        parts.append(part)
    return b"".join(parts)

"""Blocks of rows as tasks of any executor: what a task carries, and what becomes of its result.

A task carries the name of its kernel, the borders of its rows, and the names of files. The worker
maps the files itself, once for all of its tasks.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import functools
import importlib
import pickle
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, checks

#: Bytes from which an array is written to a file instead of being sent with every task.
_LARGE = 1 << 16


class BlockError(RuntimeError):
    """A block of rows failed on its worker; the cause is what was raised there.

    Example:
        >>> issubclass(BlockError, RuntimeError)
        True
    """


class _File(NamedTuple):
    path: str
    writeable: bool


class _Small(NamedTuple):
    array: NDArray[Any]
    writeable: bool


class _Folder(NamedTuple):
    """A graph; the time it was saved at tells it from another of that name."""

    path: str
    weighted: bool
    saved: int


class Session:
    """Where blocks run while it lasts, and the files made for them.

    Args:
        executor: The executor.
        blocks: Tasks that a pass over a graph is cut into; ``None`` chooses.
        scratch: Directory of files for the workers; ``None`` chooses.
    """

    def __init__(self, executor: Executor, blocks: int | None, scratch: Path | None) -> None:
        self.executor, self.blocks = executor, blocks
        #: Threads are handed the arrays themselves; processes here can be given temporary files.
        self.shares_memory = isinstance(executor, ThreadPoolExecutor)
        # Processes are named in full where they are asked for: their module is imported then.
        self.is_here = self.shares_memory or isinstance(
            executor, concurrent.futures.ProcessPoolExecutor)
        self._root, self._made = scratch, None
        self._graphs: dict[int, tuple[CSRGraph, _Folder]] = {}
        self._known: dict[int, tuple[weakref.ref[Any], _File]] = {}
        self._count = 0

    def close(self) -> None:
        """Removes the files."""
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)

    def graph(self, graph: CSRGraph) -> Any:
        """What stands for a graph in a task."""
        if self.shares_memory:
            return graph
        if id(graph) not in self._graphs:
            folder = graph.directory
            if folder is None:
                folder = self._folder(None) / f"graph{len(self._graphs)}"
                graph.save(folder)
            saved = (folder / "meta.json").stat().st_mtime_ns
            self._graphs[id(graph)] = graph, _Folder(str(folder), graph.weight is not None, saved)
        return self._graphs[id(graph)][1]

    def value(self, value: Any, near: Path | None, *, keep: bool) -> Any:
        """What stands for an argument in a task; ``keep``: it stays what it is while it lives."""
        if self.shares_memory or not isinstance(value, np.ndarray):
            return value
        if value.nbytes < _LARGE:
            return _Small(value, value.flags.writeable)
        known = self._known.get(id(value))
        if known is not None and known[0]() is value:
            return known[1]
        self._count += 1
        file = _File(str(self._folder(near) / f"{self._count}.npy"), value.flags.writeable)
        np.save(file.path, value, allow_pickle=False)
        if keep:
            self._known[id(value)] = weakref.ref(value, lambda _: _remove(file)), file
        return file

    def forget(self, values: Iterable[Any]) -> None:
        """Removes the files of arguments that were not kept."""
        kept = {file.path for _, file in self._known.values()}
        for value in values:
            if isinstance(value, _File) and value.path not in kept:
                _remove(value)

    def _folder(self, near: Path | None) -> Path:
        if self._made is None:
            root = self._root
            if root is None and not self.is_here:
                if near is None:
                    checks.fail(
                        "graph", "a graph in memory", "one opened from a directory that every "
                        "worker of the executor sees", "graph.save(directory), then pass "
                        "CSRGraph.open(directory)")
                root = near.parent
            try:
                self._made = Path(tempfile.mkdtemp(prefix=".graphlocal-blocks-", dir=root))
            except OSError as error:
                checks.fail("scratch", f"'{root}', where nothing can be written ({error})",
                            "a directory that every worker of the executor sees",
                            "executing(executor, scratch=directory) names another")
        return self._made


def _remove(file: _File) -> None:
    with contextlib.suppress(OSError):  # the folder may be gone, or the file in use
        Path(file.path).unlink()


_session: ContextVar[Session | None] = ContextVar("graphlocal_session", default=None)


def current() -> Session | None:
    """The session that blocks run in here, if any."""
    return _session.get()


@contextlib.contextmanager
def executing(
    executor: Executor | None, *, blocks: int | None = None, scratch: Any = None
) -> Iterator[None]:
    """While it lasts, node metrics run their blocks of rows on an executor.

    Args:
        executor: Any ``concurrent.futures.Executor``: threads, processes, or those of a Dask
            cluster, ``client.get_executor()``. ``None`` changes nothing.
        blocks: Number of tasks per pass over a graph; ``None`` makes each worth about a second,
            so that small graphs are one task. (default: ``None``)
        scratch: Directory that every worker sees, for arrays that a task needs besides the graph:
            they are written there and removed in the end. ``None`` takes the folder in which the
            graph's directory lies, or a temporary one where the workers are on this machine.
            (default: ``None``)

    Raises:
        GraphError: If ``executor`` is none, ``blocks`` is below 1, or ``scratch`` is no directory.

    Example:
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> from graphlocal import CSRGraph
        >>> from graphlocal.topology import triangles
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
        >>> with ThreadPoolExecutor(2) as executor, executing(executor, blocks=2):
        ...     triangles(graph).tolist()
        [1, 1, 1, 0]
    """
    if executor is None:
        yield
        return
    session = make_session(executor, blocks, scratch)
    token = _session.set(session)
    try:
        yield
    finally:
        _session.reset(token)
        session.close()


def make_session(executor: Any, blocks: int | None, scratch: Any) -> Session:
    """A session with checked arguments."""
    if not callable(getattr(executor, "submit", None)) or isinstance(executor, type):
        checks.fail("executor", f"a {type(executor).__name__}", "a concurrent.futures.Executor",
                    "of a Dask client it is client.get_executor()", kind=checks.GraphTypeError)
    if not isinstance(executor, Executor) and hasattr(executor, "get_executor"):
        executor = executor.get_executor()  # the client itself was meant
    if blocks is not None:
        checks.check_count(blocks, "blocks", least=1)
    if scratch is not None and not Path(scratch).is_dir():
        checks.fail("scratch", f"'{scratch}'", "a directory", "make it first, on a file system "
                    "that every worker of the executor sees")
    return Session(executor, blocks, None if scratch is None else Path(scratch).resolve())


def refer(kernel: Callable[..., Any], session: Session) -> Any:
    """What stands for a kernel in a task: compiled ones go by name, they would travel as code."""
    if session.shares_memory:
        return kernel
    if hasattr(kernel, "py_func"):
        return kernel.__module__, kernel.__name__
    if isinstance(session.executor, concurrent.futures.ProcessPoolExecutor):
        try:
            pickle.dumps(kernel)
        except Exception as error:
            checks.fail("kernel", f"{name_of(kernel)}, which other processes cannot be given "
                        f"({error})", "a function at the top level of a module")
    return kernel


def name_of(kernel: Any) -> str:
    """A kernel's name in messages."""
    return getattr(kernel, "__qualname__", None) or getattr(kernel, "__name__", repr(kernel))


def run_tasks(
    session: Session, task: Callable[..., Any], kernel: Callable[..., Any],
    borders: NDArray[np.int64], *common: Any
) -> Iterator[Any]:
    """Results of ``task(kernel, start, stop, *common)`` in the order of the blocks.

    Raises:
        BlockError: What failed first, with the rows; the tasks that have not started are
            cancelled.
    """
    reference = refer(kernel, session)
    ranges = list(zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True))
    futures: dict[Future[Any], int] = {}
    waiting: dict[int, Any] = {}
    following = 0
    at = 0
    try:
        for at, (start, stop) in enumerate(ranges):
            futures[session.executor.submit(task, reference, start, stop, *common)] = at
        for future in as_completed(list(futures)):
            at = futures.pop(future)
            waiting[at] = future.result()
            while following in waiting:
                yield waiting.pop(following)
                following += 1
    except Exception as error:
        raise failure(kernel, *ranges[at], error) from error
    finally:
        for future in futures:
            future.cancel()


def failure(kernel: Callable[..., Any], start: int, stop: int, error: BaseException) -> BlockError:
    """The error that names a block."""
    return BlockError(f"{name_of(kernel)} failed in the block of rows {start} to {stop}: "
                      f"{type(error).__name__}: {error}")


# What runs on the workers.


def call(kernel: Any, start: int, stop: int, graph: Any, state: tuple[Any, ...]) -> Any:
    """A kernel of :func:`~graphlocal.topology.map_blocks` on one block."""
    return _kernel(kernel)(_graph(graph), start, stop, *map(_value, state))


def call_summed(
    kernel: Any, start: int, stop: int, args: tuple[Any, ...],
    sums: tuple[tuple[Any, str], ...], scratch: tuple[tuple[Any, str], ...],
) -> tuple[NDArray[Any], ...]:
    """A kernel that adds anywhere, on arrays of zeros."""
    own = tuple(np.zeros(shape, dtype) for shape, dtype in sums)
    _kernel(kernel)(start, stop, *map(_value, args), *own,
                    *(np.zeros(shape, dtype) for shape, dtype in scratch))
    return own


def _kernel(kernel: Any) -> Callable[..., Any]:
    if isinstance(kernel, tuple):
        return getattr(importlib.import_module(kernel[0]), kernel[1])
    return kernel


def _graph(graph: Any) -> CSRGraph:
    return _open(graph) if isinstance(graph, _Folder) else graph


def _value(value: Any) -> Any:
    if isinstance(value, _File):
        return _load(value)
    if isinstance(value, _Small):
        # As it was, because kernels are compiled for arrays that can be written or cannot.
        if value.array.flags.writeable != value.writeable:
            value.array.flags.writeable = value.writeable
        return value.array
    return value


@functools.lru_cache(maxsize=4)
def _open(folder: _Folder) -> CSRGraph:
    graph = CSRGraph.open(folder.path)
    if graph.weight is not None and not folder.weighted:
        return CSRGraph._trusted(graph.rowptr, graph.col, None, graph.ids, graph.report,
                                 graph.directory)
    return graph


@functools.lru_cache(maxsize=24)
def _load(file: _File) -> NDArray[Any]:
    # Copied where it is written to, which no kernel does with what it only reads.
    return np.asarray(np.load(file.path, mmap_mode="c" if file.writeable else "r",
                              allow_pickle=False))

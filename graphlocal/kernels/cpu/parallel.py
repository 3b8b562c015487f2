"""Runs serial kernels over blocks of rows on one shared thread pool.

A kernel is a function ``kernel(start, stop, *args)`` compiled with :func:`jit`, which releases the
interpreter lock and writes only what belongs to the rows ``[start, stop)``. The borders of the
blocks follow from the work in the rows, never from the number of threads, so neither do results.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Work (rows plus non-zeros) below which a block is not worth a thread's attention.
MIN_BLOCK_WORK = 1 << 15
#: Enough blocks to balance any machine, few enough to cost nothing.
MAX_BLOCKS = 1024

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None
_pool_size = 0
_threads: int | None = None
#: Of a context: two threads that work on graphs of their own do not hear of each other's kernels.
_progress: ContextVar[Callable[[str, int, int], None] | None] = ContextVar(
    "graphlocal_progress", default=None)
_report_lock = threading.Lock()


def _leave_blas_alone() -> None:
    """Saves the fifth of a second that scipy.linalg takes to import before a first kernel.

    numba asks whether it is there as soon as anything is compiled, for matrix products in kernels,
    which look for it again themselves; ours have none.
    """
    wanted = "scipy.linalg.cython_blas"
    if wanted in sys.modules or "numba.np.arraymath" in sys.modules:
        return
    if importlib.util.find_spec("scipy") is None:
        return
    sys.modules[wanted] = None  # type: ignore[assignment]  # what is None cannot be imported
    try:
        from numba.np import arraymath

        arraymath._HAVE_BLAS = True
    except ImportError:  # another numba, which needs it or has no such module
        pass
    finally:
        del sys.modules[wanted]


_leave_blas_alone()


def jit(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compiles a kernel without the interpreter lock, kept on disk between processes.

    Args:
        function: The kernel.
        options: Passed on to ``numba.njit``.

    Example:
        >>> jit(lambda start, stop: stop - start)(2, 5)
        3
    """
    try:
        return njit(nogil=True, cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return njit(nogil=True, **options)(function)


def _forget_pool() -> None:
    """A forked child inherits the pool object but none of its threads."""
    global _pool, _pool_size, _lock, _report_lock
    _lock, _report_lock = threading.Lock(), threading.Lock()
    _pool, _pool_size = None, 0
    _progress.set(None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def set_num_threads(count: int | None) -> None:
    """Sets how many threads kernels use in this process.

    Args:
        count: At least 1; ``None`` returns to the default of :func:`num_threads`.

    Raises:
        ValueError: If ``count`` is not a positive integer.

    Example:
        >>> set_num_threads(2)
        >>> num_threads()
        2
        >>> set_num_threads(None)
    """
    global _threads
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise ValueError(f"argument 'count': got {count!r}, expected a positive integer or None")
    _threads = count


def num_threads() -> int:
    """Number of threads a kernel may use here.

    In a DataLoader worker it is 1. Otherwise the first of: :func:`set_num_threads`, the variable
    ``GRAPHLOCAL_NUM_THREADS``, ``torch.get_num_threads()`` where torch is loaded, and the number
    of processors this process may run on.

    Raises:
        ValueError: If ``GRAPHLOCAL_NUM_THREADS`` is set to anything but a positive integer.

    Example:
        >>> num_threads() >= 1
        True
    """
    if _in_dataloader_worker():
        return 1
    if _threads is not None:
        return _threads
    text = os.environ.get("GRAPHLOCAL_NUM_THREADS", "").strip()
    if text:
        if not text.isdecimal() or int(text) < 1:
            raise ValueError(
                f"environment variable GRAPHLOCAL_NUM_THREADS: got {text!r}, "
                "expected a positive integer (unset it to use every processor)"
            )
        return int(text)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        return max(1, int(torch.get_num_threads()))
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _in_dataloader_worker() -> bool:
    # Asked of the loaded module only: a process that never imported torch is no such worker.
    data = sys.modules.get("torch.utils.data")
    return data is not None and data.get_worker_info() is not None


def row_blocks(
    work: NDArray[np.integer],
    *,
    min_work: int = MIN_BLOCK_WORK,
    max_blocks: int = MAX_BLOCKS,
) -> NDArray[np.int64]:
    """Cuts rows into blocks of equal work.

    Args:
        work: Running total of the work before each row, ``[N + 1]``, starting at 0. A CSR
            ``rowptr`` is one; every row also counts 1 for itself.
        min_work: Work below which no block is cut.
        max_blocks: Upper bound on the number of blocks.

    Returns:
        Borders ``[B + 1]`` from 0 to ``N``: block ``b`` is the rows ``borders[b]:borders[b + 1]``.

    Example:
        >>> row_blocks(np.array([0, 3, 6, 10]), min_work=5).tolist()
        [0, 2, 3]
    """
    rows = len(work) - 1
    if rows <= 0:
        return np.zeros(1, dtype=np.int64)
    total = int(work[-1]) + rows
    count = max(1, min(max_blocks, total // min_work, rows))
    if count == 1:
        return np.array([0, rows], dtype=np.int64)
    goals = np.arange(1, count, dtype=np.int64) * total // count
    cuts = _cut_rows(work, goals)
    return np.unique(np.concatenate([[0], cuts, [rows]]).astype(np.int64))


def _cut_rows(work: NDArray[np.integer], goals: NDArray[np.int64]) -> NDArray[np.int64]:
    """First row whose running total of work and rows reaches each goal, by bisection."""
    low = np.zeros(len(goals), dtype=np.int64)
    high = np.full(len(goals), len(work) - 1, dtype=np.int64)
    while np.any(low < high):
        middle = (low + high) // 2
        reached = work[middle].astype(np.int64) + middle >= goals
        high = np.where(reached, middle, high)
        low = np.where(reached, low, np.minimum(middle + 1, high))
    return low


def run_blocks(
    kernel: Callable[..., Any],
    borders: NDArray[np.int64] | Sequence[int],
    *args: Any,
    scratch: Callable[[], tuple[Any, ...]] | None = None,
) -> list[Any]:
    """Calls ``kernel(start, stop, *args, *scratch)`` for every block; returns what each returned.

    The calling thread works too, so a call from inside a kernel's thread cannot lock up.

    Args:
        kernel: A nogil function which writes only what belongs to its rows.
        borders: Borders of the blocks, from :func:`row_blocks`.
        args: Passed to every call as they are.
        scratch: Makes the working arrays of one thread; called once per thread that takes part.
            A kernel leaves them as it found them.

    Returns:
        One result per block, in the order of the blocks.

    Raises:
        Exception: Whatever the kernel raised first; no further block is started after it.

    Example:
        >>> run_blocks(lambda start, stop, x: x[start:stop].sum().item(), [0, 2, 4], np.arange(4))
        [1, 5]
    """
    blocks = len(borders) - 1
    results: list[Any] = [None] * max(blocks, 0)
    report, name = _progress.get(), getattr(kernel, "__name__", "")
    order = itertools.count()
    failed = False
    done = 0

    def work() -> None:
        nonlocal failed, done
        try:
            own = () if scratch is None else scratch()
            while not failed:
                block = next(order)
                if block >= blocks:
                    return
                start, stop = int(borders[block]), int(borders[block + 1])
                results[block] = kernel(start, stop, *args, *own)
                if report is not None:
                    with _report_lock:
                        done += 1
                        report(name, done, blocks)
        except BaseException:
            failed = True
            raise

    helpers: list[Future[None]] = []
    try:
        _add_helpers(helpers, work, min(num_threads(), blocks) - 1)
        work()
    finally:
        # Those that never started have nothing to do any more; the others finish their block.
        failed = True
        errors = [helper.exception() for helper in helpers if not helper.cancel()]
    for error in errors:
        if error is not None:
            raise error
    return results


def _add_helpers(helpers: list[Future[None]], work: Callable[[], None], count: int) -> None:
    """Has ``count`` threads of the pool do the work too, or as many as there can be.

    Each is in ``helpers`` before anyone else knows of it: the pool may queue a task and then
    refuse it, or an interruption come in between, and the task run all the same.
    """
    global _pool, _pool_size
    if count < 1:
        return
    with _lock:  # until all is handed in: a pool that another caller replaces takes no more
        if _pool is None or _pool_size < count:
            if _pool is not None:
                _pool.shutdown(wait=False)
            _pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="graphlocal")
            _pool_size = count
        for _ in range(count):
            helpers.append(Future())
            try:
                _pool.submit(_help, helpers[-1], work)
            except RuntimeError:  # no further thread can be started, or the interpreter ends
                return


def _help(helper: Future[None], work: Callable[[], None]) -> None:
    if not helper.set_running_or_notify_cancel():
        return
    try:
        work()
        helper.set_result(None)
    except BaseException as error:
        helper.set_exception(error)


def run_summed(
    kernel: Callable[..., Any],
    borders: NDArray[np.int64],
    *args: Any,
    sums: tuple[int | tuple[int, ...], ...],
    scratch: tuple[tuple[int | tuple[int, ...], Any], ...] = (),
) -> tuple[NDArray[np.int64], ...]:
    """Runs a kernel that adds to arrays anywhere: each thread gets its own, which are summed.

    Integers add up to the same sum in any order, so the result is the same for any number of
    threads.

    Args:
        kernel: Called as ``kernel(start, stop, *args, *sums, *scratch)``.
        borders: Blocks of rows.
        args: Passed as they are.
        sums: Shapes of the int64 arrays it adds to.
        scratch: Shapes and dtypes of working arrays, zero before and after every call.

    Returns:
        The sums.

    Example:
        >>> def count(start, stop, rows):
        ...     rows[0] += stop - start
        >>> run_summed(count, [0, 2, 5], sums=(1,))
        (array([5]),)
    """
    made: list[tuple[NDArray[np.int64], ...]] = []
    lock = threading.Lock()

    def own() -> tuple[NDArray[Any], ...]:
        arrays = tuple(np.zeros(shape, np.int64) for shape in sums)
        with lock:
            made.append(arrays)
        return (*arrays, *(np.zeros(shape, dtype) for shape, dtype in scratch))

    run_blocks(kernel, borders, *args, scratch=own)
    if not made:
        own()
    total = made[0]
    for arrays in made[1:]:
        for into, array in zip(total, arrays, strict=True):
            into += array
    return total


@contextlib.contextmanager
def on_progress(report: Callable[[str, int, int], None]) -> Iterator[None]:
    """While it lasts, ``report(kernel, blocks done, blocks in all)`` is called after each block.

    Blocks, not rows: they are cut to equal work, so their share is a share of the time. It hears
    of kernels that are run from the thread it was set in. Reports come from any thread, one at a
    time, and must not run kernels themselves; ``kernel`` is the name of the function.

    Example:
        >>> def kernel(start, stop): ...
        >>> seen = []
        >>> with on_progress(lambda *said: seen.append(said)):
        ...     _ = run_blocks(kernel, [0, 2, 9])
        >>> seen
        [('kernel', 1, 2), ('kernel', 2, 2)]
    """
    token = _progress.set(report)
    try:
        yield
    finally:
        _progress.reset(token)

"""A function of rows over a whole graph: on threads, on processes, on a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph, checks
from ..kernels.cpu import parallel
from . import executors
from .executors import Session

#: Rows plus entries of one task of an executor, about a second for a plain kernel; of one that
#: counts triangles or orbits, edges. A task costs milliseconds on a cluster.
_TASK_WORK, _TASK_EDGES = 1 << 25, 1 << 21
_MOST_TASKS = 512

Combine = Literal["concatenate", "sum", "list"]


def map_blocks(
    kernel: Callable[..., Any],
    graph: Any,
    executor: Executor | None = None,
    *,
    state: tuple[Any, ...] = (),
    combine: Combine = "concatenate",
    blocks: int | None = None,
    scratch: Any = None,
) -> Any:
    """Calls ``kernel(graph, start, stop, *state)`` on blocks of rows and puts the results together.

    Rows are cut into blocks of equal work (non-zeros). Without an executor they run on the
    library's own threads. A ``ThreadPoolExecutor`` is handed the graph itself. For any other
    executor a task carries the kernel, its rows and the graph's directory, which each worker maps
    once: the graph must come from :meth:`CSRGraph.open <graphlocal.graph.CSRGraph.open>`, but for
    a ``ProcessPoolExecutor``, whose workers are on this machine: a graph in memory is saved for
    them in a temporary directory. Arrays of ``state`` above 64 KB become files beside it.

    On a cluster with SLURM, with the graph and the program on storage that all its nodes share::

        # $SHARED/count.py, run anywhere that can submit jobs: pip install dask-jobqueue
        cluster = SLURMCluster(cores=32, processes=32, memory="64GB", walltime="01:00:00")
        cluster.scale(jobs=8)
        with Client(cluster) as client:
            graph = CSRGraph.open("/shared/graph")
            table = graphlocal.metrics(graph, "core,orbits4", executor=client.get_executor())

    or inside one allocation, without that package::

        #!/bin/bash
        #SBATCH --nodes=8 --ntasks-per-node=1 --cpus-per-task=32
        dask scheduler --scheduler-file $SHARED/dask.json &
        srun dask worker --scheduler-file $SHARED/dask.json --nworkers 32 --nthreads 1 &
        python count.py   # with Client(scheduler_file="dask.json") as client: as above

    Args:
        kernel: A function at the top level of a module, so that other processes find it. It
            returns one row per row of its block, or what ``combine`` says.
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        executor: Any ``concurrent.futures.Executor``; of a Dask client, ``client.get_executor()``.
            ``None`` takes that of :func:`executing`, or the library's threads. (default: ``None``)
        state: Further arguments of the kernel, the same for all blocks. (default: ``()``)
        combine: ``"concatenate"`` the rows, ``"sum"`` arrays or numbers, added in the order of the
            blocks, or ``"list"`` whatever is returned. (default: ``"concatenate"``)
        blocks: Number of blocks; ``None`` makes them as small as threads balance well on, and
            about a second of work each on an executor. (default: ``None``)
        scratch: As in :func:`executing`. (default: ``None``)

    Shapes:
        - **output:** :math:`(N, \\ldots)` when concatenated

    Raises:
        GraphError: If no graph can be made from ``graph``, the executor's workers cannot see it,
            or a kernel returns another number of rows than its block has.
        BlockError: If a kernel fails, with its rows in the message and what was raised as the
            cause. Blocks that have not started are cancelled.

    Example:
        >>> from graphlocal import CSRGraph
        >>> def largest_neighbor(graph, start, stop):
        ...     return np.array([graph.neighbors(v).max(initial=-1) for v in range(start, stop)])
        >>> map_blocks(largest_neighbor, CSRGraph.from_edges([(0, 1), (1, 2)], 4)).tolist()
        [1, 2, 1, -1]
    """
    if not callable(kernel):
        checks.fail("kernel", repr(kernel), "a function kernel(graph, start, stop)",
                    kind=checks.GraphTypeError)
    checks.check_choice(combine, "combine", ("concatenate", "sum", "list"))
    graph = as_graph(graph)
    if executor is None:
        if blocks is not None:
            checks.check_count(blocks, "blocks", least=1)
        return _mapped(kernel, graph, executors.current(), state, combine, blocks)
    session = executors.make_session(executor, blocks, scratch)
    try:
        return _mapped(kernel, graph, session, state, combine, blocks)
    finally:
        session.close()


def _mapped(
    kernel: Callable[..., Any], graph: CSRGraph, session: Session | None, state: tuple[Any, ...],
    combine: Combine, blocks: int | None,
) -> Any:
    if blocks is None and session is not None:
        blocks = session.blocks
    if blocks is not None:
        borders = parallel.row_blocks(graph.rowptr, min_work=1, max_blocks=blocks)
    elif session is not None:
        borders = parallel.row_blocks(graph.rowptr, min_work=_TASK_WORK, max_blocks=_MOST_TASKS)
    else:
        borders = parallel.row_blocks(graph.rowptr)
    if len(borders) == 1:  # no rows: asked all the same, for the shape and dtype of none
        borders = np.array([0, 0])
    if session is None:
        def run(start: int, stop: int) -> Any:
            try:
                return kernel(graph, start, stop, *state)
            except Exception as error:
                raise executors.failure(kernel, start, stop, error) from error

        run.__name__ = executors.name_of(kernel)
        return _combine(kernel, borders, iter(parallel.run_blocks(run, borders)), combine)
    sent = session.graph(graph)
    given = tuple(session.value(value, graph.directory, keep=False) for value in state)
    try:
        with contextlib.closing(executors.run_tasks(
                session, executors.call, kernel, borders, sent, given)) as results:
            return _combine(kernel, borders, results, combine)
    finally:
        session.forget(given)


def _combine(
    kernel: Callable[..., Any], borders: NDArray[np.int64], results: Any, combine: Combine
) -> Any:
    if combine == "list":
        return list(results)
    if combine == "sum":
        total = next(results)
        for result in results:
            if result is None or np.shape(result) != np.shape(total):
                checks.fail("kernel", f"{executors.name_of(kernel)} with results of shapes "
                            f"{np.shape(total)} and {np.shape(result)}"
                            if result is not None else f"{executors.name_of(kernel)}, which "
                            "returned None", "sums of one shape")
            total = total + result
        return total
    rows = []
    for start, stop, result in zip(borders[:-1], borders[1:], results, strict=True):
        array = np.asarray(result)
        if array.ndim == 0 or len(array) != stop - start:
            checks.fail("kernel", f"{executors.name_of(kernel)}, which returned shape "
                        f"{array.shape} for rows {start} to {stop}", f"{stop - start} rows",
                        "combine='sum' or 'list' takes other results")
        if rows and array.shape[1:] != rows[0].shape[1:]:
            checks.fail("kernel", f"{executors.name_of(kernel)} with rows of shapes "
                        f"{rows[0].shape[1:]} and {array.shape[1:]}", "rows of one shape")
        rows.append(array)
    return rows[0] if len(rows) == 1 else np.concatenate(rows)


class Rows(Protocol):
    """What says how large a graph is and where it lies: a ``CSRGraph`` or an ordered one."""

    @property
    def num_edges(self) -> int: ...
    @property
    def directory(self) -> Path | None: ...


def sum_blocks(
    graph: Rows,
    kernel: Callable[..., Any],
    borders: NDArray[np.int64],
    *args: Any,
    written: tuple[NDArray[Any], ...] = (),
    sums: tuple[int | tuple[int, ...], ...],
    scratch: tuple[tuple[int | tuple[int, ...], Any], ...] = (),
) -> tuple[NDArray[np.int64], ...]:
    """:func:`~graphlocal.kernels.cpu.parallel.run_summed`, on the executor where there is one.

    Args:
        graph: What is counted in.
        kernel: Called as ``kernel(start, stop, *args, *written, *sums, *scratch)``.
        borders: Blocks of rows; an executor gets several of them as one task.
        args: Passed as they are; arrays keep their values until the executor is done with.
        written: Arrays of zeros in which every place is written by one row.
        sums: Shapes of the int64 arrays it adds to.
        scratch: Shapes and dtypes of working arrays.

    Example:
        >>> from graphlocal import CSRGraph
        >>> def count(start, stop, rows):
        ...     rows[0] += stop - start
        >>> sum_blocks(CSRGraph.from_edges([(0, 1)]), count, np.array([0, 1, 2]), sums=(1,))
        (array([2]),)
    """
    session = executors.current()
    if session is None:
        return parallel.run_summed(kernel, borders, *args, *written, sums=sums, scratch=scratch)
    count = session.blocks or graph.num_edges // _TASK_EDGES
    count = min(max(1, count), _MOST_TASKS, max(1, len(borders) - 1))
    borders = borders[np.linspace(0, len(borders) - 1, count + 1).astype(np.int64)]
    given = tuple(session.value(value, graph.directory, keep=True) for value in args)
    shapes = (*((array.shape, array.dtype.str) for array in written),
              *((shape, "<i8") for shape in sums))
    spare = tuple((shape, np.dtype(dtype).str) for shape, dtype in scratch)
    total = (*written, *(np.zeros(shape, np.int64) for shape in sums))
    with contextlib.closing(executors.run_tasks(
            session, executors.call_summed, kernel, borders, given, shapes, spare)) as results:
        for parts in results:
            for into, part in zip(total, parts, strict=True):
                into += part
    return total[len(written):]

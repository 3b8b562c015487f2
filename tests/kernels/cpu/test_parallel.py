"""The pool: same results with any number of threads, errors that come out, no hang after a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphlocal.kernels.cpu.parallel import (
    jit,
    num_threads,
    on_progress,
    row_blocks,
    run_blocks,
    set_num_threads,
)


@pytest.fixture(autouse=True)
def default_threads() -> Iterator[None]:
    yield
    set_num_threads(None)


@jit
def row_sums(start, stop, rowptr, value, result):
    total = 0.0
    for row in range(start, stop):
        result[row] = 0.0
        for slot in range(rowptr[row], rowptr[row + 1]):
            result[row] += value[slot]
        total += result[row]
    return total


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_do_not_depend_on_threads(threads: int) -> None:
    rng = np.random.default_rng(0)
    rowptr = np.concatenate([[0], np.cumsum(rng.integers(0, 40, 20_000))])
    value = rng.standard_normal(rowptr[-1])
    expected = np.add.reduceat(np.append(value, 0), rowptr[:-1])
    expected[np.diff(rowptr) == 0] = 0

    def run() -> tuple[bytes, list[float]]:
        result = np.full(20_000, np.nan)
        totals = run_blocks(row_sums, row_blocks(rowptr), rowptr, value, result)
        np.testing.assert_allclose(result, expected, atol=1e-9)
        return result.tobytes(), totals

    set_num_threads(1)
    first = run()
    assert len(first[1]) > 5  # several blocks, or there is nothing to compare
    set_num_threads(threads)
    for _ in range(3):
        assert run() == first


def test_blocks_run_side_by_side() -> None:
    """Two blocks that wait for each other come to an end only on two threads."""
    set_num_threads(2)
    meet = threading.Barrier(2, timeout=30)
    run_blocks(lambda start, stop: meet.wait(), [0, 1, 2])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_exceptions_come_out(threads: int) -> None:
    set_num_threads(threads)
    ran: list[int] = []

    def kernel(start: int, stop: int) -> None:
        ran.append(start)
        time.sleep(0.001)
        if start == 3:
            raise KeyError("block 3")

    with pytest.raises(KeyError, match="block 3"):
        run_blocks(kernel, range(201))
    assert len(ran) < 60  # no block is started after it
    assert run_blocks(lambda start, stop: start, range(4)) == [0, 1, 2]  # the pool still works


def test_failing_scratch_comes_out() -> None:
    def scratch() -> tuple[int]:
        raise MemoryError("no room")

    set_num_threads(2)
    with pytest.raises(MemoryError, match="no room"):
        run_blocks(lambda start, stop, own: own, range(9), scratch=scratch)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_scratch_is_made_once_a_thread(threads: int) -> None:
    set_num_threads(threads)
    made: list[int] = []

    def scratch() -> tuple[int]:
        made.append(threading.get_ident())
        return (threading.get_ident(),)

    def kernel(start: int, stop: int, owner: int) -> bool:
        time.sleep(0.001)
        return owner == threading.get_ident()

    assert all(run_blocks(kernel, range(50), scratch=scratch))
    assert len(set(made)) == len(made) <= threads


def test_nested_calls() -> None:
    """Calls from inside kernels, more than there are threads, do not lock up."""
    set_num_threads(2)

    def outer(start: int, stop: int) -> int:
        return sum(run_blocks(lambda low, high: low, range(5)))

    for _ in range(20):
        assert run_blocks(outer, range(9)) == [6] * 8


def test_concurrent_callers() -> None:
    set_num_threads(3)
    found: list[list[int]] = []
    callers = [threading.Thread(target=lambda: found.append(
        run_blocks(lambda start, stop: start, range(200)))) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
        assert not caller.is_alive()
    assert found == [list(range(199))] * 8


def test_no_blocks() -> None:
    assert run_blocks(lambda start, stop: 1, []) == []
    assert run_blocks(lambda start, stop: 1, [0]) == []
    assert run_blocks(lambda start, stop: stop, [0, 7]) == [7]


@pytest.mark.parametrize("threads", [1, 2])
def test_progress(threads: int) -> None:
    set_num_threads(threads)
    seen: list[tuple[str, int, int]] = []

    def kernel(start: int, stop: int) -> None: ...

    with on_progress(lambda *said: seen.append(said)):
        run_blocks(kernel, [0, 3, 4, 9])
    assert seen == [("kernel", 1, 3), ("kernel", 2, 3), ("kernel", 3, 3)]
    run_blocks(kernel, [0, 3])
    assert len(seen) == 3


def test_progress_of_another_thread() -> None:
    """Bars that overlap in time neither hear of each other's kernels nor outlive themselves."""
    seen: dict[str, list[int]] = {"mine": [], "other": []}
    started, finish = threading.Event(), threading.Event()

    def other() -> None:
        with on_progress(lambda kernel, done, blocks: seen["other"].append(blocks)):
            started.set()
            finish.wait(30)
            run_blocks(lambda start, stop: None, range(3))

    thread = threading.Thread(target=other)
    with on_progress(lambda kernel, done, blocks: seen["mine"].append(blocks)):
        thread.start()
        assert started.wait(30)
        run_blocks(lambda start, stop: None, range(5))
    finish.set()
    thread.join(30)
    run_blocks(lambda start, stop: None, range(9))
    assert seen == {"mine": [4] * 4, "other": [2] * 2}


def test_pool_replaced_between_two_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that wants more threads replaces the pool while another hands in its tasks."""
    set_num_threads(3)
    run_blocks(lambda start, stop: None, range(9))
    submit, asked = ThreadPoolExecutor.submit, []

    def wider() -> None:
        set_num_threads(7)
        run_blocks(lambda start, stop: None, range(9))

    def interrupted_submit(pool: ThreadPoolExecutor, *args: object) -> object:
        if not asked:
            asked.append(threading.Thread(target=wider))
            asked[0].start()
            asked[0].join(0.3)
        return submit(pool, *args)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", interrupted_submit)
    assert run_blocks(lambda start, stop: start, range(9)) == list(range(8))
    asked[0].join(30)
    assert not asked[0].is_alive()


def test_no_thread_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool queues a task before it finds that it cannot start a thread for it."""
    set_num_threads(20)  # a pool that is wider than any before it
    start, started = threading.Thread.start, []

    def refuse(thread: threading.Thread) -> None:
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    ended: list[int] = []

    def kernel(low: int, high: int) -> None:
        time.sleep(0.001)
        ended.append(low)

    run_blocks(kernel, range(61))
    assert sorted(ended) == list(range(60))  # none is still at work
    assert len(started) == 2


LATE = """
import threading, time
from graphlocal.kernels.cpu.parallel import run_blocks, set_num_threads
set_num_threads(3)

def late():
    threading.main_thread().join()
    time.sleep(0.1)
    print(run_blocks(lambda start, stop: start, range(5)))

threading.Thread(target=late).start()
"""


def test_thread_that_outlives_the_main_one() -> None:
    ran = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "[0, 1, 2, 3]", ran.stderr


work_totals = st.lists(st.integers(0, 1000), max_size=60).map(
    lambda work: np.concatenate([[0], np.cumsum(work, dtype=np.int64)]).astype(np.int64))


@given(work_totals, st.integers(1, 2000), st.integers(1, 20))
def test_row_blocks(work: np.ndarray, min_work: int, max_blocks: int) -> None:
    rows = len(work) - 1
    borders = row_blocks(work, min_work=min_work, max_blocks=max_blocks)
    assert borders.dtype == np.int64
    assert borders[0] == 0 and borders[-1] == rows
    assert (np.diff(borders) > 0).all()
    assert len(borders) - 1 <= max(1, min(max_blocks, rows))
    if rows:
        # No block has more than its share and one row that would not be cut.
        total = int(work[-1]) + rows
        count = max(1, min(max_blocks, total // min_work, rows))
        sizes = np.diff(work[borders] + borders)
        assert sizes.max() <= total / count + 1 + int(np.diff(work).max()) + 1


@given(work_totals)
def test_row_blocks_ignore_threads(work: np.ndarray) -> None:
    set_num_threads(1)
    first = row_blocks(work, min_work=50)
    set_num_threads(7)
    np.testing.assert_array_equal(row_blocks(work, min_work=50), first)


@pytest.mark.parametrize("count", [0, -1, 1.5, "2", True])
def test_bad_thread_counts(count: object) -> None:
    with pytest.raises(ValueError, match=r"argument 'count': got .*, expected a positive integer"):
        set_num_threads(count)


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_NUM_THREADS", " 3 ")
    assert num_threads() == 3
    set_num_threads(2)
    assert num_threads() == 2
    set_num_threads(None)
    for bad in ("0", "-1", "two", "1.5", "²"):
        monkeypatch.setenv("GRAPHLOCAL_NUM_THREADS", bad)
        with pytest.raises(ValueError, match=r"GRAPHLOCAL_NUM_THREADS: got .*positive integer"):
            num_threads()
    monkeypatch.setenv("GRAPHLOCAL_NUM_THREADS", "")
    assert num_threads() >= 1


FORK = """
import numpy as np, torch
from torch.utils.data import DataLoader, Dataset
from graphlocal.graph import CSRGraph
from graphlocal.kernels.cpu.parallel import num_threads, run_blocks, set_num_threads

set_num_threads(4)

def build():
    rng = np.random.default_rng(0)
    return CSRGraph.from_edge_index(rng.integers(0, 9000, (2, 90000)), 9000, rng.random(90000))

whole = build()                                     # the pool has threads when the fork comes
run_blocks(lambda start, stop: None, range(50))

class Graphs(Dataset):
    def __len__(self):
        return 6
    def __getitem__(self, i):
        graph = build()
        return num_threads(), float(graph.weight.sum()), int(graph.col.sum())

for workers in (2, 2):                              # a second time: forked from a used process
    loader = DataLoader(Graphs(), num_workers=workers, multiprocessing_context="fork")
    for threads, weight, col in loader:
        assert threads.item() == 1, threads
        assert weight.item() == whole.weight.sum() and col.item() == whole.col.sum()
assert num_threads() == 4
print("done")
"""


def test_forking_dataloader() -> None:
    ran = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "done"


PLAIN_FORK = """
import os
from graphlocal.kernels.cpu.parallel import run_blocks, set_num_threads
set_num_threads(3)
assert sum(run_blocks(lambda start, stop: start, range(100))) == 4851
child = os.fork()
if child == 0:
    total = sum(run_blocks(lambda start, stop: start, range(100)))
    os._exit(0 if total == 4851 else 3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_fork_makes_a_new_pool() -> None:
    ran = subprocess.run([sys.executable, "-c", PLAIN_FORK], capture_output=True, text=True,
                         timeout=60)
    assert ran.stdout.strip() == "done", ran.stderr


def test_kernels_compile_where_nothing_can_be_kept() -> None:
    # A function without a file is what numba finds no cache folder for, as on a read-only install.
    scope: dict = {}
    exec("def span(start, stop):\n    return stop - start", scope)
    with pytest.raises(RuntimeError, match="cannot cache"):
        numba.njit(cache=True)(scope["span"])
    assert jit(scope["span"])(2, 5) == 3

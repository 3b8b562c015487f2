"""A Dask cluster of two workers on this machine: the same results, failures with their block."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphlocal import CSRGraph, GraphError, topology
from graphlocal.topology import BlockError, executing, map_blocks
from tests.topology import block_kernels as kernels
from tests.topology.test_blocks import NAMES, assert_equal, everything, measure

distributed = pytest.importorskip("distributed", reason="Dask is not installed: graphlocal[dask]")



@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
            scheduler_kwargs={"dashboard": False}, host="127.0.0.1",
            silence_logs="CRITICAL") as cluster, \
            distributed.Client(cluster) as made:
        yield made


@pytest.fixture
def saved(tmp_path: Path) -> CSRGraph:
    everything(weighted=True).save(tmp_path / "graph")
    return CSRGraph.open(tmp_path / "graph")


def test_every_metric_like_here(client: Any, saved: CSRGraph, tmp_path: Path) -> None:
    names = (*NAMES, "orbits5")
    expected = measure(saved, names)
    some = measure(saved)
    table = topology.metrics(saved, names, executor=client.get_executor())
    assert_equal({column: table[column] for column in table}, expected)
    before = sorted(tmp_path.iterdir())
    with executing(client.get_executor(), blocks=5):
        assert_equal(measure(saved), some)
    assert sorted(tmp_path.iterdir()) == before


def test_blocks_run_on_both_workers(client: Any, saved: CSRGraph) -> None:
    made = map_blocks(kernels.borders, saved, client.get_executor(), combine="list", blocks=8)
    assert len(made) == 8
    assert len({process for *_, process in made} - {os.getpid()}) == 2
    assert map_blocks(kernels.weight_sum, saved, client, combine="sum", blocks=3) == pytest.approx(
        saved.weight.sum()), "the client itself is taken too"


def test_failure_on_a_worker_names_its_block(client: Any, saved: CSRGraph) -> None:
    start, stop, _ = map_blocks(kernels.borders, saved, combine="list", blocks=4)[2]
    with pytest.raises(BlockError, match=f"divide_at failed in the block of rows {start} to "
                                         f"{stop}: ZeroDivisionError: node {start}") as caught:
        map_blocks(kernels.divide_at, saved, client.get_executor(), state=(start,), blocks=4)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_large_arrays_go_by_file(client: Any, saved: CSRGraph) -> None:
    x = np.arange(50_000)
    found = map_blocks(kernels.neighbor_sums, saved, client.get_executor(), state=(x,), blocks=4)
    np.testing.assert_array_equal(found, map_blocks(kernels.neighbor_sums, saved, state=(x,)))


def test_a_graph_in_memory_goes_to_scratch_or_nowhere(client: Any, tmp_path: Path) -> None:
    graph = everything()
    with pytest.raises(GraphError, match=r"'graph': got a graph in memory.*graph.save"):
        topology.metrics(graph, "degree", executor=client.get_executor())
    with executing(client.get_executor(), scratch=tmp_path):
        np.testing.assert_array_equal(topology.degree(graph), graph.degree)


def test_a_worker_that_dies_is_replaced(client: Any, saved: CSRGraph, tmp_path: Path) -> None:
    """Dask starts a new worker and runs the block again."""
    found = map_blocks(kernels.die_once, saved, client.get_executor(), state=(str(tmp_path),),
                       blocks=4)
    assert (tmp_path / "died").exists()
    np.testing.assert_array_equal(found, np.arange(saved.num_nodes))
    client.wait_for_workers(2, timeout=20)


def test_scheduler_and_workers_by_command(saved: CSRGraph, tmp_path: Path) -> None:
    """What a SLURM job starts: processes that find each other by a file on shared storage."""
    file = tmp_path / "dask.json"
    here = [sys.executable, "-m"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    started = [
        subprocess.Popen([*here, "distributed.cli.dask_scheduler", "--scheduler-file",
                          str(file), "--no-dashboard", "--host", "127.0.0.1", "--port", "0"],
                         **quiet),
        subprocess.Popen([*here, "distributed.cli.dask_worker", "--scheduler-file", str(file),
                          "--nthreads", "1", "--no-nanny", "--no-dashboard"], **quiet)]
    try:
        with distributed.Client(scheduler_file=str(file), timeout=20) as client:
            client.wait_for_workers(1, timeout=20)
            with executing(client.get_executor(), blocks=3):
                found = topology.triangles(saved)
            np.testing.assert_array_equal(found, topology.triangles(saved))
    finally:
        for process in reversed(started):  # a worker may wait long for a scheduler that is gone
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

"""Blocks of rows on threads, processes and a cluster: the same results, and clear failures."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import graphlocal
from graphlocal import CSRGraph, GraphError, topology
from graphlocal.graph import GraphTypeError
from graphlocal.topology import METRICS, BlockError, executing, map_blocks
from tests.topology import block_kernels as kernels
from tests.zoo import ZOO, each_zoo_graph

#: Those whose blocks an executor gets; the others run here, whoever executes.
NAMES = ("degree", "triangles", "clustering", "core", "component", "pagerank", "neighbor_degree",
         "ego_density", "hop2", "closeness", "betweenness", "orbits4")


def everything(weighted: bool = False) -> CSRGraph:
    """Hubs, cliques, paths, isolated nodes and weights."""
    rng = np.random.default_rng(4)
    path = np.stack([np.arange(2000, 2500), np.arange(2001, 2501)])
    clique = np.stack(np.triu_indices(40, 1)) * 7
    hub = np.stack([np.full(900, 1500), rng.integers(0, 2000, 900)])
    ends = np.concatenate([rng.integers(0, 2000, (2, 9000)), path, clique, hub], axis=1)
    weight = rng.random(ends.shape[1]) + 0.5 if weighted else None
    return CSRGraph.from_edge_index(ends, 2600, weight)


def measure(graph: Any, names: Any = NAMES) -> dict[str, NDArray[Any]]:
    table = topology.metrics(graph, names)
    return {column: table[column] for column in table}


def assert_equal(found: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> None:
    assert found.keys() == expected.keys()
    for column, values in expected.items():
        assert found[column].dtype == values.dtype
        np.testing.assert_array_equal(found[column], values, err_msg=column)


@pytest.fixture(scope="module")
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(3) as executor:
        yield executor


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        yield executor


def test_rows_sums_and_lists() -> None:
    graph = everything(weighted=True)
    x = np.arange(graph.num_nodes)
    source = np.repeat(x, graph.degree)
    expected = np.bincount(source, x[graph.col], graph.num_nodes)
    for blocks in (None, 1, 3, 100, 10_000):
        found = map_blocks(kernels.neighbor_sums, graph, state=(x,), blocks=blocks)
        np.testing.assert_array_equal(found, expected)
        total = map_blocks(kernels.weight_sum, graph, combine="sum", blocks=blocks)
        assert total == pytest.approx(graph.weight.sum())
    made = map_blocks(kernels.borders, graph, combine="list", blocks=4)
    assert [block[0] for block in made[1:]] == [block[1] for block in made[:-1]]
    assert made[0][0] == 0 and made[-1][1] == graph.num_nodes
    work = [graph.rowptr[stop] - graph.rowptr[start] + stop - start for start, stop, _ in made]
    assert max(work) - min(work) <= 2 * (graph.degree.max() + 1), "blocks of equal work"


@each_zoo_graph
def test_zoo_on_an_executor(name: str, threads: Executor) -> None:
    graph = CSRGraph.from_edge_index(*ZOO[name])
    expected = measure(graph)
    for blocks in (None, 1, 3):
        with executing(threads, blocks=blocks):
            assert_equal(measure(graph), expected)


@settings(max_examples=30)
@given(st.integers(1, 30), st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60),
       st.integers(1, 40))
def test_any_graph_in_any_blocks(num_nodes: int, edges: list[tuple[int, int]], blocks: int) -> None:
    edges = [(u % num_nodes, v % num_nodes) for u, v in edges]
    graph = CSRGraph.from_edges(edges, num_nodes)
    with ThreadPoolExecutor(2) as executor:
        with executing(executor, blocks=blocks):
            found = measure(graph)
        assert_equal(found, measure(graph))


def test_any_number_of_blocks(threads: Executor) -> None:
    graph = everything()
    expected = measure(graph)
    for blocks in (2, 7, 400):
        with executing(threads, blocks=blocks):
            assert_equal(measure(graph), expected)


def test_searches_on_an_executor(threads: Executor, processes: Executor) -> None:
    graph = everything()
    expected = topology.closeness(graph, samples=64, seed=3)
    for executor in (threads, processes):
        with executing(executor, blocks=3):
            found = topology.closeness(graph, samples=64, seed=3)
        np.testing.assert_array_equal(found.values, expected.values)


def test_core_that_takes_too_many_passes(threads: Executor) -> None:
    """A path in random order: bounds fall from its ends, a few nodes per pass."""
    order = np.random.default_rng(0).permutation(20_000)
    graph = CSRGraph.from_edges(np.stack([order[:-1], order[1:]], axis=1))
    with executing(threads, blocks=8):
        assert (topology.core_number(graph) == 1).all()


@pytest.fixture
def saved(tmp_path: Path) -> CSRGraph:
    everything(weighted=True).save(tmp_path / "graph")
    return CSRGraph.open(tmp_path / "graph")


def test_mapped_graph_like_one_in_memory(saved: CSRGraph) -> None:
    assert saved.directory is not None and saved.directory.name == "graph"
    assert everything().directory is None
    assert_equal(measure(saved, "all"), measure(everything(weighted=True), "all"))


def test_processes_like_threads(saved: CSRGraph, processes: Executor, tmp_path: Path) -> None:
    expected = measure(saved)
    before = sorted(tmp_path.iterdir())
    for blocks in (None, 5):
        with executing(processes, blocks=blocks):
            assert_equal(measure(saved), expected)
    assert_equal(measure(CSRGraph(saved.rowptr, saved.col, saved.weight)), expected)
    with executing(processes, blocks=3):  # in memory: saved for the workers, here
        assert_equal(measure(CSRGraph(saved.rowptr, saved.col, saved.weight)), expected)
    assert sorted(tmp_path.iterdir()) == before, "what was made for the workers is gone"


def test_scratch_is_used_and_left_empty(
    saved: CSRGraph, processes: Executor, tmp_path: Path
) -> None:
    (tmp_path / "scratch").mkdir()
    x = np.arange(100_000)  # past what is sent along
    seen = []
    with executing(processes, blocks=2, scratch=tmp_path / "scratch"):
        found = map_blocks(kernels.neighbor_sums, saved, state=(x,))
        seen = list((tmp_path / "scratch").rglob("*"))
    assert seen and not list((tmp_path / "scratch").rglob("*"))
    np.testing.assert_array_equal(found, map_blocks(kernels.neighbor_sums, saved, state=(x,)))


def test_a_graph_replaced_under_its_name(processes: Executor, tmp_path: Path) -> None:
    """Workers keep a graph open; one saved later under the same name is another."""
    for edges in ([(0, 1)], [(0, 1), (1, 2)]):
        CSRGraph.from_edges(edges, 5).save(tmp_path / "graph", overwrite=True)
        graph = CSRGraph.open(tmp_path / "graph")
        total = map_blocks(kernels.weight_sum, graph, processes, combine="sum", blocks=1)
        assert total == 2 * len(edges)


def test_weights_left_out_are_left_out_there(processes: Executor, saved: CSRGraph) -> None:
    plain = graphlocal.read(saved.directory, weight=False)
    assert plain.directory == saved.directory
    for graph in (saved, plain):
        total = map_blocks(kernels.weight_sum, graph, processes, combine="sum", blocks=3)
        assert total == pytest.approx(kernels.weight_sum(graph, 0, graph.num_nodes))


@pytest.mark.parametrize("where", ["here", "threads", "processes"])
def test_failure_names_its_block(
    where: str, saved: CSRGraph, request: pytest.FixtureRequest
) -> None:
    executor = None if where == "here" else request.getfixturevalue(where)
    with pytest.raises(BlockError, match="divide_at failed in the block of rows 0 to 2600: "
                                         "ZeroDivisionError: node 7 is the one") as caught:
        map_blocks(kernels.divide_at, saved, executor, state=(7,), blocks=1)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    blocks = map_blocks(kernels.borders, saved, combine="list", blocks=4)
    for start, stop, _ in blocks:
        with pytest.raises(BlockError, match=f"block of rows {start} to {stop}: Zero"):
            map_blocks(kernels.divide_at, saved, executor, state=(stop - 1,), blocks=4)


def test_after_a_failure_no_further_block_starts(saved: CSRGraph, tmp_path: Path) -> None:
    (tmp_path / "trace").mkdir()
    with ThreadPoolExecutor(1) as executor, pytest.raises(BlockError, match="the first block"):
        map_blocks(kernels.slow_or_broken, saved, executor, state=(str(tmp_path / "trace"),),
                   combine="sum", blocks=20)
    assert len(list((tmp_path / "trace").iterdir())) <= 1


def test_a_worker_that_dies(saved: CSRGraph, tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor, \
            pytest.raises(BlockError, match=r"die_once failed in the block of rows \d+ to \d+: "
                                            "BrokenProcessPool"):
        map_blocks(kernels.die_once, saved, executor, state=(str(tmp_path),), blocks=2)


class Elsewhere(Executor):
    """An executor of which nobody knows where its workers are."""

    def submit(self, *args: Any, **options: Any) -> Any:
        raise AssertionError("nothing is submitted")


def test_a_graph_in_memory_is_no_graph_elsewhere() -> None:
    for run in (lambda: map_blocks(kernels.borders, everything(), Elsewhere()),
                lambda: topology.metrics(everything(), "degree", executor=Elsewhere())):
        with pytest.raises(GraphError, match=r"'graph': got a graph in memory, .*CSRGraph.open"):
            run()


def test_what_cannot_be_sent(saved: CSRGraph, processes: Executor) -> None:
    with pytest.raises(GraphError, match=r"'kernel': got .*<lambda>.*top level of a module"):
        map_blocks(lambda graph, start, stop: np.zeros(stop - start), saved, processes)


@pytest.mark.parametrize(("options", "message"), [
    ({"kernel": 3}, "'kernel': got 3, expected a function"),
    ({"kernel": kernels.one_row_short, "blocks": 1},
     r"'kernel': got one_row_short, which returned shape \(2599,\) for rows 0 to 2600"),
    ({"kernel": lambda graph, start, stop: np.zeros((stop - start, 1 + (start > 0))), "blocks": 2},
     r"lambda> with rows of shapes \(1,\) and \(2,\), expected rows of one shape"),
    ({"kernel": lambda *_: None, "blocks": 2, "combine": "sum"}, "lambda>, which returned None"),
    ({"combine": "max"}, "'combine': got 'max'"),
    ({"blocks": 0}, "'blocks': got 0, expected at least 1"),
    ({"blocks": 2.0}, "'blocks': got 2.0, expected an integer"),
    ({"executor": 3}, "'executor': got a int, expected a concurrent.futures.Executor"),
    ({"executor": ThreadPoolExecutor}, "'executor': got a .*expected a concurrent.futures"),
    ({"executor": Elsewhere(), "scratch": "/no/such"}, "'scratch': got '/no/such', expected a dir"),
])
def test_bad_arguments(options: dict[str, Any], message: str) -> None:
    given_options = {"kernel": kernels.borders, "graph": everything(), **options}
    with pytest.raises(GraphError, match=message):
        map_blocks(given_options.pop("kernel"), given_options.pop("graph"), **given_options)
    if "executor" in options and "scratch" not in options:
        with pytest.raises(GraphTypeError, match=message), executing(options["executor"]):
            pass


def test_outside_of_executing_nothing_changes(threads: Executor) -> None:
    with executing(None):
        assert topology.executors.current() is None
    with executing(threads):
        assert topology.executors.current() is not None
    assert topology.executors.current() is None
    assert set(NAMES) <= set(METRICS)

"""Building the simple undirected graph, and refusing what is none."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphlocal.graph import CSRGraph, GraphError
from graphlocal.kernels.cpu.parallel import set_num_threads
from tests.zoo import ZOO, each_zoo_graph


def plain_weights(
    index: NDArray[np.int64], weight: NDArray[np.float64]
) -> dict[tuple[int, int], float]:
    """Weights of the simple undirected graph, as documented: sums per direction, larger of two."""
    sums: dict[tuple[int, int], float] = {}
    for u, v, w in zip(*index.tolist(), weight.tolist(), strict=True):
        if u != v and w != 0:
            sums[u, v] = sums.get((u, v), 0.0) + w
    merged = {(u, v): max(sums.get(pair, -np.inf) for pair in ((u, v), (v, u)))
              for u, v in [*sums, *((v, u) for u, v in sums)]}
    return {pair: w for pair, w in merged.items() if w != 0}


def assert_graph_is(graph: CSRGraph, expected: dict[tuple[int, int], float]) -> None:
    pairs = sorted(expected)
    assert graph.to_edge_index().T.tolist() == [list(pair) for pair in pairs]
    if graph.weight is not None:
        np.testing.assert_allclose(graph.weight, [expected[pair] for pair in pairs], rtol=1e-12)


multigraphs = st.integers(1, 12).flatmap(lambda n: st.tuples(
    st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1),
                                   st.sampled_from([0.0, 0.5, 1.0, -2.0])), max_size=40)))


@given(multigraphs, st.booleans())
def test_build_follows_its_definition(
    drawn: tuple[int, list[tuple[int, int, float]]], weighted: bool
) -> None:
    num_nodes, rows = drawn
    index = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2).T
    weight = np.array([row[2] for row in rows], np.float64)
    graph = CSRGraph.from_edge_index(index, num_nodes, weight if weighted else None)
    counted = weight if weighted else np.ones(len(rows))
    expected = plain_weights(index, counted)
    assert_graph_is(graph, expected)

    listed = [(u, v) for u, v, w in zip(*index.tolist(), counted.tolist(), strict=True) if w]
    simple = [pair for pair in listed if pair[0] != pair[1]]
    report = graph.report
    assert report.zeros == len(rows) - len(listed)
    assert report.self_loops == len(listed) - len(simple)
    assert report.duplicates == len(simple) - len(set(simple))
    assert report.one_way == sum((v, u) not in set(simple) for u, v in set(simple))
    assert report.one_way + report.two_way == len({tuple(sorted(pair)) for pair in simple})
    assert report.cancelled == report.one_way + report.two_way - graph.num_edges
    assert report.isolated == num_nodes - len({end for pair in expected for end in pair})


@each_zoo_graph
def test_zoo_against_scipy(name: str) -> None:
    from scipy.sparse import coo_array

    index, num_nodes = ZOO[name]
    dense = np.zeros((num_nodes, num_nodes), bool)
    if num_nodes:
        dense = coo_array((np.ones(index.shape[1], bool), tuple(index)),
                          shape=dense.shape).toarray()
    dense = (dense | dense.T) & ~np.eye(num_nodes, dtype=bool)
    graph = CSRGraph.from_edge_index(index, num_nodes)
    assert graph.num_nodes == num_nodes
    assert graph.num_edges == dense.sum() // 2
    np.testing.assert_array_equal(graph.degree, dense.sum(1))
    np.testing.assert_array_equal(graph.to_edge_index(), np.array(dense.nonzero()))
    assert (graph.rowptr.dtype, graph.col.dtype) == (np.int64, np.int32)
    again = CSRGraph.from_edge_index(graph.to_edge_index(), num_nodes, directed="error")
    np.testing.assert_array_equal(again.col, graph.col)
    same = CSRGraph.from_edges(graph.to_edges(), num_nodes)
    np.testing.assert_array_equal(same.col, graph.col)
    checked = CSRGraph.from_csr(graph.rowptr, graph.col)
    np.testing.assert_array_equal(checked.rowptr, graph.rowptr)
    assert checked.report.isolated == graph.report.isolated


def test_threads_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    index, weight = rng.integers(0, 30_000, (2, 200_000)), rng.random(200_000)
    graphs = []
    for threads in (1, 2, 5):
        set_num_threads(threads)
        try:
            graphs.append(CSRGraph.from_edge_index(index, 30_000, weight))
        finally:
            set_num_threads(None)
    for graph in graphs[1:]:
        assert graph.col.tobytes() == graphs[0].col.tobytes()
        assert graph.weight is not None and graphs[0].weight is not None
        assert graph.weight.tobytes() == graphs[0].weight.tobytes()
        assert graph.report == graphs[0].report


def test_graph_is_immutable() -> None:
    graph = CSRGraph.from_edges([(0, 1), (1, 2)], 4, [0.5, 2.0])
    with pytest.raises(AttributeError, match="immutable: cannot set 'col'"):
        graph.col = graph.col
    with pytest.raises(AttributeError, match="immutable: cannot delete 'ids'"):
        del graph.ids
    for array in (graph.rowptr, graph.col, graph.weight):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_constructor_keeps_no_part_of_the_callers_arrays() -> None:
    rowptr, col, weight = np.array([0, 1, 2]), np.array([1, 0], np.int32), np.array([2.0, 2.0])
    graph = CSRGraph(rowptr, col, weight)
    rowptr[:], col[:], weight[:] = 9, 9, 9
    assert graph.neighbors(0).tolist() == [1] and graph.rowptr.tolist() == [0, 1, 2]
    assert graph.weight is not None and graph.weight.tolist() == [2.0, 2.0]


def test_pickle() -> None:
    graph = CSRGraph.read(b"ann bob 0.5\nbob eve 2\n")
    again = pickle.loads(pickle.dumps(graph))
    assert again.ids.tolist() == ["ann", "bob", "eve"]
    assert again.report == graph.report
    np.testing.assert_array_equal(again.weight, graph.weight)
    assert not again.col.flags.writeable


def test_directed_policy() -> None:
    one_way, both = [(0, 1), (1, 2)], [(0, 1), (1, 2), (1, 0), (2, 1)]
    assert CSRGraph.from_edges(one_way).report.one_way == 2
    assert CSRGraph.from_edges(both, directed="error").num_edges == 2
    with pytest.raises(GraphError, match="2 of 2 edges in one direction only, expected every edge "
                       r"in both directions.*symmetrize"):
        CSRGraph.from_edges(one_way, directed="error")
    assert CSRGraph.from_edges(both, None, [1, 2, 3, 2]).report.conflicts == 1
    with pytest.raises(GraphError, match="1 edges with different weights in their two directions"):
        CSRGraph.from_edges(both, None, [1, 2, 3, 2], directed="error")


E = np.array([[0, 1], [1, 2]])
BAD: list[tuple[Any, dict[str, Any], str]] = [
    (E, {"num_nodes": 2}, r"'edge_index': got index 2, expected 0 <= index < num_nodes=2 "
     r"\(pass num_nodes=3 or relabel"),
    (E - 1, {}, "'edge_index': got index -1, expected 0 <= index < num_nodes=2.*relabel"),
    (E * 1.0, {}, r"'edge_index': got dtype float64, expected an integer dtype.*\.long\(\)"),
    (E > 0, {}, "'edge_index': got dtype bool, expected an integer dtype"),
    (np.zeros((5, 2), int), {}, r"got shape \(5, 2\), expected shape \(2, E\).*from_edges"),
    (np.zeros((3, 5), int), {}, r"got shape \(3, 5\), expected shape \(2, E\)"),
    (np.zeros(4, int), {}, r"got shape \(4,\), expected shape \(2, E\)"),
    ([[0, 1], [1]], {}, "argument 'edge_index'"),
    (np.array([["a"], ["b"]]), {}, "'edge_index': got dtype <U1, expected an integer dtype"),
    (np.array([[2**63], [0]], np.uint64), {}, "got value 9223372036854775808, expected at most"),
    ([[0], [10**12]], {}, "'edge_index': got index 1000000000000 in 1 edges, expected.*relabel"),
    (E, {"num_nodes": 10**15}, "'num_nodes': got 1000000000000000 .*expected a graph that fits"),
    (E, {"num_nodes": 2**63}, "'num_nodes': got 9223372036854775808 .*expected a graph that fits"),
    (E, {"num_nodes": -1}, "'num_nodes': got -1, expected at least 0"),
    (E, {"num_nodes": 2.5}, "'num_nodes': got 2.5, expected an integer"),
    (E, {"num_nodes": True}, "'num_nodes': got True, expected an integer"),
    (E, {"edge_weight": [1.0]}, r"'edge_weight': got shape \(1,\), expected shape \(2,\), one per"),
    (E, {"edge_weight": [1.0, np.nan]}, "'edge_weight': got nan at position 1, expected finite"),
    (E, {"edge_weight": [np.inf, 1]}, "'edge_weight': got inf at position 0, expected finite"),
    (E, {"edge_weight": ["a", "b"]}, "'edge_weight': got dtype <U1, expected numbers"),
    (E, {"edge_weight": [1j, 1]}, "'edge_weight': got dtype complex128, expected numbers"),
    (E, {"directed": "ignore"}, "'directed': got 'ignore', expected one of 'symmetrize', 'error'"),
    (E, {"ids": np.array(["a"])}, "'ids': got 1 names, expected 3, one per node"),
]


@pytest.mark.parametrize(("edge_index", "options", "message"), BAD)
def test_bad_edge_index(edge_index: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        CSRGraph.from_edge_index(edge_index, **options)


def test_index_dtypes() -> None:
    for dtype in (np.int8, np.uint8, np.int16, np.int32, np.uint64, ">i8"):
        graph = CSRGraph.from_edge_index(E.astype(dtype))
        assert graph.to_edges().tolist() == [[0, 1], [1, 2]]
    # An int32 key num_nodes * u + v would overflow here.
    graph = CSRGraph.from_edge_index(np.array([[199_999, 199_998], [0, 1]], np.int32), 200_000)
    assert graph.to_edges().tolist() == [[0, 199_999], [1, 199_998]]


def test_empty_inputs() -> None:
    for empty in ([], [[], []], np.zeros((2, 0)), np.zeros((2, 0), int)):
        assert CSRGraph.from_edge_index(empty).num_nodes == 0
        assert CSRGraph.from_edge_index(empty, 3).degree.tolist() == [0, 0, 0]
    assert CSRGraph.from_edges([], 2).report.isolated == 2


@pytest.mark.parametrize(("rowptr", "col", "weight", "message"), [
    ([], [], None, r"'rowptr': got shape \(0,\), expected shape \(N \+ 1,\)"),
    ([[0]], [], None, r"'rowptr': got shape \(1, 1\), expected one dimension"),
    ([0.0, 1.0], [0], None, "'rowptr': got dtype float64, expected an integer dtype"),
    ([1, 2], [0, 0], None, "'rowptr': got first value 1, expected 0"),
    ([0, 2, 1, 2], [1, 2], None, "'rowptr': got 1 after 2 at position 2, expected values that nev"),
    ([0, 1, 9], [1, 0], None, "'rowptr': got last value 9, expected at most 2"),
    ([0, 1, 1], [1, 0], None, "'rowptr': got last value 1, expected 2, the length of col"),
    ([0, 1, 2], [1, 7], None, "'col': got index 7, expected 0 <= index < num_nodes=2"),
    ([0, 1, 2], [1, -1], None, "'col': got index -1, expected 0 <= index < num_nodes=2"),
    ([0, 1, 2], [0, 1], None, "'col': got 0 in row 0 at position 0, expected no self loop"),
    ([0, 2, 3, 4], [2, 1, 0, 0], None, "'col': got 1 in row 0 at position 1 after 2, expected sor"),
    ([0, 2, 4], [1, 1, 0, 0], None, "'col': got 1 in row 0 at position 1 after 1, expected sorted"),
    ([0, 1, 1], [1], None, "'col': got 1 in row 0 at position 0, expected 0 in row 1 too"),
    ([0, 1, 2, 3], [1, 2, 0], None, "expected 0 in row 1 too, an undirected graph"),
    ([0, 1, 2], [1, 0], [1.0, 2.0], r"'weight': got 1.0 for \(0, 1\), expected one weight for"),
    ([0, 1, 2], [1, 0], [0.0, 0.0], r"'weight': got 0.0 for \(0, 1\), expected.*not zero"),
    ([0, 1, 2], [1, 0], [1.0], r"'weight': got shape \(1,\), expected shape \(2,\)"),
    ([0, 1, 2], [1, 0], [np.nan, np.nan], "'weight': got nan at position 0, expected finite"),
])
def test_hand_made_arrays_are_checked(
    rowptr: list, col: list, weight: list | None, message: str
) -> None:
    with pytest.raises(GraphError, match=message):
        CSRGraph.from_csr(np.array(rowptr), np.array(col, dtype=int), weight)


@given(multigraphs, st.data())
def test_no_damaged_array_passes(
    drawn: tuple[int, list[tuple[int, int, float]]], data: st.DataObject
) -> None:
    """One changed entry of ``col`` is always found."""
    num_nodes, rows = drawn
    index = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2).T
    graph = CSRGraph.from_edge_index(index, num_nodes)
    if graph.num_edges == 0:
        return
    col = graph.col.copy()
    slot = data.draw(st.integers(0, len(col) - 1))
    col[slot] = data.draw(st.integers(-2, num_nodes + 2).filter(lambda v: v != graph.col[slot]))
    with pytest.raises(GraphError, match="argument 'col'"):
        CSRGraph(graph.rowptr, col)


def test_neighbors() -> None:
    graph = CSRGraph.from_edges([(0, 2), (0, 1)], 4)
    assert graph.neighbors(3).tolist() == []
    with pytest.raises(GraphError, match="'node': got index 4, expected 0 <= index < num_nodes=4"):
        graph.neighbors(4)
    with pytest.raises(GraphError, match="'node': got -1, expected at least 0"):
        graph.neighbors(-1)
    with pytest.raises(TypeError, match="'node': got 'a', expected an integer"):
        graph.neighbors("a")

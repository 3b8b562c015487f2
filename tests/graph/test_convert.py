"""There and back: networkx, scipy, PyG."""

from __future__ import annotations

import io
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from scipy import sparse
from torch_geometric import EdgeIndex
from torch_geometric.data import Data, HeteroData

from graphlocal.graph import CSRGraph, GraphError, GraphTypeError, as_graph
from tests.zoo import ZOO, each_zoo_graph


def same(first: CSRGraph, second: CSRGraph) -> None:
    np.testing.assert_array_equal(first.rowptr, second.rowptr)
    np.testing.assert_array_equal(first.col, second.col)
    assert (first.weight is None) == (second.weight is None)
    if first.weight is not None and second.weight is not None:
        np.testing.assert_allclose(first.weight, second.weight)


def zoo_graph(name: str, weighted: bool) -> tuple[CSRGraph, np.ndarray, np.ndarray]:
    index, num_nodes = ZOO[name]
    weight = 1.0 + np.random.default_rng(1).integers(1, 9, index.shape[1])
    return CSRGraph.from_edge_index(index, num_nodes, weight if weighted else None), index, weight


@each_zoo_graph
@pytest.mark.parametrize("weighted", [False, True])
def test_networkx(name: str, weighted: bool) -> None:
    graph, index, weight = zoo_graph(name, weighted)
    theirs = nx.MultiDiGraph()
    theirs.add_nodes_from(range(graph.num_nodes))
    for u, v, w in zip(*index.tolist(), weight.tolist(), strict=True):
        theirs.add_edge(u, v, weight=w)
    ours = CSRGraph.from_networkx(theirs, "weight" if weighted else None)
    if index.shape[1] == 0:  # no edge has a weight then
        assert ours.num_nodes == graph.num_nodes and ours.weight is None
        return
    same(ours, graph)
    assert ours.ids is None and ours.report == graph.report
    back = graph.to_networkx()
    assert sorted(back.degree) == list(enumerate(graph.degree.tolist()))
    if graph.num_edges:
        same(CSRGraph.from_networkx(back), graph)


def test_networkx_labels() -> None:
    graph = CSRGraph.from_networkx(nx.karate_club_graph(), directed="error")
    assert (graph.num_nodes, graph.num_edges, graph.ids) == (34, 78, None)
    assert graph.weight is not None and graph.weight.sum() == 2 * 231
    integers = CSRGraph.from_networkx(nx.Graph([(30, 10), (10, 20)]))
    assert integers.ids is not None and integers.ids.tolist() == [10, 20, 30]
    assert integers.neighbors(0).tolist() == [1, 2]
    named = CSRGraph.from_networkx(nx.Graph([("z", "a")]))
    assert named.ids is not None and named.ids.tolist() == ["z", "a"]
    pairs = CSRGraph.from_networkx(nx.grid_2d_graph(2, 2))
    assert pairs.ids is not None and pairs.ids.tolist() == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert set(pairs.to_networkx().edges) == set(nx.grid_2d_graph(2, 2).edges)
    mixed = CSRGraph.from_networkx(nx.Graph([("a", 1), (1, True), (2**70, "a")]))
    assert mixed.ids is not None and mixed.ids.tolist() == ["a", 1, 2**70]


def test_networkx_kinds() -> None:
    multi = CSRGraph.from_networkx(nx.MultiGraph([(0, 1), (1, 0), (1, 2), (2, 2)]))
    assert (multi.num_edges, multi.report.duplicates, multi.report.self_loops) == (2, 1, 1)
    with pytest.raises(GraphError, match="'graph': got 1 of 1 edges in one direction only"):
        CSRGraph.from_networkx(nx.DiGraph([(0, 1)]), directed="error")
    assert CSRGraph.from_networkx(nx.Graph([(0, 1)]), directed="error").num_edges == 1
    partly = nx.Graph([(0, 1), (1, 2)])
    partly[0][1]["weight"] = 0.5
    found = CSRGraph.from_networkx(partly).weight
    assert found is not None and found.tolist() == [0.5, 0.5, 1.0, 1.0]
    partly[0][1]["weight"] = "heavy"
    with pytest.raises(TypeError, match="'weight': got weight='heavy' on an edge, expected num"):
        CSRGraph.from_networkx(partly)
    partly[0][1]["weight"] = float("nan")
    with pytest.raises(GraphError, match="'weight': got nan at position 0, expected finite"):
        CSRGraph.from_networkx(partly)
    with pytest.raises(TypeError, match="'graph': got dict, expected a networkx graph"):
        CSRGraph.from_networkx({0: [1]})


@each_zoo_graph
@pytest.mark.parametrize("kind", ["coo", "csr", "csc", "lil", "dok", "dia", "bsr"])
@pytest.mark.parametrize("maker", [sparse.coo_array, sparse.coo_matrix])
def test_scipy(name: str, kind: str, maker: Any) -> None:
    graph, index, weight = zoo_graph(name, True)
    if graph.num_nodes == 0 and kind in ("bsr", "dia"):
        pytest.skip("scipy makes no empty matrix of this kind")
    matrix = maker((weight, tuple(index)), shape=(graph.num_nodes,) * 2).asformat(kind)
    ours = CSRGraph.from_scipy(matrix, weight=True)
    same(ours, graph)
    expected = matrix.toarray()
    np.fill_diagonal(expected, 0)
    expected = np.maximum(expected, expected.T)
    np.testing.assert_allclose(ours.to_scipy().toarray(), expected)
    same(CSRGraph.from_scipy(ours.to_scipy(), weight=True, directed="error"), ours)


def test_scipy_values() -> None:
    upper = sparse.csr_array(np.triu(np.ones((4, 4)), 1))
    graph = CSRGraph.from_scipy(upper)
    assert graph.num_edges == 6 and graph.weight is None and graph.report.one_way == 6
    with pytest.raises(GraphError, match="'matrix': got 6 of 6 edges in one direction only"):
        CSRGraph.from_scipy(upper, directed="error")
    zero = sparse.csr_array((np.array([1, 0, 1]), np.array([1, 2, 0]), np.array([0, 2, 3, 3])))
    graph = CSRGraph.from_scipy(zero, directed="error")
    assert (graph.num_edges, graph.report.zeros, graph.report.isolated) == (1, 1, 1)
    assert CSRGraph.from_scipy(upper * 2).weight is not None
    assert CSRGraph.from_scipy(upper * 2, weight=False).weight is None
    assert CSRGraph.from_scipy(upper > 0).weight is None


def broken(**arrays: list[int]) -> Any:
    matrix = sparse.csr_array(np.array([[0, 1, 1], [1, 0, 0], [1, 0, 0]]))
    for name, values in arrays.items():
        getattr(matrix, name)[:] = values
    return matrix


@pytest.mark.parametrize(("matrix", "message"), [
    (np.eye(3), "'matrix': got ndarray, expected a scipy sparse.*csr_array"),
    (sparse.csr_array((2, 3)), r"'matrix': got shape \(2, 3\), expected a square matrix"),
    (sparse.coo_array(np.ones(3)), r"'matrix': got shape \(3,\), expected a square matrix"),
    (broken(indices=[1, 9, 0, 0]), "'matrix.indices': got index 9, expected 0 <= index"),
    (broken(indices=[1, -9, 0, 0]), "'matrix.indices': got index -9, expected 0 <= index"),
    (broken(indptr=[0, 9, 3, 4]), "'matrix.indptr': got 3 after 9 at position 2, expected"),
    (broken(indptr=[0, 2, 3, 99]), "'matrix.indptr': got last value 99, expected at most 4"),
    (broken(indptr=[-7, 2, 3, 4]), "'matrix.indptr': got first value -7, expected 0"),
    (broken(data=[1, 1, 1, 1]).astype(float) * np.nan, "'matrix': got nan at position 0"),
    (broken() * 1j, "'matrix': got dtype complex128, expected numbers"),
])
def test_scipy_refused(matrix: Any, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        CSRGraph.from_scipy(matrix)


@each_zoo_graph
def test_data(name: str) -> None:
    graph, index, weight = zoo_graph(name, True)
    tensor, values = torch.from_numpy(index), torch.from_numpy(weight)
    data = Data(edge_index=tensor, edge_weight=values, num_nodes=graph.num_nodes)
    same(CSRGraph.from_data(data), graph)
    same(CSRGraph.from_data(data, weight="edge_weight"), graph)
    same(CSRGraph.from_data(data, weight=False), zoo_graph(name, False)[0])
    attr = Data(edge_index=tensor, edge_attr=values[:, None], x=torch.zeros(graph.num_nodes, 1))
    same(CSRGraph.from_data(attr), graph)
    wide = Data(edge_index=tensor, edge_attr=torch.zeros(len(values), 3),
                num_nodes=graph.num_nodes)
    assert CSRGraph.from_data(wide).weight is None
    back = graph.to_data()
    back.validate()
    assert back.num_nodes == graph.num_nodes and back.is_undirected()
    same(CSRGraph.from_data(back, directed="error"), graph)
    same(CSRGraph.from_edge_index(EdgeIndex(tensor, sparse_size=(graph.num_nodes,) * 2),
                                  graph.num_nodes), zoo_graph(name, False)[0])


def test_data_without_a_warning_or_a_size(recwarn: pytest.WarningsRecorder) -> None:
    graph = CSRGraph.from_data(Data(edge_index=torch.tensor([[0], [4]])))
    assert graph.num_nodes == 5 and len(recwarn) == 0


@pytest.mark.parametrize(("data", "options", "message"), [
    (3, {}, "'data': got int, expected an object with edge_index"),
    (HeteroData(), {}, r"'data': got HeteroData, expected a graph of one type.*to_homogeneous"),
    (Data(x=torch.zeros(2, 1)), {}, "'data': got no edge_index, expected edge_index"),
    (Data(edge_index=torch.tensor([[0], [9]]), num_nodes=3), {},
     "'edge_index': got index 9, expected 0 <= index < num_nodes=3"),
    (Data(edge_index=torch.tensor([[0], [1]])), {"weight": True},
     "'weight': got True, expected an attribute of data.*no edge_weight"),
    (Data(edge_index=torch.tensor([[0], [1]])), {"weight": "w"},
     "'weight': got 'w', expected an attribute of data"),
    (Data(edge_index=torch.tensor([[0], [1]]), edge_weight=torch.ones(3)), {},
     r"'edge_weight': got shape \(3,\), expected shape \(1,\)"),
    (Data(edge_index=torch.tensor([[0], [1]])), {"directed": "error"},
     "'edge_index': got 1 of 1 edges in one direction only"),
])
def test_data_refused(data: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        CSRGraph.from_data(data, **options)


def test_sparse_tensors_are_refused_with_a_remedy() -> None:
    with pytest.raises(TypeError, match="'edge_index': got a sparse tensor, expected a dense one"):
        CSRGraph.from_edge_index(torch.eye(2).to_sparse())
    with pytest.raises(TypeError, match="'edge_index': got a sparse tensor"):
        CSRGraph.from_edge_index(torch.eye(2).to_sparse_csr())


def test_edge_index_that_knows_its_size() -> None:
    edges = torch.tensor([[0, 1], [1, 2]])
    assert CSRGraph.from_edge_index(EdgeIndex(edges, sparse_size=(6, 6))).num_nodes == 6
    assert as_graph(EdgeIndex(edges, sparse_size=(6, 6))).degree.tolist() == [1, 2, 1, 0, 0, 0]
    assert CSRGraph.from_edge_index(EdgeIndex(edges, sparse_size=(6, 6)), 4).num_nodes == 4
    assert CSRGraph.from_edge_index(EdgeIndex(edges)).num_nodes == 3


def test_tensors_without_an_equal_in_numpy() -> None:
    edges = torch.tensor([[0, 1], [1, 2]])
    weight = torch.tensor([0.5, -3.0])
    for dtype in (torch.bfloat16, torch.float8_e4m3fn):
        graph = CSRGraph.from_edge_index(edges, edge_weight=weight.to(dtype))
        assert graph.weight.tolist() == [0.5, 0.5, -3.0, -3.0]
    with pytest.raises(GraphTypeError, match=r"'edge_index': got a torch.int64 tensor on meta"):
        CSRGraph.from_edge_index(edges.to("meta"))
    with pytest.raises(GraphTypeError, match=r"'edge_weight': got a torch.float32 tensor on meta"):
        CSRGraph.from_edge_index(edges, edge_weight=weight.to("meta"))


def test_labels_of_a_graph_do_not_count_nodes(recwarn: pytest.WarningsRecorder) -> None:
    molecule = Data(edge_index=torch.tensor([[0, 1], [1, 2]]), y=torch.tensor([1]))
    assert CSRGraph.from_data(molecule).num_nodes == 3
    assert not recwarn.list


@pytest.mark.parametrize(("source", "message"), [
    (io.BytesIO(b"0 1"), r"got a BytesIO, expected .*files go through CSRGraph.read"),
    (b"0 1", r"got a bytes, expected .*CSRGraph.read"),
])
def test_streams_are_no_graphs(source: Any, message: str) -> None:
    with pytest.raises(GraphTypeError, match=message):
        as_graph(source)


def test_graphs_of_several_types_are_named() -> None:
    with pytest.raises(GraphTypeError, match=r"HeteroData.*to_homogeneous"):
        as_graph(HeteroData())


def test_damaged_matrices() -> None:
    def damaged(**parts: Any) -> sparse.csr_array:
        matrix = sparse.csr_array(np.array([[0, 2.0], [2.0, 0]]))
        for name, value in parts.items():
            setattr(matrix, name, value)
        return matrix

    with pytest.raises(GraphError, match=r"'matrix.data': got 1 values, expected 2"):
        CSRGraph.from_scipy(damaged(data=np.ones(1)))
    with pytest.raises(GraphTypeError, match=r"'matrix.indptr': got dtype float64"):
        CSRGraph.from_scipy(damaged(indptr=np.array([0, np.nan, 2])))


def test_weight_beyond_any_double() -> None:
    with pytest.raises(GraphTypeError, match=r"'weight': got .*beyond any double"):
        CSRGraph.from_networkx(nx.Graph([(0, 1, {"weight": 10**400})]))


def test_sums_of_weights_that_are_infinite() -> None:
    with pytest.raises(GraphError, match=r"'edge_weight': got .*sum is infinite"):
        CSRGraph.from_edge_index([[0, 0], [1, 1]], edge_weight=[1e308, 1e308])
    with pytest.raises(GraphError, match=r"'<bytes>': got .*sum is infinite"):
        CSRGraph.read(b"0 1 1e308\n0 1 1e308\n")


@pytest.mark.parametrize(("ids", "message"), [
    ("ab", "got str, expected an array or a list"),
    (5, "got int, expected an array or a list"),
    ({"a": 0, "b": 1}, "got dict, expected an array or a list"),
    (np.ones((2, 2)), r"got shape \(2, 2\), expected 2"),
    (["a"], "got 1 names, expected 2"),
    (["a", "a"], "got 1 distinct names, expected 2.*two nodes of one name"),
    ([["a"], ["b"]], "got names that cannot be told apart"),
])
def test_names_that_are_none(ids: Any, message: str) -> None:
    matrix = sparse.coo_array(([1.0], ([0], [1])), shape=(2, 2))
    for make in (lambda: CSRGraph.from_edge_index([[0], [1]], ids=ids),
                 lambda: CSRGraph.from_scipy(matrix, ids=ids),
                 lambda: CSRGraph([0, 1, 2], [1, 0], ids=ids)):
        with pytest.raises(GraphError, match=f"argument 'ids': {message}"):
            make()


def test_names_stay_as_they_were() -> None:
    names = np.array(["a", "b"])
    graph = CSRGraph.from_edge_index([[0], [1]], ids=names)
    names[0] = "z"
    assert graph.ids.tolist() == ["a", "b"]
    mixed = [("a", 1), 2]
    assert CSRGraph.from_edge_index([[0], [1]], ids=mixed).ids.tolist() == mixed

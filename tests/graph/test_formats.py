"""Files of every format, real ones too, become the graph they hold."""

from __future__ import annotations

import gzip
import io
import shutil
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import io as scipy_io
from scipy import sparse

import graphlocal
from graphlocal.graph import CSRGraph, GraphError, read
from tests.zoo import ZOO, each_zoo_graph, shared_data

# Nodes, edges and largest degree as counted with other tools, see the data's README.
REAL = [
    ("networks/social/facebook_combined.txt", 4039, 88234, 1045),
    ("networks/ppi/ppi-homo.edgelist", 8887, 32708, 610),
    ("networks/collaboration/ca-CondMat.txt", 21363, 91286, 279),
    ("networks/collaboration/ca-GrQc-cc.csv", 4158, 13422, 81),
    ("networks/brain/neuro-fmri-01.edges", 5752, 70204, 232),
    ("networks/seal/Yeast.txt", 2375, 11693, 118),
    ("networks/seal/Celegans.txt", 297, 2148, 134),
    ("networks/seal/USAir.txt", 332, 2126, 139),
    ("networks/seal/Router.txt", 5022, 6258, 106),
    ("networks/seal/Power.txt", 4941, 6594, 19),
    ("networks/seal/NS.txt", 1461, 2742, 34),
    ("networks/seal/PB.txt", 1222, 16714, 351),
    ("temporal/email-Eu-core-temporal.txt.gz", 986, 16064, 345),
    ("local_clustering/ppi_mips.graphml", 1096, 13221, None),
]


@pytest.mark.parametrize(("name", "nodes", "edges", "most"), REAL)
def test_real_files(name: str, nodes: int, edges: int, most: int | None, tmp_path: Path) -> None:
    path = shutil.copy(shared_data(*name.split("/")), tmp_path)
    graph = read(path)
    assert (graph.num_nodes, graph.num_edges) == (nodes, edges)
    assert most is None or graph.degree.max() == most
    theirs = nx.Graph()
    if name.endswith(".graphml"):
        theirs = nx.read_graphml(path)
        assert sorted(map(str, theirs)) == sorted(graph.ids.tolist())
    else:
        with (gzip.open if name.endswith(".gz") else open)(path, "rt") as file:
            words = [line.replace(",", " ").split() for line in file]
        theirs.add_edges_from(
            (int(w[0]), int(w[1])) for w in words if w[0].isdecimal() and w[0] != w[1])
    ids = list(range(nodes)) if graph.ids is None else graph.ids.tolist()
    assert dict(zip(ids, graph.degree.tolist(), strict=True)) == {
        node: degree - 2 * theirs.has_edge(node, node) for node, degree in theirs.degree}


def test_real_weights(tmp_path: Path) -> None:
    path = shutil.copy(shared_data("networks/seal/NS.txt"), tmp_path)
    graph = read(path)
    theirs = nx.read_weighted_edgelist(path, nodetype=int)
    ids = graph.ids.tolist()
    assert graph.weight is not None
    for (u, v), weight in zip(graph.to_edge_index().T.tolist(), graph.weight, strict=True):
        assert theirs[ids[u]][ids[v]]["weight"] == weight


def graph_of(name: str, weighted: bool = False) -> CSRGraph:
    index, num_nodes = ZOO[name]
    weight = np.random.default_rng(2).random(index.shape[1]) + 0.1
    return CSRGraph.from_edge_index(index, num_nodes, weight if weighted else None)


def assert_same(graph: CSRGraph, expected: CSRGraph, weighted: bool = False) -> None:
    np.testing.assert_array_equal(graph.rowptr, expected.rowptr)
    np.testing.assert_array_equal(graph.col, expected.col)
    if weighted:
        np.testing.assert_array_equal(graph.weight, expected.weight)


@each_zoo_graph
@pytest.mark.parametrize("ending", ["tsv", "csv", "txt.gz"])
@pytest.mark.parametrize("weighted", [False, True])
def test_edge_lists_round_trip(name: str, ending: str, weighted: bool, tmp_path: Path) -> None:
    graph = graph_of(name, weighted)
    path = tmp_path / f"edges.{ending}"
    sep = {"tsv": "\t", "csv": ",", "txt.gz": " "}[ending]
    graph.write_edges(path, sep=sep, header=ending == "csv")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    if graph.num_edges == 0:
        with pytest.raises(GraphError, match="got no edges, expected at least one line with an e"):
            read(path)
    assert_same(read(path, num_nodes=graph.num_nodes, directed="error"), graph,
                weighted and graph.num_edges > 0)


@each_zoo_graph
@pytest.mark.parametrize("weighted", [False, True])
def test_matrix_market(name: str, weighted: bool, tmp_path: Path) -> None:
    graph = graph_of(name, weighted)
    if graph.num_nodes == 0:
        pytest.skip("scipy writes no empty matrix")
    path = tmp_path / "graph.mtx"
    scipy_io.mmwrite(path, graph.to_scipy().tocoo(), precision=17,
                     field=None if weighted else "pattern", symmetry="symmetric")
    assert_same(read(path, directed="error"), graph, weighted and graph.num_edges > 0)
    packed = tmp_path / "graph.mtx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert_same(read(packed), graph)
    assert read(packed, weight=False).weight is None


@each_zoo_graph
def test_networkx_formats(name: str, tmp_path: Path) -> None:
    graph = graph_of(name)
    theirs = nx.relabel_nodes(graph.to_networkx(), str)
    nx.write_graphml(theirs, tmp_path / "graph.graphml")
    nx.write_gml(theirs, tmp_path / "graph.gml")
    for path in (tmp_path / "graph.graphml", tmp_path / "graph.gml"):
        found = read(path)
        assert_same(found, graph)
        assert graph.num_nodes == 0 or found.ids.tolist() == list(theirs)


def test_gml_without_labels() -> None:
    content = b"graph [ node [ id 5 ] node [ id 7 ] edge [ source 5 target 7 weight 2 ] ]"
    graph = read(content, format="gml")
    assert graph.ids is not None and graph.ids.tolist() == [5, 7]
    assert graph.weight is not None and graph.weight.tolist() == [2.0, 2.0]
    assert read(content, format="gml", weight=False).weight is None


def npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


@each_zoo_graph
def test_npz(name: str, tmp_path: Path) -> None:
    index, num_nodes = ZOO[name]
    weight = np.random.default_rng(2).random(index.shape[1]) + 0.1
    graph, plain = graph_of(name, True), graph_of(name)
    assert_same(read(npz(edge_index=index, edge_weight=weight, num_nodes=num_nodes)), graph, True)
    assert_same(read(npz(edges=index.T, x=np.zeros((num_nodes, 2)))), plain)
    assert_same(read(npz(row=index[0], col=index[1]), num_nodes=num_nodes), plain)
    for kind in ("csr", "csc", "coo"):
        sparse.save_npz(tmp_path / "graph.npz", graph.to_scipy().asformat(kind))
        assert_same(read(tmp_path / "graph.npz", directed="error"), graph, graph.num_edges > 0)
    matrix = graph.to_scipy()
    parts = {f"adj_{k}": getattr(matrix, k) for k in ("data", "indices", "indptr", "shape")}
    assert_same(read(npz(**parts)), graph, graph.num_edges > 0)


def test_real_npz(tmp_path: Path) -> None:
    path = shutil.copy(shared_data("npz", "yandex", "chameleon_filtered.npz"), tmp_path)
    assert (read(path).num_nodes, read(path).num_edges) == (890, 8854)


class Payload:
    """Unpickling it would end the process."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('a pickle was run')",)


@pytest.mark.parametrize(("content", "options", "message"), [
    (npz(edge_index=np.array([[Payload()], [1]], object)), {}, "pickled objects are never loaded"),
    (npz(a=np.zeros(2)), {}, r"got the arrays a, expected edge_index \[2, E\], edges"),
    (npz(edges=np.zeros((3, 3), int)), {}, r"'edges': got shape \(3, 3\), expected shape \(E, 2\)"),
    (npz(edge_index=np.array([[0], [-4]])), {}, "'edge_index': got index -4, expected 0 <="),
    (npz(edge_index=np.array([[0], [4]]), x=np.zeros((3, 1))), {}, "got index 4, expected 0 <="),
    (npz(row=np.zeros(2, int), col=np.zeros(3, int)), {}, r"'col': got shape \(3,\), expected"),
    (npz(edge_index=np.array([[0], [4]])), {"weight": True}, "'weight': got True, expected a name"),
    (npz(edge_index=np.array([[0], [4]])), {"weight": "w"}, "'weight': got 'w', expected one of"),
    (npz(edge_index=np.array([[0], [4]])), {"sep": ","}, "'sep': got ',', expected None.*is npz"),
    (npz(edge_index=np.array([[0], [4]]))[:-30], {}, "what numpy cannot read"),
    (npz(data=np.ones(2), indices=np.array([1, 0]), indptr=np.array([0, 5, 2]),
         shape=np.array([2, 2]), format=np.array("csr")), {}, "got 2 after 5|what numpy cannot"),
    (b"%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 1\n1 x 1\n", {},
     "<bytes>:4: got .*expected a file in Matrix Market format"),
    (b"%%MatrixMarket matrix coordinate real general\n2 2 1\n1 7 1\n", {}, "Matrix Market format"),
    (b"%%MatrixMarket matrix coordinate real general\n2 3 1\n1 2 1\n", {},
     r"got shape \(2, 3\), expected a square matrix"),
    (b"%%MatrixMarket nonsense\n", {}, "expected a file in Matrix Market format"),
    (b"%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n", {"directed": "error"},
     "'matrix': got 1 of 1 edges in one direction only"),
    (b"%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n", {"num_nodes": 5},
     "'num_nodes': got 5, expected None.*is mtx"),
    (b"<?xml version='1.0'?><graphml><graph", {}, "what networkx cannot read.*a graphml file"),
    (b"graph [ node", {"format": "gml"}, "what networkx cannot read.*expected a gml file"),
    (b"graph [ node [ id 1 ] ]", {"format": "gml", "weight": True}, "'weight': got True, expected"),
    (b"", {}, "<bytes>: got no edges, expected at least one line with an edge .pass num_nodes"),
    (b"# nothing\n\n% here\n", {}, "<bytes>: got no edges"),
    (b"source,target\n", {}, "<bytes>: got no edges"),
    (b"0 1\n", {"format": "csv"}, "'format': got 'csv', expected one of 'text', 'mtx'"),
    (b"0 1\n", {"num_nodes": -2}, "'num_nodes': got -2, expected at least 0"),
    (b"0 5\n", {"num_nodes": 3}, "'<bytes>': got index 5, expected 0 <= index < num_nodes=3"),
    (b"0 -5\n", {"relabel": False}, "'<bytes>': got index -5, expected 0 <= index"),
    (b"0 1000000000000\n", {"relabel": False}, "'<bytes>': got index 1000000000000 in 1 edges"),
    (b"%%MatrixMarket matrix coordinate pattern general\n9000000000000 9000000000000 1\n1 2\n", {},
     "'num_nodes': got 9000000000000 .*expected a graph that fits"),
    (b"a b\n", {"num_nodes": 3}, "<bytes>: got names as ids, such as 'a', expected the indices"),
    (b"0 1\n", {"num_nodes": 3, "relabel": True}, "'relabel': got True with num_nodes"),
    (b"0 1\n1 0\n1 2\n", {"directed": "error"}, "got 1 of 2 edges in one direction only"),
])
def test_bad_files(content: bytes, options: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        read(content, **options)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"none\.csv: got no such file, expected a file"):
        read(tmp_path / "none.csv")
    with pytest.raises(GraphError, match=r"got no such file"):
        read("0 1\n1 2\n")


def test_relabelling() -> None:
    graph = read(b"100 -7\n-7 9000000000000000000\n")
    assert graph.ids is not None and graph.ids.tolist() == [-7, 100, 9 * 10**18]
    assert graph.to_edges().tolist() == [[0, 1], [0, 2]]
    assert read(b"1 2\n0 1\n").ids is None
    assert read(b"1 2\n").ids.tolist() == [1, 2]
    kept = read(b"1 4\n", relabel=False)
    assert (kept.num_nodes, kept.ids, kept.report.isolated) == (5, None, 3)
    assert read(b"1 4\n", num_nodes=7).num_nodes == 7
    assert read(b"", num_nodes=3).degree.tolist() == [0, 0, 0]
    assert read(b"1 2\n2 3\n", ids="str").ids.tolist() == ["1", "2", "3"]
    assert read(b"z y\ny x\n").ids.tolist() == ["z", "y", "x"]


def test_directed_policy_of_lists() -> None:
    """Every edge once is the usual way to write an undirected graph; a mixture is not."""
    assert read(b"0 1\n1 2\n", directed="error").num_edges == 2
    assert read(b"0 1\n1 2\n1 0\n2 1\n", directed="error").num_edges == 2
    assert read(b"0 1\n1 2\n1 0\n").num_edges == 2
    with pytest.raises(GraphError, match="symmetrize"):
        read(b"0 1\n1 2\n1 0\n", directed="error")


def test_front_door(tmp_path: Path) -> None:
    assert graphlocal.read is read
    path = tmp_path / "edges.txt"
    path.write_bytes(b"0 1\n1 2\n")
    assert CSRGraph.read(str(path)).num_edges == 2
    with open(path, "rb") as stream:
        assert CSRGraph.read(stream).num_edges == 2


@pytest.mark.parametrize("content", [
    b"<!DOCTYPE html><html><body>404 not found</body></html>", b"\n<html lang='en'> x",
    b"<?xml version='1.0'?>\n<gexf version='1.2'>", b'{"edges": [[1, 2]]}', b"[[0, 1], [1, 2]]",
])
def test_pages_are_no_edges(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "edges.txt"
    file.write_bytes(content)
    with pytest.raises(GraphError, match=r"edges.txt: got what begins like HTML, XML or JSON"):
        read(file)
    assert read(content, format="text", header=False).num_edges >= 1


def test_mark_before_matrix_market() -> None:
    content = b"%%MatrixMarket matrix coordinate pattern general\n4 4 2\n1 2\n2 3\n"
    assert read(b"\xef\xbb\xbf" + content).to_edges().tolist() == [[0, 1], [1, 2]]
    assert read(b"\xef\xbb\xbf" + content).num_nodes == 4

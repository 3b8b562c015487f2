"""Encodings attached to data: PyG's values where PyG has them, graph by graph in a batch."""

from __future__ import annotations

import copy

import networkx as nx
import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import AddLaplacianEigenvectorPE, AddRandomWalkPE
from torch_geometric.utils import from_networkx

from graphlocal import CSRGraph, GraphError
from graphlocal.graph.checks import GraphTypeError
from graphlocal.topology import laplacian_eigenvectors, return_probabilities
from graphlocal.transforms import AddLaplacianEncoding, AddRandomWalkEncoding
from tests.zoo import ZOO, each_zoo_graph

EVERY = [AddLaplacianEncoding(3), AddLaplacianEncoding(5, eigenvalues=True, attr="where"),
         AddLaplacianEncoding(2, attr="x"), AddRandomWalkEncoding(4),
         AddRandomWalkEncoding(3, attr="x")]
each_transform = pytest.mark.parametrize("transform", EVERY, ids=repr)


def _zoo(name: str) -> Data:
    index, num_nodes = ZOO[name]
    return Data(edge_index=torch.from_numpy(index), num_nodes=num_nodes)


def _graph(graph: nx.Graph) -> Data:
    data = from_networkx(graph)
    return Data(edge_index=data.edge_index, num_nodes=data.num_nodes)


@each_zoo_graph
def test_is_what_topology_finds(name: str) -> None:
    data = _zoo(name)
    graph = CSRGraph.from_edge_index(data.edge_index, data.num_nodes)
    both = AddRandomWalkEncoding(5)(AddLaplacianEncoding(4, eigenvalues=True)(data))
    values, vectors = laplacian_eigenvectors(graph, 4)
    for got, want in ((both.laplacian_pe, vectors), (both.laplacian_pe_eigenvalues, values),
                      (both.random_walk_pe, return_probabilities(graph, 5))):
        assert torch.equal(got, torch.from_numpy(want.astype(np.float32)))


@pytest.mark.parametrize("graph", [nx.karate_club_graph(), nx.barabasi_albert_graph(60, 2, seed=0),
                                   nx.gnp_random_graph(50, 0.1, seed=3)])
def test_random_walks_as_pyg(graph: nx.Graph) -> None:
    data = _graph(graph)
    want = AddRandomWalkPE(9)(copy.copy(data)).random_walk_pe
    torch.testing.assert_close(AddRandomWalkEncoding(9)(data).random_walk_pe, want)


@pytest.mark.parametrize("graph", [nx.karate_club_graph(), nx.barabasi_albert_graph(60, 2, seed=0),
                                   nx.barabasi_albert_graph(150, 3, seed=1)])
def test_eigenvectors_as_pyg(graph: nx.Graph) -> None:
    """Of connected graphs, whose eigenvalues all differ, up to the sign."""
    data = _graph(graph)
    want = AddLaplacianEigenvectorPE(4, is_undirected=True)(copy.copy(data))
    got, want = AddLaplacianEncoding(4)(data).laplacian_pe, want.laplacian_eigenvector_pe.float()
    torch.testing.assert_close(got * (got * want).sum(0).sign(), want, atol=1e-4, rtol=1e-3)


@each_transform
def test_batch_is_graph_by_graph(transform) -> None:
    data = [_zoo(name) for name in ("random", "star", "one_node", "no_edges", "two_components")]
    alone = [transform(one.clone()) for one in data]
    batch = transform(Batch.from_data_list(data))
    for one, other in zip(alone, batch.to_data_list(), strict=True):
        assert set(one.keys()) == set(other.keys())
        for key in ("laplacian_pe", "where", "where_eigenvalues", "x", "random_walk_pe"):
            if key in one:
                torch.testing.assert_close(one[key], other[key])


@each_transform
def test_says_what_it_is(transform) -> None:
    assert repr(transform).startswith(type(transform).__name__)


def test_behind_features() -> None:
    data = _zoo("star")
    data.x = torch.ones(9, 2)
    out = AddLaplacianEncoding(3, attr="x")(data)
    assert out.x.shape == (9, 5) and out.x[:, :2].eq(1).all()
    out = AddRandomWalkEncoding(3, attr="x")(data)
    assert out.x.shape == (9, 5)


def test_does_not_overwrite() -> None:
    data = AddLaplacianEncoding(2)(_zoo("star"))
    with pytest.raises(GraphError, match="'laplacian_pe', which data has already"):
        AddLaplacianEncoding(2)(data)
    data = AddRandomWalkEncoding(2)(_zoo("star"))
    with pytest.raises(GraphError, match="'random_walk_pe', which data has already"):
        AddRandomWalkEncoding(2)(data)


@pytest.mark.parametrize(("make", "match"), [
    (lambda: AddLaplacianEncoding(0), "k"), (lambda: AddLaplacianEncoding("3"), "k"),
    (lambda: AddLaplacianEncoding(3, attr="a b"), "attr"),
    (lambda: AddLaplacianEncoding(3, seed=-1), "seed"),
    (lambda: AddRandomWalkEncoding(0), "steps"), (lambda: AddRandomWalkEncoding(1.0), "steps"),
    (lambda: AddRandomWalkEncoding(attr=3), "attr"),
])
def test_bad_arguments(make, match: str) -> None:
    with pytest.raises((GraphError, GraphTypeError), match=f"argument '{match}'"):
        make()


def test_bad_graph() -> None:
    for transform in (AddLaplacianEncoding(2), AddRandomWalkEncoding(2)):
        with pytest.raises(GraphError, match="edge_index"):
            transform(Data(edge_index=torch.tensor([[0, 5], [1, 0]]), num_nodes=3))

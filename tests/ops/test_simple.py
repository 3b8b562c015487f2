"""The simple graph of pairs, masks of links, and edges chosen from an adjacency."""

from __future__ import annotations

import pytest
import torch

from graphlocal import CSRGraph, GraphError, ops
from graphlocal.graph import GraphTypeError
from graphlocal.ops.memory import _memory
from tests.ops.graphs import zoo
from tests.ops.pairs import neighbor_sets, some_edges
from tests.zoo import each_zoo_graph


@each_zoo_graph
def test_rows_are_sorted_sets(name) -> None:
    edge_index, num_nodes = zoo(name)
    graph = ops.as_simple(edge_index, num_nodes)
    rows = [graph.col[a:b].tolist() for a, b in zip(graph.rowptr, graph.rowptr[1:], strict=False)]
    assert rows == [sorted(row) for row in neighbor_sets(edge_index, num_nodes)]
    assert graph.rowptr.dtype == torch.int64 and graph.col.dtype == torch.int32
    assert graph.num_nodes == num_nodes and graph.num_entries == sum(map(len, rows))
    assert graph.degree.tolist() == [len(row) for row in rows]


def test_it_is_built_once() -> None:
    edge_index, num_nodes = zoo("random")
    graph = ops.as_simple(edge_index, num_nodes)
    assert ops.as_simple(edge_index, num_nodes) is graph
    adjacency = ops.as_adjacency(edge_index, num_nodes)
    assert ops.as_simple(adjacency) is ops.as_simple(adjacency)
    csr = CSRGraph.from_edge_index(edge_index, num_nodes)
    assert ops.as_simple(csr) is ops.as_simple(csr)
    number = id(edge_index)
    assert number in _memory
    edge_index[0, 0] = edge_index[1, 0]  # the edge is gone
    assert ops.as_simple(edge_index, num_nodes).num_entries == graph.num_entries - 2
    del edge_index
    assert number not in _memory


def test_directed() -> None:
    edge_index, num_nodes = zoo("directed")
    assert ops.as_simple(edge_index, num_nodes).num_entries == 12
    for graph in (edge_index, ops.as_adjacency(edge_index, num_nodes)):
        with pytest.raises(GraphError, match=r"one direction only.*directed='symmetrize'"):
            ops.as_simple(graph, num_nodes, directed="error")
    both = torch.cat([edge_index, edge_index.flip(0)], 1)
    assert ops.as_simple(both, num_nodes, directed="error").num_entries == 12


@pytest.mark.parametrize(("rowptr", "col", "said"), [
    ([0, 1, 2], [1, 5], "index 5"),
    ([0, 1, 1], [1], "row 1 too"),
    ([0, 2, 4], [1, 1, 0, 0], "sorted"),
    ([0, 1, 3], [1, 0], "at most 2"),
    ([0, 1, 2], [0, 1], "no self loop"),
])
def test_one_made_by_hand_is_checked(rowptr, col, said) -> None:
    graph = ops.SimpleGraph(torch.tensor(rowptr), torch.tensor(col, dtype=torch.int32))
    with pytest.raises(GraphError, match=said):
        ops.common_neighbors(graph, torch.tensor([[0], [1]]))


def test_what_is_no_graph() -> None:
    with pytest.raises(GraphError, match=r"'graph'.*shape"):
        ops.as_simple(torch.zeros(3, 2, dtype=torch.long))
    with pytest.raises(GraphError, match="index 7"):
        ops.as_simple(torch.tensor([[7], [0]]), 3)
    with pytest.raises(GraphError, match="index -1"):
        ops.as_simple(torch.tensor([[-1], [0]]), 3)
    with pytest.raises(GraphError, match="one set of nodes"):
        ops.as_simple(ops.Adjacency.from_edge_index(torch.tensor([[0], [1]]), (2, 3)))
    with pytest.raises(GraphError, match="number the nodes"):
        ops.as_simple(torch.tensor([[10**12], [0]]))
    with pytest.raises(GraphError, match="num_nodes"):
        ops.as_simple(ops.as_simple(torch.tensor([[0], [1]])), 3)
    for other in (None, "graph.csv", torch.tensor([[0], [1]], device="meta")):
        with pytest.raises(GraphTypeError, match="'graph'"):
            ops.as_simple(other)
    with pytest.raises(GraphTypeError, match="sparse_csr"):
        ops.edge_mask(torch.eye(3).to_sparse_csr(), torch.tensor([[0], [1]]))


@each_zoo_graph
@pytest.mark.parametrize("kind", ["edge_index", "adjacency"])
def test_edge_mask(name, kind) -> None:
    edge_index, num_nodes = zoo(name)
    hidden = some_edges(edge_index)
    graph = ops.as_adjacency(edge_index, num_nodes) if kind == "adjacency" else edge_index
    gone = {frozenset(pair) for pair in hidden.t().tolist() if pair[0] != pair[1]}
    expected = [frozenset(edge) not in gone for edge in edge_index.t().tolist()]
    simple = ops.as_simple(graph, num_nodes)
    assert ops.edge_mask(graph, hidden, num_nodes).tolist() == expected
    mask = ops.link_mask(simple, hidden)
    assert ops.edge_mask(graph, mask, num_nodes).tolist() == expected


@each_zoo_graph
def test_link_mask_and_its_reference(name) -> None:
    from graphlocal.ops import links

    edge_index, num_nodes = zoo(name)
    graph = ops.as_simple(edge_index, num_nodes)
    pairs = torch.cat([some_edges(edge_index), some_edges(edge_index).flip(0).roll(1, 1)], 1)
    found = links.find_entries(*graph, pairs)
    assert torch.equal(found, links._find_entries_reference(*graph, pairs))
    gone = {frozenset(pair) for pair in pairs.t().tolist()}
    row = torch.repeat_interleave(graph.degree)
    edges = zip(row.tolist(), graph.col.tolist(), strict=True)
    expected = [frozenset(edge) not in gone for edge in edges]
    assert ops.link_mask(graph, pairs).tolist() == expected


@each_zoo_graph
def test_selected_edges_are_the_adjacency_of_these_edges(name) -> None:
    edge_index, num_nodes = zoo(name)
    generator = torch.Generator().manual_seed(0)
    mask = torch.rand(edge_index.shape[1], generator=generator) < 0.6
    selected = ops.as_adjacency(edge_index, num_nodes).select(mask)
    expected = ops.Adjacency.from_edge_index(edge_index[:, mask], num_nodes)
    for ours, theirs in zip(selected, expected, strict=True):
        assert torch.equal(ours, theirs) and ours.dtype == theirs.dtype
    for wrong in (mask.long(), mask[1:], None):
        if len(mask) or wrong is None:
            with pytest.raises(GraphError, match="'mask'"):
                ops.as_adjacency(edge_index, num_nodes).select(wrong)

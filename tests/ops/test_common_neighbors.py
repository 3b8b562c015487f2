"""Common neighbours against python's sets: every graph, part, backend and algorithm."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric import EdgeIndex

from graphlocal import CSRGraph, GraphError, ops
from graphlocal.kernels.cpu import common_neighbors as kernel
from graphlocal.kernels.cpu import common_neighbors_two_hops as two_hops
from graphlocal.kernels.cpu.parallel import set_num_threads
from tests.ops.graphs import zoo
from tests.ops.pairs import (
    PARTS,
    as_lists,
    by_sets,
    each_method,
    each_pair_backend,
    each_part,
    force,
    neighbor_sets,
    some_edges,
    zoo_pairs,
)
from tests.zoo import each_zoo_graph


@each_zoo_graph
@each_part
@each_pair_backend
@pytest.mark.parametrize("hiding", [False, True])
def test_lists(name, part, backend, hiding, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes, pairs = zoo_pairs(name)
    hidden = some_edges(edge_index) if hiding else None
    graph = ops.as_simple(edge_index, num_nodes)
    ptr, node = ops.common_neighbors(graph, pairs, part=part, exclude=hidden)
    expected = by_sets(neighbor_sets(edge_index, num_nodes, hidden), pairs, part)
    assert as_lists(ptr, node) == expected
    assert ptr.dtype == torch.int64 and node.dtype == torch.int32
    counts = ops.common_neighbor_counts(graph, pairs, part=part, exclude=hidden)
    assert counts.tolist() == [len(nodes) for nodes in expected]


@each_zoo_graph
@each_part
@each_method
@pytest.mark.parametrize("grouped", [False, True])
def test_every_algorithm(name, part, method, grouped, monkeypatch) -> None:
    force(method, monkeypatch)
    edge_index, num_nodes, pairs = zoo_pairs(name)
    if grouped:
        pairs = pairs[:, pairs[0].argsort()]
    hidden = some_edges(edge_index)
    graph = ops.as_simple(edge_index, num_nodes)
    for exclude in (None, hidden, ops.link_mask(graph, hidden)):
        expected = by_sets(neighbor_sets(
            edge_index, num_nodes, None if exclude is None else hidden), pairs, part)
        ptr, node = ops.common_neighbors(graph, pairs, part=part, exclude=exclude)
        assert as_lists(ptr, node) == expected
        counts = ops.common_neighbor_counts(graph, pairs, part=part, exclude=exclude)
        assert counts.tolist() == [len(nodes) for nodes in expected]


@each_zoo_graph
@each_pair_backend
@pytest.mark.parametrize("hops", [(1, 2), (2, 1), (2, 2)])
@pytest.mark.parametrize("hiding", [False, True])
def test_second_order(name, backend, hops, hiding, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes, pairs = zoo_pairs(name)
    hidden = some_edges(edge_index) if hiding else None
    graph = ops.as_simple(edge_index, num_nodes)
    expected = by_sets(neighbor_sets(edge_index, num_nodes, hidden), pairs, hops=hops)
    for dense in (None, False, True) if backend == "cpu" else (None,):
        original = two_hops.list_pairs
        monkeypatch.setattr(two_hops, "list_pairs", lambda *a, dense=dense, original=original:
                            original(*a, dense=dense))
        ptr, node = ops.common_neighbors(graph, pairs, exclude=hidden, hops=hops)
        monkeypatch.setattr(two_hops, "list_pairs", original)
        assert as_lists(ptr, node) == expected
    counts = ops.common_neighbor_counts(graph, pairs, exclude=hidden, hops=hops)
    assert counts.tolist() == [len(nodes) for nodes in expected]


@pytest.mark.parametrize("hops", [(1, 2), (2, 2)])
def test_second_order_is_the_support_of_the_square(hops) -> None:
    edge_index, num_nodes, pairs = zoo_pairs("random")
    rows = neighbor_sets(edge_index, num_nodes)
    dense = torch.tensor([[float(v in rows[u]) for v in range(num_nodes)]
                          for u in range(num_nodes)])
    power = {1: dense > 0, 2: dense @ dense > 0}
    overlap = power[hops[0]][pairs[0]] & power[hops[1]][pairs[1]]
    ptr, node = ops.common_neighbors(
        ops.as_simple(edge_index, num_nodes), pairs, hops=hops)
    pair = torch.repeat_interleave(ptr.diff())
    assert torch.equal(torch.stack([pair, node.long()], 1), overlap.nonzero())


@each_zoo_graph
def test_split_is_the_three_parts(name) -> None:
    edge_index, num_nodes, pairs = zoo_pairs(name)
    graph = ops.as_simple(edge_index, num_nodes)
    hidden = some_edges(edge_index)
    split = ops.neighbor_split(graph, pairs, exclude=hidden)
    for part, (ptr, node) in zip(PARTS, split, strict=True):
        expected = ops.common_neighbors(graph, pairs, part=part, exclude=hidden)
        assert torch.equal(ptr, expected[0]) and torch.equal(node, expected[1])


@each_zoo_graph
@each_pair_backend
def test_hidden_edges_are_gone(name, backend, monkeypatch) -> None:
    """``exclude`` is what building the graph without these edges is."""
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    edge_index, num_nodes, pairs = zoo_pairs(name)
    hidden = some_edges(edge_index)
    kept = ops.edge_mask(edge_index, hidden, num_nodes)
    gone = {frozenset(pair) for pair in hidden.t().tolist() if pair[0] != pair[1]}
    assert kept.tolist() == [frozenset(e) not in gone for e in edge_index.t().tolist()]
    graph = ops.as_simple(edge_index, num_nodes)
    smaller = ops.as_simple(edge_index[:, kept], num_nodes)
    for part in PARTS:
        masked = ops.common_neighbors(graph, pairs, part=part, exclude=hidden)
        built = ops.common_neighbors(smaller, pairs, part=part)
        assert torch.equal(masked[0], built[0]) and torch.equal(masked[1], built[1])


def test_rows_of_very_different_length() -> None:
    """One row is leapt through: a hub of 500 neighbours and nodes of a few."""
    generator = torch.Generator().manual_seed(0)
    spokes = torch.stack([torch.zeros(500, dtype=torch.long), torch.arange(1, 501)])
    edge_index = torch.cat([spokes, torch.randint(1, 700, (2, 900), generator=generator)], 1)
    graph = ops.as_simple(edge_index, 700)
    others = torch.arange(1, 700)
    pairs = torch.cat([torch.stack([others * 0, others]), torch.stack([others, others * 0])], 1)
    hidden = some_edges(edge_index)
    for exclude in (None, hidden):
        rows = neighbor_sets(edge_index, 700, exclude)
        for part in PARTS:
            got = as_lists(*ops.common_neighbors(graph, pairs, part=part, exclude=exclude))
            assert got == by_sets(rows, pairs, part)


@pytest.mark.parametrize("hops", [(1, 1), (1, 2), (2, 2)])
def test_many_blocks_and_threads(hops, monkeypatch) -> None:
    """Blocks and chunks cut anywhere change nothing, nor does the number of threads."""
    monkeypatch.setattr(kernel, "BLOCK_WORK", 50)
    monkeypatch.setattr(two_hops, "BLOCK_WORK", 50)
    edge_index, num_nodes = zoo("hub")
    pairs = torch.randint(0, num_nodes, (2, 3000), generator=torch.Generator().manual_seed(0))
    expected = by_sets(neighbor_sets(edge_index, num_nodes), pairs, hops=hops)
    try:
        for count in (1, 2, 5):
            set_num_threads(count)
            got = ops.common_neighbors(
                ops.as_simple(edge_index, num_nodes), pairs, hops=hops)
            assert as_lists(*got) == expected
    finally:
        set_num_threads(None)


@each_method
def test_a_chunk_is_cut_where_its_lists_are_long(method, monkeypatch) -> None:
    monkeypatch.setattr(kernel, "CHUNK_NODES", 1)
    force(method, monkeypatch)
    edge_index, num_nodes, pairs = zoo_pairs("hub")
    graph = ops.as_simple(edge_index, num_nodes)
    expected = by_sets(neighbor_sets(edge_index, num_nodes), pairs)
    assert ops.common_neighbor_counts(graph, pairs).tolist() == [len(n) for n in expected]


def test_the_algorithm_follows_from_the_graph_and_the_pairs() -> None:
    generator = torch.Generator().manual_seed(0)

    def method(num_nodes, num_edges, sources):
        edge_index = torch.randint(0, num_nodes, (2, num_edges), generator=generator)
        graph = ops.as_simple(edge_index, num_nodes)
        left = torch.randint(0, num_nodes, (sources,), generator=generator)
        left = left.repeat_interleave(6000 // sources)
        right = torch.randint(0, num_nodes, left.shape, generator=generator)
        return kernel.plan_pairs(*(t.numpy() for t in (*graph, left, right))).method

    assert method(3000, 6000, 6000) == kernel.MERGE
    assert method(3000, 6000, 60) == kernel.STAMP
    assert method(300, 9000, 6000) == kernel.BITMAP


def test_long_columns() -> None:
    """Graphs past 2^31 nodes have int64 columns: the same answers."""
    edge_index, num_nodes, pairs = zoo_pairs("random")
    graph = ops.as_simple(edge_index, num_nodes)
    wide = ops.SimpleGraph(graph.rowptr, graph.col.long())
    hidden = some_edges(edge_index)
    for part in PARTS:
        ptr, node = ops.common_neighbors(wide, pairs, part=part, exclude=hidden)
        assert node.dtype == torch.int64
        expected = ops.common_neighbors(graph, pairs.int(), part=part, exclude=hidden)
        assert torch.equal(ptr, expected[0]) and torch.equal(node, expected[1].long())


graphs = st.integers(1, 14).flatmap(lambda n: st.tuples(
    st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=60),
    st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=20),
    st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=8),
    st.integers(0, 2**16)))


def columns(pairs) -> torch.Tensor:
    return torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).t().contiguous()


@each_part
@given(graph=graphs)
def test_any_graph(part, graph) -> None:
    num_nodes, edges, pairs, hidden, _ = graph
    edge_index, pairs, hidden = columns(edges), columns(pairs), columns(hidden)
    got = ops.common_neighbors(ops.as_simple(edge_index, num_nodes), pairs, part=part,
                               exclude=hidden)
    assert as_lists(*got) == by_sets(neighbor_sets(edge_index, num_nodes, hidden), pairs, part)


@given(graph=graphs)
def test_new_names_rename_the_nodes(graph) -> None:
    num_nodes, edges, pairs, _, seed = graph
    edge_index, pairs = columns(edges), columns(pairs)
    name = torch.randperm(num_nodes, generator=torch.Generator().manual_seed(seed))
    before = as_lists(*ops.common_neighbors(ops.as_simple(edge_index, num_nodes), pairs))
    after = as_lists(*ops.common_neighbors(ops.as_simple(name[edge_index], num_nodes), name[pairs]))
    assert after == [sorted(name[nodes].tolist()) for nodes in before]


def test_whatever_a_graph_comes_as() -> None:
    edge_index, num_nodes, pairs = zoo_pairs("random")
    expected = ops.common_neighbors(ops.as_simple(edge_index, num_nodes), pairs)
    values = torch.ones(edge_index.shape[1])
    sparse = torch.sparse_coo_tensor(edge_index, values, (num_nodes, num_nodes))
    given_as = [
        EdgeIndex(edge_index, sparse_size=(num_nodes, num_nodes)),
        ops.as_adjacency(edge_index, num_nodes),
        CSRGraph.from_edge_index(edge_index, num_nodes),
        sparse.coalesce(), sparse.to_sparse_csr(), sparse.to_sparse_csc(),
    ]
    for graph in given_as:
        ptr, node = ops.common_neighbors(graph, pairs)
        assert torch.equal(ptr, expected[0]) and torch.equal(node, expected[1])


def test_no_pairs_and_no_edges() -> None:
    graph = ops.as_simple(torch.empty(2, 0, dtype=torch.long), 4)
    none = torch.empty(2, 0, dtype=torch.long)
    for hops in ((1, 1), (1, 2), (2, 2)):
        ptr, node = ops.common_neighbors(graph, none, hops=hops)
        assert ptr.tolist() == [0] and node.shape == (0,)
        ptr, node = ops.common_neighbors(graph, torch.tensor([[0, 1], [1, 1]]), hops=hops)
        assert ptr.tolist() == [0, 0, 0] and node.shape == (0,)


@pytest.mark.parametrize("backend", ["cpu", "reference"])
@pytest.mark.parametrize(("pairs", "said"), [
    (torch.tensor([[0, 1, 2], [3, 4, 41]]), "index 41"),
    (torch.tensor([[0, -1], [3, 4]]), "index -1"),
    (torch.tensor([[0, 1], [1, 2], [2, 3]]), r"pass pairs\.t\(\)"),
    (torch.tensor([0, 1]), "shape"),
    (torch.tensor([[0.0], [1.0]]), "dtype"),
    ([(0, 1)], "a tensor"),
])
def test_bad_pairs(backend, pairs, said, monkeypatch) -> None:
    monkeypatch.setenv("GRAPHLOCAL_BACKEND", backend)
    graph = ops.as_simple(*zoo("random"))
    with pytest.raises(GraphError, match=f"'pairs'.*{said}"):
        ops.common_neighbors(graph, pairs)
    with pytest.raises(GraphError, match=f"'exclude'.*{said.replace('pairs', 'exclude')}"):
        ops.common_neighbors(graph, torch.tensor([[0], [1]]), exclude=pairs)
    with pytest.raises(GraphError, match=f"'pairs'.*{said}"):
        ops.link_mask(graph, pairs)


def test_bad_choices() -> None:
    graph, pairs = ops.as_simple(*zoo("random")), torch.tensor([[0], [1]])
    with pytest.raises(GraphError, match="'part'"):
        ops.common_neighbors(graph, pairs, part="middle")
    with pytest.raises(GraphError, match="'hops'"):
        ops.common_neighbors(graph, pairs, hops=(1, 3))
    with pytest.raises(GraphError, match="'hops'"):
        ops.common_neighbors(graph, pairs, hops=2)
    with pytest.raises(GraphError, match=r"'part'.*hops"):
        ops.common_neighbors(graph, pairs, part="left", hops=(1, 2))
    with pytest.raises(GraphError, match=r"'exclude'.*one per entry"):
        ops.common_neighbors(graph, pairs, exclude=torch.ones(3, dtype=torch.bool))

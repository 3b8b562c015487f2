from __future__ import annotations

import networkx as nx
import pytest
import torch

from graphlocal import CSRGraph, GraphError
from graphlocal.loader import LinkLoader
from graphlocal.models import LinkEncoder, LinkModel
from graphlocal.nn.link import NCNPredictor


def karate() -> tuple[torch.Tensor, torch.Tensor]:
    edges = torch.tensor(list(nx.karate_club_graph().edges)).t()
    return torch.cat([edges, edges.flip(0)], dim=1), edges


def undirected(pairs: torch.Tensor) -> set[tuple[int, int]]:
    return {(min(p), max(p)) for p in pairs.t().tolist()}


@pytest.mark.parametrize("negatives", ["uniform", "target"])
def test_a_pass_has_every_edge_once_and_no_edge_as_negative(negatives) -> None:
    both, edges = karate()
    loader = LinkLoader(both, edges, 30, negatives=negatives,
                        generator=torch.Generator().manual_seed(0))
    assert len(loader) == 3
    passes = []
    for _ in range(2):
        positive, negative = [], []
        for batch in loader:
            half = batch.edge_label_index.size(1) // 2
            assert batch.edge_label.tolist() == [1.0] * half + [0.0] * half
            assert batch.edge_index is both
            positive.append(batch.edge_label_index[:, :half])
            negative.append(batch.edge_label_index[:, half:])
            if negatives == "target":
                assert torch.equal(positive[-1][0], negative[-1][0])
        assert [part.size(1) for part in positive] == [30, 30, 18]
        positive, negative = torch.cat(positive, 1), torch.cat(negative, 1)
        assert sorted(positive.t().tolist()) == sorted(edges.t().tolist())
        assert not undirected(negative) & undirected(edges)
        assert (negative[0] != negative[1]).all()
        if negatives == "uniform":
            assert len(undirected(negative)) == edges.size(1)
        passes.append((positive, negative))
    assert not torch.equal(passes[0][0], passes[1][0])
    assert not torch.equal(passes[0][1], passes[1][1])


def test_one_batch_where_all_edges_fit_in() -> None:
    both, edges = karate()
    batches = list(LinkLoader(both, edges, 10_000, negatives=None, shuffle=False))
    assert len(batches) == 1
    assert torch.equal(batches[0].edge_label_index, edges)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_neighbourhood_gives_the_scores_of_the_whole_graph(num_workers) -> None:
    both, edges = karate()
    x = torch.randn(34, 8, generator=torch.Generator().manual_seed(1))
    torch.manual_seed(0)
    # A sum needs no degrees: two hops hold all a common neighbour's embedding depends on.
    model = LinkModel(LinkEncoder(8, 16, conv="puresum"), NCNPredictor(16, 16)).eval()
    loader = LinkLoader(both, edges, 5, x=x, num_hops=2, num_workers=num_workers,
                        generator=torch.Generator().manual_seed(0))
    seen = 0
    for batch in loader:
        pairs = batch.n_id[batch.edge_label_index]
        exclude = slice(0, pairs.size(1) // 2)
        local = model(batch.x, batch.edge_index, batch.edge_label_index,
                      exclude=batch.edge_label_index[:, exclude])
        whole = model(x, both, pairs, exclude=pairs[:, exclude])
        torch.testing.assert_close(local, whole)
        seen += pairs.size(1)
    assert seen == 2 * edges.size(1)


def test_workers_change_nothing() -> None:
    both, edges = karate()
    passes = []
    for num_workers in (0, 2):
        torch.manual_seed(3)
        loader = LinkLoader(both, edges, 30, num_hops=1, num_workers=num_workers)
        passes.append([batch.n_id[batch.edge_label_index] for batch in [*loader, *loader]])
    assert len(passes[0]) == 6
    assert all(map(torch.equal, *passes))


@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
def test_sparse_features_of_a_neighbourhood(layout) -> None:
    both, edges = karate()
    x = torch.eye(34).to_sparse(layout=layout)
    for batch in LinkLoader(both, edges, 30, x=x, num_hops=1):
        assert torch.equal(batch.x.to_dense(), torch.eye(34)[batch.n_id])


def test_a_dense_graph_repeats_its_few_missing_pairs() -> None:
    edges = torch.tensor([p for p in nx.complete_graph(8).edges if p != (2, 5)]).t()
    (batch,) = LinkLoader(edges, edges, 100)
    assert undirected(batch.edge_label_index[:, batch.edge_label == 0]) == {(2, 5)}


def test_bad_arguments() -> None:
    both, edges = karate()
    for options, message in (
        ({"batch_size": 0}, "'batch_size'"), ({"negatives": "hard"}, "'negatives'"),
        ({"num_hops": 0}, "'num_hops'"), ({"num_workers": 1}, "'num_workers': got 1, expected 0"),
        ({"drop_last": True}, "'drop_last'"), ({"num_nodes": 5}, "index 33"),
        ({"x": torch.ones(20, 2)}, "'x': got 20 rows, expected 34"),
        ({"x": torch.ones(34, 2), "num_nodes": 40}, "'x': got 34 rows, expected 40"),
    ):
        with pytest.raises(GraphError, match=message):
            LinkLoader(both, edges, **options)
    with pytest.raises(GraphError, match=r"'edge_label_index': got shape \(78, 2\).*\.t\(\)"):
        LinkLoader(both, edges.t())
    with pytest.raises(GraphError, match="'edge_index': got dtype float32"):
        LinkLoader((both * 1.0).tolist(), edges)
    with pytest.raises(GraphError, match="'edge_label_index': got no pair"):
        LinkLoader(both, edges[:, :0])
    complete = torch.tensor(list(nx.complete_graph(4).edges)).t()
    with pytest.raises(GraphError, match="every pair is an edge"):
        next(iter(LinkLoader(complete, complete)))
    assert CSRGraph.from_edge_index(complete).num_edges == 6

from __future__ import annotations

import copy

import pytest
import torch

from graphlocal import GraphError
from graphlocal.nn.attention import Codebook, CodebookAttention, DenseAttention
from tests.nn.attention.plain import close, features, plain_attention


def layer_of(centroids: int = 5, seed: int = 0, **kwargs) -> CodebookAttention:
    torch.manual_seed(seed)
    return CodebookAttention(8, 2, centroids, **kwargs).double()


def dense_like(layer: CodebookAttention) -> DenseAttention:
    dense = DenseAttention(layer.channels, layer.heads).double()
    dense.load_state_dict({name: value for name, value in layer.state_dict().items()
                           if name.startswith("lin_")})
    return dense


@pytest.mark.parametrize("training", [False, True])
def test_with_nodes_for_centroids_it_is_dense_attention(training) -> None:
    x = features(12).requires_grad_()
    layer = layer_of(12)
    layer.codebook.running_mean.normal_()
    layer.codebook.running_var.uniform_(0.5, 2)
    layer.codebook.assign(x.detach())
    layer.train(training)
    out = layer(x)
    close(out, dense_like(layer)(x))


@pytest.mark.parametrize("with_batch", [False, True])
def test_where_nodes_sit_on_centroids_counts_make_it_dense_attention(with_batch) -> None:
    centroids = features(5)
    place = torch.tensor([0, 0, 0, 1, 2, 2, 4, 4, 4, 4, 1, 3, 3])
    sizes = [10, 3] if with_batch else [13]
    batch = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    layer = layer_of().eval()
    layer.codebook.assign(centroids, place.bincount().double())
    x = centroids[place]
    close(layer(x, batch if with_batch else None), dense_like(layer)(x, batch))


def test_gradients_reach_the_maps_and_not_the_codebook() -> None:
    layer, x = layer_of(), features(30).requires_grad_()
    layer(x)
    before = layer.codebook.centroids()
    book = copy.deepcopy(layer.codebook)
    out = layer(x)
    count = book.count
    expected = plain_attention(layer, x, keys=before, bias=count.log().expand(30, -1))
    close(out, expected)
    assert not list(layer.codebook.parameters())
    of = (x, *layer.parameters())
    for a, b in zip(torch.autograd.grad(out.square().sum(), of),
                    torch.autograd.grad(expected.square().sum(), of), strict=True):
        close(a, b)
    assert not torch.equal(before, layer.codebook.centroids())  # they moved, after they were used


def test_centroids_are_the_moving_average() -> None:
    """Against a batch norm of torch and loops."""
    torch.manual_seed(0)
    book = Codebook(4, 3, decay=0.9, dead_below=0).double()
    norm = torch.nn.BatchNorm1d(3, affine=False).double()
    book.start(2 * features(40, 3) + 5)
    norm.running_mean.copy_(book.running_mean)
    norm.running_var.copy_(book.running_var)
    count, total = book.count.clone(), book.total.clone()
    for step in range(5):
        x = 2 * features(30, 3, seed=step) + 5
        var = norm.running_var.clone()
        normal = norm(x)
        centers = total / count[:, None]
        index = [min(range(4), key=lambda b: float((row - centers[b]).square().sum()))
                 for row in normal]
        for b in range(4):
            rows = normal[[i for i, of in enumerate(index) if of == b]]
            count[b] = 0.9 * count[b] + 0.1 * len(rows)
            total[b] = 0.9 * total[b] + 0.1 * rows.sum(dim=0)
        assert book.observe(x).tolist() == index
        close(book.count, count)
        close(book.centroid, total / count[:, None])
        close(book.running_mean, norm.running_mean)
        # torch keeps the unbiased variance.
        close(book.running_var, 0.9 * var + 0.1 * x.var(dim=0, correction=0))
        norm.running_var.copy_(book.running_var)
        close(book.centroids(), book.centroid * (norm.running_var + 1e-5).sqrt()
              + norm.running_mean)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e200])
@pytest.mark.parametrize("batches", [0, 1])
def test_a_batch_that_is_refused_leaves_no_trace(value, batches) -> None:
    layer, twin = layer_of().train(), layer_of().train()
    for each in (layer, twin):
        for seed in range(batches):
            each(features(20, seed=seed))
    bad = features(20)
    bad[3, 1] = value
    match = "row 3" if value != 1e200 else "squares .*float64 cannot hold"
    with pytest.raises(GraphError, match=f"'x': got .*{match}"):
        layer(bad)
    one = features(1)
    layer(one), twin(one)
    x = features(20, seed=7)
    assert torch.equal(layer(x), twin(x))
    for mine, other in zip(layer.buffers(), twin.buffers(), strict=True):
        assert torch.equal(mine, other)


def test_wrong_nodes_are_refused_before_anything_moves() -> None:
    layer = layer_of(counts="assigned", num_nodes=20).train()
    layer(features(20))
    before = copy.deepcopy(layer.state_dict())
    for node_id in (torch.arange(9) + 15, torch.arange(9) - 1, torch.arange(8), [0] * 9, None):
        with pytest.raises(GraphError, match="'node_id'"):
            layer(features(9), node_id=node_id)
    assert all(torch.equal(before[name], value) for name, value in layer.state_dict().items())


@pytest.mark.parametrize(("centroids", "counts", "match"), [
    (features(5) / 0, None, "'centroids': got NaN"), (features(5), torch.ones(4), "'counts'"),
    (features(5), torch.tensor([1, -1, 0, 1, 1]), "'counts'"),
    (features(5), torch.full((5,), torch.nan), "'counts'"),
])
def test_wrong_centroids_are_refused(centroids, counts, match) -> None:
    with pytest.raises(GraphError, match=match):
        layer_of().codebook.assign(centroids, counts)


def test_counts_that_a_half_cannot_hold() -> None:
    layer = layer_of().eval().half()
    layer.codebook.assign(features(5).half(), torch.ones(5, dtype=torch.float16))
    layer.codebook.centroid[1:] = 100
    layer.codebook.total.copy_(layer.codebook.centroid)
    x = features(70_000)[:, :1].expand(-1, 8).half() * 1e-2
    assert layer(x, torch.zeros(len(x), dtype=torch.long)).isfinite().all()


def clusters(count: int, each: int, spread: float = 1e-3) -> torch.Tensor:
    centers = 10 * features(count, 4, seed=3)
    return (centers.repeat_interleave(each, dim=0) + spread * features(count * each, 4)
            )[torch.randperm(count * each, generator=torch.Generator().manual_seed(0))]


def test_the_first_batch_provides_the_centroids() -> None:
    x = clusters(6, 50)
    book = Codebook(6, 4).double()
    assert not int(book.steps)
    book.start(x)
    close(book.running_mean, x.mean(dim=0))
    # Rows far from one another: every cluster has one, where six random rows would miss some.
    assert book.nearest(x).unique(return_counts=True)[1].tolist() == [50] * 6
    assert book.count.tolist() == [50] * 6
    distance = torch.cdist(x, book.centroids()).min(dim=1).values
    assert distance.max() < 0.1
    before = book.centroids()
    book.start(x + 5)
    assert torch.equal(book.centroids(), before)
    other = Codebook(6, 4).double()
    other.start(x)
    assert torch.equal(other.centroids(), before)  # the draw is seeded
    other = Codebook(6, 4, seed=1).double()
    other.start(x)
    assert not torch.equal(other.centroids(), before)


def test_dead_centroids_are_masked_and_become_rows() -> None:
    x = clusters(3, 40)
    layer = CodebookAttention(4, 2, 5).double()
    book = layer.codebook
    layer(x)
    layer.eval()
    book.count[1] = 1e-9
    assert book.alive().tolist() == [True, False, True, True, True]
    book.centroid[1] = 1e6  # which would be seen
    keep = torch.tensor([0, 2, 3, 4])
    close(layer(x), plain_attention(layer, x, keys=book.centroids()[keep],
                                    bias=book.count[keep].log().expand(len(x), -1)))
    assert 1 not in book.nearest(torch.full((3, 4), 1e6, dtype=torch.float64))
    x = x + 0.5 * features(len(x), 4, seed=8)
    book.observe(x)
    assert book.alive().all()
    assert book.centroids().abs().max() < 50  # a row now
    assert 1 in book.observe(x)


def test_more_centroids_than_rows_fill_up_batch_by_batch() -> None:
    book = Codebook(40, 4).double()
    for step in range(5):
        book.observe(features(12, 4, seed=step))
        assert book.centroid.isfinite().all() and book.alive().sum() >= min(40, 12 * (step + 1))


def test_equal_rows_leave_the_others_dead() -> None:
    layer = layer_of(6)
    x = torch.ones(20, 8, dtype=torch.float64)
    for _ in range(3):
        out = layer(x)
        assert int(layer.codebook.alive().sum()) == 1 and out.isfinite().all()
        close(out, dense_like(layer)(x), 1e-6)


def test_an_untouched_centroid_stays_where_it_is_until_it_dies() -> None:
    book = Codebook(2, 1, decay=0.5, dead_below=0.01).double()
    book.assign(torch.tensor([[0.0], [100.0]]).double())
    away = book.centroid[1].clone()
    x = torch.tensor([[-1.0], [1.0]]).double()
    for step in range(6):
        assert book.observe(x).tolist() == [0, 0]
        close(book.centroid[1], away)
        assert float(book.count[1]) == pytest.approx(0.5 ** (step + 1))
    book.observe(x)  # below a hundredth of the mean: now it is a row
    assert float(book.centroid[1].abs()) == pytest.approx(1, abs=1e-5)
    assert float(book.count[1]) == 1


def test_counts_by_assignment() -> None:
    layer = layer_of(4, counts="assigned", num_nodes=50)
    x = features(50)
    expected = {}
    for _ in range(6):
        nodes = torch.randperm(50)[:20]
        book = copy.deepcopy(layer.codebook)
        book.start(x[nodes])
        if expected:
            count = torch.zeros(4, dtype=torch.float64)
            for b in expected.values():
                count[b] += 1
        else:
            count = book.count
        keys, alive = book.centroids(), book.alive()
        out = layer(x[nodes], node_id=nodes)
        bias = torch.where(alive & (count > 0), count.log(), -float("inf"))
        close(out, plain_attention(layer, x[nodes], keys=keys, bias=bias.expand(20, -1)))
        for n, b in zip(nodes.tolist(), book.observe(x[nodes]).tolist(), strict=True):
            expected[n] = b
        assert layer.assignment.tolist() == [expected.get(n, -1) for n in range(50)]
        assert layer.assigned.tolist() == [list(expected.values()).count(b) for b in range(4)]
    layer(x)  # all nodes in order
    assert int(layer.assigned.sum()) == 50
    seen = layer.assignment.clone()
    layer.eval()(x[:20])
    assert torch.equal(layer.assignment, seen)
    layer.reset_parameters()
    assert not layer.assigned.any()


def test_counts_of_the_published_code() -> None:
    layer = layer_of(4, counts="reference", num_nodes=500)
    assert torch.equal(layer.assigned, layer.assignment.bincount(minlength=4))
    assert (layer.assigned > 80).all()  # random, whatever the features
    before = layer.assignment.clone()
    layer(features(20), node_id=torch.arange(20))
    assert torch.equal(layer.assignment[20:], before[20:])
    assert torch.equal(layer.assigned, layer.assignment.bincount(minlength=4))


def test_positions_are_seen_by_queries_and_keys_alone() -> None:
    torch.manual_seed(0)
    layer = CodebookAttention(6, 2, 12, out_channels=10, position_channels=3, project=False
                              ).double().eval()
    x, position = features(12, 6), features(12, 3, seed=5)
    layer.codebook.assign(torch.cat([x, position], dim=1))
    both = torch.cat([x, position], dim=1)
    q, k, v = (lin(of).view(12, 2, 5) for lin, of in (
        (layer.lin_query, both), (layer.lin_key, both), (layer.lin_value, x)))
    weight = (torch.einsum("nhd,mhd->hnm", q, k) / 5**0.5).softmax(dim=2)
    out = layer(x, position=position)
    assert out.shape == (12, 10) and layer.lin_out is None
    close(out, torch.einsum("hnm,mhd->nhd", weight, v).flatten(1))
    with pytest.raises(GraphError, match="'position': got None"):
        layer(x)
    with pytest.raises(GraphError, match="'position': got 4 rows, expected 12"):
        layer(x, position=position[:4])
    with pytest.raises(GraphError, match="'position': got shape"):
        layer_of()(features(4), position=position)


def test_refusals() -> None:
    with pytest.raises(GraphError, match="'num_nodes': got None"):
        CodebookAttention(8, 2, counts="assigned")
    with pytest.raises(GraphError, match="'counts': got 'all'"):
        CodebookAttention(8, 2, counts="all")
    with pytest.raises(GraphError, match="'heads': got 3, expected a divisor of out_channels=8"):
        CodebookAttention(6, 3, out_channels=8)
    with pytest.raises(GraphError, match="'num_centroids'"):
        CodebookAttention(6, 3, 0)
    layer = layer_of(4, counts="assigned", num_nodes=5)
    with pytest.raises(GraphError, match="'node_id': got None with 3 rows"):
        layer(features(3))
    with pytest.raises(GraphError, match=r"'node_id': got index 5, .*num_nodes=5"):
        layer(features(2), node_id=torch.tensor([4, 5]))
    with pytest.raises(GraphError, match="'node_id': got shape"):
        layer(features(2), node_id=torch.tensor([4]))
    with pytest.raises(GraphError, match="'x': got NaN"):
        layer(features(5) / 0)
    with pytest.raises(GraphError, match="'centroids': got 3 rows, expected 4"):
        layer.codebook.assign(features(3))


def test_it_learns_where_the_nodes_are() -> None:
    """Errors of quantisation fall to those of k-means on the same rows."""
    from sklearn.cluster import KMeans

    x = features(400, 4) + 3 * features(400, 1, seed=9).sign()
    book = Codebook(8, 4, decay=0.9).double()
    for step in range(60):
        book.observe(x[torch.randperm(400, generator=torch.Generator().manual_seed(step))[:200]])
    normal = (x - book.running_mean) / (book.running_var + 1e-5).sqrt()
    error = (normal - book.centroid[book.nearest(x)]).square().sum()
    best = KMeans(8, n_init=5, random_state=0).fit(normal.numpy()).inertia_
    assert error < 1.15 * best


def test_it_compiles_around_what_depends_on_sizes() -> None:
    layer, x, batch = layer_of(4).eval(), features(20), torch.arange(20) // 7
    close(torch.compile(layer, fullgraph=True, backend="eager")(x), layer(x))
    compiled = torch.compile(layer, backend="eager")
    close(compiled(x, batch), layer(x, batch))
    other = copy.deepcopy(layer).train()
    compiled.train()
    close(compiled(x), other(x))
    close(layer.codebook.centroid, other.codebook.centroid)

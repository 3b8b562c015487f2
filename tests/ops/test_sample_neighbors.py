"""Samples are subgraphs in PyG's order, drawn by their laws; nothing but the node decides them."""

from __future__ import annotations

from collections import Counter
from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from graphlocal import CSRGraph
from graphlocal.graph import GraphError
from graphlocal.kernels.cpu.parallel import set_num_threads
from graphlocal.ops import Adjacency, sample_neighbors
from tests.ops.graphs import zoo
from tests.zoo import each_zoo_graph

#: Built here: where empty arrays are poisoned, its kernels cannot be compiled.
RING = CSRGraph.from_edge_index(np.array([[0, 1, 2, 3], [1, 2, 3, 0]]))
OPTIONS = {
    "plain": {}, "replace": {"replace": True}, "disjoint": {"disjoint": True},
    "weighted": {"weight": True}, "weighted_replace": {"weight": True, "replace": True},
    "induced": {"subgraph_type": "induced"},
    "disjoint_induced": {"disjoint": True, "subgraph_type": "induced"},
}
each_option = pytest.mark.parametrize("option", list(OPTIONS))


def draw(edge_index: Tensor, nodes: Tensor, counts: list[int], option: str, **more: object):
    options = dict(OPTIONS[option])
    if options.get("weight"):
        options["weight"] = weights(edge_index.size(1))
    return sample_neighbors(edge_index, nodes, counts, **options, **more)


def weights(num_edges: int) -> Tensor:
    """Some of them 0."""
    return torch.arange(num_edges) % 4 / 2


def check(sample, edge_index: Tensor, nodes: Tensor, counts: list[int], option: str) -> None:
    """What every sample must be, said with loops over its edges."""
    n_id, ends, e_id = sample.n_id, sample.edge_index, sample.e_id
    assert torch.equal(n_id[: len(nodes)], nodes)
    assert sample.num_sampled_nodes[0] == len(nodes)
    assert sum(sample.num_sampled_nodes) == len(n_id)
    assert len(sample.num_sampled_nodes) == len(counts) + 1
    assert torch.equal(n_id[ends], edge_index[:, e_id])
    keys = n_id.tolist()
    if "disjoint" in option:
        assert torch.equal(sample.batch[: len(nodes)], torch.arange(len(nodes)))
        assert torch.equal(*sample.batch[ends])
        keys = list(zip(sample.batch.tolist(), keys, strict=True))
    new = keys[len(nodes):]
    assert len(set(new)) == len(new) and not set(new) & set(keys[: len(nodes)])
    if "induced" in option:
        return
    assert len(sample.num_sampled_edges) == len(counts)
    weight = weights(edge_index.size(1)) if "weighted" in option else torch.ones(len(edge_index[0]))
    degree = Counter(edge_index[1, weight > 0].tolist())
    met, at, first = len(nodes), 0, 0
    for hop, count in enumerate(counts):
        stop = first + sample.num_sampled_nodes[hop]
        edges = range(at, at + sample.num_sampled_edges[hop])
        drawn: dict[int, list[int]] = {i: [] for i in range(first, stop)}
        for e in edges:
            drawn[int(ends[1, e])].append(int(e_id[e]))
            source = int(ends[0, e])
            assert source <= met  # numbers are given as nodes are found
            met = max(met, source + 1)
        for i, own in drawn.items():
            has = degree[int(n_id[i])]
            if "replace" in option and count >= 0:
                assert len(own) == (count if has else 0)
            else:
                assert len(own) == (has if count < 0 else min(count, has)) == len(set(own))
            assert bool((weight[own] > 0).all())
        at, first = edges.stop, stop
    assert met == len(n_id) and at == len(e_id)


@each_option
@each_zoo_graph
def test_samples_of_every_graph(name: str, option: str) -> None:
    edge_index, num_nodes = zoo(name)
    everyone = torch.arange(num_nodes)
    for counts in ([2, 2], [-1], [1, 0, 3], [], [30]):
        for nodes in (everyone, everyone.flip(0)[:3], everyone[:0]):
            sample = draw(edge_index, nodes, counts, option, num_nodes=num_nodes)
            check(sample, edge_index, nodes, counts, option)


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_samples_of_any_graph(data: st.DataObject) -> None:
    num_nodes = data.draw(st.integers(1, 12))
    node = st.integers(0, num_nodes - 1)
    edges = data.draw(st.lists(st.tuples(node, node), max_size=60))
    edge_index = torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t()
    nodes = torch.tensor(data.draw(st.lists(node, max_size=5, unique=True)), dtype=torch.long)
    counts = data.draw(st.lists(st.integers(-1, 6), max_size=3))
    option = data.draw(st.sampled_from(list(OPTIONS)))
    sample = draw(edge_index, nodes, counts, option, num_nodes=num_nodes, seed=data.draw(node))
    check(sample, edge_index, nodes, counts, option)


def test_all_neighbours_give_the_whole_neighbourhood_in_order() -> None:
    edge_index = torch.tensor([[4, 2, 0, 1, 3, 2], [0, 0, 2, 2, 4, 1]])
    sample = sample_neighbors(edge_index, [0], [-1, -1])
    assert sample.n_id.tolist() == [0, 4, 2, 3, 1]
    assert sample.edge_index.tolist() == [[1, 2, 3, 0, 4], [0, 0, 1, 2, 2]]
    assert sample.e_id.tolist() == [0, 1, 4, 2, 3]
    assert sample.num_sampled_nodes == [1, 2, 2] and sample.num_sampled_edges == [2, 3]


@pytest.mark.parametrize("induced", [False, True])
def test_disjoint_samples_are_those_of_single_nodes(induced: bool) -> None:
    edge_index, num_nodes = zoo("random")
    kind = "induced" if induced else "directional"
    nodes = [3, 9, 3, 40, 0]
    joint = sample_neighbors(edge_index, nodes, [2, 3], disjoint=True, num_nodes=num_nodes,
                             subgraph_type=kind)
    for i, node in enumerate(nodes):
        one = sample_neighbors(edge_index, [node], [2, 3], num_nodes=num_nodes, subgraph_type=kind)
        place = (joint.batch == i).nonzero()[:, 0]
        assert torch.equal(joint.n_id[place], one.n_id)
        own = joint.batch[joint.edge_index[0]] == i
        assert torch.equal(joint.edge_index[:, own], place[one.edge_index])
        assert torch.equal(joint.e_id[own], one.e_id)


def test_induced_subgraphs_have_every_edge() -> None:
    edge_index, num_nodes = zoo("random")
    sample = sample_neighbors(edge_index, [3, 9], [2, 2], num_nodes=num_nodes,
                              subgraph_type="induced")
    inside = torch.isin(edge_index, sample.n_id).all(0).nonzero()[:, 0]
    assert torch.equal(sample.e_id.sort().values, inside)
    plain = sample_neighbors(edge_index, [3, 9], [2, 2], num_nodes=num_nodes)
    assert torch.equal(sample.n_id, plain.n_id) and sample.num_sampled_edges is None


def test_a_node_listed_twice_stays_twice() -> None:
    edge_index = torch.tensor([[0, 1, 2], [2, 2, 0]])
    sample = sample_neighbors(edge_index, [2, 0, 2], [-1])
    assert sample.n_id.tolist() == [2, 0, 2, 1]
    assert sample.edge_index.tolist() == [[1, 3, 0, 1, 3], [0, 0, 1, 2, 2]]


def star_draws(leaves: int, times: int, count: int, **options: object) -> np.ndarray:
    """Leaves that the hubs of equal stars draw, a row for each star, in a pass of its own."""
    hub = torch.arange(times).repeat_interleave(leaves)
    leaf = times + torch.arange(times * leaves)
    if "weight" in options:
        options["weight"] = options["weight"].repeat(times)
    sample = sample_neighbors(torch.stack([leaf, hub]), torch.arange(times), [count], epoch=1,
                              **options)
    assert len(sample.e_id) == times * count
    return (sample.e_id % leaves).view(times, count).numpy()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_draws_without_replacement_are_uniform(count: int) -> None:
    """Over all sets of neighbours, not only over neighbours; 5 of 6 are shuffled."""
    sets = Counter(map(frozenset, star_draws(6, 6000, count)))
    assert all(len(drawn) == count for drawn in sets)
    assert len(sets) == comb(6, count)
    assert stats.chisquare(list(sets.values())).pvalue > 1e-4


@pytest.mark.parametrize("count", [60, 120])
def test_many_draws_without_replacement_are_uniform(count: int) -> None:
    drawn = star_draws(200, 600, count)
    assert all(len(set(row)) == count for row in drawn.tolist())
    counts = np.bincount(drawn.ravel(), minlength=200)
    # Counts of draws without replacement vary less than those with: by this factor.
    expected = 600 * count / 200
    value = ((counts - expected) ** 2 / expected).sum() / (1 - count / 200)
    assert 1e-4 < stats.chi2(199).sf(value) < 1 - 1e-4


def test_draws_with_replacement_are_uniform_and_independent() -> None:
    pairs = Counter(map(tuple, star_draws(5, 6000, 2, replace=True)))
    assert len(pairs) == 25
    assert stats.chisquare(list(pairs.values())).pvalue > 1e-4
    assert star_draws(2, 3, 7, replace=True).shape == (3, 7)


WEIGHT = torch.tensor([0.5, 0.0, 4.0, 1.0, 0.0, 2.5])


def test_weighted_draws_with_replacement_follow_the_weights() -> None:
    counts = np.bincount(star_draws(6, 2000, 3, replace=True, weight=WEIGHT).ravel(), minlength=6)
    assert counts[1] == counts[4] == 0
    some = WEIGHT.numpy() > 0
    assert stats.chisquare(counts[some], WEIGHT.numpy()[some] / 8 * 6000).pvalue > 1e-4


def test_weighted_draws_without_replacement_are_draws_one_after_another() -> None:
    sets = Counter(map(frozenset, star_draws(6, 6000, 2, weight=WEIGHT)))
    law, weight = {}, WEIGHT.tolist()
    for i in (0, 2, 3, 5):
        for j in (0, 2, 3, 5):
            if i < j:
                law[frozenset((i, j))] = sum(
                    weight[u] / 8 * weight[v] / (8 - weight[u]) for u, v in ((i, j), (j, i)))
    assert sum(law.values()) == pytest.approx(1)
    assert sets.keys() <= law.keys()
    assert stats.chisquare([sets[s] for s in law], [6000 * p for p in law.values()]).pvalue > 1e-4
    assert sorted(star_draws(6, 1, 4, weight=WEIGHT)[0].tolist()) == [0, 2, 3, 5]


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("power", [-1060, 1000])
def test_only_ratios_of_weights_count(power: int, replace: bool) -> None:
    """Also of weights so small that their shares of a sum would round to nothing."""
    scaled = WEIGHT.double() * 2.0**power
    wanted = star_draws(6, 500, 3, replace=replace, weight=WEIGHT)
    assert np.array_equal(star_draws(6, 500, 3, replace=replace, weight=scaled), wanted)
    mixed = torch.tensor([1.0, 5e-324, 5e-324, 0.0], dtype=torch.float64)
    second = star_draws(4, 500, 2, weight=mixed)
    assert np.bincount(second[second != 0], minlength=4)[[1, 2]].min() > 200


def test_weights_go_with_their_edges() -> None:
    """They stand in the order of the edges, which rows do not."""
    edge_index = torch.tensor([[1, 5, 2, 3, 6, 4], [0, 7, 0, 0, 7, 0]])
    weight = torch.tensor([0.0, 0, 0, 1, 2, 0])
    sample = sample_neighbors(edge_index, [7, 0], [1], weight=weight)
    assert sample.e_id.tolist() == [4, 3] and sample.n_id.tolist() == [7, 0, 6, 3]
    changed = sample_neighbors(edge_index, [7, 0], [1], weight=weight.roll(1))
    assert changed.e_id.tolist() != sample.e_id.tolist()
    weight.copy_(torch.tensor([0.0, 1, 1, 0, 0, 0]))  # what was derived from it is forgotten
    assert sample_neighbors(edge_index, [7, 0], [1], weight=weight).e_id.tolist() == [1, 2]


@pytest.mark.parametrize("option", ["plain", "replace", "weighted", "weighted_replace"])
def test_a_node_draws_the_same_in_any_batch(option: str) -> None:
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.randint(300, (2, 6000), generator=generator)

    def drawn(nodes: list[int], counts: list[int], epoch: int = 3) -> dict[int, list[int]]:
        sample = draw(edge_index, torch.tensor(nodes), counts, option, seed=5, epoch=epoch,
                      num_nodes=300)
        found: dict[int, list[int]] = {}
        for node, edge in zip(sample.n_id[sample.edge_index[1]].tolist(), sample.e_id.tolist(),
                              strict=True):
            found.setdefault(node, []).append(edge)
        return found

    whole = drawn(list(range(300)), [4])
    assert drawn([7, 250, 30], [4]).items() <= whole.items()
    assert drawn([30, 11], [4, 4]).items() <= whole.items()  # also where it is found on the way
    assert drawn(list(range(300)), [4], epoch=4) != whole
    try:
        set_num_threads(4)
        assert drawn(list(range(300)), [4]) == whole
    finally:
        set_num_threads(None)


def test_graphs_of_every_kind() -> None:
    edge_index = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
    wanted = sample_neighbors(edge_index, [2], [1, 1])
    adjacency = Adjacency.from_edge_index(edge_index)
    sparse = torch.sparse_coo_tensor(edge_index.flip(0), torch.ones(4), (4, 4))
    for graph in (adjacency, sparse):
        found = sample_neighbors(graph, torch.tensor([2]), [1, 1])
        assert torch.equal(found.n_id, wanted.n_id)
        assert torch.equal(found.edge_index, wanted.edge_index)
    sample = sample_neighbors(RING, [2], [-1])
    assert sample.n_id.tolist() == [2, 1, 3]
    assert RING.col[sample.e_id.numpy()].tolist() == [1, 3]


@pytest.mark.parametrize(("arguments", "message"), [
    ({"nodes": [4]}, "'nodes': got index 4"), ({"nodes": [-1]}, "'nodes': got index -1"),
    ({"nodes": torch.tensor([0.5])}, "'nodes'"), ({"num_neighbors": [2, -2]}, "'num_neighbors'"),
    ({"num_neighbors": 5}, "'num_neighbors'"), ({"num_neighbors": [0.5]}, "'num_neighbors'"),
    ({"num_neighbors": [2**63]}, "'num_neighbors'"),
    ({"nodes": torch.tensor([True, False])}, "'nodes': got a boolean mask.*nonzero"),
    ({"weight": torch.ones(2)}, r"'weight': got shape \(2,\)"),
    ({"weight": torch.tensor([1, -1.0, 1])}, "'weight': got value -1"),
    ({"weight": torch.tensor([1, float("nan"), 1])}, "'weight': got NaN"),
    ({"weight": torch.tensor([1e308, 1e308, 1], dtype=torch.float64)}, "'weight'.*infinity"),
    ({"weight": ["a", "b", "c"]}, "'weight'"), ({"subgraph_type": "bidirectional"}, "ToUndirected"),
    ({"subgraph_type": "both"}, "'subgraph_type'"), ({"epoch": -1}, "'epoch'"),
])
def test_bad_input_is_refused(arguments: dict, message: str) -> None:
    graph = torch.tensor([[0, 1, 2], [3, 3, 3]])
    with pytest.raises(GraphError, match=message):
        sample_neighbors(**({"graph": graph, "nodes": [0], "num_neighbors": [2]} | arguments))


def test_a_refused_call_leaves_no_trace() -> None:
    graph = torch.tensor([[0, 1, 2], [3, 3, 3]])
    before = sample_neighbors(graph, [3], [-1])
    with pytest.raises(GraphError):
        sample_neighbors(graph, [9], [-1])
    assert torch.equal(sample_neighbors(graph, [3], [-1]).n_id, before.n_id)

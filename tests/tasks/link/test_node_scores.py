from __future__ import annotations

import math

import pytest
import torch

from graphlocal import GraphError
from graphlocal.models import LinkEncoder, LinkModel
from graphlocal.nn.link import DotPredictor, HadamardMLP
from graphlocal.tasks.link import node_link_scores, ranking_scores
from tests.tasks.link.small import SmallLinkNet, small_link_data


def by_hand(scores: torch.Tensor, links: set, known: set, ks: list[int]) -> dict:
    """The definitions in loops."""
    n = len(scores)
    out: dict[str, dict[int, float]] = {}
    for i in range(n):
        truth = {j for a, b in links for j in ((b,) if a == i else (a,) if b == i else ())} - {i}
        if not truth:
            continue
        hidden = {j for a, b in known for j in ((b,) if a == i else (a,) if b == i else ())} | {i}
        others = [float(scores[i, j]) for j in range(n) if j not in hidden | truth]
        mine = sorted((float(scores[i, j]) for j in truth), reverse=True)
        ranks = [1 + place + sum(o >= s for o in others) for place, s in enumerate(mine)]
        row = {"mrr": 1 / ranks[0], "degree": len(truth)}
        for k in ks:
            r = sum(rank <= k for rank in ranks)
            recall, precision = r / len(truth), r / k
            row |= {f"hits@{k}": float(r > 0), f"recall@{k}": recall, f"precision@{k}": precision}
            row[f"f1@{k}"] = 2 * recall * precision / (recall + precision) if r else 0.0
            row[f"ndcg@{k}"] = (sum(1 / math.log2(rank + 1) for rank in ranks if rank <= k)
                                / sum(1 / math.log2(p + 2) for p in range(min(k, len(truth)))))
        for name, value in row.items():
            out.setdefault(name, {})[i] = value
    return out


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_scores_are_the_definitions(seed, ties, batch_size) -> None:
    generator = torch.Generator().manual_seed(seed)
    n, ks = 17, [1, 3, 20]
    score = torch.randn(n, n, generator=generator)
    if ties:
        score = score.round()
    links = torch.randint(0, n, (2, 12), generator=generator)
    known = torch.randint(0, n, (2, 25), generator=generator)
    pairs = {tuple(p) for p in links.t().tolist()}
    # A link to be found cannot be known as well.
    keep = torch.tensor([(a, b) not in pairs and (b, a) not in pairs
                         for a, b in known.t().tolist()])
    known = known[:, keep]
    expected = by_hand(score, pairs, {tuple(p) for p in known.t().tolist()}, ks)
    got = ranking_scores(lambda nodes: score[nodes], links, n, ks, known=known,
                         batch_size=batch_size)
    assert got["node"].tolist() == sorted(expected["mrr"])
    for name, values in expected.items():
        torch.testing.assert_close(got[name].double(), torch.tensor(
            [values[i] for i in got["node"].tolist()], dtype=torch.float64))


def test_a_constant_finds_nothing_and_the_truth_everything() -> None:
    links = torch.tensor([[0, 0, 3], [1, 2, 4]])
    flat = ranking_scores(lambda nodes: torch.zeros(len(nodes), 30), links, 30, [5])
    assert flat["hits@5"].sum() == 0
    truth = torch.zeros(30, 30)
    truth[links[0], links[1]] = truth[links[1], links[0]] = 1
    best = ranking_scores(lambda nodes: truth[nodes], links, 30, [5])
    for name in ("hits@5", "recall@5", "ndcg@5", "mrr"):
        assert (best[name] == 1).all()
    empty = ranking_scores(lambda nodes: truth[nodes], links[:, :0], 30, [5])
    assert len(empty["node"]) == len(empty["mrr"]) == 0


@pytest.mark.parametrize("head", ["dot", "mlp"])
def test_inner_products_are_one_product_and_the_same(head) -> None:
    data = small_link_data()
    torch.manual_seed(0)
    encoder = LinkEncoder(6, 8)
    model = LinkModel(encoder, DotPredictor(8) if head == "dot" else HadamardMLP(8, 8))
    model.eval()
    h = model.encode(data.x, data.edge_index).detach()
    i = torch.arange(45)
    pairs = torch.stack([i.repeat_interleave(45), i.repeat(45)])
    score = model.decode(h, data.edge_index, pairs).view(45, 45).detach()
    for mask_val, known in ((True, data.full_edge_index), (False, data.edge_index)):
        expected = ranking_scores(lambda nodes: score[nodes], data.test, 45, [5], known=known)
        got = node_link_scores(model, data, ks=[5], mask_val=mask_val, max_pairs=100)
        for name in expected:
            torch.testing.assert_close(got[name], expected[name])


def test_a_link_without_hope_is_last_of_those_ranked() -> None:
    scores = torch.zeros(6, 6)
    scores[0, 3] = -math.inf
    known = torch.tensor([[0, 0], [1, 2]])
    found = ranking_scores(lambda nodes: scores[nodes], torch.tensor([[0], [3]]), 6, [6],
                           known=known)
    # Node 0 is ranked against 4 and 5 alone, node 3 against all four others.
    assert found["mrr"].tolist() == [1 / 3, 1 / 5]
    whole = ranking_scores(lambda nodes: torch.arange(36).view(6, 6)[nodes],
                           torch.tensor([[0], [3]]), 6, [6])
    assert whole["mrr"].tolist() == [1 / 3, 1 / 5]  # above 3 are 4 and 5; above 0 all others


def test_bad_arguments() -> None:
    data = small_link_data()
    with pytest.raises(GraphError, match="'part': got 'train'"):
        node_link_scores(SmallLinkNet(), data, "train")
    for rows, message in ((torch.zeros(3, 3), r"shape \(3, 3\)"),
                          (torch.full((45, 45), math.nan), "NaN")):
        with pytest.raises(GraphError, match=message):
            ranking_scores(lambda nodes, rows=rows: rows[: len(nodes)], data.test, 45)
    with pytest.raises(GraphError, match="'ks': got 0"):
        ranking_scores(lambda nodes: torch.zeros(len(nodes), 45), data.test, 45, [0])
    with pytest.raises(GraphError, match="'ks': got 5"):
        ranking_scores(lambda nodes: torch.zeros(len(nodes), 45), data.test, 45, 5)
    with pytest.raises(GraphError, match="'links': got index"):
        ranking_scores(lambda nodes: torch.zeros(len(nodes), 5), data.test, 5)

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from ogb.linkproppred import Evaluator

from graphlocal import GraphError
from graphlocal.tasks.link import (
    average_precision,
    get_link_metric,
    hits_at_k,
    mean_reciprocal_rank,
    ogb_metric,
    roc_auc,
)

#: Few values, so that ties are common.
scores = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.3, 2.0]), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(scores, scores, st.sampled_from([("ogbl-ddi", 20), ("ogbl-collab", 50), ("ogbl-ppa", 100)]))
def test_hits_are_those_of_ogb(pos, neg, dataset) -> None:
    name, k = dataset
    pos, neg = torch.tensor(pos), torch.tensor(neg * (1 + k // len(neg)))
    expected = Evaluator(name).eval({"y_pred_pos": pos, "y_pred_neg": neg})[f"hits@{k}"]
    assert hits_at_k(pos, neg, k) == pytest.approx(expected, abs=1e-12)
    assert ogb_metric(name)[0] == f"hits@{k}"
    assert ogb_metric(name)[1](pos, neg) == expected


@settings(max_examples=60, deadline=None)
@given(scores, scores)
def test_reciprocal_ranks_are_those_of_ogb(pos, neg) -> None:
    pos, neg = torch.tensor(pos), torch.tensor(neg)
    rows = torch.stack([neg.roll(i) for i in range(len(pos))]) + 0.25 * torch.arange(
        len(pos))[:, None]
    expected = Evaluator("ogbl-citation2").eval({"y_pred_pos": pos, "y_pred_neg": rows})
    expected = float(expected["mrr_list"].mean())
    assert mean_reciprocal_rank(pos, rows) == pytest.approx(expected, rel=1e-6)
    assert ogb_metric("ogbl-citation2")[1](pos, rows) == pytest.approx(expected, rel=1e-6)
    # Negatives common to all are as the same row for each.
    shared = mean_reciprocal_rank(pos, neg.expand(len(pos), -1))
    assert mean_reciprocal_rank(pos, neg) == pytest.approx(shared, rel=1e-12)
    k = len(neg)
    assert hits_at_k(pos, neg.expand(len(pos), -1), k) == hits_at_k(pos, neg, k)


def test_areas_by_hand() -> None:
    pos, neg = torch.tensor([3.0, 1.0]), torch.tensor([2.0, 1.0, 0.0])
    # Of six comparisons 3 > all three, 1 ties with one and beats one.
    assert roc_auc(pos, neg) == pytest.approx(4.5 / 6)
    # Precision 1 at the first positive; at the second, tied with a negative, 2 of 4.
    assert average_precision(pos, neg) == pytest.approx(0.5 * 1 + 0.5 * 2 / 4)


def test_areas_depend_on_the_order_alone() -> None:
    pos, neg = torch.tensor([3.0, 1.0]), torch.tensor([2.0, 1.0, 0.0])
    for metric in (roc_auc, average_precision):
        expected = metric(pos, neg)
        assert metric(pos.bfloat16(), neg.bfloat16()) == expected
        # A logit may overflow and is then still the largest.
        assert metric(torch.tensor([math.inf, 1.0]), torch.tensor([2.0, 1.0, -math.inf])
                      ) == expected


def test_k_above_the_number_of_negatives_is_an_error() -> None:
    pos, neg = torch.zeros(5), torch.ones(19)
    # OGB's evaluator calls this a perfect score.
    assert Evaluator("ogbl-ddi").eval({"y_pred_pos": pos, "y_pred_neg": neg})["hits@20"] == 1.0
    for metric in (lambda p, n: hits_at_k(p, n, 20), get_link_metric("hits@20"),
                   ogb_metric("ogbl-ddi")[1]):
        with pytest.raises(GraphError, match="'k': got 20, expected at most 19"):
            metric(pos, neg)


def test_bad_scores_and_names() -> None:
    one = torch.ones(3)
    for pos, neg, message in ((one[:0], one, "0 positives"), (one, one[:0], "0 negatives"),
                              (one, torch.ones(2, 4), r"\(3,\) and \(2, 4\)"),
                              (one * math.nan, one, "NaN"), (one, one * math.nan, "NaN"),
                              (one > 0, one, "'pos': got torch.bool"),
                              (one, one + 0j, "'neg': got torch.complex64")):
        for metric in (mean_reciprocal_rank, roc_auc, average_precision,
                       lambda p, n: hits_at_k(p, n, 1)):
            with pytest.raises(GraphError, match=message):
                metric(pos, neg)
    for name in ("hits", "hits@0", "hits@-1", "hits@x", "accuracy", 20):
        with pytest.raises(GraphError, match="'metrics'"):
            get_link_metric(name)
    with pytest.raises(GraphError, match="'dataset': got 'ogbl-nothing'"):
        ogb_metric("ogbl-nothing")

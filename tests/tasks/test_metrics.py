from __future__ import annotations

import pytest
import torch
from sklearn.metrics import roc_auc_score

from graphlocal import GraphError
from graphlocal.tasks import accuracy, roc_auc
from graphlocal.tasks.metrics import get_metric


def test_accuracy_of_one_and_of_many_columns() -> None:
    out = torch.tensor([[3.0, 1.0, 2.0], [0.0, 1.0, 5.0], [9.0, 8.0, 7.0], [0.0, 2.0, 1.0]])
    assert accuracy(out, torch.tensor([0, 2, 1, 1])) == 0.75
    assert accuracy(torch.tensor([[1.0], [-1.0]]), torch.tensor([1, 1])) == 0.5


def test_roc_auc_counts_pairs() -> None:
    generator = torch.Generator().manual_seed(0)
    score = torch.randint(0, 6, (60, 1), generator=generator).float()  # with ties
    y = torch.randint(0, 2, (60,), generator=generator)
    won = [(a > b) + 0.5 * (a == b) for a in score[y == 1, 0].tolist()
           for b in score[y == 0, 0].tolist()]
    assert roc_auc(score, y) == pytest.approx(sum(won) / len(won))
    two = torch.cat([torch.full_like(score, 3.0), score], dim=1)
    assert roc_auc(two, y) == pytest.approx(roc_auc_score(y, torch.softmax(two.double(), 1)[:, 1]))


def test_roc_auc_of_large_logits_makes_no_ties() -> None:
    out = torch.tensor([[-3e8, 0.0], [-3e8, 1.0]])
    assert roc_auc(out, torch.tensor([0, 1])) == 1.0


def test_bad_input() -> None:
    with pytest.raises(GraphError, match="both classes"):
        roc_auc(torch.rand(4, 1), torch.zeros(4, dtype=torch.long))
    with pytest.raises(GraphError, match="one or two outputs"):
        roc_auc(torch.rand(4, 3), torch.tensor([0, 1, 0, 1]))
    with pytest.raises(GraphError, match=r"'f2'.*'accuracy', 'roc_auc'"):
        get_metric("f2")
    assert get_metric(accuracy) == ("accuracy", accuracy)


def test_roc_auc_of_no_numbers_is_refused_in_words() -> None:
    out = torch.tensor([[0.1], [float("nan")], [0.3]])
    with pytest.raises(GraphError, match="nan for 1 of 3 nodes"):
        roc_auc(out, torch.tensor([0, 1, 1]))

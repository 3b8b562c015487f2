from __future__ import annotations

import numpy as np
import pytest
import torch

from graphlocal import GraphError
from graphlocal.tasks import graph

ogb = pytest.importorskip("ogb")


def answers(seed: int, tasks: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 2, (30, tasks), generator=generator).float()
    y[torch.rand(30, tasks, generator=generator) < 0.3] = float("nan")
    return torch.randn(30, tasks, generator=generator), y


@pytest.mark.parametrize(("name", "own", "tasks"), [
    ("ogbg-molbace", graph.roc_auc, 1), ("ogbg-moltox21", graph.roc_auc, 12),
    ("ogbg-molpcba", graph.average_precision, 128),
    ("ogbg-molesol", graph.root_mean_squared_error, 1),
])
def test_scores_are_those_of_ogb(name: str, own, tasks: int) -> None:
    out, y = answers(0, tasks)
    _, official = graph.ogb_metric(name)
    assert own(out, y) == pytest.approx(official(out, y), rel=1e-12)


def test_a_question_with_one_answer_only_does_not_count() -> None:
    out, y = answers(1, 2)
    one = torch.cat([y, torch.ones(30, 1)], 1)
    assert graph.roc_auc(torch.cat([out, out[:, :1]], 1), one) == graph.roc_auc(out, y)
    with pytest.raises(GraphError, match="both of them"):
        graph.roc_auc(out[:, :1], torch.ones(30, 1))


def test_errors_are_the_textbooks() -> None:
    out, y = answers(2, 3)
    error = out.double().numpy() - y.double().numpy()
    assert graph.mean_absolute_error(out, y) == pytest.approx(
        np.nanmean(np.abs(error), axis=0).mean(), rel=1e-9)
    assert graph.root_mean_squared_error(out, y) == pytest.approx(
        np.sqrt(np.nanmean(error**2, axis=0)).mean(), rel=1e-9)


def test_accuracy_of_classes_and_of_questions() -> None:
    out = torch.tensor([[2.0, 1.0], [-1.0, 3.0]])
    assert graph.accuracy(out, torch.tensor([0, 0])) == 0.5
    assert graph.accuracy(out, torch.tensor([[1.0, torch.nan], [1.0, 1.0]])) == pytest.approx(2 / 3)


def test_names_and_functions() -> None:
    assert [graph.get_graph_metric(name)[2] for name in ("roc_auc", "ap", "rmse", "mae")] == [
        True, True, False, False]
    name, _, maximize = graph.get_graph_metric("ogbg-molesol")
    assert (name, maximize) == ("rmse", False)
    assert graph.get_graph_metric(lambda out, y: 0.0, maximize=False)[2] is False


@pytest.mark.parametrize("name", ["ogbg-nothing", "ogbg-code2", "f1"])
def test_what_is_unknown_is_an_error(name: str) -> None:
    with pytest.raises(GraphError):
        graph.get_graph_metric(name)


def test_outputs_of_another_width_are_an_error() -> None:
    out, y = answers(3, 2)
    for metric in (graph.roc_auc, graph.mean_absolute_error, graph.ogb_metric("ogbg-molhiv")[1]):
        with pytest.raises(GraphError):
            metric(out[:, :1], y)

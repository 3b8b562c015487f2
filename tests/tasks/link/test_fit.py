from __future__ import annotations

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from graphlocal import GraphError
from graphlocal.models import LinkEncoder, LinkModel
from graphlocal.nn.link import NCNCPredictor, NCNPredictor
from graphlocal.tasks import JsonLines, set_seed
from graphlocal.tasks.link import LinkData, evaluate, fit, run
from graphlocal.tasks.link.training import link_loss
from tests.tasks.link.small import SmallLinkNet, small_link_data

FAST = {"batch_size": 64, "lr": 0.01, "metrics": ["auc", "hits@20"], "progress": False}


class Stop(Exception):
    pass


def untimed(history: dict) -> dict:
    return {name: values for name, values in history.items() if "seconds" not in name}


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in one.state_dict().items())


def test_the_loss_by_hand() -> None:
    logit = torch.tensor([0.3, -1.2, 2.0, 0.7, -0.4])
    label = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0])
    expected = (-F.logsigmoid(logit[:2])).mean() - torch.log(1 - logit[2:].sigmoid()).mean()
    torch.testing.assert_close(link_loss(logit, label), expected)
    assert link_loss(logit[:2], label[:2]) == (-F.logsigmoid(logit[:2])).mean()


def test_it_learns_and_returns_the_best_epoch() -> None:
    data = small_link_data()
    set_seed(0)
    model = SmallLinkNet()
    result = fit(model, data, epochs=30, seed=0, **FAST)
    assert result.metric == "hits@20" and result.epochs == 30
    assert result.test["auc"] > 0.75
    for name, best in result.best.items():
        values = result.history[name]
        assert best.val == max(values) and best.epoch == 1 + values.index(max(values))
    assert not model.training
    for part in ("val", "test"):
        assert evaluate(model, data, part, FAST["metrics"]) == getattr(result, part)
    assert result.best["hits@20"].test == result.test["hits@20"]
    assert result.num_params == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("hide", [True, False])
def test_every_step_is_one_call_with_its_positives_hidden(hide) -> None:
    data, model = small_link_data(), SmallLinkNet()
    fit(model, data, epochs=1, seed=0, hide_targets=hide, **FAST)
    num, entries = data.train.size(1), data.edge_index.size(1)
    sizes = [64] * (num // 64) + [num % 64]
    assert num % 64
    assert model.seen == [(entries, 2 * size, size if hide else 0) for size in sizes]
    model = SmallLinkNet()
    fit(model, data, epochs=1, seed=0, **{**FAST, "batch_size": 10**6})
    assert model.seen == [(entries, 2 * num, num)]


def test_equal_seeds_give_equal_runs() -> None:
    data = small_link_data()
    first, again = (run(SmallLinkNet, data, seeds=[3, 4], epochs=4, **FAST) for _ in range(2))
    assert [untimed(r.history) for r in first.runs] == [untimed(r.history) for r in again.runs]
    assert untimed(first.runs[0].history) != untimed(first.runs[1].history)
    text = str(first)
    assert text.startswith("2 runs, percent") and "hits@20" in text and "±" in text
    tests = torch.tensor([r.best["auc"].test for r in first.runs], dtype=torch.float64)
    assert first.test("auc") == (pytest.approx(float(tests.mean())), pytest.approx(
        float(tests.std())))


def test_a_function_makes_a_split_for_every_seed(tmp_path) -> None:
    made = []

    def split(seed: int) -> LinkData:
        made.append(seed)
        return small_link_data(seed)

    log = tmp_path / "runs.jsonl"
    result = run(SmallLinkNet, split, runs=2, epochs=2, log=log, config={"a": 1}, **FAST)
    assert made == [0, 1]
    lines = list(JsonLines(log))
    assert [line["seed"] for line in lines] == [0, 1]
    assert lines[1]["best"]["auc"]["test"] == result.runs[1].best["auc"].test
    assert lines[0]["config"] == {"a": 1} and lines[0]["seconds_per_epoch"] > 0


@pytest.mark.parametrize("stop_at", [1, 5, 7])
def test_interrupted_and_resumed_is_uninterrupted(tmp_path, stop_at) -> None:
    data = small_link_data()
    options = {**FAST, "epochs": 12, "seed": 4, "eval_every": 2, "checkpoint_every": 1}
    set_seed(0)
    whole = SmallLinkNet()
    resumed = copy.deepcopy(whole)
    expected = fit(whole, data, **options)

    def stop(epoch: int, scores: dict[str, float]) -> None:
        if epoch == stop_at + 1:
            raise Stop

    path = tmp_path / "run.pt"
    with pytest.raises(Stop):
        fit(resumed, data, **options, checkpoint=path, on_epoch=stop)
    set_seed(99)
    fresh, epochs = SmallLinkNet(), []
    result = fit(fresh, data, **options, checkpoint=path,
                 on_epoch=lambda epoch, scores: epochs.append(epoch))
    assert epochs == list(range(stop_at + 1, 13))
    assert untimed(result.history) == untimed(expected.history)
    assert result.history["evaluated"] == [2, 4, 6, 8, 10, 12]
    assert (result.best, result.test) == (expected.best, expected.test)
    assert same_weights(fresh, whole)
    with pytest.raises(GraphError, match="batch_size: 64 there, 65 here"):
        fit(SmallLinkNet(), data, **{**options, "batch_size": 65}, checkpoint=path)
    with pytest.raises(GraphError, match="edges: "):
        fit(SmallLinkNet(), small_link_data(8), **options, checkpoint=path)
    easier = LinkData(45, data.train, data.val, data.val_neg[:, :20], data.test, data.test_neg,
                      data.x)
    with pytest.raises(GraphError, match="edges: "):
        fit(SmallLinkNet(), easier, **options, checkpoint=path)
    with pytest.raises(GraphError, match="'epochs': got 3, expected at least the 12"):
        fit(SmallLinkNet(), data, **{**options, "epochs": 3}, checkpoint=path)


def test_patience_counts_epochs() -> None:
    result = fit(SmallLinkNet(), small_link_data(), epochs=200, seed=0, patience=3, **FAST)
    assert result.epochs == result.best_epoch + 3 < 200


def test_patience_waits_for_a_validation() -> None:
    result = fit(SmallLinkNet(), small_link_data(), epochs=200, seed=0, patience=3, eval_every=5,
                 **FAST)
    assert result.history["evaluated"][-1] == result.epochs < 200
    assert result.epochs == result.best_epoch + 5


def test_a_source_of_randomness_of_its_own_is_resumed(tmp_path) -> None:
    def make() -> LinkModel:
        set_seed(0)
        return LinkModel(LinkEncoder(6, 8), NCNCPredictor(
            8, 8, num_samples=2, generator=torch.Generator().manual_seed(1)))

    def stop(epoch: int, scores: dict[str, float]) -> None:
        if epoch == 3:
            raise Stop

    data, path = small_link_data(), tmp_path / "run.pt"
    options = {**FAST, "epochs": 4, "seed": 0, "checkpoint_every": 1}
    expected = fit(make(), data, **options)
    with pytest.raises(Stop):
        fit(make(), data, **options, checkpoint=path, on_epoch=stop)
    result = fit(make(), data, **options, checkpoint=path)
    assert untimed(result.history) == untimed(expected.history)


def test_the_best_epoch_is_restored_with_its_share_of_completion() -> None:
    data = small_link_data()
    model = LinkModel(LinkEncoder(6, 8), NCNCPredictor(8, 8, offset=-1.0))
    metrics = {"score": lambda pos, neg: float(pos.mean()),
               "turn": lambda pos, neg: -abs(model.predictor.alpha - 0.5)}

    def schedule(epoch: int, scores: dict[str, float]) -> None:
        model.predictor.alpha = 1 / (epoch + 1)

    result = fit(model, data, epochs=4, seed=0, on_epoch=schedule, **{**FAST, "metrics": metrics})
    assert result.best_epoch == 2 and model.predictor.alpha == 0.5
    again = evaluate(model, data, "val", metrics)
    assert again["score"] == pytest.approx(result.val["score"], rel=1e-6)
    model.predictor.alpha = 0.2
    assert evaluate(model, data, "val", metrics)["score"] != pytest.approx(again["score"], rel=1e-6)


def test_two_learning_rates_and_a_frozen_encoder() -> None:
    data = small_link_data()
    for lr, predictor_lr in ((0.0, 0.01), (0.1, 1e-12)):
        set_seed(0)
        model = SmallLinkNet()
        before = copy.deepcopy(model)
        fit(model, data, epochs=2, seed=0, **{**FAST, "lr": lr, "predictor_lr": predictor_lr})
        assert same_weights(model.encoder, before.encoder) == (lr == 0)
        moved = (model.predictor.weight - before.predictor.weight).abs().max()
        assert (moved > 1e-3) == (lr == 0)


def test_gradients_are_clipped_apart() -> None:
    norms = []

    class Watched(torch.optim.SGD):
        def step(self, *arguments):
            norms.append([float(torch.stack([p.grad.norm() for p in group["params"]]).norm())
                          for group in self.param_groups])
            return super().step(*arguments)

    def optimizer(model):
        return Watched([{"params": model.encoder.parameters()},
                        {"params": model.predictor.parameters()}], lr=0.1)

    for clip in (None, 1e-3):
        norms.clear()
        fit(SmallLinkNet(), small_link_data(), epochs=1, seed=0, clip_grad=clip,
            optimizer=optimizer, **FAST)
        largest = torch.tensor(norms).max(dim=0).values
        assert (largest > 1e-2).all() if clip is None else (largest <= 1.001e-3).all()


def test_the_test_edges_are_scored_only_where_validation_improved() -> None:
    calls = []

    def metric(pos, neg) -> float:
        calls.append(len(pos))
        return [0.5, 0.4, 0.6, 0.6][sum(n == num_val for n in calls) - 1] if (
            len(pos) == num_val) else 0.1

    data = small_link_data()
    num_val, num_test = data.val.size(1), data.test.size(1)
    result = fit(SmallLinkNet(), data, epochs=4, seed=0,
                 **{**FAST, "metrics": {"mine": metric}})
    assert calls == [num_val, num_test, num_val, num_val, num_test, num_val]
    assert result.best_epoch == 3


@pytest.mark.parametrize("num_hops", [1, 2])
def test_training_on_neighbourhoods(num_hops) -> None:
    data = small_link_data()
    featureless = LinkData(45, data.train, data.val, data.val_neg, data.test, data.test_neg)
    model = LinkModel(LinkEncoder(0, 16, conv="puresum", num_embeddings=45), NCNPredictor(16, 16))
    result = fit(model, featureless, epochs=8, seed=0, num_hops=num_hops, **FAST)
    assert result.best["auc"].test > 0.6


def test_two_hops_train_as_the_whole_graph_does() -> None:
    data = small_link_data()
    losses = []
    for num_hops in (None, 2):
        set_seed(1)
        model = LinkModel(LinkEncoder(6, 16, conv="puresum"), NCNPredictor(16, 16))
        result = fit(model, data, epochs=3, seed=0, num_hops=num_hops, **FAST)
        losses.append(result.history["loss"])
    torch.testing.assert_close(torch.tensor(losses[0]), torch.tensor(losses[1]), rtol=1e-4,
                               atol=1e-5)


BAD_SETTINGS = {
    "epochs": 0, "batch_size": 0, "patience": 0, "lr": -1, "predictor_lr": 0, "clip_grad": 0.0,
    "negatives": "hard", "metrics": ["hit@3"], "monitor": "mrr", "eval_every": 0, "seed": -1,
    "eval_batch_size": 0, "num_hops": 0, "weight_decay": -1, "checkpoint_every": 0,
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_bad_settings(name) -> None:
    with pytest.raises(GraphError, match=f"argument '{name}'"):
        fit(SmallLinkNet(), small_link_data(), **{**FAST, "epochs": 1, name: BAD_SETTINGS[name]})


def test_bad_data_models_and_runs() -> None:
    data = small_link_data()
    with pytest.raises(GraphError, match="'data': got Tensor, expected a LinkData"):
        fit(SmallLinkNet(), data.edge_index, epochs=1)
    with pytest.raises(GraphError, match="'model': got Linear, which has no 'encode'"):
        fit(nn.Linear(2, 2), data, epochs=1)
    with pytest.raises(GraphError, match="'k': got 100, expected at most"):
        fit(SmallLinkNet(), data, epochs=1, **{**FAST, "metrics": ["hits@100"]})
    with pytest.raises(GraphError, match="'lr': got 0, expected a learning rate above 0"):
        fit(nn.ModuleDict({"a": SmallLinkNet()})["a"], data, epochs=1,
            **{**FAST, "lr": 0, "predictor_lr": None, "optimizer": None, "metrics": ["auc"]})
    poisoned = LinkData(45, data.train, data.val, data.val_neg, data.test, data.test_neg,
                        data.x * math.nan)
    with pytest.raises(GraphError, match="'loss': got nan at epoch 1"):
        fit(SmallLinkNet(), poisoned, epochs=1, **FAST)
    for options, message in (({"runs": 0}, "'runs'"), ({"seeds": []}, "'seeds'"),
                             ({"runs": 1, "seed": 3}, "'seed'.*pass seeds")):
        with pytest.raises(GraphError, match=message):
            run(SmallLinkNet, data, epochs=1, **options)
    with pytest.raises(GraphError, match="'make_model': got SmallLinkNet"):
        run(SmallLinkNet(), data, runs=1)
    model = SmallLinkNet()
    with pytest.raises(GraphError, match="the same model twice"):
        run(lambda: model, data, runs=2, epochs=1, **FAST)

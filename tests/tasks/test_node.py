from __future__ import annotations

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from graphlocal import GraphError
from graphlocal.tasks import JsonLines, node, set_seed

from .small import SmallNet, small_data


class Stop(Exception):
    pass


def untimed(history: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: values for name, values in history.items() if name != "seconds"}


def same_weights(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.state_dict().values(),
                                                 b.state_dict().values(), strict=True))


def test_it_is_the_plain_loop() -> None:
    """The figures are those of the loop every PyG example writes out."""
    data = small_data()
    set_seed(1)
    model = SmallNet()
    plain = copy.deepcopy(model)
    result = node.fit(model, data, epochs=12, seed=2, weight_decay=1e-3, patience=None)

    set_seed(2)
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.01, weight_decay=1e-3)
    history = []
    for _ in range(12):
        plain.train()
        optimizer.zero_grad()
        out = plain(data.x, data.edge_index)
        loss = F.cross_entropy(out[data.train_mask], data.y[data.train_mask])
        loss.backward()
        optimizer.step()
        plain.eval()
        with torch.no_grad():
            right = plain(data.x, data.edge_index).argmax(1) == data.y
        history.append((loss.item(), *(right[data[f"{part}_mask"]].double().mean().item()
                                       for part in ("train", "val", "test"))))
    for number, name in enumerate(("loss", "train", "val", "test")):
        assert result.history[name] == [row[number] for row in history]
    assert result.val == max(result.history["val"]) == result.highest_val


def test_the_best_weights_are_restored() -> None:
    data = small_data()
    data.y[data.val_mask] = data.y[data.val_mask].flip(0)  # nothing to learn: any epoch is best
    model = SmallNet()
    result = node.fit(model, data, epochs=40, lr=0.1, seed=0, patience=None)
    assert result.best_epoch < 40, "the case must have a best epoch before the last"
    assert not model.training
    with torch.no_grad():
        out = model(data.x, data.edge_index)
    test = (out.argmax(1) == data.y)[data.test_mask].double().mean().item()
    assert test == result.test == result.history["test"][result.best_epoch - 1]
    loss = F.cross_entropy(out[data.val_mask], data.y[data.val_mask]).item()
    assert loss == pytest.approx(result.history["val_loss"][result.best_epoch - 1], rel=1e-6)


@pytest.mark.parametrize("monitor", ["metric", "loss"])
def test_patience_and_what_is_best(monitor) -> None:
    result = node.fit(SmallNet(), small_data(), epochs=300, seed=0, patience=5, monitor=monitor)
    history, best = result.history, result.best_epoch
    assert result.epochs == best + 5 < 300
    keys = [(-loss, score) if monitor == "loss" else (score, -loss)
            for score, loss in zip(history["val"], history["val_loss"], strict=True)]
    assert keys.index(max(keys)) == best - 1


def test_clipped_steps_are_those_of_the_plain_loop() -> None:
    data = small_data()
    set_seed(1)
    model = SmallNet()
    plain = copy.deepcopy(model)
    set_seed(2)
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.5)
    norms = []
    for _ in range(6):
        optimizer.zero_grad()
        out = plain(data.x, data.edge_index)
        F.cross_entropy(out[data.train_mask], data.y[data.train_mask]).backward()
        grads = [p.grad for p in plain.parameters()]
        norms.append(float(torch.stack([grad.norm() for grad in grads]).norm()))
        for grad in grads:
            grad.mul_(min(1.0, 1.2 / norms[-1]))
        optimizer.step()
    assert min(norms) < 1.2 < max(norms), "the case must have steps that are clipped, and others"
    kept: dict[str, torch.Tensor] = {}
    node.fit(model, data, epochs=6, seed=2, patience=None, clip_grad=1.2,
             optimizer=lambda model: torch.optim.SGD(model.parameters(), lr=0.5),
             on_epoch=lambda epoch, _: kept.update(copy.deepcopy(model.state_dict())))
    for name, parameter in plain.named_parameters():
        torch.testing.assert_close(kept[name], parameter.detach(), rtol=1e-4, atol=1e-6)


def test_equal_seeds_give_equal_runs() -> None:
    data = small_data()
    first, again = (node.run(SmallNet, data, seeds=[7, 8], epochs=10) for _ in range(2))
    assert [untimed(r.history) for r in first.runs] == [untimed(r.history) for r in again.runs]
    assert untimed(first.runs[0].history) != untimed(first.runs[1].history)


@pytest.mark.parametrize("stop_at", [3, 10, 17])
def test_interrupted_and_resumed_is_uninterrupted(tmp_path, stop_at) -> None:
    data = small_data()
    options = {"epochs": 30, "seed": 4, "patience": None, "checkpoint_every": 1}
    set_seed(0)
    whole = SmallNet()
    resumed = copy.deepcopy(whole)
    expected = node.fit(whole, data, **options)

    def stop(epoch: int, scores: dict[str, float]) -> None:
        if epoch == stop_at + 1:
            raise Stop

    path = tmp_path / "run.pt"
    with pytest.raises(Stop):
        node.fit(resumed, data, **options, checkpoint=path, on_epoch=stop)
    set_seed(99)  # another process would start anywhere
    fresh, epochs = SmallNet(), []
    result = node.fit(fresh, data, **options, checkpoint=path,
                      on_epoch=lambda epoch, scores: epochs.append(epoch))
    assert epochs == list(range(stop_at + 1, 31))
    assert untimed(result.history) == untimed(expected.history)
    assert (result.best_epoch, result.test) == (expected.best_epoch, expected.test)
    assert same_weights(fresh, whole)


def test_more_epochs_go_on_from_a_finished_run(tmp_path) -> None:
    data = small_data()
    options = {"seed": 4, "patience": None, "checkpoint": tmp_path / "run.pt"}
    node.fit(SmallNet(), data, epochs=5, **options)
    set_seed(4)
    result = node.fit(SmallNet(), data, epochs=8, **options)
    assert result.epochs == 8
    with pytest.raises(GraphError, match="argument 'epochs': got 3, expected at least the 8"):
        node.fit(SmallNet(), data, epochs=3, **options)
    with pytest.raises(GraphError, match="seed: 4 there, 5 here"):
        node.fit(SmallNet(), data, epochs=8, **{**options, "seed": 5})
    with pytest.raises(GraphError, match=r"clip_grad: None there, 1\.0 here"):
        node.fit(SmallNet(), data, epochs=8, clip_grad=1, **options)
    with pytest.raises(GraphError, match="groups"):
        node.fit(SmallNet(), data, epochs=8, lr=0.5, **options)
    other = SmallNet()
    other.dropout.p = 0.1
    with pytest.raises(GraphError, match=r"model: .*p=0\.5.* there, .*p=0\.1.* here"):
        node.fit(other, data, epochs=8, **options)
    data.x = data.x + 1
    with pytest.raises(GraphError, match="features: "):
        node.fit(SmallNet(), data, epochs=8, **options)


def test_no_model_is_chosen_of_a_training_that_judged_none(tmp_path) -> None:
    def stop(epoch: int, scores: dict[str, float]) -> None:
        if epoch == 4:
            raise Stop

    options = {"eval_every": 10, "checkpoint": tmp_path / "a.pt", "checkpoint_every": 3}
    with pytest.raises(Stop):
        node.fit(SmallNet(), small_data(), epochs=20, on_epoch=stop, **options)
    with pytest.raises(GraphError, match="'epochs': got 3, expected more than the 3"):
        node.fit(SmallNet(), small_data(), epochs=3, **options)
    assert node.fit(SmallNet(), small_data(), epochs=4, **options).best_epoch == 4


def test_runs_resume_and_are_logged_once(tmp_path) -> None:
    data = small_data(splits=2)
    options = {"runs": 3, "epochs": 6, "config": {"hidden": 16}}
    expected = node.run(SmallNet, data, **options)

    finished = []

    def stop(result, model) -> None:
        finished.append(result.seed)
        if result.seed == 1:
            raise Stop

    kept = {"log": tmp_path / "runs.jsonl", "checkpoint": tmp_path / "states"}
    with pytest.raises(Stop):
        node.run(SmallNet, data, **options, **kept, on_run=stop)
    result = node.run(SmallNet, data, **options, **kept)
    assert finished == [0, 1]
    assert [untimed(r.history) for r in result.runs] == [untimed(r.history) for r in expected.runs]
    lines = list(JsonLines(kept["log"]))
    assert [(line["seed"], line["split"], line["test"]) for line in lines] == [
        (r.seed, r.split, r.test) for r in expected.runs]
    assert [r.split for r in result.runs] == [0, 1, 0]
    assert lines[0]["config"] == {"hidden": 16}
    assert lines[0]["num_params"] == sum(p.numel() for p in SmallNet().parameters())
    assert lines[0]["seconds_per_epoch"] > 0


def test_run_r_takes_split_r() -> None:
    data = small_data(splits=2)
    result = node.run(SmallNet, data, runs=2, epochs=3)
    one = data.clone()
    for part in ("train", "val", "test"):
        one[f"{part}_mask"] = data[f"{part}_mask"][:, 1]
    set_seed(1)
    alone = node.fit(SmallNet(), one, epochs=3, seed=1)
    assert untimed(alone.history) == untimed(result.runs[1].history)


def test_binary_tasks_take_one_or_two_outputs() -> None:
    data = small_data(num_classes=2)
    for outputs in (1, 2):
        result = node.run(lambda c=outputs: SmallNet(c), data, runs=2, epochs=40, metric="roc_auc")
        assert result.test.mean > 0.8
        assert "roc-auc" in str(result)


def test_labels_in_a_column_and_own_forward_and_optimizer() -> None:
    data = small_data()
    expected = node.run(SmallNet, data, runs=1, epochs=3)
    column = data.clone()
    column.y = data.y[:, None]
    calls = []

    def forward(model, data):
        calls.append(1)
        return model(data.x, data.edge_index)

    result = node.run(SmallNet, column, runs=1, epochs=3, forward=forward,
                      optimizer=lambda m: torch.optim.Adam(m.parameters(), 0.01, weight_decay=5e-4))
    assert untimed(result.runs[0].history) == untimed(expected.runs[0].history)
    assert len(calls) == 1 + 2 * 3
    assert "±" not in str(result)


def test_lazy_layers() -> None:
    class Lazy(SmallNet):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.LazyLinear(16)

    result = node.run(Lazy, small_data(), runs=1, epochs=2)
    assert result.runs[0].num_params == sum(p.numel() for p in SmallNet().parameters())


def test_no_bar_where_stderr_is_no_terminal(capfd) -> None:
    node.fit(SmallNet(), small_data(), epochs=2)
    assert capfd.readouterr() == ("", "")


def test_a_split_that_leaks_is_said(caplog) -> None:
    data = small_data()
    data.test_mask = data.test_mask | data.train_mask
    node.fit(SmallNet(), data, epochs=1)
    assert f"{int(data.train_mask.sum())} training nodes are in test_mask too" in caplog.text
    assert "val_mask" not in caplog.text


def changed(**changes):
    def change(data):
        for name, value in changes.items():
            data[name] = value(data) if callable(value) else value
        return data
    return change


BAD_DATA = {
    "no mask": (changed(val_mask=None), "argument 'val_mask': got none"),
    "empty split": (changed(test_mask=lambda d: d.test_mask & False), "'test_mask': got no node"),
    "mask too short": (changed(train_mask=lambda d: d.train_mask[1:]), r"shape \(59,\).*\(60,\)"),
    "mask of indices": (changed(train_mask=torch.arange(60)), "dtype int64.*index_to_mask"),
    "no split at all": (changed(train_mask=torch.ones(60, 0, dtype=torch.bool)), r"\(60, 0\)"),
    "no labels": (changed(y=None), "argument 'y': got none"),
    "labels too short": (changed(y=torch.zeros(9, dtype=torch.long)), r"argument 'y'.*\(9,\)"),
    "labels of floats": (changed(y=torch.zeros(60)), "argument 'y'.*float32"),
    "label too large": (changed(y=lambda d: d.y + 1), "label 3, expected 0 <= label < 3"),
    "label below zero": (changed(y=lambda d: d.y - 1), "label -1"),
    "edge out of range": (changed(edge_index=torch.tensor([[0], [60]])), "edge_index.*60"),
    "no nodes": (lambda d: type(d)(x=torch.zeros(0, 8)), "without nodes"),
    "a list": (lambda d: [d], "argument 'data': got list.*dataset"),
    "NaN features": (changed(x=lambda d: d.x * math.nan), "'loss': got nan at epoch 1"),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data(case) -> None:
    change, message = BAD_DATA[case]
    with pytest.raises(GraphError, match=message):
        node.fit(SmallNet(), change(small_data()), epochs=2)


def test_the_loss_stops_training_where_it_breaks() -> None:
    model = SmallNet()

    def poison(epoch, scores) -> None:
        if epoch == 3:
            model.second.bias.data.fill_(math.nan)

    with pytest.raises(GraphError, match=r"'loss': got nan at epoch 4.*learning rate"):
        node.fit(model, small_data(), epochs=9, on_epoch=poison)


BAD_SETTINGS = {
    "epochs": 0, "patience": 0, "monitor": "val", "metric": "mrr", "lr": 0.0, "weight_decay": -1,
    "split": -1, "checkpoint_every": 0, "seed": -3, "clip_grad": 0.0,
}


@pytest.mark.parametrize("name", BAD_SETTINGS)
def test_bad_settings(name) -> None:
    with pytest.raises(GraphError, match=f"argument '{name}'"):
        node.fit(SmallNet(), small_data(), **{"epochs": 2, name: BAD_SETTINGS[name]})


def test_a_metric_that_is_nan_chooses_no_epoch() -> None:
    with pytest.raises(GraphError, match="'metric': got nan for the validation split at epoch 1"):
        node.fit(SmallNet(), small_data(), epochs=2, metric=lambda out, y: float("nan"))


def test_bad_models() -> None:
    data = small_data()

    class Odd(SmallNet):
        def __init__(self, change) -> None:
            super().__init__()
            self.change = change

        def forward(self, x, edge_index):
            return self.change(super().forward(x, edge_index))

    for change, message in ((lambda out: out[:, 0], r"\(60,\)"), (lambda out: (out, out), "tuple"),
                            (lambda out: out[1:], r"\(59, 3\)"), (lambda out: out.long(), "int64")):
        with pytest.raises(GraphError, match=f"argument 'model'.*{message}"):
            node.fit(Odd(change), data, epochs=2)
    with pytest.raises(GraphError, match="argument 'model': got function"):
        node.fit(lambda x, edge_index: x, data, epochs=2)
    with pytest.raises(GraphError, match="no parameter that can be trained"):
        node.fit(SmallNet().requires_grad_(False), data, epochs=2)


def test_bad_runs(tmp_path) -> None:
    data = small_data()
    for options, message in (({"runs": 0}, "'runs': got 0"), ({"seeds": []}, "'seeds'"),
                             ({"runs": 2, "seeds": [1]}, "'seeds': got 1 seeds, expected 2"),
                             ({"seeds": [1.5]}, "'seed'"), ({"seed": 3}, "'seed'.*pass seeds"),
                             ({"log": tmp_path}, "'log'")):
        with pytest.raises(GraphError, match=message):
            node.run(SmallNet, data, epochs=2, **options)
    with pytest.raises(GraphError, match="'make_model': got SmallNet"):
        node.run(SmallNet(), data, runs=1)
    model = SmallNet()
    with pytest.raises(GraphError, match="'make_model': got a function that gave the same model"):
        node.run(lambda: model, data, runs=2, epochs=1)


def test_epochs_without_scores_train_the_same() -> None:
    data = small_data()
    full = node.run(SmallNet, data, runs=1, epochs=7, patience=None).runs[0]
    rare = node.run(SmallNet, data, runs=1, epochs=7, patience=None, eval_every=3).runs[0]
    assert rare.history["evaluated"] == [3, 6, 7] and full.history["evaluated"] == [*range(1, 8)]
    assert rare.history["loss"] == full.history["loss"] and rare.epochs == full.epochs == 7
    for name in ("val_loss", "train", "val", "test"):
        assert rare.history[name] == [full.history[name][epoch - 1] for epoch in (3, 6, 7)]
    assert rare.test == full.history["test"][rare.best_epoch - 1]


def test_a_scheduler_goes_on_where_it_was(tmp_path) -> None:
    data = small_data()

    def cosine(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)

    options = {"epochs": 10, "scheduler": cosine, "checkpoint_every": 4, "patience": None}
    expected = node.run(SmallNet, data, runs=1, **options).runs[0]
    constant = node.run(SmallNet, data, runs=1, **options | {"scheduler": None}).runs[0]
    assert expected.history["loss"] != constant.history["loss"]

    def stop(epoch: int, scores: dict[str, float]) -> None:
        if epoch == 6:
            raise Stop

    with pytest.raises(Stop):
        node.run(SmallNet, data, runs=1, checkpoint=tmp_path, on_epoch=stop, **options)
    resumed = node.run(SmallNet, data, runs=1, checkpoint=tmp_path, **options).runs[0]
    assert untimed(resumed.history) == untimed(expected.history)

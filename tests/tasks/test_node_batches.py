"""Training on batches of nodes: every node once an epoch, scores of all, gone on with exactly."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from graphlocal import GraphError, tasks
from tests.tasks.data_parallel import graph, train


def linear() -> nn.Module:
    return nn.Linear(5, 2).double()


def plain(model: nn.Module, data: Data, nodes: Tensor, epoch: int) -> Tensor:
    return model(data.x[nodes])


def fit(model: nn.Module, data: Data, **options) -> tasks.FitResult:
    return tasks.node.fit(model, data, **{
        "seed": 0, "batch_size": 10, "forward": plain, "epochs": 4, "lr": 0.05, "progress": False,
        **options})


def test_an_epoch_has_every_training_node_once_in_an_order_of_its_own() -> None:
    data, seen = graph(), {}

    def watch(model: nn.Module, data: Data, nodes: Tensor, epoch: int) -> Tensor:
        if model.training:
            seen.setdefault(epoch, []).append(nodes.tolist())
        return plain(model, data, nodes, epoch)

    fit(linear(), data, forward=watch, batch_size=9)
    everyone = data.train_mask.nonzero().flatten().tolist()
    assert sorted(seen) == [1, 2, 3, 4]
    for batches in seen.values():  # 37 nodes: the one left over joins the last batch
        assert [len(batch) for batch in batches] == [9, 9, 9, 10]
        assert sorted(node for batch in batches for node in batch) == everyone
    assert len({str(batches) for batches in seen.values()}) == 4


@pytest.mark.parametrize(("eval_batch_size", "clip_grad"), [(3, None), (2**70, 0.1)])
def test_one_batch_of_all_is_training_on_the_whole_graph(
    eval_batch_size: int, clip_grad: float | None
) -> None:
    data = graph()
    torch.manual_seed(0)
    model = linear()
    other = linear()
    other.load_state_dict(model.state_dict())
    options = {"clip_grad": clip_grad, "optimizer": lambda m: torch.optim.SGD(m.parameters(), 0.5)}
    batched = fit(model, data, batch_size=100, eval_batch_size=eval_batch_size, **options)
    whole = fit(other, data, batch_size=None, forward=lambda model, data: model(data.x), **options)
    for name in ("loss", "val_loss", "train", "val"):
        assert batched.history[name] == pytest.approx(whole.history[name])
    for ours, theirs in zip(batched.history["test"], whole.history["test"], strict=True):
        assert math.isnan(ours) or ours == theirs
    assert (batched.test, batched.best_epoch) == (whole.test, whole.best_epoch)
    torch.testing.assert_close(model.state_dict(), other.state_dict())


def test_test_nodes_are_scored_where_the_epoch_may_be_the_best() -> None:
    result = fit(linear(), graph(), epochs=12, lr=0.5)
    best, expected = -1.0, []
    for value, loss in zip(result.history["val"], result.history["val_loss"], strict=True):
        better = (value, -loss) > (best if isinstance(best, tuple) else (-1.0, 0.0))
        expected.append(better)
        best = (value, -loss) if better else best
    assert [not math.isnan(value) for value in result.history["test"]] == expected
    assert not all(expected) and not math.isnan(result.test)


def test_training_goes_on_from_a_checkpoint_to_the_same_end(tmp_path: Path) -> None:
    for name, epochs in (("once", 4), ("twice", 2), ("twice", 4)):
        (tmp_path / name).mkdir(exist_ok=True)
        kept = train(tmp_path / name, epochs, dropout=0.3)
        if name == "once":
            once = kept
    assert kept["history"]["loss"] == once["history"]["loss"]
    for name, value in once["state"].items():
        assert torch.equal(value, kept["state"][name]), name


def test_no_gradient_of_a_batch_is_larger_than_allowed() -> None:
    norms = []

    class Watched(torch.optim.SGD):
        def step(self, *arguments):
            grads = [p.grad.flatten() for p in self.param_groups[0]["params"]]
            norms.append(float(torch.cat(grads).norm()))
            return super().step(*arguments)

    for clip_grad in (None, 1e-3):
        norms.clear()
        fit(linear(), graph(), epochs=2, clip_grad=clip_grad,
            optimizer=lambda model: Watched(model.parameters(), lr=0.1))
        assert len(norms) == 8
        assert min(norms) > 1e-2 if clip_grad is None else max(norms) <= 1.001e-3


def test_a_batch_of_one_node_is_learned_from() -> None:
    model = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 1)).double()
    result = fit(model, graph(), batch_size=1, epochs=1, metric="roc_auc")
    assert math.isfinite(result.history["loss"][0])


@pytest.mark.parametrize(("options", "message"), [
    ({"forward": None}, "'forward'"),
    ({"batch_size": 0}, "'batch_size'"),
    ({"eval_batch_size": 0}, "'eval_batch_size'"),
    ({"forward": lambda model, data, nodes, epoch: model(data.x)}, r"shape \(2, C\)"),
    ({"forward": lambda model, data, nodes, epoch: model(data.x[nodes]) / 0}, "'loss'"),
])
def test_bad_input(options: dict, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        fit(linear(), graph(), **options)

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch_geometric.loader import DataLoader

from graphlocal import GraphError
from graphlocal.tasks import JsonLines, graph, set_seed

from .small import SmallNet, shapes


class Stop(Exception):
    pass


def data(task: str = "classes") -> graph.GraphData:
    return graph.GraphData.random(shapes(task=task), val=0.25, test=0.25, seed=1, task=task)


def untimed(history: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: values for name, values in history.items() if name != "seconds"}


def test_it_is_the_plain_loop() -> None:
    """The figures are those of the loop every PyG example writes out."""
    parts = data()
    set_seed(1)
    model = SmallNet()
    plain = copy.deepcopy(model)
    result = graph.fit(model, parts, epochs=5, lr=0.01, batch_size=8, seed=2)

    set_seed(2)
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.01)
    loader = DataLoader(parts.train, 8, shuffle=True)
    losses, scores = [], []
    for _ in range(5):
        plain.train()
        total = 0.0
        for batch in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(plain(batch.x, batch.edge_index, batch.batch), batch.y)
            loss.backward()
            optimizer.step()
            total += loss.item() * batch.num_graphs
        losses.append(total / len(parts.train))
        plain.eval()
        batch = next(iter(DataLoader(parts.val, 99, generator=torch.Generator())))
        right = plain(batch.x, batch.edge_index, batch.batch).argmax(1) == batch.y
        scores.append(right.double().mean().item())
    assert result.history["loss"] == pytest.approx(losses, rel=1e-6)
    assert result.history["val"] == scores
    assert result.val == max(scores)


@pytest.mark.parametrize(("task", "outputs", "bar"), [
    ("classes", 2, 0.9), ("binary", 2, 0.9), ("regression", 1, 0.0)])
def test_every_task_is_learnt(task: str, outputs: int, bar: float) -> None:
    parts = graph.GraphData.random(shapes(100, task), val=0.2, test=0.2, seed=1, task=task)
    assert parts.out_channels == outputs
    model = SmallNet(outputs)
    result = graph.fit(model, parts, epochs=60, lr=0.02, batch_size=8, seed=0, monitor="loss")
    # An error is compared with that of the best constant.
    score = result.test if result.maximize else (
        0.8 * float(parts.labels["test"].std(correction=0)) - result.test)
    assert score >= bar
    assert graph.evaluate(model, parts, "test") == result.test
    assert graph.predict(model, parts.test).shape == (len(parts.test), outputs)


def test_clipped_gradients_move_by_no_more_than_the_rate() -> None:
    """Plain gradient descent moves the weights by rate times norm."""
    for clip_grad in (None, 0.01):
        model = SmallNet()
        before = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        graph.fit(model, data(), epochs=1, batch_size=99, clip_grad=clip_grad, seed=0,
                  optimizer=lambda model: torch.optim.SGD(model.parameters(), lr=1.0))
        after = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
        moved = float((after - before).norm())
        assert moved > 0.1 if clip_grad is None else moved == pytest.approx(0.01, rel=1e-3)
    with pytest.raises(GraphError, match="argument 'clip_grad'"):
        graph.fit(SmallNet(), data(), clip_grad=-1)


def test_the_best_of_errors_is_the_smallest() -> None:
    result = graph.fit(SmallNet(1), data("regression"), epochs=12, lr=0.02, seed=0)
    assert result.val == min(result.history["val"]) == result.highest_val
    assert result.metric == "rmse" and not result.maximize


def test_unknown_labels_teach_nothing() -> None:
    """A label that is nan has no influence, whatever the output there."""
    out = torch.randn(6, 2, requires_grad=True)
    y = torch.tensor([[1.0, torch.nan]] * 6)
    loss = graph.training.graph_loss(out, y, "binary")
    loss.backward()
    assert loss.item() == pytest.approx(
        F.binary_cross_entropy_with_logits(out[:, 0], torch.ones(6)).item())
    assert bool((out.grad[:, 1] == 0).all())
    nothing = graph.training.graph_loss(out, torch.full((6, 2), torch.nan), "binary")
    assert nothing.item() == 0.0


def test_a_run_goes_on_where_it_was_cut_off(tmp_path) -> None:
    parts, options = data(), {"epochs": 9, "batch_size": 8, "checkpoint_every": 2, "runs": 2,
                              "scheduler": lambda o: torch.optim.lr_scheduler.StepLR(o, 3)}
    expected = graph.run(SmallNet, parts, **options)

    def stop(epoch: int, scores: dict[str, float]) -> None:
        if epoch == 5:
            raise Stop

    with pytest.raises(Stop):
        graph.run(SmallNet, parts, checkpoint=tmp_path, on_epoch=stop, **options)
    log = JsonLines(tmp_path / "log.jsonl")
    again = graph.run(SmallNet, parts, checkpoint=tmp_path, log=log, **options)
    assert [untimed(r.history) for r in again.runs] == [untimed(r.history) for r in expected.runs]
    assert [line["test"] for line in log] == [r.test for r in expected.runs]
    graph.run(SmallNet, parts, checkpoint=tmp_path, log=log, **options)
    assert len(list(log)) == 2
    with pytest.raises(GraphError, match=r"clip_grad: None there, 0\.5 here"):
        graph.run(SmallNet, parts, checkpoint=tmp_path, clip_grad=0.5, **options)
    with pytest.raises(GraphError, match="batch_size"):
        graph.run(SmallNet, parts, checkpoint=tmp_path, **options | {"batch_size": 4})


def test_one_graph_left_over_does_not_trip_a_batch_norm() -> None:
    class PerGraph(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.out = nn.BatchNorm1d(3), nn.Linear(3, 2)

        def forward(self, x, edge_index, batch):
            first = torch.searchsorted(batch, torch.arange(int(batch[-1]) + 1))
            return self.out(self.norm(x[first]))

    graphs = shapes(29)
    parts = graph.GraphData(graphs[:17], graphs[17:23], graphs[23:])
    assert graph.fit(PerGraph(), parts, epochs=2, batch_size=4).epochs == 2


def test_patience_and_edge_features() -> None:
    seen = []

    class WithEdges(nn.Linear):
        def forward(self, x, edge_index, batch, edge_attr):
            seen.append(edge_attr.shape[1])
            first = torch.searchsorted(batch, torch.arange(int(batch[-1]) + 1))
            return super().forward(x[first])

    result = graph.fit(WithEdges(3, 2), data(), epochs=50, lr=1e-30, patience=3)
    assert result.epochs == 4 and set(seen) == {2}


@pytest.mark.parametrize(("labels", "task", "message"), [
    ([0, 1, None, 1], None, "none at graph 0 of val"),
    ([0.5, 1.0, 2.0, 1.0], "binary", "0.5 in train"),
    ([0.5, 1.0, 2.0, 1.0], "classes", "no classes"),
    ([-1, 1, 2, 1], None, "no classes"),
    ([float("inf"), 1.0, 2.0, 1.0], "regression", "inf in train"),
    ([float("nan"), float("nan"), 1.0, 1.0], "regression", "only nan in train"),
    ([[1, 2], 1, 1, 1], None, "labels at graph 1 of train"),
])
def test_labels_that_are_no_labels(labels: list, task: str | None, message: str) -> None:
    graphs = shapes(4)
    for one, y in zip(graphs, labels, strict=True):
        one.y = None if y is None else torch.tensor(y)
    with pytest.raises(GraphError, match=message):
        graph.GraphData(graphs[:2], graphs[2:3], graphs[3:], task)


def test_bad_input() -> None:
    graphs = shapes(8)
    parts = graph.GraphData(graphs[:4], graphs[4:6], graphs[6:])
    with pytest.raises(GraphError, match="no graph"):
        graph.GraphData(graphs[:4], [], graphs[6:])
    with pytest.raises(GraphError, match="'train': got Data"):
        graph.GraphData(graphs[0], graphs[:1], graphs[:1])
    with pytest.raises(GraphError, match="GraphData"):
        graph.fit(SmallNet(), graphs)
    with pytest.raises(GraphError, match=r"'model'.*shape"):
        graph.fit(SmallNet(1), parts)
    with pytest.raises(GraphError, match="readout"):
        graph.fit(nn.Linear(3, 2), parts, forward=lambda model, batch: model(batch.x))
    with pytest.raises(GraphError, match="loss"):
        graph.fit(SmallNet(), parts, lr=1e30, epochs=5)
    with pytest.raises(GraphError, match="data set of OGB"):
        graph.GraphData.from_ogb(graphs)
    with pytest.raises(GraphError, match="no such setting of run"):
        graph.run(SmallNet, parts, seed=3)

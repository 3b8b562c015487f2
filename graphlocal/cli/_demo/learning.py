"""Section: a network that sees the neighbours beside one that does not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...report import Fact, Figure, Pair, Section, Table, curves
from .workspace import Made, Workspace, one_thread

_HIDDEN, _DROPOUT, _DECAY = 64, 0.5, 5e-3


def section(work: Workspace) -> Section:
    """Trains a GCN and an MLP from the same seeds and compares them."""
    from ... import tasks
    from ...nn import accelerate

    def make_gcn() -> Any:
        from torch_geometric.nn import GCN

        model = GCN(64, _HIDDEN, num_layers=2, out_channels=10, dropout=_DROPOUT)
        accelerate(model)
        return model

    def make_mlp() -> Any:
        from torch_geometric.nn import MLP

        return MLP([64, _HIDDEN, 10], dropout=_DROPOUT, norm=None)

    models = {"GCN": (make_gcn, None), "MLP": (make_mlp, lambda model, data: model(data.x))}
    log = tasks.JsonLines(work.folder.write("runs.jsonl", ""))
    runs: dict[str, list[tasks.FitResult]] = {name: [] for name in models}
    latest = dict.fromkeys(models, 0.0)
    with (work.bar(work.num_seeds * work.epochs * len(models), "  training") as bar,
          one_thread()):
        for seed in range(work.num_seeds):  # side by side: seed by seed, one after the other
            for name, (make_model, forward) in models.items():
                def on_epoch(epoch: int, scores: dict[str, float], name: str = name) -> None:
                    latest[name] = scores["val"]
                    bar.set_postfix({k: f"{100 * v:.1f} %" for k, v in latest.items()},
                                    refresh=False)
                    bar.update()

                runs[name] += tasks.node.run(
                    make_model, work.data, seeds=[seed], epochs=work.epochs, patience=None,
                    weight_decay=_DECAY, forward=forward, log=log, config={"model": name},
                    on_epoch=on_epoch, progress=False).runs
    results = {name: tasks.RunResult(found) for name, found in runs.items()}
    for name, result in results.items():
        work.say(f"  {name}: test accuracy {result.test.percent()} %")
        mean, *std = result.test.percent(1).split(" ")
        work.facts.append(Fact(f"Digits read by the {name}", f"{mean} %", " ".join(std)))
    train = int(work.data.train_mask.sum())
    test = int(work.data.test_mask.sum())
    series = {name: (colour, np.array([run.history["val"] for run in result.runs]))
              for (name, result), colour in zip(results.items(), "ab", strict=True)}
    picture = curves(series, x_name="epoch", y_name="validation accuracy")
    seeds = f"{work.num_seeds} seeds" if work.num_seeds > 1 else "one seed"
    rows = [(name, f"{result.runs[0].num_params:,}", result.val.percent(1),
             result.test.percent(1), f"{_milliseconds(result):.1f} ms")
            for name, result in results.items()]
    return Section(
        "Learning from neighbours",
        f"Both networks see the same {train} labelled images and are asked for {test:,} others. "
        f"The MLP sees pixels only, the GCN also those of the neighbours. {_verdict(results)}",
        [Pair(
            Figure(picture, "Accuracy on the validation images.",
                   f"Lines are means over {seeds}, bands reach from the lowest to the highest."),
            Table("Accuracy in percent.", ("", "weights", "validation", "test", "epoch"), rows,
                  f"Mean ± standard deviation over {seeds}, at the epoch that was best on "
                  f"validation. The runs are in runs.jsonl."),
        ), Made(code(work.num_seeds, work.epochs))],
    )


def code(num_seeds: int, epochs: int) -> str:
    """A program that trains as the section does and prints its figures."""
    return f"""\
import torch
from torch_geometric.nn import GCN, MLP
from graphlocal import datasets, tasks
from graphlocal.nn import accelerate

torch.set_num_threads(1)  # fastest on a graph this small
data = datasets.DigitsGraph()[0]
settings = dict(seeds=range({num_seeds}), epochs={epochs}, patience=None, weight_decay={_DECAY})

def make_gcn():
    model = GCN(64, {_HIDDEN}, num_layers=2, out_channels=10, dropout={_DROPOUT})
    accelerate(model)
    return model

def make_mlp():
    return MLP([64, {_HIDDEN}, 10], dropout={_DROPOUT}, norm=None)

print(tasks.node.run(make_gcn, data, **settings))
print(tasks.node.run(make_mlp, data, forward=lambda model, data: model(data.x), **settings))
"""


def _milliseconds(result: Any) -> float:
    return 1000 * float(np.median([run.seconds_per_epoch for run in result.runs]))


def _verdict(results: dict[str, Any]) -> str:
    """One sentence the figures bear out, whatever they are."""
    gcn, mlp = (1 - results[name].test.mean for name in ("GCN", "MLP"))
    if gcn < mlp and gcn > 0:
        return f"Without the graph there are {mlp / gcn:.1f} times as many errors."
    return f"The graph leaves {100 * gcn:.1f} % of errors, pixels alone {100 * mlp:.1f} %."

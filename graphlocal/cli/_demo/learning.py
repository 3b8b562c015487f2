"""Section: a network that sees the neighbours beside one that does not."""

from __future__ import annotations

from typing import Any

from ...report import Section
from .training import Network, fact, side_by_side
from .workspace import Made, Workspace

_HIDDEN, _DROPOUT, _DECAY = 64, 0.5, 5e-3


def section(work: Workspace) -> Section:
    """Trains a GCN and an MLP from the same seeds and compares them."""
    from ...nn import accelerate

    def make_gcn() -> Any:
        from torch_geometric.nn import GCN

        model = GCN(64, _HIDDEN, num_layers=2, out_channels=10, dropout=_DROPOUT)
        accelerate(model)
        return model

    def make_mlp() -> Any:
        from torch_geometric.nn import MLP

        return MLP([64, _HIDDEN, 10], dropout=_DROPOUT, norm=None)

    settings = {"weight_decay": _DECAY}
    pixels = {**settings, "forward": lambda model, data: model(data.x)}
    picture, results = side_by_side(
        work, {"GCN": Network(make_gcn, settings), "MLP": Network(make_mlp, pixels)},
        work.num_seeds, work.epochs, "runs.jsonl")
    work.facts.extend(fact(name, results) for name in results)
    train = int(work.data.train_mask.sum())
    test = int(work.data.test_mask.sum())
    return Section(
        "Learning from neighbours",
        f"Both networks see the same {train} labelled images and are asked for {test:,} others. "
        f"The MLP sees pixels only, the GCN also those of the neighbours. {_verdict(results)}",
        [picture, Made(code(work.num_seeds, work.epochs))],
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


def _verdict(results: dict[str, Any]) -> str:
    """One sentence the figures bear out, whatever they are."""
    gcn, mlp = (1 - results[name].test.mean for name in ("GCN", "MLP"))
    if gcn < mlp and gcn > 0:
        return f"Without the graph there are {mlp / gcn:.1f} times as many errors."
    return f"The graph leaves {100 * gcn:.1f} % of errors, pixels alone {100 * mlp:.1f} %."

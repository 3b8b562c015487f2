"""Section: networks that look past the neighbours, by attention and by a scan."""

from __future__ import annotations

from typing import Any

from ...report import Section
from .training import Network, side_by_side
from .workspace import Made, Workspace

_HIDDEN, _LAYERS, _CLASSES = 64, 2, 10
_TRANSFORMER = {"local": "attention", "global_attention": "codebook",
                "global_options": {"num_centroids": 64}, "heads": 4, "dropout": 0.3}
_MAMBA = {"local": "gin", "dropout": 0.3}
_TRAIN = {"lr": 0.003, "weight_decay": 1e-3}
# An epoch takes as long as twenty of the section before.
_MOST_SEEDS, _EPOCHS_PER = 2, 3


def section(work: Workspace) -> Section:
    """Trains a graph transformer and a Graph Mamba Network beside each other."""
    from ...models import GMN, GraphTransformer
    from ...nn import accelerate

    def make_gcn() -> Any:
        from torch_geometric.nn import GCN

        model = GCN(64, _HIDDEN, num_layers=_LAYERS, out_channels=_CLASSES, dropout=0.3)
        accelerate(model)
        return model

    sizes = (work.data.x.size(1), _HIDDEN, _CLASSES, _LAYERS)
    networks = {
        "GCN": make_gcn,
        "Transformer": lambda: GraphTransformer(*sizes, **_TRANSFORMER),
        "GMN": lambda: GMN(*sizes, **_MAMBA),
    }
    seeds, epochs = min(work.num_seeds, _MOST_SEEDS), max(1, work.epochs // _EPOCHS_PER)
    picture, results = side_by_side(
        work, {name: Network(make, _TRAIN) for name, make in networks.items()}, seeds, epochs,
        "far.jsonl")
    return Section(
        "Looking past the neighbours",
        f"A GCN of {_LAYERS} layers sees {_LAYERS} steps far. The graph transformer also attends "
        "to 64 centroids that stand for all images, and the Graph Mamba Network (GMN) scans all "
        "images in the order of their degrees, in both directions: each sees every image in time "
        f"that grows with their number, not its square. {_verdict(results)}",
        [picture, Made(code(seeds, epochs))],
    )


def code(num_seeds: int, epochs: int) -> str:
    """A program that trains as the section does and prints its figures."""
    train = ", ".join(f"{name}={value}" for name, value in _TRAIN.items())

    def words(options: dict[str, Any]) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in options.items())

    return f"""\
import torch
from torch_geometric.nn import GCN
from graphlocal import datasets, tasks
from graphlocal.models import GMN, GraphTransformer
from graphlocal.nn import accelerate

torch.set_num_threads(1)
data = datasets.DigitsGraph()[0]
settings = dict(seeds=range({num_seeds}), epochs={epochs}, patience=None, {train})

def gcn():
    model = GCN(64, {_HIDDEN}, num_layers={_LAYERS}, out_channels={_CLASSES}, dropout=0.3)
    accelerate(model)
    return model

def transformer():
    return GraphTransformer(64, {_HIDDEN}, {_CLASSES}, {_LAYERS}, {words(_TRANSFORMER)})

def mamba():
    return GMN(64, {_HIDDEN}, {_CLASSES}, {_LAYERS}, {words(_MAMBA)})

for make in (gcn, transformer, mamba):
    print(make.__name__, tasks.node.run(make, data, **settings))
"""


def _verdict(results: dict[str, Any]) -> str:
    """One sentence the figures bear out, whatever they are."""
    best = max(results, key=lambda name: results[name].test.mean)
    top, near = results[best].test, results["GCN"].test
    if best == "GCN":
        return "Here, where near images are alike, the neighbours say it all."
    if top.mean - near.mean <= (top.std or 1) + (near.std or 1):
        return (f"The {best} comes out first, by less than the deviations: here, where near images "
                "are alike, the neighbours say nearly all.")
    return (f"The {best} reads {100 * (top.mean - near.mean):.1f} points more of the digits than "
            "the GCN.")

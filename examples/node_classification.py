"""Node classification with four small networks on real graphs.

    python examples/node_classification.py
    python examples/node_classification.py --dataset cora --model gcn --runs 10 --root ROOT

The first needs no download. The second trains the network of "Semi-Supervised Classification with
Graph Convolutional Networks" (arXiv 1609.02907) on Cora's public split.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.transforms import NormalizeFeatures

from graphlocal import GraphError, datasets, tasks
from graphlocal.nn import GCNConv, GINConv, SAGEConv

# What each data set is trained with. Masks [N, S] give run r the split r % S. `residual` is the
# deep network with skip connections that heterophilous graphs ask for. On the smallest graphs one
# thread is fastest.
_PLANETOID = {"hidden": 16, "layers": 2, "dropout": 0.5, "lr": 0.01, "weight_decay": 5e-4,
              "epochs": 200, "patience": 100, "normalize": True}
_HETEROPHILOUS = {"hidden": 64, "layers": 5, "dropout": 0.2, "lr": 0.01, "weight_decay": 0.0,
                  "epochs": 300, "patience": 100, "residual": True}
_SMALL = {"hidden": 64, "layers": 2, "dropout": 0.5, "lr": 0.01, "weight_decay": 5e-4,
          "epochs": 200, "patience": 100, "threads": 1}
SETTINGS: dict[str, dict] = {
    "digits": {**_SMALL, "weight_decay": 5e-3},
    "cora": _PLANETOID,
    "citeseer": _PLANETOID,
    "pubmed": _PLANETOID,
    "minesweeper": {**_HETEROPHILOUS, "metric": "roc_auc"},
    "tolokers": {**_HETEROPHILOUS, "metric": "roc_auc"},
    "questions": {**_HETEROPHILOUS, "metric": "roc_auc"},
    "roman-empire": _HETEROPHILOUS,
    "amazon-ratings": _HETEROPHILOUS,
    "cornell": _SMALL,
    "texas": _SMALL,
    "wisconsin": _SMALL,
    "actor": _SMALL,
}


class Dense(nn.Linear):
    """A layer that does not look at the edges: with it the network is an MLP."""

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return super().forward(x)


def gin(in_channels: int, out_channels: int) -> GINConv:
    width = min(in_channels, 64)  # sums over neighbours grow large: the norm keeps them in bounds
    return GINConv(nn.Sequential(nn.Linear(in_channels, width), nn.BatchNorm1d(width), nn.ReLU(),
                                 nn.Linear(width, out_channels)), train_eps=True)


# The graph stays the same, so GCN normalises its weights once.
LAYERS = {"gcn": lambda i, o: GCNConv(i, o, cached=True), "sage": SAGEConv, "gin": gin,
          "mlp": Dense}


class Plain(nn.Module):
    """Layers one after the other, with dropout before each."""

    def __init__(self, layer, channels: list[int], dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList([layer(i, o) for i, o in pairwise(channels)])
        self.dropout = dropout

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        for number, layer in enumerate(self.layers):
            x = x.relu() if number else x
            x = layer(F.dropout(x, self.dropout, self.training), edge_index)
        return x


class Residual(nn.Module):
    """Layers that each add to what the one before gave, between two linear maps."""

    def __init__(self, layer, channels: list[int], dropout: float) -> None:
        super().__init__()
        hidden = channels[1]
        self.input, self.output = nn.Linear(channels[0], hidden), nn.Linear(hidden, channels[-1])
        self.layers = nn.ModuleList([layer(hidden, hidden) for _ in channels[1:]])
        self.norms = nn.ModuleList([nn.LayerNorm(hidden) for _ in channels])
        self.dropout = dropout

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        x = F.dropout(self.input(x), self.dropout, self.training).relu()
        for norm, layer in zip(self.norms, self.layers, strict=False):
            x = x + F.dropout(layer(norm(x), edge_index).relu(), self.dropout, self.training)
        return self.output(self.norms[-1](x))


def make_optimizer(model: nn.Module, lr: float, weight_decay: float) -> torch.optim.Optimizer:
    """Adam; a plain network decays the weights of its first layer only, as its paper does."""
    groups = [{"params": model.parameters(), "weight_decay": weight_decay}]
    if isinstance(model, Plain):
        groups = [{"params": model.layers[0].parameters(), "weight_decay": weight_decay},
                  {"params": model.layers[1:].parameters(), "weight_decay": 0.0}]
    return torch.optim.Adam(groups, lr=lr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=SETTINGS, default="digits")
    parser.add_argument("--model", choices=LAYERS, default="gcn")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--root", help="folder of the data sets (default: datasets/)")
    for name, kind in (("hidden", int), ("layers", int), ("dropout", float), ("lr", float),
                       ("weight-decay", float), ("epochs", int), ("patience", int),
                       ("threads", int)):
        parser.add_argument(f"--{name}", type=kind, help="default: the data set's own")
    parser.add_argument("--log", help="file that gets one JSON line per run")
    parser.add_argument("--checkpoint", help="folder to go on from after an interruption")
    args = parser.parse_args()
    setting = {**SETTINGS[args.dataset], **{k: v for k, v in vars(args).items() if
                                            k in SETTINGS["digits"] and v is not None}}
    torch.set_num_threads(setting.get("threads", torch.get_num_threads()))
    dataset = datasets.load(args.dataset, args.root)
    data = NormalizeFeatures()(dataset[0]) if setting.get("normalize") else dataset[0]
    channels = [data.num_features, *[setting["hidden"]] * (setting["layers"] - 1),
                dataset.num_classes]
    network = Residual if setting.get("residual") else Plain
    start = time.perf_counter()
    result = tasks.node.run(
        lambda: network(LAYERS[args.model], channels, setting["dropout"]), data, runs=args.runs,
        optimizer=lambda model: make_optimizer(model, setting["lr"], setting["weight_decay"]),
        epochs=setting["epochs"], patience=setting["patience"],
        metric=setting.get("metric", "accuracy"), log=args.log, checkpoint=args.checkpoint,
        config={"dataset": args.dataset, "model": args.model, **setting}, description=args.model)
    print(f"{args.dataset}, {args.model}, {result.runs[0].num_params:,} parameters, "
          f"{time.perf_counter() - start:.1f} s")
    print(result)


if __name__ == "__main__":
    try:
        main()
    except GraphError as error:
        raise SystemExit(f"error: {error}") from error

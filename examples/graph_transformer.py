"""A graph transformer for nodes and for molecules, beside plain networks of about its size.

    python examples/graph_transformer.py
    python examples/graph_transformer.py --dataset minesweeper --root ROOT
    python examples/graph_transformer.py --dataset ogbg-molbace --model gin --runs 5 --root ROOT

The first needs no download. Data sets with ten splits give run r the split r; the others differ
in their seeds. --model gcn|gin|gat are PyG's layers with batch norms, trained the same way.
"""

from __future__ import annotations

import argparse
import math
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import APPNP, GAT, GCN, GIN, GINEConv, MessagePassing, global_mean_pool
from torch_geometric.transforms import AddRandomWalkPE, Compose
from torch_geometric.utils import degree

from graphlocal import GraphError, datasets, tasks
from graphlocal.models import GraphTransformer
from graphlocal.nn.encoding import StructuralEncoder
from graphlocal.transforms import AddTopology

# What each data set is trained with: the arguments of the model, those of the training, and for
# the plain networks the width with which they have about as many parameters.
_PLANETOID = {
    "model": {"hidden_channels": 64, "num_layers": 1, "local": "appnp", "local_layers": 1,
              "local_root": False, "local_norm": None, "block_local": False, "norm": None,
              "ffn": None, "global_attention": "channel", "dropout": 0.7, "input_dropout": 0.7,
              "heads": 4},
    "train": {"lr": 0.01, "weight_decay": 1e-3, "epochs": 150, "patience": 60, "monitor": "loss"},
    "encoder_decay": 1e-2, "plain": {"gcn": 64, "gin": 64, "gat": 64}, "plain_layers": 2}
_MOLECULES = {
    "model": {"hidden_channels": 48, "num_layers": 3, "local": "gin", "global_attention": "dense",
              "heads": 4, "norm": "batch", "norm_first": False, "dropout": 0.2,
              "readout": "mean"},
    "train": {"lr": 0.002, "weight_decay": 1e-5, "epochs": 40, "batch_size": 64, "eval_every": 2},
    "plain": {"gin": 66, "gcn": 102}, "plain_layers": 4, "walk": 16, "warmup": 4}
SETTINGS: dict[str, dict] = {
    "digits": {
        "model": {"hidden_channels": 64, "num_layers": 2, "local": "attention",
                  "global_attention": "codebook", "dropout": 0.3, "heads": 4,
                  "global_options": {"num_centroids": 64}},
        "train": {"lr": 0.003, "weight_decay": 1e-3, "epochs": 100, "patience": 40},
        "plain": {"gcn": 96, "gin": 96, "gat": 96}, "plain_layers": 2},
    "minesweeper": {
        "model": {"hidden_channels": 32, "local_layers": 12, "num_layers": 1, "local": "sage",
                  "block_local": False, "ffn": None, "norm": None, "global_attention": "channel",
                  "dropout": 0.15, "heads": 4},
        "train": {"lr": 0.01, "epochs": 320, "patience": None, "metric": "roc_auc",
                  "eval_every": 10},
        "plain": {"gcn": 48, "gin": 32, "gat": 48}, "plain_layers": 13, "warmup": 10},
    "tolokers": {
        "model": {"hidden_channels": 64, "local_layers": 3, "num_layers": 1, "local": "gat",
                  "block_local": False, "ffn": None, "norm": None, "global_attention": "channel",
                  "dropout": 0.4, "heads": 8, "encodings": {"topology": 4}},
        "train": {"lr": 0.01, "epochs": 170, "patience": None, "metric": "roc_auc",
                  "eval_every": 3},
        "plain": {"gcn": 64, "gin": 64, "gat": 64}, "plain_layers": 4, "topology": True,
        "warmup": 5},
    "cora": _PLANETOID,
    "citeseer": {
        **_PLANETOID,
        "model": {**_PLANETOID["model"], "global_attention": "codebook", "dropout": 0.8,
                  "global_options": {"num_centroids": 16, "project": False, "dropout": 0.5}},
        "train": {"lr": 0.01, "weight_decay": 0.0, "epochs": 150, "patience": 60},
        "teleport": 0.2},
    "ogbg-molhiv": {**_MOLECULES, "train": {**_MOLECULES["train"], "epochs": 5, "eval_every": 1,
                                            "batch_size": 256}, "warmup": 1},
    "ogbg-molbace": {**_MOLECULES, "train": {**_MOLECULES["train"], "lr": 0.005, "epochs": 20},
                     "warmup": 2},
    "ogbg-molbbbp": {**_MOLECULES, "train": {**_MOLECULES["train"], "lr": 0.005, "epochs": 20},
                     "warmup": 2},
    "ogbg-molesol": _MOLECULES,
}


class BondGCNConv(MessagePassing):
    """The convolution of GCN with what a bond is added to its messages."""

    def __init__(self, channels: int, edge_dim: int) -> None:
        super().__init__(aggr="add")
        self.lin, self.root = nn.Linear(channels, channels), nn.Parameter(torch.zeros(channels))
        self.bond = nn.Linear(edge_dim, channels)

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        x = self.lin(x)
        deg = degree(edge_index[1], x.size(0)) + 1
        weight = (deg[edge_index[0]] * deg[edge_index[1]]).rsqrt()
        out = self.propagate(edge_index, x=x, edge=self.bond(edge_attr), weight=weight)
        return out + (x + self.root).relu() / deg[:, None]

    def message(self, x_j: Tensor, edge: Tensor, weight: Tensor) -> Tensor:
        return weight[:, None] * (x_j + edge).relu()


class PlainMolecules(nn.Module):
    """Convolutions with batch norms and dropout, a mean over atoms, a linear map."""

    def __init__(self, kind: str, channels: int, layers: int, outputs: int, dropout: float) -> None:
        super().__init__()
        from ogb.graphproppred.mol_encoder import AtomEncoder, BondEncoder

        self.atoms, self.bonds = AtomEncoder(channels), BondEncoder(channels)

        def conv() -> nn.Module:
            if kind == "gcn":
                return BondGCNConv(channels, channels)
            return GINEConv(nn.Sequential(
                nn.Linear(channels, 2 * channels), nn.BatchNorm1d(2 * channels), nn.ReLU(),
                nn.Linear(2 * channels, channels)), train_eps=True, edge_dim=channels)

        self.convs = nn.ModuleList(conv() for _ in range(layers))
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels) for _ in range(layers))
        self.head, self.dropout = nn.Linear(channels, outputs), dropout

    def forward(self, x: Tensor, edge_index: Tensor, batch: Tensor, edge_attr: Tensor) -> Tensor:
        x, edge = self.atoms(x), self.bonds(edge_attr)
        for number, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True), 1):
            x = norm(conv(x, edge_index, edge))
            x = F.dropout(x.relu() if number < len(self.convs) else x, self.dropout, self.training)
        return self.head(global_mean_pool(x, batch))


def make_model(name: str, setting: dict, data: Data, outputs: int, molecules: bool) -> nn.Module:
    options = dict(setting["model"])
    if name == "transformer":
        if options["local"] == "appnp":
            teleport = setting.get("teleport", 0.1)
            options["local"] = lambda channels: APPNP(10, teleport, cached=True)
        if not molecules:
            return GraphTransformer(data.num_features, out_channels=outputs, **options)
        # Odd walks seldom return: with a norm, rare rings would weigh more than all else.
        walks = StructuralEncoder(setting["walk"], options["hidden_channels"], norm=None)
        return GraphTransformer("atom", out_channels=outputs, edge_dim="bond",
                                encodings={"random_walk_pe": walks}, **options)
    width, layers = setting["plain"][name], setting["plain_layers"]
    if molecules:
        return PlainMolecules(name, width, layers, outputs, options["dropout"])
    network = {"gcn": GCN, "gin": GIN, "gat": GAT}[name]
    heads = {"heads": options["heads"]} if name == "gat" else {}
    norm = "batch" if layers > 2 else None
    return network(data.num_features, width, layers, outputs, dropout=options["dropout"],
                   norm=norm, **heads)


def make_optimizer(model: nn.Module, lr: float, decay: float, first: float) -> torch.optim.Adam:
    """Adam, with a weight decay of its own for the map of the features."""
    inside = [p for name, p in model.named_parameters() if name.startswith("encoder.")]
    others = [p for name, p in model.named_parameters() if not name.startswith("encoder.")]
    return torch.optim.Adam([{"params": inside, "weight_decay": first},
                             {"params": others, "weight_decay": decay}], lr=lr)


def cosine(epochs: int, warmup: int):
    """Learning rates that rise over the first epochs and fall along half a cosine."""
    def factor(epoch: int) -> float:
        if epoch < warmup:
            return (epoch + 1) / (warmup + 1)
        return 0.5 + 0.5 * math.cos(math.pi * (epoch - warmup) / max(1, epochs - warmup))

    return lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def prepared(args: argparse.Namespace, setting: dict):
    """The graph of a data set for nodes, or the graphs of one for graphs; and its outputs."""
    steps = []
    if setting.get("topology"):
        steps.append(AddTopology(attr="topology"))
    if setting.get("walk"):
        steps.append(AddRandomWalkPE(setting["walk"], attr_name="random_walk_pe"))
    dataset = datasets.load(args.dataset, args.root)
    if args.dataset.startswith("ogbg-"):
        dataset.transform = Compose(steps)
        data = tasks.graph.GraphData.from_ogb(dataset)
        return data, data.out_channels
    binary = setting["train"].get("metric") == "roc_auc"
    return Compose(steps)(dataset[0]), 1 if binary else dataset.num_classes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=SETTINGS, default="digits")
    parser.add_argument("--model", choices=("transformer", "gcn", "gin", "gat"),
                        default="transformer")
    parser.add_argument("--root", help="folder of the data sets (default: datasets/)")
    parser.add_argument("--runs", type=int, default=10)
    for name, kind in (("epochs", int), ("lr", float), ("batch-size", int), ("eval-every", int)):
        parser.add_argument(f"--{name}", type=kind, help="default: the data set's own")
    for name, kind in (("hidden", int), ("dropout", float)):
        parser.add_argument(f"--{name}", type=kind, help="default: the data set's own")
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--log", help="file that gets one JSON line per run")
    parser.add_argument("--checkpoint", help="folder to go on from after an interruption")
    args = parser.parse_args()
    if args.threads is not None:
        if args.threads < 1:
            parser.error(f"--threads: at least 1, not {args.threads}")
        torch.set_num_threads(args.threads)
    molecules = args.dataset.startswith("ogbg-")
    setting = {part: dict(value) if isinstance(value, dict) else value
               for part, value in SETTINGS[args.dataset].items()}
    if args.model != "transformer" and args.model not in setting["plain"]:
        parser.error(f"--model {args.model}: not for {args.dataset}")
    for name in ("epochs", "lr", "batch_size", "eval_every"):
        if getattr(args, name) is not None:
            setting["train"][name] = getattr(args, name)
    for name, key in (("hidden", "hidden_channels"), ("dropout", "dropout")):
        if getattr(args, name) is not None:
            setting["model"][key] = getattr(args, name)
    data, outputs = prepared(args, setting)
    options = dict(setting["train"])
    if "warmup" in setting:
        options["scheduler"] = cosine(options["epochs"], setting["warmup"])
    if "encoder_decay" in setting and args.model == "transformer":
        options["optimizer"] = lambda model: make_optimizer(
            model, options["lr"], options["weight_decay"], setting["encoder_decay"])
    task = tasks.node
    if molecules:
        task, options["metric"] = tasks.graph, args.dataset
    else:
        options = {"weight_decay": 0.0, **options}
    if args.model == "transformer":
        options["forward"] = GraphTransformer.forward_data
    start = time.perf_counter()
    result = task.run(
        lambda: make_model(args.model, setting, data, outputs, molecules), data, runs=args.runs,
        log=args.log, checkpoint=args.checkpoint, description=args.model,
        on_run=lambda run, model: print(f"seed {run.seed}: test {run.test:.4f} at epoch "
                                        f"{run.best_epoch} of {run.epochs}, "
                                        f"{run.seconds_per_epoch:.2f} s per epoch", flush=True),
        config={"dataset": args.dataset, "kind": args.model, **setting}, **options)
    print(f"{args.dataset}, {args.model}, {result.runs[0].num_params:,} parameters, "
          f"{time.perf_counter() - start:.1f} s")
    print(result)


if __name__ == "__main__":
    try:
        main()
    except GraphError as error:
        raise SystemExit(f"error: {error}") from error

"""A graph transformer for nodes and for molecules, beside plain networks of about its size.

    python examples/graph_transformer.py
    python examples/graph_transformer.py --dataset minesweeper --root ROOT
    python examples/graph_transformer.py --dataset ogbg-molbace --model gin --runs 5 --root ROOT

The first needs no download. Data sets with ten splits give run r the split r; the others differ
in their seeds. --model gcn|gin|gat are PyG's layers with batch norms, trained the same way.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from example_runs import given, make_parser, parse, prepared, run, without_norm
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.nn import APPNP, GAT, GCN, GIN, GINEConv, MessagePassing, global_mean_pool
from torch_geometric.utils import degree

from graphlocal import GraphError
from graphlocal.models import GraphTransformer

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
              "readout": "mean", "encodings": {"random_walk_pe": 16}},
    "train": {"lr": 0.002, "weight_decay": 1e-5, "epochs": 40, "batch_size": 64, "eval_every": 2},
    "plain": {"gin": 66, "gcn": 102}, "plain_layers": 4, "warmup": 4}
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
        "plain": {"gcn": 64, "gin": 64, "gat": 64}, "plain_layers": 4, "warmup": 5},
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
        return GraphTransformer("atom", out_channels=outputs, edge_dim="bond",
                                **without_norm(options))
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


def main() -> None:
    parser = make_parser(__doc__.splitlines()[0], SETTINGS, ("transformer", "gcn", "gin", "gat"))
    for name, kind in (("hidden", int), ("dropout", float)):
        parser.add_argument(f"--{name}", type=kind, help="default: the data set's own")
    args = parse(parser)
    setting = {part: dict(value) if isinstance(value, dict) else value
               for part, value in SETTINGS[args.dataset].items()}
    if args.model != "transformer" and args.model not in setting["plain"]:
        parser.error(f"--model {args.model}: not for {args.dataset}")
    setting["train"] |= given(args)
    for name, key in (("hidden", "hidden_channels"), ("dropout", "dropout")):
        if getattr(args, name) is not None:
            setting["model"][key] = getattr(args, name)
    data, outputs = prepared(args, setting)
    molecules, train = args.dataset.startswith("ogbg-"), setting["train"]
    options = {"metric": args.dataset} if molecules else {}
    if args.model == "transformer":
        options["forward"] = GraphTransformer.forward_data
        if "encoder_decay" in setting:
            options["optimizer"] = lambda model: make_optimizer(
                model, train["lr"], train["weight_decay"], setting["encoder_decay"])
    run(args, setting, lambda: make_model(args.model, setting, data, outputs, molecules), data,
        **options)


if __name__ == "__main__":
    try:
        main()
    except GraphError as error:
        raise SystemExit(f"error: {error}") from error

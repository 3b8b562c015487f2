"""Node classification by LargeGT, in batches whose cost does not depend on the graph's size.

    python examples/ogbn_largegt.py
    python examples/ogbn_largegt.py --dataset minesweeper --runs 10 --root ROOT
    torchrun --nproc_per_node 2 examples/ogbn_largegt.py --dataset ogbn-arxiv --root ROOT

The first needs no download. The model is that of "Graph Transformers for Large Graphs" (arXiv
2312.11109): attention over nodes sampled within two hops, and over a codebook that stands for all
nodes. `--conv local` and `--conv global` train one of both alone. In the third, two processes share
out every batch and compute what one would; with a GPU for each, on those.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphlocal import GraphError, datasets, ops, tasks
from graphlocal.models import HopTokens, LargeGT
from graphlocal.transforms import AddRandomProjection

# What each data set is trained with: the arguments of the model, of the batches, and of the
# training loop. Those of ogbn-products are the paper's; the others are ours.
_SMALL = {
    "model": {"hidden_channels": 32, "global_channels": 16, "num_centroids": 64, "dropout": 0.3},
    "tokens": {"num_tokens": 12},
    "train": {"lr": 0.003, "weight_decay": 0.0, "batch_size": 64, "eval_batch_size": 1024,
              "epochs": 60, "patience": 15}}
_HETEROPHILOUS = {
    "model": {"hidden_channels": 32, "global_channels": 32, "num_centroids": 256, "dropout": 0.2,
              "local_dropout": 0.1, "token_marks": True},
    "tokens": {"num_tokens": 16, "distinct": True, "include_self": False},
    "train": {"lr": 0.003, "weight_decay": 0.0, "batch_size": 256, "eval_batch_size": 1024,
              "epochs": 30, "patience": 15, "eval_every": 3, "metric": "roc_auc"}}
SETTINGS: dict[str, dict[str, dict]] = {
    "digits": _SMALL,
    "synthetic": _SMALL,
    "minesweeper": _HETEROPHILOUS,
    "tolokers": {
        "model": {**_HETEROPHILOUS["model"], "dropout": 0.3, "local_dropout": 0.2},
        "tokens": {"num_tokens": 20, "law": "path"}, "train": _HETEROPHILOUS["train"]},
    "ogbn-arxiv": {
        "model": {"hidden_channels": 128, "global_channels": 64, "num_centroids": 4096,
                  "chunk_size": 128},
        "tokens": {"num_tokens": 50},
        "train": {"lr": 0.001, "weight_decay": 0.0, "batch_size": 1024, "eval_batch_size": 1024,
                  "epochs": 100, "patience": 20}},
    "ogbn-products": {
        "model": {"hidden_channels": 256, "global_channels": 64, "num_centroids": 4096,
                  "heads": 2, "dropout": 0.5, "local_dropout": 0.3, "chunk_size": 128},
        "tokens": {"num_tokens": 100},
        "train": {"lr": 0.001, "weight_decay": 0.0, "batch_size": 1024, "eval_batch_size": 256,
                  "epochs": 500, "patience": None}},
}


def load(args: argparse.Namespace) -> tuple[Data, int]:
    """The graph with masks of its splits, and its number of classes."""
    if args.dataset == "synthetic":
        return synthetic(), 6
    dataset = datasets.load(args.dataset, args.root)
    data = dataset[0]
    if args.dataset.startswith("ogbn-"):
        for part, nodes in dataset.get_idx_split().items():
            mask = torch.zeros(data.num_nodes, dtype=torch.bool)
            mask[nodes] = True
            data["val_mask" if part == "valid" else f"{part}_mask"] = mask
    return data, dataset.num_classes


def synthetic(num_nodes: int = 3000, degree: int = 10) -> Data:
    """Six groups that link among themselves more than at random, with features that say little."""
    rng = np.random.default_rng(0)
    y = np.arange(num_nodes) % 6
    source = rng.integers(0, num_nodes, num_nodes * degree // 2)
    target = rng.integers(0, num_nodes, len(source))
    own = rng.random(len(source)) < 0.6  # moved to a node of the source's group
    target[own] = target[own] // 6 * 6 + y[source[own]]
    target = np.minimum(target, num_nodes - 1)
    x = rng.standard_normal((num_nodes, 16)) + 0.6 * rng.standard_normal((6, 16))[y]
    edges = np.concatenate([np.stack([source, target]), np.stack([target, source])], axis=1)
    split = rng.permutation(num_nodes) % 5
    return Data(x=torch.from_numpy(x.astype(np.float32)), edge_index=torch.from_numpy(edges),
                y=torch.from_numpy(y), train_mask=torch.from_numpy(split < 3),
                val_mask=torch.from_numpy(split == 3), test_mask=torch.from_numpy(split == 4))


def positions(args: argparse.Namespace, data: Data, channels: int) -> Tensor | None:
    """Positions of the nodes for the codebook: random projections, your own, or none."""
    if args.pos == "none" or args.conv == "local":
        return None
    if args.pos == "random-projection":
        return AddRandomProjection(channels)(data).pos_enc
    try:
        table = np.load(args.pos, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise GraphError(f"argument 'pos': got {args.pos}, which numpy cannot read as numbers "
                         f"({type(error).__name__}), expected a file of np.save") from error
    if table.ndim != 2 or len(table) != data.num_nodes:
        raise GraphError(f"argument 'pos': got shape {table.shape}, expected a row for each of "
                         f"{data.num_nodes} nodes")
    return torch.from_numpy(np.asarray(table, np.float32))


def say(epoch: int, scores: dict[str, float]) -> None:
    if ops.process_rank() == 0:
        shown = {name: value for name, value in scores.items() if value == value}
        print(f"epoch {epoch:3}  " + "  ".join(
            f"{name} {value:.4f}" if name in ("loss", "val_loss", "seconds") else
            f"{name} {100 * value:.2f}" for name, value in shown.items()), flush=True)


def train(args: argparse.Namespace, setting: dict[str, dict], device: torch.device) -> None:
    start = time.perf_counter()
    with tasks.first_process_first():
        data, num_classes = load(args)
    setting["model"]["conv_type"] = args.conv
    pos_enc = positions(args, data, setting["model"]["global_channels"])
    tokens = setting["tokens"] if args.conv != "global" else {"num_tokens": 1, "num_hops": 0}
    batches = HopTokens(data.x, data.edge_index, pos_enc=pos_enc, **tokens)
    inputs = (data.num_features, setting["model"].pop("hidden_channels"), num_classes)
    pos_channels = 0 if pos_enc is None else pos_enc.size(1)
    data.y = data.y.to(device)  # features go there batch by batch
    result = tasks.node.run(
        lambda: LargeGT(*inputs, pos_channels=pos_channels, **setting["model"]).to(device), data,
        seeds=range(args.seed, args.seed + args.runs), **setting["train"],
        forward=lambda model, data, nodes, epoch: model(*batches(nodes, epoch)),
        on_epoch=None if args.quiet else say,
        checkpoint=args.checkpoint, checkpoint_every=1 if args.dataset.startswith("ogbn-") else 25,
        log=args.log, config={"dataset": args.dataset, "hidden_channels": inputs[1],
                              "pos": args.pos, **setting}, description="largegt")
    if ops.process_rank() == 0:
        print(f"{args.dataset}, {args.conv}, {result.runs[0].num_params:,} parameters, "
              f"{time.perf_counter() - start:.1f} s, "
              f"{result.runs[0].seconds_per_epoch:.2f} s per epoch")
        print(result)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=SETTINGS, default="digits")
    parser.add_argument("--conv", choices=("full", "local", "global"), default="full")
    parser.add_argument("--root", help="folder of the data sets (default: datasets/)")
    parser.add_argument("--runs", type=int, default=1, help="run r takes split r, where there are "
                        "several")
    parser.add_argument("--seed", type=int, default=0, help="of the first run")
    for name, kind in (("epochs", int), ("patience", int), ("batch-size", int),
                       ("eval-batch-size", int), ("lr", float), ("weight-decay", float)):
        parser.add_argument(f"--{name}", type=kind, help="default: the data set's own")
    for name, kind in (("hidden", int), ("heads", int), ("layers", int), ("centroids", int),
                       ("chunk-size", int), ("dropout", float), ("local-dropout", float),
                       ("tokens", int)):
        parser.add_argument(f"--{name}", type=kind, help="default: the data set's own")
    parser.add_argument("--token-marks", action=argparse.BooleanOptionalAction,
                        help="tell a token's hop and owner; the paper does not")
    parser.add_argument("--law", choices=("exact", "path"), help="how tokens are drawn")
    parser.add_argument("--draw-once", action="store_true",
                        help="the same tokens in all epochs, as the paper's code")
    parser.add_argument("--pos", default="random-projection", help="positions for the codebook: "
                        "random-projection, none, or a .npy file with a row for each node")
    parser.add_argument("--eval-every", type=int, help="default: the data set's own, or 1")
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--matmul-precision", choices=("highest", "high", "medium"),
                        default="highest", help="of torch; medium lets the processor's own library "
                        "multiply, on some twice as fast")
    parser.add_argument("--device", choices=("auto", "cpu"), default="auto")
    parser.add_argument("--quiet", action="store_true", help="no line per epoch")
    # torchrun takes --log for an option of its own, even behind the name of the script.
    parser.add_argument("--log", "--log-file", help="file that gets one JSON line per run")
    parser.add_argument("--checkpoint", help="folder to go on from after an interruption")
    args = parser.parse_args()
    for name in ("runs", "epochs", "patience", "batch_size", "eval_batch_size", "hidden", "heads",
                 "layers", "centroids", "chunk_size", "tokens", "eval_every", "threads"):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f"--{name.replace('_', '-')}: at least 1, not {value}")
    if args.pos not in ("none", "random-projection") and not Path(args.pos).is_file():
        parser.error(f"--pos: there is no file {args.pos}")
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.set_float32_matmul_precision(args.matmul_precision)
    setting = {part: dict(values) for part, values in SETTINGS[args.dataset].items()}
    for part, names in (
        ("train", {name: name for name in ("epochs", "patience", "batch_size", "eval_batch_size",
                                           "lr", "weight_decay", "eval_every")}),
        ("model", {"hidden": "hidden_channels", "heads": "heads", "layers": "num_layers",
                   "centroids": "num_centroids", "chunk_size": "chunk_size",
                   "dropout": "dropout", "local_dropout": "local_dropout",
                   "token_marks": "token_marks"}),
        ("tokens", {"tokens": "num_tokens", "law": "law"}),
    ):
        setting[part] |= {key: getattr(args, name) for name, key in names.items()
                          if getattr(args, name) is not None}
    if setting["tokens"].get("law") == "path":
        setting["tokens"].pop("distinct", None)  # paths are not told apart
    if args.draw_once:
        setting["tokens"]["resample"] = False
    with tasks.joined_processes("gloo" if args.device == "cpu" else None) as device:
        train(args, setting, torch.device("cpu") if args.device == "cpu" else device)


if __name__ == "__main__":
    try:
        main()
    except GraphError as error:
        raise SystemExit(f"error: {error}") from error

"""Link prediction by neural common neighbours, with the settings of their paper.

    python examples/ogbl_ncn.py
    python examples/ogbl_ncn.py --dataset cora --model ncnc --runs 10 --root ROOT
    python examples/ogbl_ncn.py --edges friends.tsv --features people.npy --model ncn

The first needs no download. The models are those of "Neural Common Neighbor with Completion for
Link Prediction" (arXiv 2302.00890); `gae`, which looks at no common neighbour, is what they are
compared with. Every metric is reported at the epoch in which it was best on validation.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from graphlocal import CSRGraph, GraphError, datasets, tasks
from graphlocal.models import LinkEncoder, LinkModel
from graphlocal.nn import link
from graphlocal.tasks.link import LinkData, LinkResult

# What each data set is trained with: the arguments of encoder and predictor, of the completion
# (ncnc), and of the training loop. The numbers are the paper's; those of `digits` are ours.
SETTINGS: dict[str, dict[str, dict]] = {
    "digits": {
        "encoder": {"conv": "puregcn", "hidden_channels": 64, "input_dropout": 0.2, "dropout": 0.1},
        "predictor": {"dropout": 0.1, "edge_dropout": 0.1},
        "completion": {"scale": 4.0, "offset": 3.0, "pt": 0.75, "alpha": 0.5},
        "train": {"lr": 0.005, "predictor_lr": 0.003, "batch_size": 1152, "epochs": 60}},
    "cora": {
        "encoder": {"conv": "puregcn", "hidden_channels": 256, "jumping_knowledge": True,
                    "input_dropout": 0.7, "tail_dropout": 0.3, "dropout": 0.05},
        "predictor": {"dropout": 0.05, "edge_dropout": 0.4},
        "completion": {"scale": 4.3, "offset": 2.8, "pt": 0.75, "alpha": 1.0},
        "train": {"lr": 0.0043, "predictor_lr": 0.0024, "batch_size": 1152,
                  "eval_batch_size": 8192, "epochs": 100}},
    "citeseer": {
        "encoder": {"conv": "puregcn", "hidden_channels": 256, "jumping_knowledge": True,
                    "input_dropout": 0.4, "dropout": 0.75},
        "predictor": {"dropout": 0.55, "num_layers": 2},
        "completion": {"scale": 6.5, "offset": 4.4, "pt": 0.75, "alpha": 0.4},
        "train": {"lr": 0.0085, "predictor_lr": 0.0078, "batch_size": 384,
                  "eval_batch_size": 4096, "epochs": 100}},
    "pubmed": {
        "encoder": {"conv": "puregcn", "hidden_channels": 256, "jumping_knowledge": True,
                    "input_dropout": 0.3, "dropout": 0.1},
        "predictor": {"dropout": 0.05},
        "completion": {"scale": 5.3, "offset": 0.5, "pt": 0.5, "alpha": 0.3},
        "train": {"lr": 0.0097, "predictor_lr": 0.002, "batch_size": 2048,
                  "eval_batch_size": 8192, "epochs": 100}},
    "ogbl-collab": {
        "encoder": {"conv": "gcn", "hidden_channels": 64, "layer_norm": True, "residual": True,
                    "input_dropout": 0.25, "tail_dropout": 0.05, "edge_dropout": 0.25,
                    "dropout": 0.1},
        "predictor": {"dropout": 0.3},
        "completion": {"scale": 2.5, "offset": 6.0, "pt": 0.1, "alpha": 1.05},
        "train": {"lr": 0.0082, "predictor_lr": 0.0037, "batch_size": 65536,
                  "eval_batch_size": 131072, "epochs": 100, "val_edges_as_input": True}},
    "ogbl-ppa": {
        "encoder": {"conv": "gcn", "hidden_channels": 64, "num_layers": 3, "layer_norm": True,
                    "residual": True, "edge_dropout": 0.1},
        "predictor": {"dropout": 0.1, "node_mlp": False},
        "completion": {"scale": 4.0, "offset": 8.5, "pt": 0.1, "alpha": 0.9},
        "train": {"lr": 0.0013, "predictor_lr": 0.0013, "batch_size": 16384,
                  "eval_batch_size": 65536, "epochs": 25}},
    # The completion of the two below starts from a trained NCN, whose encoder stays as it is.
    "ogbl-citation2": {
        "encoder": {"conv": "puregcn", "hidden_channels": 64, "num_layers": 3, "residual": True,
                    "tail_dropout": 0.3, "dropout": 0.2},
        "predictor": {"dropout": 0.2},
        "completion": {"scale": 1.4, "offset": -0.3, "pt": 0.25, "alpha": 1.0,
                       "num_samples": 96},
        "train": {"lr": 0.0088, "predictor_lr": 0.0058, "batch_size": 32768,
                  "eval_batch_size": 65536, "epochs": 20, "hide_targets": False,
                  "negatives": "target", "clip_grad": 1.0},
        "then": {"lr": 0.0, "predictor_lr": 0.001, "batch_size": 24576, "epochs": 20}},
    "ogbl-ddi": {
        "encoder": {"conv": "puresum", "hidden_channels": 224, "residual": True,
                    "input_dropout": 0.05, "dropout": 0.4},
        "predictor": {"dropout": 0.6, "num_layers": 2, "tail_activation": False},
        "completion": {"scale": 10.0, "offset": 3.0, "pt": 0.1, "alpha": 0.5},
        "train": {"lr": 0.0021, "predictor_lr": 0.0018, "batch_size": 24576,
                  "eval_batch_size": 131072, "epochs": 100},
        "then": {"lr": 0.0, "predictor_lr": 0.0025, "batch_size": 24576, "epochs": 2}},
}
MODELS = {"gae": "HadamardMLP", "gae+cn": "OverlapCountPredictor", "ncn": "NCNPredictor",
          "ncn2": "NCN2Predictor", "ncn-diff": "NCNDiffPredictor", "ncnc": "NCNCPredictor",
          "dot": "DotPredictor"}
METRICS = ("hits@20", "hits@50", "hits@100", "mrr", "auc")


def split_of(args: argparse.Namespace):
    """A function from seeds to splits, and the metrics, the one that counts last."""
    if args.edges:
        graph = CSRGraph.read(args.edges)
        x = None if args.features is None else features_of(graph, Path(args.features))
        return lambda seed: LinkData.random(graph, x=x, seed=seed), list(METRICS[:3])
    dataset = datasets.load(args.dataset, args.root)
    data = dataset[0]
    if not args.dataset.startswith("ogbl-"):  # a new split for every seed: 70, 10 and 20 %
        return (lambda seed: LinkData.random(data.edge_index, data.num_nodes, x=data.x, seed=seed),
                list(METRICS[:3]))
    x = data.x
    if args.dataset == "ogbl-ppa":  # one column per species
        x = x.argmax(dim=1)
    split = LinkData.from_ogb(dataset.get_edge_split(), data.num_nodes, x)
    name, official = tasks.link.ogb_metric(args.dataset)
    others = [] if name == "mrr" else [m for m in METRICS[:3] if m != name]
    return lambda seed: split, {**{m: tasks.link.get_link_metric(m) for m in others},
                                name: official}


def features_of(graph: CSRGraph, path: Path) -> Tensor:
    """Rows of a .npy or a text file: row i is node i's, or the i-th node's in the order of edges"""
    table = (np.load(path, allow_pickle=False) if path.suffix == ".npy"
             else np.loadtxt(path, delimiter="," if path.suffix == ".csv" else None, ndmin=2))
    rows = graph.ids if graph.ids is not None else np.arange(graph.num_nodes)
    if rows.dtype.kind not in "iu" or rows.max() >= len(table):
        rows = np.arange(graph.num_nodes)
    if len(table) < graph.num_nodes or table.ndim != 2:
        raise GraphError(f"argument 'features': got shape {table.shape}, expected a row for each "
                         f"of {graph.num_nodes} nodes")
    return torch.from_numpy(np.asarray(table[rows], np.float32))


def make_model(name: str, setting: dict[str, dict], data: LinkData) -> LinkModel:
    encoder = dict(setting["encoder"])
    hidden = encoder.pop("hidden_channels")
    ids = data.x is None or not data.x.is_floating_point()
    if ids:  # an embedding for every node, or for every kind of node
        encoder["num_embeddings"] = data.num_nodes if data.x is None else int(data.x.max()) + 1
    made = LinkEncoder(0 if ids else data.x.size(1), hidden, **encoder)
    predictor = getattr(link, MODELS[name])
    if name == "dot":
        return LinkModel(made, predictor(hidden))
    options = dict(setting["predictor"])
    if name in ("gae", "gae+cn"):
        options.pop("node_mlp", None)
    if name == "ncnc":
        options |= setting["completion"]
    if name in ("ncn", "ncn2", "ncn-diff", "ncnc"):
        options |= setting.get("quirks", {})
    return LinkModel(made, predictor(hidden, hidden, **options))


def say(epoch: int, scores: dict[str, float]) -> None:
    print(f"epoch {epoch:3}  " + "  ".join(
        f"{name} {value:.4f}" if name in ("loss", "seconds") else f"{name} {100 * value:.2f}"
        for name, value in scores.items()), flush=True)


def train(args: argparse.Namespace, setting: dict[str, dict]) -> tasks.link.LinkRunResult:
    data, metrics = split_of(args)
    options = {"metrics": metrics, "on_epoch": None if args.quiet else say,
               "eval_every": args.eval_every, "patience": args.patience}
    two_steps = args.model == "ncnc" and "then" in setting
    seeds = range(args.seed, args.seed + args.runs)
    log = tasks.JsonLines(args.log) if args.log else None
    results = []
    for seed in seeds:
        split = data(seed)
        start: dict[str, Tensor] = {}
        if two_steps:
            tasks.set_seed(seed)
            first = make_model("ncn", setting, split)
            tasks.link.fit(first, split, seed=seed, **setting["train"], **options)
            start = first.state_dict()
        tasks.set_seed(seed)
        model = make_model(args.model, setting, split)
        if start:
            model.load_state_dict(start, strict=False)
        own = {**setting["train"], **setting["then"]} if two_steps else setting["train"]
        result: LinkResult = tasks.link.fit(
            model, split, seed=seed, **own, **options, description=f"{args.model} seed {seed}",
            # An epoch of an OGB set takes minutes.
            checkpoint_every=1 if args.dataset.startswith("ogbl-") else 25,
            checkpoint=args.checkpoint and Path(args.checkpoint) / f"seed-{seed}.pt")
        results.append(result)
        print(f"seed {seed}: " + ", ".join(
            f"{name} valid {100 * best.val:.2f} test {100 * best.test:.2f} (epoch {best.epoch})"
            for name, best in result.best.items())
            + f"; {result.seconds_per_epoch:.2f} s per epoch", flush=True)
        if log is not None:
            log.append({**result.record(), "config": {"dataset": args.edges or args.dataset,
                                                      "model": args.model, **setting}})
    return tasks.link.LinkRunResult(results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=SETTINGS, default="digits")
    parser.add_argument("--model", choices=MODELS, default="ncn")
    parser.add_argument("--edges", help="file of your own edges, instead of --dataset")
    parser.add_argument("--features", help=".npy, .csv or text with a row for each node")
    parser.add_argument("--root", help="folder of the data sets (default: datasets/)")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the first run")
    for name, kind in (("epochs", int), ("batch-size", int), ("lr", float),
                       ("predictor-lr", float)):
        parser.add_argument(f"--{name}", type=kind, help="default: the data set's own")
    parser.add_argument("--hidden", type=int, help="default: the data set's own")
    parser.add_argument("--official-quirks", action="store_true",
                        help="do as the authors' code where it differs from their paper")
    parser.add_argument("--patience", type=int, help="epochs without improvement before it stops")
    parser.add_argument("--eval-every", type=int, default=1)
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--quiet", action="store_true", help="no line per epoch")
    parser.add_argument("--log", help="file that gets one JSON line per run")
    parser.add_argument("--checkpoint", help="folder to go on from after an interruption")
    args = parser.parse_args()
    for name in ("runs", "epochs", "batch_size", "eval_every", "threads", "hidden", "patience"):
        value = getattr(args, name)
        if value is not None and value < 1:
            parser.error(f"--{name.replace('_', '-')}: at least 1, not {value}")
    if args.features and not args.edges:
        parser.error("--features: goes with --edges")
    for name in ("edges", "features"):
        path = getattr(args, name)
        if path and not Path(path).is_file():
            parser.error(f"--{name}: there is no file {path}")
    if args.threads:
        torch.set_num_threads(args.threads)
    setting = {part: dict(values) for part, values in
               SETTINGS["digits" if args.edges else args.dataset].items()}
    for name in ("epochs", "batch_size", "lr", "predictor_lr"):
        if getattr(args, name) is not None:
            setting["train"][name] = getattr(args, name)
    if args.official_quirks:
        setting["quirks"] = {"official_quirks": True}
    if args.hidden:
        setting["encoder"]["hidden_channels"] = args.hidden
    start = time.perf_counter()
    result = train(args, setting)
    print(f"{args.edges or args.dataset}, {args.model}, {result.runs[0].num_params:,} parameters, "
          f"{time.perf_counter() - start:.1f} s")
    print(result)


if __name__ == "__main__":
    try:
        main()
    except GraphError as error:
        raise SystemExit(f"error: {error}") from error

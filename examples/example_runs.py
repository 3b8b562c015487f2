"""What the examples that train a model from a table share: command line, data, runs, report."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch_geometric.data import Data
from torch_geometric.transforms import Compose

from graphlocal import datasets, tasks
from graphlocal.nn.encoding import StructuralEncoder
from graphlocal.transforms import AddOrbitCounts, AddRandomWalkEncoding, AddTopology

# What adds to the data each encoding a model may be given, by its name and number of columns.
_ENCODINGS = {
    "topology": lambda columns: AddTopology(attr="topology"),
    "orbit_counts": lambda columns: AddOrbitCounts(4 if columns == 15 else 5, attr="orbit_counts"),
    "random_walk_pe": AddRandomWalkEncoding,
}
_TRAIN = (("epochs", int), ("lr", float), ("batch-size", int), ("eval-every", int))


def make_parser(description: str, names: Iterable[str], models: tuple[str, ...]):
    """The arguments all of them have; the first of the models is the default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--dataset", choices=names, default="digits")
    parser.add_argument("--model", choices=models, default=models[0])
    parser.add_argument("--root", help="folder of the data sets (default: datasets/)")
    parser.add_argument("--runs", type=int, default=10)
    for name, kind in _TRAIN:
        parser.add_argument(f"--{name}", type=kind, help="default: the data set's own")
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--log", help="file that gets one JSON line per run")
    parser.add_argument("--checkpoint", help="folder to go on from after an interruption")
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What the command line says; the threads are set."""
    args = parser.parse_args()
    if args.threads is not None:
        if args.threads < 1:
            parser.error(f"--threads: at least 1, not {args.threads}")
        torch.set_num_threads(args.threads)
    return args


def given(args: argparse.Namespace) -> dict[str, object]:
    """Settings of the training that the command line names, in place of the table's."""
    names = (name.replace("-", "_") for name, _ in _TRAIN)
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def encoders(setting: dict) -> Compose:
    """Adds the encodings that the model is given."""
    wanted = setting["model"].get("encodings") or {}
    if not isinstance(wanted, dict):
        raise SystemExit(f"error: encodings: {wanted!r} is no dict of names and columns")
    if unknown := sorted(set(wanted) - set(_ENCODINGS)):
        raise SystemExit(f"error: encodings: {unknown[0]!r} is none of {', '.join(_ENCODINGS)}")
    return Compose([_ENCODINGS[name](columns) for name, columns in wanted.items()])


def without_norm(model: dict) -> dict:
    """Arguments of a model whose random-walk probabilities are not normed.

    Molecules have few odd rings: columns that are nearly always zero have next to no variance, and
    with a norm the few atoms in such a ring would weigh more than all else.
    """
    encodings = dict(model.get("encodings") or {})
    if isinstance(encodings.get("random_walk_pe"), int):
        encodings["random_walk_pe"] = StructuralEncoder(
            encodings["random_walk_pe"], model["hidden_channels"], norm=None)
    return {**model, "encodings": encodings}


def prepared(args: argparse.Namespace, setting: dict):
    """The graph of a data set for nodes, or the graphs of one for graphs; and its outputs."""
    steps = encoders(setting)
    dataset = datasets.load(args.dataset, args.root)
    if args.dataset.startswith("ogbg-"):
        dataset.transform = steps
        data = tasks.graph.GraphData.from_ogb(dataset)
        return data, data.out_channels
    binary = setting["train"].get("metric") == "roc_auc"
    return steps(dataset[0]), 1 if binary else dataset.num_classes


def cosine(epochs: int, warmup: int):
    """Learning rates that rise over the first epochs and fall along half a cosine."""
    def factor(epoch: int) -> float:
        if epoch < warmup:
            return (epoch + 1) / (warmup + 1)
        return 0.5 + 0.5 * math.cos(math.pi * (epoch - warmup) / max(1, epochs - warmup))

    return lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def run(args: argparse.Namespace, setting: dict, make: Callable[[], nn.Module],
        data: Data | tasks.graph.GraphData, **options: object) -> None:
    """Trains a model from each seed and prints what came of it.

    ``setting["train"]`` are the settings of `tasks.node.fit` or `tasks.graph.fit`, so that a table
    may name any of them, `clip_grad` too; `warmup` are the epochs in which the rate rises.
    """
    options = {"weight_decay": 0.0, **setting["train"], **options}
    if isinstance(data, Data) and "batch_size" in options:
        raise SystemExit(f"error: --batch-size: {args.dataset} is one graph, trained as a whole")
    if "warmup" in setting:
        options["scheduler"] = cosine(options["epochs"], setting["warmup"])
    start = time.perf_counter()
    result = (tasks.node if isinstance(data, Data) else tasks.graph).run(
        make, data, runs=args.runs, log=args.log, checkpoint=args.checkpoint,
        description=args.model,
        on_run=lambda run, model: print(f"seed {run.seed}: test {run.test:.4f} at epoch "
                                        f"{run.best_epoch} of {run.epochs}, "
                                        f"{run.seconds_per_epoch:.2f} s per epoch", flush=True),
        config={"dataset": args.dataset, "kind": args.model, **setting}, **options)
    print(f"{args.dataset}, {args.model}, {result.runs[0].num_params:,} parameters, "
          f"{time.perf_counter() - start:.1f} s")
    print(result)

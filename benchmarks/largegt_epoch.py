"""An epoch of LargeGT on a graph of 2.4M nodes and 60M edges, and a step beside plain torch.

``python -m benchmarks.largegt_epoch`` makes a power law of exponent 2.5 of the size of
ogbn-products (largest expected degree about 20,000, 100 features, 47 classes, 196,615 training
nodes), and trains with the paper's settings (100 tokens a node, batches of 1024, width 256, 2
heads, 4096 centroids). It prints what each part of a batch takes, and the peak of resident memory
of the process that does it all. With ``--batches N`` it times N batches after one for warming up
and multiplies by those of an epoch, and says so; without, it trains a whole epoch.

The cases set a training step beside the published arithmetic in plain torch: every token of every
sequence through every linear map, and the matrix of attention weights formed. Values are equal.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges

_MILLION = 1_000_000


def ends(num_nodes: int, num_edges: int) -> np.ndarray:
    """Edges ``[2, E]`` of Chung and Lu's model, degrees by a power law that is cut at its top."""
    shift = num_nodes / 40_000
    low, high = shift ** (1 / 3), (num_nodes + shift) ** (1 / 3)
    step = next(p for p in (999_983, 1_000_003, 1_000_033) if num_nodes % p)
    rng, found = np.random.default_rng(0), np.empty((2, num_edges), np.int64)
    for start in range(0, num_edges, _MILLION):
        part = found[:, start:start + _MILLION]
        rank = (rng.random(part.shape) * (high - low) + low) ** 3 - shift
        part[:] = np.minimum(rank.astype(np.int64), num_nodes - 1) * step % num_nodes
    return found


# The cases: one training step.


def _sizes(num_nodes: int, batch: int, **model: int) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        return {"edges": power_law_edges(num_nodes, 8 * num_nodes), "num_nodes": num_nodes,
                "batch": batch, **model}

    return make


def _setup(inputs: dict[str, Any]) -> tuple[Any, Any]:
    """A network without dropout, whose values can be compared, and a batch."""
    import torch

    from graphlocal.models import HopTokens, LargeGT

    torch.manual_seed(0)
    x = torch.randn(inputs["num_nodes"], inputs["features"])
    tokens = HopTokens(x, torch.from_numpy(inputs["edges"]), inputs["tokens"])
    model = LargeGT(inputs["features"], inputs["width"], 47, num_centroids=256, dropout=0.0,
                    local_dropout=0.0)
    return model, tokens(torch.arange(inputs["batch"]))


def _step(call: Callable[[], Any], model: Any) -> Callable[[], dict[str, Any]]:
    def run() -> dict[str, Any]:
        model.zero_grad(set_to_none=True)
        out = call()
        out.square().mean().backward()
        return {"out": out, "gradient": model.local.layers[0].lin_qkv.weight.grad}

    return run


def _ours(inputs: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    model, batch = _setup(inputs)
    return _step(lambda: model.local(batch.hops, batch.tokens), model)


def _chunks(inputs: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    model, batch = _setup(inputs)
    model.local.chunk_size = 64
    return _step(lambda: model.local(batch.hops, batch.tokens), model)


def _plain(inputs: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    import torch

    model, batch = _setup(inputs)
    local, layer = model.local, model.local.layers[0]
    hops = batch.hops if batch.tokens is None else batch.hops[batch.tokens]

    def call() -> torch.Tensor:
        t = local.lin_in(local.embed(hops.flatten(1, 2)))
        rows, length, _ = t.shape
        qkv = layer.lin_qkv(layer.norm(t)).view(rows, length, 3, layer.heads, layer.channels)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q * layer.channels ** -0.5 @ k.transpose(2, 3), dim=-1)
        mixed = (weights @ v).transpose(1, 2).reshape(rows, length, -1)
        o = local.norm(layer.lin_skip(t) + layer.lin_out(mixed))
        share = torch.softmax(local.readout(o[:, 1:]), dim=1)
        return o[:, 0] + (share * o[:, 1:]).sum(dim=1)

    return _step(call, model)


def cases() -> list[Case]:
    """Steps of the local module, where nearly all of the time goes."""
    peers = [Peer("graphlocal", _ours), Peer("graphlocal, chunks of 64", _chunks),
             Peer("plain torch, as published", _plain)]
    return [
        Case("10,000 nodes, batch of 2,048, 16 tokens, width 64",
             _sizes(10_000, 2048, features=32, tokens=16, width=64), peers, rtol=1e-3, rounds=5),
        Case("200,000 nodes, batch of 128, 100 tokens, width 256",
             _sizes(200_000, 128, features=100, tokens=100, width=256), peers, rtol=1e-3,
             rounds=3),
    ]


# The epoch.


def epoch(args: argparse.Namespace, path: Path) -> None:
    """What the timed process does."""
    import torch
    from torch.nn.functional import cross_entropy

    from graphlocal import CSRGraph
    from graphlocal.kernels.cpu.parallel import num_threads
    from graphlocal.models import HopTokens, LargeGT
    from graphlocal.transforms import random_projection

    torch.manual_seed(0)
    torch.set_float32_matmul_precision(args.matmul_precision)
    nodes = int(args.nodes * _MILLION)
    clock = _Clock()
    graph = CSRGraph.from_edge_index(np.load(path, mmap_mode="r"), nodes)
    clock.tell("graph from its list of edges", f"{graph.num_edges / 1e6:.1f}M different edges, "
               f"largest degree {int(graph.degree.max()):,}")
    x = torch.randn(nodes, 100)
    y = torch.randint(47, (nodes,))
    clock.tell("features drawn at random")
    batches = HopTokens(x, graph, args.tokens, law=args.law)
    clock.tell("hop features PX and P²X")
    if not args.no_position:
        batches.pos_enc = random_projection(graph, 64)
        clock.tell("positions by random projection")
    model = LargeGT(100, args.width, 47, heads=2, pos_channels=0 if args.no_position else 64,
                    chunk_size=args.chunk_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    count = int(args.training or 196_615)
    order = torch.randperm(nodes)[:count].split(args.batch_size)
    timed = order if args.batches is None else order[:args.batches + 1]
    parts: dict[str, list[float]] = {"tokens drawn": [], "features gathered": [],
                                     "forward, backward, step": []}
    for number, batch in enumerate(timed):
        start = time.perf_counter()
        tokens = batches.sample(batch, 1)
        drawn = time.perf_counter()
        inputs = batches.gather(tokens)
        gathered = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        cross_entropy(model(*inputs), y[batch]).backward()
        optimizer.step()
        end = time.perf_counter()
        if number or len(timed) == 1:  # the first compiles and warms up
            for name, value in zip(parts, (drawn - start, gathered - drawn, end - gathered),
                                   strict=True):
                parts[name].append(value)
    clock.tell(f"{len(timed)} batches")
    medians = {name: statistics.median(values) for name, values in parts.items()}
    each = sum(medians.values())
    for name, value in medians.items():
        print(f"| a batch: {name} | {value:.3f} | {100 * value / each:.1f} % |", flush=True)
    said = ("measured" if args.batches is None else
            f"extrapolated: {each:.2f} s, median of {len(timed) - 1} batches, times {len(order)}")
    total = sum(map(sum, parts.values())) if args.batches is None else each * len(order)
    print(f"| an epoch of {count:,} nodes | {total:.0f} | {said} |")
    model.eval()
    start = time.perf_counter()
    with torch.no_grad():
        model(*batches(order[0][:256]))
    print(f"| 256 nodes scored | {time.perf_counter() - start:.2f} | |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(f"| peak resident memory, GB | {peak:.1f} | {torch.get_num_threads()} threads of torch, "
          f"{num_threads()} of ours, matmul precision {args.matmul_precision} |", flush=True)


class _Clock:
    def __init__(self) -> None:
        print("| part | s | |\n|---|---|---|", flush=True)
        self.start = time.perf_counter()

    def tell(self, name: str, note: str = "") -> None:
        now = time.perf_counter()
        print(f"| {name} | {now - self.start:.1f} | {note} |", flush=True)
        self.start = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.largegt_epoch",
                                     description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=float, default=2.4, help="million (default: 2.4)")
    parser.add_argument("--edges", type=float, default=60.0, help="million, undirected")
    parser.add_argument("--training", type=int, help="training nodes (default: 196615)")
    parser.add_argument("--batches", type=int, help="time so many instead of a whole epoch")
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--law", choices=("exact", "path"), default="exact")
    parser.add_argument("--chunk-size", type=int, default=64)
    parser.add_argument("--matmul-precision", default="highest",
                        choices=("highest", "high", "medium"),
                        help="medium lets oneDNN multiply, which some processors do faster")
    parser.add_argument("--no-position", action="store_true")
    parser.add_argument("--list", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.list:
        epoch(args, args.list)
        return
    with tempfile.TemporaryDirectory(prefix="graphlocal-largegt-") as folder:
        path = Path(folder) / "edges.npy"
        np.save(path, ends(int(args.nodes * _MILLION), int(args.edges * _MILLION)))
        # A process of its own, so that the memory of making the graph up does not count.
        subprocess.run([sys.executable, "-m", "benchmarks.largegt_epoch", *sys.argv[1:],
                        "--list", str(path)], check=True)


if __name__ == "__main__":
    main()

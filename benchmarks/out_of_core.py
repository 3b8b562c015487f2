"""Edge lists of 1M to 60M edges to a mapped graph, and metrics on the map.

The lists are power laws of exponent 2.5 (Chung and Lu's model), 12 ends a node, expected degrees
cut at 1,000 so that the work an edge brings is the same at any size; ids are shuffled and some are
missing, repeated edges stay in. They are written to the temporary directory, 0.9 GB for 60M edges,
and removed. ``python -m benchmarks.out_of_core 1 4 15 60`` runs every step in a process of its own
and prints the time an edge takes, and the peak of resident and of anonymous memory.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .harness import Case, Peer

_MILLION = 1_000_000
_MEMORY = "2GB"
_METRICS = ("degree", "triangles", "core", "orbits4")
_Result = dict[str, Any]


def edges(count: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Ends ``[2, 1M]`` of the list, piece by piece."""
    nodes, most = max(count // 6, 2), 1000.0
    # Degrees most * ((i + shift) / shift)^(-2/3) for i < nodes, of sum 2 * count.
    low, high = 1e-6, float(nodes)
    for _ in range(200):
        shift = (low + high) / 2
        total = most * shift ** (2 / 3) * 3 * ((nodes + shift) ** (1 / 3) - shift ** (1 / 3))
        low, high = (shift, high) if total < 2 * count else (low, shift)
    bottom, top = shift ** (1 / 3), (nodes + shift) ** (1 / 3)
    rng = np.random.default_rng(seed)
    step = next(p for p in (999_983, 1_000_003, 1_000_033) if nodes % p)
    for start in range(0, count, _MILLION):
        ends = rng.random((2, min(_MILLION, count - start)))
        ends *= top - bottom
        ends += bottom
        rank = np.minimum((ends**3 - shift).astype(np.int64), nodes - 1)
        yield rank * step % nodes  # shuffled: the step has no divisor in common with the nodes


def write_list(path: Path, count: int) -> None:
    """Writes the list as text, two columns separated by a tab."""
    from graphlocal.kernels.cpu.float_text import powers_of_ten
    from graphlocal.kernels.cpu.rows import INTEGER, write_rows

    kinds, begin = np.full(2, INTEGER), np.zeros(1, np.int64)
    no_text = np.zeros((0, 0), np.int64), np.zeros(0, np.uint8), begin
    out = np.empty(_MILLION * 22, np.uint8)
    with open(path, "wb") as file:
        for ends in edges(count):
            size = write_rows(0, ends.shape[1], kinds, ends, *no_text, ord("\t"), powers_of_ten(),
                              out, begin)
            file.write(out[:size].data)


def _list(count: int) -> Callable[[], str]:
    """A folder with the list of one peer, removed when its process ends."""
    def make() -> str:
        folder = tempfile.mkdtemp(prefix="graphlocal-out-of-core-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        write_list(Path(folder) / "edges.tsv", count)
        return folder

    return make


def _arrays(graph: Any) -> _Result:
    sizes = {"nodes": graph.num_nodes, "edges": graph.num_edges}
    return sizes | ({} if graph.num_edges > 20 * _MILLION else
                    {"rowptr": np.array(graph.rowptr), "col": np.array(graph.col)})


def _convert(folder: str) -> Callable[[], _Result]:
    from graphlocal.graph import convert_file

    def run() -> _Result:
        return _arrays(convert_file(f"{folder}/edges.tsv", f"{folder}/graph", memory=_MEMORY,
                                    weight=False, overwrite=True))

    return run


def _save(folder: str) -> Callable[[], _Result]:
    from graphlocal.graph import CSRGraph

    def run() -> _Result:
        graph = CSRGraph.read(f"{folder}/edges.tsv", weight=False)
        graph.save(f"{folder}/graph", overwrite=True)
        return _arrays(graph)

    return run


def _metrics(graph: Any) -> _Result:
    from graphlocal.topology import metrics

    table = metrics(graph, list(_METRICS))
    return {name: table[name] for name in table.columns}


def _mapped(folder: str) -> Callable[[], _Result]:
    from graphlocal.graph import convert_file

    graph = convert_file(f"{folder}/edges.tsv", f"{folder}/graph", memory=_MEMORY, weight=False)
    return lambda: _metrics(graph)


def _held(folder: str) -> Callable[[], _Result]:
    from graphlocal.graph import CSRGraph

    graph = CSRGraph.read(f"{folder}/edges.tsv", weight=False)
    return lambda: _metrics(graph)


def cases() -> list[Case]:
    made = []
    for count in (1, 4, 15, 60):
        rounds = 3 if count < 15 else 1
        convert, measure = [Peer("graphlocal convert", _convert)], [Peer("mapped", _mapped)]
        if count <= 15:
            convert.append(Peer("graphlocal read and save", _save))
        if count <= 4:
            measure.append(Peer("in memory", _held))
        for what, peers in (("to a mapped graph", convert), (" + ".join(_METRICS), measure)):
            made.append(Case(f"{count}M edges, {what}", _list(count * _MILLION), peers, rtol=0,
                             atol=0, rounds=rounds))
    return made


def _child(*command: str) -> dict[str, float]:
    """Seconds on the clock and of processors, and the peaks of memory in MB, of a process."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command])
    peak = {"VmHWM": 0.0, "RssAnon": 0.0}
    ended = 0
    while not ended:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines():
                name, _, value = line.partition(":")
                if name in peak:
                    peak[name] = max(peak[name], int(value.split()[0]) * 1024 / 1e6)
        time.sleep(0.005)
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"a step failed: {' '.join(command)}")
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "rss": peak["VmHWM"],
            "anonymous": peak["RssAnon"]}


def _one_metric(directory: str, name: str) -> None:
    from graphlocal.graph import CSRGraph
    from graphlocal.topology import metrics

    table = metrics(CSRGraph.open(directory), [name])
    total = {column: int(table[column].sum()) for column in table.columns}
    print(json.dumps(total), file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.out_of_core", description=__doc__)
    parser.add_argument("millions", type=float, nargs="*", default=[1, 4, 15])
    parser.add_argument("--memory", default=_MEMORY)
    parser.add_argument("--metric", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.metric:
        _one_metric(*args.metric)
        return
    print("| edges | step | s | CPU s | ns per edge | CPU ns per edge | peak RSS, MB | "
          "peak anonymous, MB |", flush=True)
    print("|---|---|---|---|---|---|---|---|")
    for millions in args.millions:
        count = int(millions * _MILLION)
        with tempfile.TemporaryDirectory(prefix="graphlocal-out-of-core-") as folder:
            path, directory = Path(folder) / "edges.tsv", f"{folder}/graph"
            write_list(path, count)
            size = f"{path.stat().st_size / 1e6:.0f} MB"
            steps = {f"convert {size} --memory {args.memory}": (
                "-m", "graphlocal", "convert", str(path), directory, "--memory", args.memory)}
            for name in _METRICS:
                steps[name] = ("-m", "benchmarks.out_of_core", "--metric", directory, name)
            for step, command in steps.items():
                found = _child(*command)
                each = [found[clock] / count * 1e9 for clock in ("seconds", "cpu")]
                print(f"| {millions:g}M | {step} | {found['seconds']:.2f} | {found['cpu']:.2f} | "
                      f"{each[0]:.0f} | {each[1]:.0f} | {found['rss']:.0f} | "
                      f"{found['anonymous']:.0f} |", flush=True)


if __name__ == "__main__":
    main()

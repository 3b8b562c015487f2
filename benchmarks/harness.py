"""How a benchmark is written, and what it is measured with.

A benchmark is a module ``benchmarks/NAME.py`` whose docstring's first line says what it compares,
and which defines ``cases() -> list[Case]``, cheap to call::

    def _ours(inputs):                 # called once, in a process of its own, not timed
        graph = CSRGraph.from_edge_index(inputs)
        return lambda: {"triangles": triangles(graph)}      # this call is timed

    def cases():
        return [Case("power law", make_inputs, [Peer("graphlocal", _ours),
                                                Peer("networkx", _networkx, slow=True)])]

The first peer is ours; the others are shown as multiples of it. Every peer runs in a process of
its own, so that memory and thread pools are its own, and the processes take turns, so that a
machine whose speed drifts treats them alike. What the first call returns (a dict of arrays or
numbers) is compared between peers before anything is printed: where results differ, there is no
table. Peers that are not installed are left out and named.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

#: Every library reads one of these before it starts its threads.
_THREAD_VARIABLES = (
    "GRAPHLOCAL_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS",
)


@dataclass(frozen=True)
class Peer:
    """One competitor: ``setup(inputs)`` returns the call to be timed. ``slow`` runs it once."""

    name: str
    setup: Callable[[Any], Callable[[], dict[str, Any] | None]]
    slow: bool = False
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One input and the peers that meet on it; ``rtol``/``atol`` say when results are equal."""

    name: str
    inputs: Callable[[], Any]
    peers: list[Peer]
    rtol: float = 1e-4
    atol: float = 1e-4
    rounds: int = 7


@dataclass
class _Measured:
    seconds: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def threads() -> int:
    """Threads a peer may use in this process, for libraries that no variable governs."""
    return int(os.environ["GRAPHLOCAL_NUM_THREADS"])


class DifferentResults(RuntimeError):
    """Two peers disagree; their times mean nothing."""


class _Worker:
    """A peer's process: told to run, it answers with seconds and megabytes."""

    def __init__(self, module: str, case: str, peer: str, count: int) -> None:
        env = dict(os.environ) | dict.fromkeys(_THREAD_VARIABLES, str(count))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", module, case, peer],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env,
        )
        self.ready = self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise RuntimeError(f"a peer ended with exit code {self.process.wait()}")
        return json.loads(line)

    def ask(self, **message: Any) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()


def measure(
    module: str, case: Case, count: int, say: Callable[[str], None] = lambda text: None
) -> tuple[dict[str, _Measured], dict[str, str]]:
    """Times every peer of a case with ``count`` threads: ``(measured, left out and why)``.

    Raises:
        DifferentResults: If a peer's result is not ours within the case's tolerances.
    """
    workers: dict[str, _Worker] = {}
    measured: dict[str, _Measured] = {}
    missing: dict[str, str] = {}
    try:
        for peer in case.peers:
            say(f"{case.name}, {count} thread{'s' * (count > 1)}: starting {peer.name}")
            worker = _Worker(module, case.name, peer.name, count)
            if "missing" in worker.ready:
                missing[peer.name] = worker.ready["missing"]
                worker.close()
            else:
                workers[peer.name], measured[peer.name] = worker, _Measured()
        with tempfile.TemporaryDirectory() as folder:
            _compare(case, workers, Path(folder))
        for turn in range(case.rounds):
            for peer in case.peers:
                if peer.name in workers and not (peer.slow and turn):
                    say(f"{case.name}, {count} thread{'s' * (count > 1)}: round {turn + 1} of "
                        f"{case.rounds}, {peer.name}")
                    answer = workers[peer.name].ask(do="run")
                    measured[peer.name].seconds.append(answer["seconds"])
                    measured[peer.name].peak.append(answer["peak"])
    finally:
        for worker in workers.values():
            worker.close()
    return measured, missing


def _compare(case: Case, workers: dict[str, _Worker], folder: Path) -> None:
    ours: dict[str, Any] | None = None
    for number, (name, worker) in enumerate(workers.items()):
        path = folder / f"{number}.npz"
        worker.ask(do="result", path=str(path))
        with np.load(path, allow_pickle=False) as file:
            theirs = {key: file[key] for key in file.files}
        if ours is None:
            ours = theirs
            continue
        common = ours.keys() & theirs.keys()
        if not common:
            raise DifferentResults(f"{case.name}: {name} shares no result with ours")
        for key in sorted(common):
            a, b = ours[key], theirs[key]
            if a.shape != b.shape or not np.allclose(a, b, case.rtol, case.atol, equal_nan=True):
                worst = "shapes differ" if a.shape != b.shape else (
                    f"largest difference {np.nanmax(np.abs(a - b)):.3g}")
                raise DifferentResults(f"{case.name}: {name} differs from ours in '{key}': {worst}")


def table(case: Case, results: dict[int, dict[str, _Measured]], missing: dict[str, str]) -> str:
    """Markdown: seconds, ratio to ours for each number of threads, extra memory."""
    counts = sorted(results)
    head = ["peer"]
    for count in counts:
        head += [f"{count} thread{'s' * (count > 1)}, s", "x ours"]
    head.append("extra memory, MB")
    rows = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    first = next(p.name for p in case.peers if p.name not in missing)
    for peer in case.peers:
        if peer.name in missing:
            continue
        cells = [peer.name]
        for count in counts:
            mine, ours = results[count][peer.name], results[count][first]
            cells += [f"{mine.median:.4g}", f"{mine.median / ours.median:.2f}"]
        cells.append(f"{max(results[counts[0]][peer.name].peak):.0f}")
        rows.append("| " + " | ".join(cells) + " |")
    rows += [f"\n{name} was left out: {why}." for name, why in missing.items()]
    return f"### {case.name}\n\n" + "\n".join(rows) + "\n"


def power_law_edges(
    num_nodes: int = 170_000, num_edges: int = 1_200_000, exponent: float = 2.5, seed: int = 0
) -> np.ndarray:
    """Simple undirected power-law graph (Chung-Lu), one column per edge, smaller node first.

    Shapes:
        - **output:** ``(2, num_edges)`` int64
    """
    rng = np.random.default_rng(seed)
    # Expected degrees i^(-1/(exponent-1)): the Chung-Lu model's weights.
    weight = np.arange(1, num_nodes + 1, dtype=np.float64) ** (-1.0 / (exponent - 1.0))
    cumulative = np.cumsum(weight / weight.sum())
    label = rng.permutation(num_nodes)
    keys = np.zeros(0, np.int64)
    while len(keys) < num_edges:
        ends = np.searchsorted(cumulative, rng.random((2, num_edges))).clip(max=num_nodes - 1)
        ends = label[ends]
        low, high = ends.min(axis=0), ends.max(axis=0)
        fresh = (low * num_nodes + high)[low != high]
        keys = np.unique(np.concatenate([keys, fresh]))
    keys = rng.permutation(keys)[:num_edges]
    return np.stack([keys // num_nodes, keys % num_nodes]).astype(np.int64)

"""A text file of edges to a table of five metrics: whole processes, from start to exit.

Each peer is a script as its users write it: read the file, compute degree, triangles, clustering,
core number and PageRank of every node, write one CSV. Interpreter start, imports, reading and
writing all count. Ours is ``graphlocal metrics FILE -m ... -o out.csv`` with its kernels in
numba's cache, as after a first run. networkx runs once: it takes minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .harness import Case, Peer, power_law_edges, threads

METRICS = "degree,triangles,clustering,core,pagerank"
_PAGERANK_TOL = 1e-8

#: Writes the columns it has made; csv, because importing pandas would cost more than it saves.
_WRITE = """
import csv
with open(out, "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["id", "degree", "triangles", "clustering", "core", "pagerank"])
    rows.writerows(zip(ids, degree, triangles, clustering, core, pagerank))
"""

_IGRAPH = """
import sys
import igraph
path, out, threads = sys.argv[1:]
graph = igraph.Graph.Read_Edgelist(path, directed=False)
ids = range(graph.vcount())
degree = graph.degree()
clustering = graph.transitivity_local_undirected(mode="zero")
triangles = [round(c * d * (d - 1) / 2) for c, d in zip(clustering, degree)]
core = graph.coreness()
pagerank = graph.pagerank(damping=0.85)
"""

# Triangles by edge would be a second count of them: here, as above, they follow from the shares.
_NETWORKIT = """
import sys
import networkit as nk
path, out, threads = sys.argv[1:]
nk.setNumberOfThreads(int(threads))
graph = nk.graphio.EdgeListReader("\\t", 0, continuous=True, directed=False).read(path)
graph.sortEdges()
ids = range(graph.numberOfNodes())
degree = [graph.degree(node) for node in ids]
clustering = nk.centrality.LocalClusteringCoefficient(graph, turbo=True).run().scores()
triangles = [round(c * d * (d - 1) / 2) for c, d in zip(clustering, degree)]
core = [int(c) for c in nk.centrality.CoreDecomposition(graph).run().scores()]
ranks = nk.centrality.PageRank(graph, damp=0.85, tol=1e-8)
ranks.norm = nk.centrality.Norm.L1_NORM
pagerank = ranks.run().scores()
"""

_NETWORKX = """
import sys
import networkx as nx
path, out, threads = sys.argv[1:]
graph = nx.read_edgelist(path, nodetype=int)
ids = list(graph)
found = [dict(graph.degree), nx.triangles(graph), nx.clustering(graph), nx.core_number(graph),
         nx.pagerank(graph, alpha=0.85, tol=1e-8 / len(graph))]
degree, triangles, clustering, core, pagerank = ([c[node] for node in ids] for c in found)
"""


def _file(nodes: int, edges: int) -> Callable[[], str]:
    """Path of a tab-separated file whose ids are 0, 1, ..., every one with an edge."""

    def make() -> str:
        path = Path(tempfile.gettempdir()) / f"graphlocal-table-{edges}.tsv"
        if not path.exists():
            ends = power_law_edges(nodes, edges)
            ends = np.unique(ends, return_inverse=True)[1].reshape(2, -1)
            temporary = path.with_suffix(f".{os.getpid()}")
            with open(temporary, "w", encoding="ascii") as file:
                file.writelines(f"{u}\t{v}\n" for u, v in ends.T.tolist())
            os.replace(temporary, path)
        path.read_bytes()  # into the page cache
        return str(path)

    return make


class _Column:
    """A column of the written table, in the order of the ids, read when it is compared."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        table = np.genfromtxt(self.path, delimiter=",", names=True)
        values = table[self.name][np.argsort(table[table.dtype.names[0]])]
        # Ranks are around 1 / N: of mean 1, so that one tolerance fits all columns.
        return values * len(values) if self.name == "pagerank" else values


def _process(command: list[str], out: Path) -> dict[str, Any]:
    # Modules are compiled once, as pip does when it installs them, wherever this is run from.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "graphlocal-bytecode")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=env)
    return {name: _Column(out, name) for name in METRICS.split(",")}


def _output(peer: str) -> Path:
    return Path(tempfile.mkdtemp(prefix="graphlocal-table-")) / f"{peer}.csv"


def _ours(path: str) -> Callable[[], dict[str, Any]]:
    out = _output("graphlocal")
    command = [sys.executable, "-m", "graphlocal", "metrics", path, "-m", METRICS, "-o", str(out)]
    return lambda: _process(command, out)


def _script(name: str, text: str) -> Callable[[str], Callable[[], dict[str, Any]]]:
    def setup(path: str) -> Callable[[], dict[str, Any]]:
        out = _output(name)
        command = [sys.executable, "-c", text + _WRITE, path, str(out), str(threads())]
        return lambda: _process(command, out)

    return setup


def cases() -> list[Case]:
    ours = Peer("graphlocal", _ours)
    return [
        Case("1.2M edges to a table", _file(170_000, 1_200_000), [
            ours,
            Peer("igraph", _script("igraph", _IGRAPH), needs=("igraph",)),
            Peer("networkit", _script("networkit", _NETWORKIT), needs=("networkit",)),
        ], rounds=5),
        Case("the same beside networkx", _file(170_000, 1_200_000), [
            ours,
            Peer("networkx", _script("networkx", _NETWORKX), slow=True, needs=("networkx",)),
        ], rounds=3),
    ]

"""Node labels from where nodes meet: on random walks, and on graphlet orbits.

    python examples/orbit_embedding.py
    python examples/orbit_embedding.py --dataset cora airports-usa blogcatalog --root ROOT

The first needs no download. A logistic regression learns the labels of half of the nodes from an
embedding and predicts those of the others, in repeated random splits which are the same for every
embedding. RWPMI factorises the closed form of DeepWalk, GOPMI one orbit adjacency at a time; "all
orbits" and "walks + all orbits" are side by side, reduced to the same number of columns. The table
shows macro-F1 in per cent, mean and standard deviation over the splits.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from graphlocal import CSRGraph, datasets
from graphlocal.topology import ORBIT_ADJACENCIES, concatenate_embeddings, gopmi, rwpmi

#: Of two transposes, which hold the same, one: the lower orbit is the row.
ORBITS = [tuple(name) for name in ORBIT_ADJACENCIES if name.i <= name.j]


def blogcatalog(root: Path) -> tuple[CSRGraph, np.ndarray]:
    """The network of blogs and a column per group; a blog may be in several."""
    folder = root / "networks" / "social" / "BlogCatalog"
    edges = np.loadtxt(folder / "edges.csv", delimiter=",", dtype=np.int64) - 1
    groups = np.loadtxt(folder / "group-edges.csv", delimiter=",", dtype=np.int64) - 1
    labels = np.zeros((edges.max() + 1, groups[:, 1].max() + 1), np.int64)
    labels[groups[:, 0], groups[:, 1]] = 1
    return CSRGraph.from_edges(edges, len(labels)), labels


def load(name: str, root: str | None) -> tuple[CSRGraph, np.ndarray]:
    if name == "blogcatalog":
        if root is None:
            raise SystemExit("blogcatalog: say with --root where networks/social/BlogCatalog is")
        return blogcatalog(Path(root))
    dataset = datasets.DigitsGraph() if name == "digits" else datasets.load(name, root)
    return CSRGraph.from_data(dataset[0]), dataset[0].y.numpy()


def splits(labels: np.ndarray, runs: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Halves of the nodes; with every label in both where a label has two nodes."""
    kind = ShuffleSplit
    if labels.ndim == 1 and np.bincount(labels)[np.unique(labels)].min() > 1:
        kind = StratifiedShuffleSplit
    return list(kind(runs, test_size=0.5, random_state=seed).split(labels, labels))


def predict(x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Labels of the test nodes; where a node may have several, as many as it truly has."""
    scaler = StandardScaler().fit(x[train])
    x_train, x_test = scaler.transform(x[train]), scaler.transform(x[test])
    if y.ndim == 1:
        return LogisticRegression(C=0.1, max_iter=500).fit(x_train, y[train]).predict(x_test)
    model = OneVsRestClassifier(LogisticRegression(C=0.1, max_iter=500))
    score = model.fit(x_train, y[train]).decision_function(x_test)
    place = (-score).argsort(axis=1).argsort(axis=1)
    return (place < y[test].sum(axis=1, keepdims=True)).astype(np.int64)


def macro_f1(x: np.ndarray, y: np.ndarray, halves: list) -> np.ndarray:
    return np.array([f1_score(y[test], predict(x, y, train, test), average="macro",
                              zero_division=0) for train, test in halves])


def evaluate(name: str, args: argparse.Namespace) -> dict[str, str]:
    """Embedding -> mean and standard deviation of its macro-F1."""
    graph, y = load(name, args.root)
    dim = min(args.dim, graph.num_nodes // 2)
    halves = splits(y, args.runs, args.seed)
    start = time.time()
    table: dict[str, str] = {}

    def measure(title: str, x: np.ndarray) -> np.ndarray:
        f1 = 100 * macro_f1(x, y, halves)
        table[title] = f"{f1.mean():.1f}" + (f" ± {f1.std(ddof=1):.1f}" if len(f1) > 1 else "")
        print(f"{name:18} {title:22} {table[title]:12} {time.time() - start:6.0f} s", flush=True)
        return x

    def reduced(*parts: np.ndarray) -> np.ndarray:
        together = concatenate_embeddings(*parts)
        return PCA(dim, random_state=args.seed).fit_transform(together)

    print(f"{name}: {graph}, {len(np.unique(y)) if y.ndim == 1 else y.shape[1]} labels, "
          f"{dim} columns", flush=True)
    walks = measure("walks (RWPMI)", rwpmi(graph, dim, window=args.window, seed=args.seed))
    parts = []
    for orbits in args.orbits:
        hop, i, j = orbits
        parts.append(measure(f"orbits ({hop}; {i},{j})",
                             gopmi(graph, dim, orbits=orbits, seed=args.seed)))
    measure("all orbits", reduced(*parts))
    measure("walks + all orbits", reduced(walks, *parts))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", nargs="+", default=["digits"],
                        help="digits, blogcatalog, or what graphlocal.datasets.load knows")
    parser.add_argument("--root", help="folder of the data sets (default: datasets/)")
    parser.add_argument("--orbits", nargs="+", metavar="HOP,I,J", default=ORBITS,
                        type=lambda text: tuple(int(part) for part in text.split(",")),
                        help="orbit adjacencies, like 1,3,3 for triangles (default: all)")
    parser.add_argument("--dim", type=int, default=128, help="columns of every embedding")
    parser.add_argument("--window", type=int, default=10, help="steps a walk's context reaches")
    parser.add_argument("--runs", type=int, default=10, help="random splits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="also write the table, as Markdown")
    args = parser.parse_args()
    tables = {name: evaluate(name, args) for name in args.dataset}
    rows = ["| embedding | " + " | ".join(tables) + " |", "|---|" + "---|" * len(tables)]
    for title in next(iter(tables.values())):
        rows.append(f"| {title} | " + " | ".join(table[title] for table in tables.values()) + " |")
    print("\n" + "\n".join(rows))
    if args.out:
        temporary = args.out.with_name(args.out.name + ".part")
        temporary.write_text("\n".join(rows) + "\n", encoding="utf-8")
        os.replace(temporary, args.out)


if __name__ == "__main__":
    main()

"""Text files of edges: parsing to two arrays, names, weights, and all the way to a graph.

The files lie in the page cache, as after a first look at them. They are kept in the temporary
directory, about 450 MB, and are made again where they are missing.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .harness import Case, Peer

_EDGES, _NODES = 10_000_000, 2_500_000
_Result = dict[str, Any]


def _file(kind: str, edges: int) -> Callable[[], str]:
    """Path of a tab-separated file of random edges."""

    def make() -> str:
        path = Path(tempfile.gettempdir()) / f"graphlocal-reader-{kind}-{edges}.tsv"
        if not path.exists():
            rng = np.random.default_rng(0)
            temporary = path.with_suffix(f".{os.getpid()}")
            with open(temporary, "w", encoding="ascii") as file:
                for start in range(0, edges, 1_000_000):
                    ends = rng.integers(0, _NODES, (min(1_000_000, edges - start), 2)).tolist()
                    if kind == "names":
                        lines = [f"gene{u}\tgene{v}\n" for u, v in ends]
                    elif kind == "weights":
                        weights = rng.random(len(ends)).tolist()
                        lines = [f"{u}\t{v}\t{w!r}\n"
                                 for (u, v), w in zip(ends, weights, strict=True)]
                    else:
                        lines = [f"{u}\t{v}\n" for u, v in ends]
                    file.writelines(lines)
            os.replace(temporary, path)
        with open(path, "rb") as file:  # into the page cache
            while file.read(1 << 24):
                pass
        return str(path)

    return make


def _ours(path: str) -> Callable[[], _Result]:
    from graphlocal.graph import read_edges

    read_edges(b"0 1\n")  # compiled, or taken from numba's cache on disk

    def run() -> _Result:
        edges = read_edges(path)
        found = {"source": edges.edge_index[0], "target": edges.edge_index[1]}
        return found if edges.weight is None else found | {"weight": edges.weight}

    return run


def _pandas(path: str) -> Callable[[], _Result]:
    import pandas as pd

    def run() -> _Result:
        frame = pd.read_csv(path, sep="\t", header=None, dtype={0: np.int64, 1: np.int64})
        return _columns(frame, [frame[column].to_numpy() for column in frame])

    return run


def _polars(path: str) -> Callable[[], _Result]:
    import polars as pl

    def run() -> _Result:
        frame = pl.read_csv(path, separator="\t", has_header=False)
        return _columns(frame, [frame[column].to_numpy() for column in frame.columns])

    return run


def _pyarrow(path: str) -> Callable[[], _Result]:
    import pyarrow as pa
    from pyarrow import csv

    from .harness import threads

    pa.set_cpu_count(threads())

    def run() -> _Result:
        frame = csv.read_csv(path, csv.ReadOptions(autogenerate_column_names=True,
                                                   use_threads=threads() > 1),
                             csv.ParseOptions(delimiter="\t"))
        return _columns(frame, [column.to_numpy() for column in frame.columns])

    return run


def _columns(frame: Any, columns: list[Any]) -> _Result:
    return dict(zip(("source", "target", "weight"), columns, strict=False))


def _numpy(path: str) -> Callable[[], _Result]:
    def run() -> _Result:
        edges = np.loadtxt(path, np.int64, delimiter="\t")
        return {"source": edges[:, 0], "target": edges[:, 1]}

    return run


def _ours_names(path: str) -> Callable[[], _Result]:
    from graphlocal.graph import read_edges

    def run() -> _Result:
        edges = read_edges(path)
        return {"source": edges.edge_index[0], "target": edges.edge_index[1]}

    return run


def _pandas_names(path: str) -> Callable[[], _Result]:
    import pandas as pd

    def run() -> _Result:
        frame = pd.read_csv(path, sep="\t", header=None)
        codes, _ = pd.factorize(frame.to_numpy().ravel())
        return {"source": codes[::2], "target": codes[1::2]}

    return run


def _polars_names(path: str) -> Callable[[], _Result]:
    import polars as pl

    def run() -> _Result:
        frame = pl.read_csv(path, separator="\t", has_header=False, new_columns=["u", "v"])
        ends = pl.DataFrame({
            "name": pl.concat([frame["u"], frame["v"]]),
            "place": np.concatenate([np.arange(0, 2 * len(frame), 2),
                                     np.arange(1, 2 * len(frame), 2)]),
        })
        codes = ends.group_by("name").agg(pl.col("place").min()).sort("place").with_row_index("i")
        frame = frame.join(codes, left_on="u", right_on="name", maintain_order="left")
        frame = frame.join(codes, left_on="v", right_on="name", maintain_order="left")
        return {"source": frame["i"].to_numpy(), "target": frame["i_right"].to_numpy()}

    return run


def _ours_graph(path: str) -> Callable[[], _Result]:
    from graphlocal.graph import CSRGraph

    def run() -> _Result:
        graph = CSRGraph.read(path, num_nodes=_NODES)
        return {"rowptr": graph.rowptr, "col": graph.col}

    return run


def _pandas_graph(path: str) -> Callable[[], _Result]:
    import pandas as pd
    from scipy.sparse import coo_array

    return _scipy_graph(lambda: pd.read_csv(path, sep="\t", header=None, dtype=np.int32)
                        .to_numpy().T, coo_array)


def _polars_graph(path: str) -> Callable[[], _Result]:
    import polars as pl
    from scipy.sparse import coo_array

    schema = {"a": pl.Int32, "b": pl.Int32}
    return _scipy_graph(lambda: pl.read_csv(path, separator="\t", has_header=False, schema=schema)
                        .to_numpy().T, coo_array)


def _scipy_graph(read: Callable[[], Any], coo_array: Any) -> Callable[[], _Result]:
    def run() -> _Result:
        u, v = read()
        kept = u != v
        u, v = u[kept], v[kept]
        ends = (np.concatenate([u, v]), np.concatenate([v, u]))
        matrix = coo_array((np.ones(len(ends[0]), np.bool_), ends), shape=(_NODES, _NODES)).tocsr()
        matrix.sum_duplicates()
        return {"rowptr": matrix.indptr, "col": matrix.indices}

    return run


def cases() -> list[Case]:
    readers = [Peer("graphlocal", _ours), Peer("pandas", _pandas, needs=("pandas",)),
               Peer("polars", _polars, needs=("polars",)),
               Peer("pyarrow", _pyarrow, needs=("pyarrow",))]
    return [
        Case("10M edges to two integer arrays", _file("integers", _EDGES),
             [*readers, Peer("numpy loadtxt", _numpy, slow=True)], rtol=0, atol=0, rounds=5),
        Case("5M weighted edges to three arrays", _file("weights", _EDGES // 2), readers,
             rtol=1e-15, atol=0, rounds=5),
        Case("3M edges between names to indices", _file("names", 3_000_000),
             [Peer("graphlocal", _ours_names), Peer("pandas", _pandas_names, needs=("pandas",)),
              Peer("polars", _polars_names, needs=("polars",))], rtol=0, atol=0, rounds=5),
        Case("10M edges to a simple undirected CSR", _file("integers", _EDGES),
             [Peer("graphlocal", _ours_graph),
              Peer("pandas + scipy", _pandas_graph, needs=("pandas",)),
              Peer("polars + scipy", _polars_graph, needs=("polars",))], rtol=0, atol=0, rounds=3),
    ]

"""Reads graphs and writes a table with one row per node.

examples:
  graphlocal metrics edges.csv -o nodes.csv
  graphlocal metrics edges.csv -m degree,clustering -o nodes.parquet
  cat edges.tsv | graphlocal metrics - -m core > core.csv
  graphlocal metrics --list
"""

from __future__ import annotations

import argparse
from typing import Any

from ._progress import Progress
from ._reading import (
    FILE_HELP,
    add_reading_arguments,
    check_files,
    check_table,
    read_graph,
    summary,
    working,
    write_table,
)

HELP = "metrics of every node of a graph, from a file to a table"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE",
                        help=f"{FILE_HELP}. Several make one table with a column 'file'")
    parser.add_argument("-m", "--metrics", metavar="NAMES", action="append",
                        help="comma-separated, or all (default: the cheap ones)")
    parser.add_argument("-o", "--output", default="-", metavar="PATH",
                        help=".csv, .tsv, .npz or .parquet; - writes csv to stdout (default)")
    parser.add_argument("--list", action="store_true", help="list the metrics and stop")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.list:
        _print_list()
        return 0
    from ..topology.registry import DEFAULT, resolve
    from ..topology.table import NodeTable

    names = resolve(",".join(args.metrics)) if args.metrics else list(DEFAULT)
    # All that can be known to go wrong before the first file is read.
    check_files(args.files)
    check_table(args.output, args.files)
    with working(args) as progress:
        tables = {file: _measure(file, names, args, progress, prefix=len(args.files) > 1)
                  for file in args.files}
        table = NodeTable.concatenate(tables) if len(tables) > 1 else tables[args.files[0]]
        write_table(table, args.output, progress)
    return 0


def _print_list() -> None:
    from ..topology.registry import METRICS

    width = max(map(len, METRICS))
    for name, metric in METRICS.items():
        columns = ", ".join(metric.columns)
        if len(metric.columns) > 2:
            columns = f"{metric.columns[0]} .. {metric.columns[-1]}"
        extra = "" if columns == name else f" [{columns}]"
        print(f"{name:{width}}  {metric.description}; O({metric.cost}){extra}")


def _measure(
    file: str, names: list[str], args: argparse.Namespace, progress: Progress, *, prefix: bool
) -> Any:
    from ..topology.metrics import metrics
    from ._passes import passes

    graph = read_graph(file, args, progress)
    table = metrics(graph, names, starting=lambda name: progress.start(
        name, lambda: passes(name, graph)))
    progress.say((f"{file}: " if prefix else "") + summary(graph))
    return table

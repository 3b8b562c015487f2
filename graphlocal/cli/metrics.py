"""Reads graphs and writes a table with one row per node, and a page of pictures about it.

The page is one file that needs no network: degrees, clustering against degree, cores, orbits,
correlations, a histogram of every other metric, and the first rows. Of several graphs it has all.

examples:
  graphlocal metrics edges.csv -o nodes.csv
  graphlocal metrics edges.csv -m degree,clustering -o nodes.parquet
  graphlocal metrics edges.csv -m all -o nodes.parquet --plot report.html
  cat edges.tsv | graphlocal metrics - -m core > core.csv
  graphlocal metrics --list
"""

from __future__ import annotations

import argparse
import os
import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from ._progress import Progress
from ._reading import (
    FILE_HELP,
    add_reading_arguments,
    changes,
    check_files,
    check_table,
    inputs_of,
    read_graph,
    summary,
    working,
    write_table,
)

HELP = "metrics of every node of a graph, from a file to a table and a page"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE",
                        help=f"{FILE_HELP}. Several make one table with a column 'file'")
    parser.add_argument("-m", "--metrics", metavar="NAMES", action="append",
                        help="comma-separated; all is every one that --list does not except "
                             "(default: the cheap ones)")
    parser.add_argument("-o", "--output", metavar="PATH",
                        help=".csv, .tsv, .npz or .parquet; - writes csv to stdout (default, "
                             "where there is no --plot)")
    parser.add_argument("--plot", metavar="PATH",
                        help="also draw it: .html for the browser; .png, .pdf or .svg of one graph")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="of the metrics that are drawn at random (default: 0)")
    parser.add_argument("--list", action="store_true", help="list the metrics and stop")
    add_reading_arguments(parser)


@dataclass
class _Measured:
    """What is kept of a graph: its table, and what only the graph knows."""

    table: Any
    degree: Any
    notes: list[str]


def run(args: argparse.Namespace) -> int:
    if args.list:
        _print_list()
        return 0
    from ..graph.checks import check_count
    from ..topology.registry import DEFAULT, resolve
    from ..topology.table import NodeTable

    names = resolve(",".join(args.metrics)) if args.metrics else list(DEFAULT)
    output = args.output if args.output is not None else ("-" if args.plot is None else None)
    # All that can be known to go wrong before the first file is read.
    check_count(args.seed, "--seed")
    check_files(args.files)
    if output is not None:
        check_table(output, args.files)
    if args.plot is not None:
        _check_plot(args.plot, output, args.files)
    with working(args) as progress:
        found = {file: _measure(file, names, args, progress) for file in args.files}
        tables = {file: measured.table for file, measured in found.items()}
        table = NodeTable.concatenate(tables) if len(tables) > 1 else tables[args.files[0]]
        _write(table, found, names, output, args, progress)
    return 0


def _print_list() -> None:
    from ..topology.registry import METRICS

    width = max(map(len, METRICS))
    for name, metric in METRICS.items():
        columns = ", ".join(metric.columns)
        if len(metric.columns) > 2:
            columns = f"{metric.columns[0]} .. {metric.columns[-1]}"
        extra = "" if columns == name else f" [{columns}]"
        print(f"{name:{width}}  {metric.description}; O({metric.cost}){extra}"
              + ("" if metric.in_all else " (not part of all)"))


def _check_plot(plot: str, output: str | None, files: list[str]) -> None:
    """A place where the picture can be drawn, and no other's."""
    from ..graph import checks
    from ..topology.table.drawing import PICTURES

    suffix = checks.check_suffix(plot, PICTURES, "--plot")
    checks.check_output(plot, "--plot", inputs_of(files))
    if output not in (None, "-") and os.path.realpath(plot) == os.path.realpath(output):
        checks.fail("--plot", f"'{plot}'", "another file than that of --output")
    if suffix != ".html":
        checks.check_installed("matplotlib", "--plot", f"'{plot}'")
        if len(files) > 1:
            checks.fail("--plot", f"'{plot}' for {len(files)} files", "a page that ends in .html",
                        "a picture shows one graph")


def _measure(
    file: str, names: list[str], args: argparse.Namespace, progress: Progress
) -> _Measured:
    from ..topology.metrics import metrics
    from ..topology.registry import order
    from ._passes import passes

    several = len(args.files) > 1
    graph = read_graph(file, args, progress)
    steps = order(names)
    where = f"{os.path.basename(file)}: " if several else ""

    def starting(name: str) -> None:
        progress.start(f"{where}{name} ({steps.index(name) + 1} of {len(steps)})",
                       lambda: passes(name, graph))

    table = metrics(graph, names, seed=args.seed, starting=starting)
    progress.say((f"{file}: " if several else "") + summary(graph))
    changed = changes(graph)
    return _Measured(table, graph.degree if args.plot else None,
                     [f"Reading the file: {', '.join(changed)}."] if changed else [])


def _write(table: Any, found: dict[str, _Measured], names: list[str], output: str | None,
           args: argparse.Namespace, progress: Progress) -> None:
    """Both files appear, or none does; then what goes to stdout, which cannot be taken back."""
    from ..graph.output import replacing

    with ExitStack() as drawn:
        if args.plot is not None:
            progress.start(f"drawing {args.plot}")
            _draw(found, names, drawn.enter_context(replacing(args.plot)), args)
        if output not in (None, "-"):
            write_table(table, output, progress)
    if output == "-":
        write_table(table, output, progress)


def _draw(found: dict[str, _Measured], names: list[str], path: Any, args: argparse.Namespace
          ) -> None:
    from ..topology.table import drawing

    graphs = [drawing.page_columns(
        measured.table, title="stdin" if file == "-" else os.path.basename(os.path.normpath(file)),
        degree=measured.degree, notes=measured.notes) for file, measured in found.items()]
    words = ["graphlocal", "metrics", *found, "-m", ",".join(names), "--plot", args.plot]
    drawing.write(graphs, path, [f"{shlex.join(words)} makes this page again."])

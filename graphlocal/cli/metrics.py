"""Reads graphs and writes a table with one row per node.

examples:
  graphlocal metrics edges.csv -o nodes.csv
  graphlocal metrics edges.csv -m degree,clustering -o nodes.parquet
  cat edges.tsv | graphlocal metrics - -m core > core.csv
  graphlocal metrics --list
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from typing import Any

HELP = "metrics of every node of a graph, from a file to a table"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE",
                        help="edge list (csv, tsv, spaces; .gz), .mtx, .npz, .graphml, .gml or "
                             "saved directory; - reads stdin. Several make one table with a "
                             "column 'file'")
    parser.add_argument("-m", "--metrics", metavar="NAMES", action="append",
                        help="comma-separated, or all (default: the cheap ones)")
    parser.add_argument("-o", "--output", default="-", metavar="PATH",
                        help=".csv, .tsv, .npz or .parquet; - writes csv to stdout (default)")
    parser.add_argument("--list", action="store_true", help="list the metrics and stop")
    parser.add_argument("--directed", choices=("symmetrize", "error"), default="symmetrize",
                        help="take a directed graph as undirected (default), or refuse it")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    reading = parser.add_argument_group("how an edge list is read (found out where not given)")
    reading.add_argument("--sep", metavar="CHAR", help="character between columns")
    reading.add_argument("--header", action=argparse.BooleanOptionalAction, default=None,
                         help="whether the first line names the columns")
    reading.add_argument("--weight", metavar="COLUMN", help="name or position of the weights")
    reading.add_argument("--no-weight", dest="weight", action="store_false",
                         help="do not read weights")
    reading.add_argument("--ids", choices=("int", "str"), help="what node ids are")
    reading.add_argument("--num-nodes", type=int, metavar="N",
                         help="ids are 0..N-1, also those without an edge")
    parser.set_defaults(weight=None)


def run(args: argparse.Namespace) -> int:
    if args.list:
        _print_list()
        return 0
    from ..kernels.cpu.parallel import set_num_threads
    from ..topology.registry import DEFAULT, resolve
    from ._progress import Progress

    names = resolve(",".join(args.metrics)) if args.metrics else list(DEFAULT)
    _check(args)
    tables = {}
    with ExitStack() as stack:
        if args.threads is not None:
            set_num_threads(args.threads)
            stack.callback(set_num_threads, None)
        progress = stack.enter_context(Progress(quiet=args.quiet))
        for file in args.files:
            tables[file] = _measure(file, names, args, progress, prefix=len(args.files) > 1)
    _write(tables, args.output)
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


def _check(args: argparse.Namespace) -> None:
    """All that can be known to go wrong before the first file is read."""
    from ..graph import checks
    from ..kernels.cpu.parallel import num_threads
    from ..topology.table import WRITERS

    if not args.files:
        raise checks.GraphError("name a file with edges, or - to read them from stdin")
    for file in args.files:
        if args.files.count(file) > 1:
            raise checks.GraphError(f"{file}: named twice, name every file once")
        if file != "-" and not os.path.exists(file):
            raise checks.GraphError(f"{file}: there is no such file")
    if "-" in args.files and sys.stdin is not None and sys.stdin.isatty():
        print("reading edges from the keyboard, end with Ctrl-D", file=sys.stderr)
    if args.output != "-":
        suffix = checks.check_suffix(args.output, tuple(WRITERS), "--output")
        checks.check_output(args.output, "--output", args.files)
        if suffix == ".parquet":
            checks.check_installed("pyarrow", "--output", f"'{args.output}'")
    if args.threads is not None:
        checks.check_count(args.threads, "--threads", least=1)
    try:
        num_threads()
    except ValueError as error:
        raise checks.GraphError(str(error)) from None


def _measure(
    file: str, names: list[str], args: argparse.Namespace, progress: Any, *, prefix: bool
) -> Any:
    from ..graph import CSRGraph
    from ..topology.metrics import metrics

    progress.start(f"reading {file}")
    options = {"sep": args.sep, "header": args.header, "weight": _weight(args.weight),
               "num_nodes": args.num_nodes, "directed": args.directed}
    if args.ids is not None:
        options["ids"] = args.ids
    # Of a stream the reader takes the name from its attribute: "<stdin>".
    graph = CSRGraph.read(sys.stdin.buffer if file == "-" else file, **options)
    table = metrics(graph, names, starting=progress.start)
    progress.say((f"{file}: " if prefix else "") + summary(graph))
    return table


def summary(graph: Any) -> str:
    """The graph in one line: what it has, and what was changed in the input.

    Example:
        >>> from graphlocal import CSRGraph
        >>> summary(CSRGraph.from_edges([(0, 1), (1, 0), (1, 2), (2, 2)]))
        '3 nodes, 2 edges, 1 self loops removed, 1 of 2 edges listed in both directions: taken as \
undirected'
    """
    report = graph.report
    parts = [f"{graph.num_nodes:,} nodes", f"{graph.num_edges:,} edges", str(report)]
    # A list names every edge once, or every edge twice. A mixture is likely a directed graph.
    if report.one_way and report.two_way:
        parts.append(f"{report.two_way:,} of {graph.num_edges:,} edges listed in both directions: "
                     "taken as undirected")
    return ", ".join(part for part in parts if part)


def _weight(given: str | bool | None) -> str | int | bool | None:
    return int(given) if isinstance(given, str) and given.isdecimal() else given


def _write(tables: dict[str, Any], output: str) -> None:
    from ..topology.table import NodeTable

    table = NodeTable.concatenate(tables) if len(tables) > 1 else next(iter(tables.values()))
    if output != "-":
        table.save(output)
        return
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    table.to_csv(sys.stdout)

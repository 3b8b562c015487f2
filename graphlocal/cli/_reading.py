"""From the arguments of a command to a graph, and what can be known to go wrong before."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ._progress import Progress

#: What a command that reads graphs says of its input.
FILE_HELP = ("edge list (csv, tsv, spaces; .gz; .parquet), .mtx, .npz, .graphml, .gml or saved "
             "directory; - reads stdin")


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every command that reads graphs."""
    parser.add_argument("--directed", choices=("symmetrize", "error"), default="symmetrize",
                        help="take a directed graph as undirected (default), or refuse it")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    reading = parser.add_argument_group("how an edge list is read (found out where not given)")
    reading.add_argument("--sep", metavar="CHAR", type=lambda text: text.replace("\\t", "\t"),
                         help="character between columns; \\t is a tab")
    reading.add_argument("--header", action=argparse.BooleanOptionalAction, default=None,
                         help="whether the first line names the columns")
    reading.add_argument("--weight", metavar="COLUMN", default=False,
                         help="name or position of the weights (default: none are read)")
    reading.add_argument("--ids", choices=("int", "str"), help="what node ids are")
    reading.add_argument("--num-nodes", type=int, metavar="N",
                         help="ids are 0..N-1, also those without an edge")


def check_files(files: Sequence[str]) -> None:
    """Files that are there, each named once."""
    from ..graph import checks

    if not files:
        raise checks.GraphError("name a file with edges, or - to read them from stdin")
    for file in files:
        if files.count(file) > 1:
            raise checks.GraphError(f"{file}: named twice, name every file once")
        if file != "-" and not os.path.exists(file):
            raise checks.GraphError(f"{file}: there is no such file")
    if "-" in files and sys.stdin is None:
        raise checks.GraphError("-: stdin is closed")
    if "-" in files and sys.stdin.isatty():
        print("reading edges from the keyboard, end with Ctrl-D", file=sys.stderr)


def check_table(output: str, files: Sequence[str]) -> None:
    """A place where a table can be written."""
    from ..graph import checks
    from ..topology.table import WRITERS

    if output == "-":
        if sys.stdout is None:
            raise checks.GraphError("stdout is closed: name a file with --output")
        return
    suffix = checks.check_suffix(output, tuple(WRITERS), "--output")
    checks.check_output(output, "--output", inputs_of(files))
    if suffix == ".parquet":
        checks.check_installed("pyarrow", "--output", f"'{output}'")


def inputs_of(files: Sequence[str]) -> list[str | int]:
    """The files that are read: behind ``-``, the one that the shell opened."""
    return [_stdin() if file == "-" else file for file in files]


def _stdin() -> int:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError):  # closed, or no file but an object of its kind
        return -1


@contextmanager
def working(args: argparse.Namespace) -> Iterator[Progress]:
    """The threads and the progress that the arguments ask for."""
    from ..graph import checks
    from ..kernels.cpu.parallel import num_threads, set_num_threads

    if args.threads is not None:
        checks.check_count(args.threads, "--threads", least=1)
        set_num_threads(args.threads)
    try:
        try:
            num_threads()
        except ValueError as error:
            raise checks.GraphError(str(error)) from None
        with Progress(quiet=args.quiet) as progress:
            yield progress
    finally:
        if args.threads is not None:
            set_num_threads(None)


def read_graph(file: str, args: argparse.Namespace, progress: Progress) -> Any:
    """The graph of one file; a directory is mapped, and gone through once before any kernel."""
    from ..graph import CSRGraph

    progress.start(f"reading {file}")
    # Of a stream the reader takes the name from its attribute: "<stdin>".
    return CSRGraph.read(sys.stdin.buffer if file == "-" else file, **reading_options(args))


def reading_options(args: argparse.Namespace) -> dict[str, Any]:
    """What the arguments say about how a file is read."""
    options = {"sep": args.sep, "header": args.header, "weight": _weight(args.weight),
               "num_nodes": args.num_nodes, "directed": args.directed}
    if args.ids is not None:
        options["ids"] = args.ids
    return options


def _weight(given: str | bool | None) -> str | int | bool | None:
    return int(given) if isinstance(given, str) and given.isdecimal() else given


def write_table(table: Any, output: str, progress: Progress) -> None:
    """A table to its file, or as csv to stdout."""
    if output != "-":
        progress.start(f"writing {output}")
        table.save(output)
        return
    # What goes to the terminal must not run into the bar.
    progress.close()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    table.to_csv(sys.stdout)


def summary(graph: Any) -> str:
    """The graph in one line: what it has, and what was changed in the input.

    Example:
        >>> from graphlocal import CSRGraph
        >>> summary(CSRGraph.from_edges([(0, 1), (1, 0), (1, 2), (2, 2)]))
        '3 nodes, 2 edges, 1 self loops removed, 1 of 2 edges listed in both directions: taken as \
undirected'
    """
    parts = [f"{graph.num_nodes:,} nodes", f"{graph.num_edges:,} edges", *changes(graph)]
    return ", ".join(parts)


def changes(graph: Any) -> list[str]:
    """What was changed in the input, or is odd about it, in a few words each.

    Example:
        >>> from graphlocal import CSRGraph
        >>> changes(CSRGraph.from_edges([(0, 1), (0, 1)]))
        ['1 duplicates merged']
    """
    report = graph.report
    found = [str(report)] if str(report) else []
    # A list names every edge once, or every edge twice. A mixture is likely a directed graph.
    if report.one_way and report.two_way:
        found.append(f"{report.two_way:,} of {graph.num_edges:,} edges listed in both directions: "
                     "taken as undirected")
    return found

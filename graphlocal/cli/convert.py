"""Converts edge lists of any size to a directory that every command opens at once, without reading
it into memory.

Files are read one after the other. What does not fit into the given memory meanwhile goes to files
beside DIR. DIR appears whole or not at all.

examples:
  graphlocal convert edges.tsv graph --memory 2GB
  graphlocal convert part-*.parquet graph
  zcat edges.gz | graphlocal convert - graph
  graphlocal metrics graph -m degree,triangles -o nodes.parquet
"""

from __future__ import annotations

import argparse
import sys

from ._reading import add_reading_arguments, check_files, reading_options, summary, working

HELP = "edge lists of any size to a directory that opens at once"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE",
                        help="edge list in text (csv, tsv, spaces; .gz) or Parquet; - reads stdin")
    parser.add_argument("directory", metavar="DIR", help="where the graph will be")
    parser.add_argument("--memory", default="2GB", metavar="SIZE",
                        help="what may be used, such as 512MB or 1.5GiB (default: 2GB); Python and "
                             "compiled code take about 150MB more")
    parser.add_argument("--overwrite", action="store_true", help="replace a graph in DIR")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from ..graph import convert_file

    check_files(args.files)
    with working(args) as progress:
        progress.start("opening")
        sources = [sys.stdin.buffer if file == "-" else file for file in args.files]
        graph = convert_file(sources, args.directory, memory=args.memory, overwrite=args.overwrite,
                             following=progress.reach, **reading_options(args))
        progress.say(f"{args.directory}: {summary(graph)}")
    return 0

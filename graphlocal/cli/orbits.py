"""Counts the graphlet orbits of every node or edge: how often it takes each place in each
connected pattern of up to four or five nodes.

Columns are o0 to o14 or o72 for nodes, e0 to e11 or e67 for edges, in ORCA's numbering. Rows of
nodes stand in the order of the graph's nodes. Each edge has one row, its ends first; rows are in
the order of the two ends' places among the nodes, the earlier end first.

examples:
  graphlocal orbits edges.csv -o nodes.csv
  graphlocal orbits edges.csv --size 5 --edges -o edges.parquet
  cat edges.tsv | graphlocal orbits - > nodes.csv
"""

from __future__ import annotations

import argparse
from typing import Any

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

HELP = "graphlet orbit counts of every node or edge, from a file to a table"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=FILE_HELP)
    parser.add_argument("--size", type=int, choices=(4, 5), default=4,
                        help="nodes of the largest graphlets (default: 4)")
    parser.add_argument("--edges", action="store_true", help="count for edges, not for nodes")
    parser.add_argument("-o", "--output", default="-", metavar="PATH",
                        help=".csv, .tsv, .npz or .parquet; - writes csv to stdout (default)")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    check_files([args.file])
    check_table(args.output, [args.file])
    from ._passes import passes

    metric = f"{'edge_' if args.edges else ''}orbits{args.size}"
    with working(args) as progress:
        graph = read_graph(args.file, args, progress)
        progress.start(metric, lambda: passes(metric, graph))
        table = _edges(graph, args.size) if args.edges else _nodes(graph, args.size)
        progress.say(summary(graph))
        write_table(table, args.output, progress)
    return 0


def _nodes(graph: Any, size: int) -> Any:
    import numpy as np

    from ..topology import NodeTable, orbit_counts

    counts = orbit_counts(graph, size)
    ids = np.arange(graph.num_nodes) if graph.ids is None else graph.ids
    return NodeTable(ids, {f"o{i}": column for i, column in enumerate(counts.T)})


def _edges(graph: Any, size: int) -> Any:
    from ..topology import edge_orbit_counts
    from ..topology.table import EdgeTable

    counts = edge_orbit_counts(graph, size)
    ends = graph.to_edges().T
    if graph.ids is not None:
        ends = graph.ids[ends]
    return EdgeTable(*ends, {f"e{i}": column for i, column in enumerate(counts.T)})

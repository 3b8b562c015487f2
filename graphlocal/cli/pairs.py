"""Scores pairs of nodes by what is around them, from a file of pairs to a table; or finds the
pairs that are no edges and score best.

PAIRS has two ids a line, as they stand in FILE, in text or Parquet, with or without a header.
Rows come out in its order.

examples:
  graphlocal pairs edges.csv pairs.csv -m cn,aa,ra -o scores.csv
  graphlocal pairs edges.csv pairs.csv --unknown skip -o scores.parquet
  graphlocal pairs edges.csv --top 1000 --score ra > candidates.csv
  graphlocal pairs edges.csv --top 10 --per-node -m cn,jaccard -o candidates.npz
  cut -f 1,2 pairs.tsv | graphlocal pairs edges.csv - > scores.csv
  graphlocal pairs --list
"""

from __future__ import annotations

import argparse
import sys
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

HELP = "scores of pairs of nodes, given or the best there are"

#: Kernels in the order in which they run, with about how many nanoseconds they take per pair.
_COSTS = {"push_pairs": 300_000.0, "longer_ends": 5.0, "arrange_ends": 15.0, "count_block": 150.0,
          "weigh_block": 200.0, "write_scores": 40.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", help=FILE_HELP)
    parser.add_argument("pairs", nargs="?", metavar="PAIRS",
                        help="pairs of ids (csv, tsv, spaces; .gz; .parquet); - reads stdin")
    parser.add_argument("-m", "--metrics", metavar="NAMES", action="append",
                        help="comma-separated, or all (default: the cheap ones; with --top "
                             "nothing beside the score)")
    parser.add_argument("-o", "--output", default="-", metavar="PATH",
                        help=".csv, .tsv, .npz or .parquet; - writes csv to stdout (default)")
    parser.add_argument("--list", action="store_true", help="list the scores and stop")
    parser.add_argument("--unknown", choices=("error", "skip"), default="error",
                        help="refuse PAIRS with an id that FILE has not (default), or leave such "
                             "pairs out")
    parser.add_argument("--pairs-header", action=argparse.BooleanOptionalAction, default=None,
                        help="whether the first line of PAIRS names the columns")
    best = parser.add_argument_group("instead of PAIRS")
    best.add_argument("--top", type=int, metavar="K", help="the K best pairs that are no edges")
    best.add_argument("--score", metavar="NAME", default="aa",
                      help="what they are best by: cn, jaccard, aa (default), ra, sorensen, cosine")
    best.add_argument("--per-node", action="store_true", help="the K best partners of each node")
    how = parser.add_argument_group("what scores depend on")
    how.add_argument("--beta", type=float, default=0.005, help="of katz2 (default: 0.005)")
    how.add_argument("--alpha", type=float, default=0.15,
                     help="of ppr: probability of going home (default: 0.15)")
    how.add_argument("--eps", type=float, default=1e-5,
                     help="of ppr: error per neighbour (default: 1e-5)")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.list:
        _print_list()
        return 0
    names = _checked(args)
    with working(args) as progress:
        graph = read_graph(args.file, args, progress)
        table = _best(graph, names, args, progress) if args.top is not None else _given(
            graph, names, args, progress)
        progress.say(summary(graph))
        write_table(table, args.output, progress)
    return 0


def _print_list() -> None:
    from ..topology.pairs import PAIR_SCORES

    width = max(map(len, PAIR_SCORES))
    for name, score in PAIR_SCORES.items():
        print(f"{name:{width}}  {score.description}")


def _checked(args: argparse.Namespace) -> list[str]:
    """All that can be known to go wrong before the first file is read; names of the scores."""
    from ..graph import checks
    from ..topology.pairs.names import DEFAULT_SCORES, resolve_scores
    from ..topology.pairs.push import check_walk
    from ..topology.pairs.top import LOCAL_SCORES

    if args.top is None:
        if args.pairs is None and args.file is not None:
            raise checks.GraphError("name a file with pairs, or pass --top K for the best ones")
        if args.per_node:
            raise checks.GraphError("--per-node goes with --top K")
    else:
        if args.pairs is not None:
            raise checks.GraphError(f"--top finds pairs: leave out {args.pairs}, or --top")
        checks.check_count(args.top, "--top", least=1)
        checks.check_choice(args.score, "--score", LOCAL_SCORES)
    files = [file for file in (args.file, args.pairs) if file is not None]
    if files == ["-", "-"]:
        raise checks.GraphError("-: stdin holds FILE or PAIRS, not both")
    check_files(list(dict.fromkeys(files)))  # both may be one file: its edges are scored
    check_table(args.output, files)
    checks.check_positive(args.beta, "--beta")
    names = resolve_scores(",".join(args.metrics), "--metrics") if args.metrics else list(
        DEFAULT_SCORES if args.top is None else ())
    if "ppr" in names:
        check_walk(args.alpha, args.eps)
    return names


def _given(graph: Any, names: list[str], args: argparse.Namespace, progress: Progress) -> Any:
    from ..graph.pair_list import read_pairs

    progress.start(f"reading {args.pairs}")
    source = sys.stdin.buffer if args.pairs == "-" else args.pairs
    pairs, skipped = read_pairs(source, graph, header=args.pairs_header, unknown=args.unknown)
    if skipped:
        progress.say(f"{args.pairs}: {skipped:,} of {len(pairs) + skipped:,} pairs left out, of "
                     f"which {args.file} has not both nodes")
    return _scored(graph, pairs, names, {}, args, progress)


def _best(graph: Any, names: list[str], args: argparse.Namespace, progress: Progress) -> Any:
    from ..topology.pairs.top import best_pairs

    kernel = "best_of_each" if args.per_node else "best_pairs"
    progress.start("paths of two edges", lambda: {kernel: 1.0})
    pairs, values = best_pairs(graph, args.top, args.score, per_node=args.per_node)
    others = [name for name in names if name != args.score]
    return _scored(graph, pairs, others, {args.score: values}, args, progress)


def _scored(
    graph: Any, pairs: Any, names: list[str], known: dict[str, Any], args: argparse.Namespace,
    progress: Progress,
) -> Any:
    """A table with the scores that are known and those still to be found."""
    import numpy as np

    from ..topology.pairs import pair_scores
    from ..topology.pairs.scores import columns_of, table_of

    columns = list(known.values())
    if names:
        progress.start(f"scores of {len(pairs):,} pairs", lambda: _shares(names))
        columns += list(pair_scores(graph, pairs, names, beta=args.beta, alpha=args.alpha,
                                    eps=args.eps).T)
    scores = np.stack(columns, axis=1)
    return table_of(graph, pairs, columns_of([*known, *names], scores))


def _shares(names: list[str]) -> dict[str, float]:
    """Kernels that will run, each with its share of the time."""
    if names == ["ppr"]:
        return {"push_pairs": 1.0}
    left_out = {"count_block" if {"aa", "ra"} & set(names) else "weigh_block"}
    if "ppr" not in names:
        left_out.add("push_pairs")
    return {kernel: cost for kernel, cost in _COSTS.items() if kernel not in left_out}

"""Reads graphs and says in some twenty numbers what they are like.

Numbers of distances are measured from at most --samples nodes; all others are exact.

examples:
  graphlocal summary edges.csv
  graphlocal summary yeast.txt human.txt
  graphlocal summary edges.csv --json | jq .transitivity
"""

from __future__ import annotations

import argparse
from typing import Any

from ._progress import Progress
from ._reading import FILE_HELP, add_reading_arguments, check_files, read_graph, summary, working

HELP = "a graph in some twenty numbers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE",
                        help=f"{FILE_HELP}. Several stand side by side")
    parser.add_argument("--samples", type=int, default=1024, metavar="N",
                        help="nodes that distances are measured from (default: 1024)")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="seed of their draw (default: 0)")
    parser.add_argument("--json", action="store_true", help="for programs: one object per file")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from ..graph import checks

    check_files(args.files)
    checks.check_count(args.samples, "--samples", least=1)
    checks.check_count(args.seed, "--seed")
    with working(args) as progress:
        found = {file: _summarise(file, args, progress, prefix=len(args.files) > 1)
                 for file in args.files}
    if args.json:
        import json

        for file, numbers in found.items():
            # JSON has no NaN.
            known = {name: None if value != value else value
                     for name, value in numbers.to_dict().items()}
            print(json.dumps({"file": file, **known}))
    elif len(found) == 1:
        print(*found.values())
    else:
        _print_beside(found)
    return 0


def _summarise(file: str, args: argparse.Namespace, progress: Progress, *, prefix: bool) -> Any:
    from ..topology import graph_summary

    graph = read_graph(file, args, progress)
    progress.say((f"{file}: " if prefix else "") + summary(graph))
    progress.start("measuring")
    return graph_summary(graph, samples=args.samples, seed=args.seed)


def _print_beside(found: dict[str, Any]) -> None:
    tables = [dict(numbers.rows()) for numbers in found.values()]
    names = max(map(len, tables[0]))
    widths = [max(len(file), *map(len, table.values()))
              for file, table in zip(found, tables, strict=True)]
    lines = [("", *found)] + [(name, *(table[name] for table in tables)) for name in tables[0]]
    for name, *values in lines:
        print(f"{name:{names}}  " + "  ".join(
            f"{value:>{width}}" for value, width in zip(values, widths, strict=True)))

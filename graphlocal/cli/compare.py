"""Compares two graphs by their graphlets: how alike are they in local structure?

GCD-k        distance of the graphlet correlation matrices of k orbits: 0 for equal ones
GDDA         agreement of the graphlet degree distributions, as an arithmetic and as a geometric
             mean over all orbits of that size (15 or 73): 1 for equal ones

The table goes to stdout. With -o both matrices are drawn side by side.

examples:
  graphlocal compare yeast.txt human.txt
  graphlocal compare yeast.txt human.txt --orbits 56 -o correlations.png
  graphlocal compare yeast.txt human.txt --json | jq .gcd
"""

from __future__ import annotations

import argparse
from typing import Any

from ._progress import Progress
from ._reading import (
    FILE_HELP,
    add_reading_arguments,
    check_files,
    inputs_of,
    read_graph,
    summary,
    working,
)

HELP = "distances of two graphs by their graphlets, and a picture"

#: Formats of the picture.
PICTURES = (".png", ".pdf", ".svg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", metavar="A", help=FILE_HELP)
    parser.add_argument("b", metavar="B", help="another")
    parser.add_argument("--orbits", choices=("11", "15", "56", "73"), default="11",
                        help="orbits that are correlated: 11 or 15 of up to four nodes, 56 or 73 "
                             "of up to five; 11 and 56 leave out redundant ones (default: 11)")
    parser.add_argument("-o", "--output", metavar="PATH",
                        help="draw both correlation matrices: .png, .pdf or .svg")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_reading_arguments(parser)


def run(args: argparse.Namespace) -> int:
    _check(args)
    from ..topology import (
        gdd_agreement,
        graphlet_correlation_distance,
        graphlet_correlation_matrix,
    )

    size = 4 if args.orbits in ("11", "15") else 5
    with working(args) as progress:
        graphs = [read_graph(file, args, progress) for file in (args.a, args.b)]
        for file, graph in zip((args.a, args.b), graphs, strict=True):
            progress.say(f"{file}: {summary(graph)}")
        counts = [_counts(file, graph, size, progress)
                  for file, graph in zip((args.a, args.b), graphs, strict=True)]
        progress.start("comparing")
        matrices = [graphlet_correlation_matrix(count, args.orbits) for count in counts]
        found = {
            "gcd": graphlet_correlation_distance(*matrices, args.orbits),
            "gdda_arithmetic": gdd_agreement(*counts, mean="arithmetic", size=size),
            "gdda_geometric": gdd_agreement(*counts, mean="geometric", size=size),
        }
        if args.output is not None:
            progress.start("drawing")
            _draw(args, graphs, matrices, found["gcd"])
    _print(args, graphs, counts[0].shape[1], found)
    return 0


def _check(args: argparse.Namespace) -> None:
    """All that can be known to go wrong before the first file is read."""
    from ..graph import checks

    if args.a == args.b == "-":
        raise checks.GraphError("-: named twice, stdin holds one graph")
    # Comparing a file with itself is a fair question.
    check_files(list(dict.fromkeys((args.a, args.b))))
    if args.output is not None:
        checks.check_suffix(args.output, PICTURES, "--output")
        checks.check_output(args.output, "--output", inputs_of((args.a, args.b)))
        checks.check_installed("matplotlib", "--output", f"'{args.output}'")


def _counts(file: str, graph: Any, size: int, progress: Progress) -> Any:
    from ..topology import orbit_counts
    from ._passes import passes

    metric = f"orbits{size}"
    progress.start(f"{metric} of {file}", lambda: passes(metric, graph))
    return orbit_counts(graph, size)


def _draw(args: argparse.Namespace, graphs: list[Any], matrices: list[Any], gcd: float) -> None:
    from ..graph.output import replacing
    from ..topology.signatures import GCM_ORBITS
    from ._heatmap import correlations

    titles = [f"{_short(file)}\n{graph.num_nodes:,} nodes, {graph.num_edges:,} edges"
              for file, graph in zip((args.a, args.b), graphs, strict=True)]
    figure = correlations(matrices, GCM_ORBITS[args.orbits], titles,
                          f"Graphlet correlation matrices, GCD-{args.orbits} = {gcd:.3f}")
    with replacing(args.output) as path:
        figure.savefig(path, format=args.output.rpartition(".")[2].lower(), dpi=150)


def _short(file: str, most: int = 40) -> str:
    """The name of a file without its folders, and without its middle where it is long."""
    import os

    name = "stdin" if file == "-" else os.path.basename(os.path.normpath(file))
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most // 2 - 1) :]}"


def _print(args: argparse.Namespace, graphs: list[Any], all_orbits: int,
           found: dict[str, float]) -> None:
    if args.json:
        import json

        sides = {side: {"file": file, "nodes": graph.num_nodes, "edges": graph.num_edges}
                 for side, file, graph in zip("ab", (args.a, args.b), graphs, strict=True)}
        print(json.dumps(sides | {"orbits": int(args.orbits)} | found, indent=2))
        return
    rows = [("measure", "orbits", "value", "if equal"),
            (f"GCD-{args.orbits}", args.orbits, f"{found['gcd']:.6f}", "0"),
            ("GDDA-arithmetic", str(all_orbits), f"{found['gdda_arithmetic']:.6f}", "1"),
            ("GDDA-geometric", str(all_orbits), f"{found['gdda_geometric']:.6f}", "1")]
    for measure, orbits, value, equal in rows:
        print(f"{measure:15}  {orbits:>6}  {value:>9}  {equal:>8}")

"""Measures a graph, trains networks to read its nodes and to predict its edges, and writes a page
about it, in a minute or so.

The graph is that of scikit-learn's handwritten digits: no download is needed. The folder then
holds report.html, nodes.csv (metrics of every node), edges.csv, and runs.jsonl, far.jsonl and
links.jsonl (a line for every training).
"""

from __future__ import annotations

import argparse

HELP = "a first tour: metrics, trained networks, and a report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", default="graphlocal-demo", metavar="DIR",
                        help="new, empty or earlier demo folder (default: graphlocal-demo)")
    parser.add_argument("--seeds", type=int, default=5, metavar="N",
                        help="runs of each network (default: 5; of those that predict edges "
                             "at most 3, of those that look far at most 2)")
    parser.add_argument("--epochs", type=int, default=150, metavar="N",
                        help="epochs of each run (default: 150; those that predict edges take "
                             "an eighth, those that look far a third)")
    parser.add_argument("-q", "--quiet", action="store_true", help="nothing on stderr")


def run(args: argparse.Namespace) -> int:
    from ..graph.checks import check_count
    from ._demo.folder import DemoFolder

    check_count(args.seeds, "--seeds", least=1)
    check_count(args.epochs, "--epochs", least=1)
    folder = DemoFolder(args.output)
    report = _write(folder, args)
    print(report)
    return 0


def _write(folder, args: argparse.Namespace):
    import os
    import time

    from ..report import Page
    from ._demo import SECTIONS, Workspace

    work = Workspace(None, None, folder, args.seeds, args.epochs, args.quiet)
    work.say("loading torch and the digits ...")
    import torch

    from ..datasets import DigitsGraph
    from ..graph import CSRGraph
    from ..version import __version__

    work.data = DigitsGraph()[0]
    work.graph = CSRGraph.from_edge_index(work.data.edge_index, work.data.num_nodes)
    sections = []
    for number, section in enumerate(SECTIONS, 1):
        work.say(f"[{number}/{len(SECTIONS)}] {section.__module__.rpartition('.')[2]}")
        sections.append(section(work))
    seconds = time.perf_counter() - work.started
    page = Page(
        "A first tour of GraphLocal", "Handwritten digits as a graph",
        f"{work.graph.num_nodes:,} small images of handwritten digits, each joined to the five it "
        "looks most like. What does such a graph look like, what can be counted in it, does it "
        "help to read the digits, and can edges that are hidden be found again?",
        work.facts, sections,
        [f"Made in {seconds:.0f} seconds by graphlocal {__version__} with torch "
         f"{torch.__version__} on {os.cpu_count()} processors. "
         f"graphlocal demo -o {folder.path} makes it again.",
         "The digits are those of scikit-learn, from the UCI collection “Optical Recognition of "
         "Handwritten Digits”."])
    report = folder.write("report.html", page.html())
    work.say(f"done in {seconds:.0f} s: open {report} in a browser")
    return report

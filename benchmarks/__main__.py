"""``python -m benchmarks list`` and ``python -m benchmarks run NAME [--save]``."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import pkgutil
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from . import __path__ as here
from .harness import DifferentResults, measure, table

_NOT_BENCHMARKS = {"__main__", "harness", "worker"}
_NAMED = ("torch", "torch-geometric", "torch-scatter", "numba", "numpy", "scipy", "networkx",
          "igraph", "networkit", "pandas", "polars")


def names() -> list[str]:
    return sorted(m.name for m in pkgutil.iter_modules(here) if m.name not in _NOT_BENCHMARKS)


def machine() -> str:
    """Processor and versions: what a reader needs to place the seconds."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    versions = []
    for name in _NAMED:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return (f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, "
            + ", ".join(versions))


def run(
    name: str, only: str | None, counts: list[int], rounds: int | None
) -> Iterator[str]:
    """The benchmark's tables, as Markdown, one case after the other."""
    module = importlib.import_module(f"benchmarks.{name}")
    width = 100

    def say(text: str) -> None:
        if sys.stderr.isatty():
            print("\r" + text[:width].ljust(width), end="", file=sys.stderr, flush=True)

    for case in module.cases():
        if only and only not in case.name:
            continue
        if rounds:
            object.__setattr__(case, "rounds", rounds)
        results, missing = {}, {}
        for count in counts:
            results[count], absent = measure(name, case, count, say)
            missing |= absent
        say("")
        yield table(case, results, missing)


def save(name: str, parts: list[str]) -> None:
    """Writes ``results/NAME.md``: the cases so far, so that a run that is cut loses no table."""
    lines = (importlib.import_module(f"benchmarks.{name}").__doc__ or "").strip()
    command = "python -m benchmarks " + " ".join(sys.argv[1:])
    path = Path(here[0]) / "results" / f"{name}.md"
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".md.part")
    temporary.write_text(
        f"# {name}\n\n{lines}\n\n`{command}`  \n{machine()}\n\n"
        "Medians of interleaved runs; the results of all peers were equal. "
        "'x ours' is the peer's time divided by ours.\n\n" + "\n".join(parts),
        encoding="utf-8",
    )
    os.replace(temporary, path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what there is to run")
    runner = commands.add_parser("run", help="measure and print a table of ratios")
    runner.add_argument("name", choices=names())
    runner.add_argument("--case", help="only cases whose name contains this")
    runner.add_argument("--threads", default=f"1,{os.cpu_count() or 1}",
                        help="comma-separated numbers of threads (default: %(default)s)")
    runner.add_argument("--rounds", type=int, help="turns per peer instead of the case's own")
    runner.add_argument("--save", action="store_true",
                        help="also write benchmarks/results/NAME.md")
    args = parser.parse_args()
    if args.command == "list":
        for name in names():
            lines = (importlib.import_module(f"benchmarks.{name}").__doc__ or "").splitlines()
            print(f"{name:14} {lines[0] if lines else ''}")
        return 0
    counts = sorted({int(part) for part in args.threads.split(",")})
    parts = []
    try:
        for part in run(args.name, args.case, counts, args.rounds):
            print("\n" + part, flush=True)
            parts.append(part)
            if args.save:
                save(args.name, parts)
    except DifferentResults as error:
        print(f"no table, the results differ: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

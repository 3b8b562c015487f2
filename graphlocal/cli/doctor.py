"""Says what is installed, which backends run here, and whether something stands in the way."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HELP = "versions, backends, threads, GPU, cache"

_REQUIRED = ("numpy", "numba", "scipy", "networkx", "tqdm", "torch", "torch-geometric", "ogb",
             "scikit-learn")
_OPTIONAL = {"pandas": "DataFrames", "pyarrow": "Parquet", "matplotlib": "pictures",
             "torch-scatter": "backend scatter", "triton": "backend gpu"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    report = {title: _safely(ask) for title, ask in SECTIONS.items()}
    if args.json:
        print(json.dumps(report, indent=2))
        return 0
    for title, answers in report.items():
        print(title)
        width = max(map(len, answers), default=0)
        for name, answer in answers.items():
            first, *rest = str(answer).splitlines() or [""]
            print(f"  {name:{width}}  {first}")
            for line in rest:
                print(f"  {'':{width}}  {line}")
    return 0


def _safely(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A part that is missing or broken is an answer, and no reason to stop."""
    try:
        return ask()
    except Exception as error:
        return {"problem": f"{type(error).__name__}: {error}"}


def _versions() -> dict[str, Any]:
    from ..version import __version__

    found = {"graphlocal": __version__,
             "python": f"{platform.python_version()} ({platform.system()} {platform.machine()})"}
    for name in _REQUIRED:
        found[name] = _version(name) or "not installed: pip install graphlocal brings it"
    for name, use in _OPTIONAL.items():
        found[name] = _version(name) or f"not installed (optional, for {use})"
    return found


def _version(name: str) -> str | None:
    from importlib import metadata  # slow, and every command has this file imported

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _threads() -> dict[str, Any]:
    from ..kernels.cpu.parallel import num_threads

    return {"processors": os.cpu_count(), "kernels use": num_threads(),
            "GRAPHLOCAL_NUM_THREADS": os.environ.get("GRAPHLOCAL_NUM_THREADS", "not set")}


def _cache() -> dict[str, Any]:
    """Where compiled kernels are kept: without such a place every process compiles anew."""
    from ..kernels.cpu import core

    if not hasattr(core.peel, "stats"):
        return {"problem": "nothing is compiled, kernels crawl: unset NUMBA_DISABLE_JIT"}
    if core.peel.stats.cache_path is None:
        return {"folder": "none", "writable": "no place found: set NUMBA_CACHE_DIR to a folder of "
                                              "your own"}
    folder = Path(core.peel.stats.cache_path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            state = "yes"
    except OSError as error:
        state = f"no ({error.strerror}): set NUMBA_CACHE_DIR to a folder of your own"
    return {"folder": str(folder), "writable": state}


def _backends() -> dict[str, Any]:
    if importlib.util.find_spec("torch") is None:
        return {"problem": "torch is not installed: metrics work, layers do not"}
    from .. import ops

    explained = ops.explain()
    if isinstance(explained, dict):
        return {str(op): str(said) for op, said in explained.items()}
    return {"ops": str(explained)}


def _gpu() -> dict[str, Any]:
    if importlib.util.find_spec("torch") is None:
        return {"problem": "torch is not installed"}
    import torch

    if not torch.cuda.is_available():
        built = torch.version.cuda or torch.version.hip
        return {"device": "none found" if built else "none: this torch is built for the CPU only"}
    return {f"cuda:{i}": torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())}


#: Title to what answers it; later families add a line.
SECTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "versions": _versions,
    "threads": _threads,
    "compiled kernels": _cache,
    "backends": _backends,
    "gpu": _gpu,
}

"""The command line, one file a command.

A command is a module of this folder whose name has no underscore in front. It defines ``HELP``,
``add_arguments(parser)`` and ``run(args) -> int``, and imports what is slow inside ``run``, so that
``--help`` is immediate. stdout carries data only.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from ..version import __version__
from ._interrupts import came_of_interruption, interruptible

__all__ = ["main"]

#: Exit codes: bad arguments or bad input, and what shells use for Ctrl-C.
BAD_INPUT, INTERRUPTED = 2, 130
#: Kept with all that they hold: kernels that were being linked crash whoever frees them.
_interruptions: list[BaseException] = []


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code.

    Args:
        argv: The arguments; ``None`` takes those of the process. (default: ``None``)

    Returns:
        0; 2 after bad arguments or bad input, explained in one sentence; 130 after Ctrl-C.

    Example:
        >>> main(["--version"])
        Traceback (most recent call last):
        ...
        SystemExit: 0
    """
    said = ["graphlocal"]
    try:
        with interruptible():
            return _run(argv, said)
    except BaseException as error:
        if not came_of_interruption(error):
            raise
        _interruptions.append(error)
        print(f"{' '.join(said)}: interrupted", file=sys.stderr)
        return INTERRUPTED


def _run(argv: Sequence[str] | None, said: list[str]) -> int:
    """The command that the arguments name, whose name is added to what was ``said``."""
    parser = _Parser(
        prog="graphlocal", description="Local structure of graphs, from a file to a table.",
        epilog="graphlocal COMMAND --help says more of each.",
    )
    parser.add_argument("--version", action="version", version=f"graphlocal {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    modules = {}
    for name in sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name[0] != "_"):
        modules[name] = import_module(f".{name}", __name__)
        command = commands.add_parser(name, help=modules[name].HELP,
                                      description=modules[name].__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
        modules[name].add_arguments(command)
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return 0
    said.append(args.command)
    try:
        code = modules[args.command].run(args)
        if sys.stdout is not None:  # closed
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`): no error, and nothing left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        print(f"graphlocal {args.command}: error: {sentence}", file=sys.stderr)
        return BAD_INPUT


def console() -> NoReturn:
    """Runs the command line as a process of its own, and ends it.

    A quarter of the time of a short command is Python looking for garbage among what numba imports
    and taking everything apart in the end: it looks seldom here, and the system takes back the
    rest at once.
    """
    gc.set_threshold(200_000, 50, 100)
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # closed by whoever reads it
            if stream is not None:
                stream.flush()
    os._exit(code)


def explain(error: Exception) -> str | None:
    """What to tell the user, in one line; ``None`` where the fault is ours."""
    from ..graph.checks import GraphError

    if isinstance(error, GraphError):
        return " ".join(str(error).split())
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}"
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    if isinstance(error, MemoryError):
        return "the graph does not fit into the memory of this machine"
    return None

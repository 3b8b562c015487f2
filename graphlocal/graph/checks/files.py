"""Names of files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import fail


def check_output(
    path: str | os.PathLike[str], argument: str = "path", inputs: Iterable[Any] = ()
) -> Path:
    """A file that can be written: in a folder that exists, and none of the ``inputs``."""
    target = Path(path)
    if target.is_dir():
        fail(argument, f"'{target}'", "a file", "it is a folder: name a file in it")
    if not target.parent.is_dir():
        fail(argument, f"'{target}'", "a file in a folder that exists",
             f"make the folder '{target.parent}' first")
    # A file is replaced, which its folder must allow; a device is written to.
    device = target.exists() and not target.is_file()
    if not os.access(target if device else target.parent, os.W_OK):
        fail(argument, f"'{target}'", "a file that may be written",
             "you have no permission to write there")
    for source in inputs:
        if os.path.exists(source) and target.exists() and os.path.samefile(source, target):
            fail(argument, f"'{target}'", "a file other than the input",
                 "the input is never overwritten")
    return target


def check_suffix(
    path: str | os.PathLike[str], known: tuple[str, ...], argument: str = "path"
) -> str:
    """The path's suffix in lower case, one of those ``known``."""
    suffix = Path(path).suffix.lower()
    if suffix not in known:
        fail(argument, f"'{path}'", "a file name that ends in " + ", ".join(known[:-1])
             + f" or {known[-1]}", "the ending chooses the format")
    return suffix

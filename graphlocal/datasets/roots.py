"""Where data sets lie: the default root, the layouts found below it, copies of the read-only."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from pathlib import Path

from ..graph.checks import GraphTypeError, fail
from .registry import Source

logger = logging.getLogger(__name__)


def default_root() -> Path:
    """``$GRAPHLOCAL_DATA``, else ``datasets/`` of the checkout, else the user's cache folder.

    Example:
        >>> default_root().is_absolute()
        True
    """
    named = os.environ.get("GRAPHLOCAL_DATA")
    if named:
        return Path(named).expanduser().absolute()
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").exists() and (checkout / "datasets").is_dir():
        return checkout / "datasets"
    return cache_root()


def cache_root() -> Path:
    """The user's cache folder, where copies of read-only folders go."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache").absolute() / "graphlocal" / "datasets"


def check_root(root: object) -> Path:
    """The root as an absolute path; the default one for ``None``."""
    if root is None:
        return default_root()
    if not isinstance(root, (str, os.PathLike)) or isinstance(os.fspath(root), bytes):
        fail("root", repr(root), "the path of a folder", "leave it out for the default one",
             kind=GraphTypeError)
    path = Path(root).expanduser().absolute()
    if path.exists() and not path.is_dir():
        fail("root", f"the file {path}", "a folder", "data sets lie in folders below it")
    return path


def bases(root: Path, source: Source) -> list[Path]:
    """Folders that may be the ``root`` of the class, the documented one first."""
    if source.is_ogb:
        return [root / "ogb", root]
    return [root / "pyg" / source.family, root / source.family, root]


def is_writable(folder: Path) -> bool:
    """Whether a file can be made in the folder, or in what exists of the way to it."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def writable_base(base: Path, root: Path) -> Path:
    """The folder itself, or its like in the cache folder where nothing can be written in it."""
    if is_writable(base):
        return base
    other = cache_root() / base.relative_to(root)
    if not is_writable(other):
        fail("root", f"{base}, which cannot be written to, nor can {other}", "a writable folder",
             "pass another root, or set GRAPHLOCAL_DATA")
    logger.warning("%s cannot be written to: using %s", base, other)
    return other


def copy_of(base: Path, folder: Path) -> Path:
    """A base with a copy of ``folder``, made once for each state of its files.

    What was processed before is left out: it is made anew from the raw files.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file()
                   and not path.relative_to(folder).parts[0].startswith("processed"))
    state = hashlib.sha256(str(folder).encode())
    for path in files:
        status = path.stat()
        state.update(f"{path}{status.st_size}{status.st_mtime_ns}".encode())
    copies = cache_root() / "copies"
    target = copies / state.hexdigest()[:16]
    if target.exists():
        logger.info("%s cannot be written to: using the copy in %s", folder, target)
        return target
    if not is_writable(copies):
        fail("root", f"{folder}, which cannot be written to, nor can {copies}",
             "a folder for the processed files", "pass a root that is writable, or set "
             "XDG_CACHE_HOME")
    copies.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".copy-", dir=copies))
    try:
        for path in files:
            to = part / path.relative_to(base)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
        part.chmod(0o755)
        os.rename(part, target)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        if not target.exists():  # else another process was faster
            raise
    logger.warning("%s cannot be written to: copied to %s", folder, target)
    return target

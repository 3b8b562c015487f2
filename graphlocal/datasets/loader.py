"""``load``: a published data set by its name, through the class that PyG or OGB has for it."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..graph.checks import GraphError, check_choice, fail
from .download import Download
from .guard import guarded
from .registry import Source, resolve
from .roots import bases, check_root, copy_of, is_writable, writable_base

if TYPE_CHECKING:
    from torch_geometric.data import InMemoryDataset

logger = logging.getLogger(__name__)


class _RawFilesMissing(Exception):
    """Nothing, or not all, of a data set lies below a base."""

    def __init__(self, folder: Path, raw: Path, missing: list[str], partial: bool) -> None:
        super().__init__(raw)
        self.folder = folder  # what a download would make: the raw folder, or OGB's whole one
        self.raw, self.missing, self.partial = raw, missing, partial

    def names(self) -> str:
        listed = [os.path.basename(path) for path in self.missing]
        return ", ".join(listed[:8]) + (f" and {len(listed) - 8} more" if len(listed) > 8 else "")


class _CannotProcess(Exception):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder


class _Downloaded(Exception):
    pass


def load(
    name: str,
    root: str | os.PathLike[str] | None = None,
    *,
    download: Download = "auto",
    **kwargs: Any,
) -> InMemoryDataset:
    r"""Loads a data set by its name, from ``root`` or, where it is not there, from the network.

    The class is PyG's or OGB's own (OGB's with ``get_edge_split``/``get_idx_split`` that load
    safely), so a data set behaves as in any script that uses it. No file is trusted: processed
    files and splits are read as weights only, Planetoid's raw pickles through a short list of
    plain types, and nothing is ever executed, asked, or overwritten. Downloads go over https.

    Below ``root``, PyG's data sets lie in ``pyg/<Class>/`` and OGB's in ``ogb/``; data that
    already lies directly under ``root``, or in ``<Class>/``, is found too. Where processed files
    are needed and the folder is read-only, a copy in the cache folder is used.

    Args:
        name (str): One of :func:`names`, in any case, or ``"tu:NAME"`` for any member of the TU
            collection; ``"digits"`` is the embedded one.
        root (path, optional): Folder of data sets. (default: ``$GRAPHLOCAL_DATA``, else
            ``datasets/`` of the checkout, else ``~/.cache/graphlocal/datasets``)
        download (str, optional): ``"no"`` never asks the network, ``"auto"`` fetches up to one
            gibibyte, ``"yes"`` any size. ``GRAPHLOCAL_OFFLINE=1`` means no. (default: ``"auto"``)
        **kwargs: Arguments of the class, such as ``split="geom-gcn"`` or ``cleaned=True``.

    Shapes:
        - **output:** a data set; ``dataset[0]`` is a ``Data`` with ``edge_index`` :math:`(2, E)`
          and, where there are any, ``x`` :math:`(N, F)`, ``y``, and masks :math:`(N)` or, with
          several splits, :math:`(N, \text{splits})`

    Raises:
        GraphError: If the name is unknown, an argument is not one of the class, the files are
            missing and cannot be fetched, or a file cannot be read safely.

    Example:
        >>> from graphlocal.datasets import load
        >>> load("digits").num_classes
        10
        >>> load("coral")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        graphlocal.graph.errors.GraphError: argument 'name': got 'coral', expected a known name...
    """
    source = resolve(name)
    check_choice(download, "download", ("auto", "yes", "no"))
    if source.name == "digits":
        from .digits import DigitsGraph

        _check_arguments(DigitsGraph, source, kwargs)
        return DigitsGraph(**kwargs)
    folder = check_root(root)
    if source.is_ogb:
        from .ogb import ogb_class, ogb_modules

        cls, modules = ogb_class(source.family), ogb_modules()
    else:
        cls = getattr(importlib.import_module("torch_geometric.datasets"), source.family)
        modules = (importlib.import_module(cls.__module__),)
    _check_arguments(cls, source, kwargs)
    arguments = {**source.arguments, **kwargs}
    with guarded(modules, download):
        return _find_or_fetch(cls, source, folder, arguments)


def _check_arguments(cls: type[Any], source: Source, kwargs: dict[str, Any]) -> None:
    taken = [key for key in inspect.signature(cls.__init__).parameters
             if key not in ("self", "root", "name", "meta_dict")]
    for key, value in kwargs.items():
        if key not in taken:
            fail(key, repr(value), f"an argument of {source.family}: {', '.join(taken)}")
        if key in source.choices:
            check_choice(value, key, source.choices[key])


def _find_or_fetch(cls: type[Any], source: Source, root: Path, arguments: dict[str, Any]) -> Any:
    absent: list[tuple[Path, _RawFilesMissing]] = []
    for base in bases(root, source):
        try:
            return _open(cls, source, base, arguments)
        except _RawFilesMissing as missing:
            absent.append((base, missing))
    base, missing = absent[0]
    wanted = writable_base(base, root)
    if wanted != base:
        try:  # fetched there before
            return _open(cls, source, wanted, arguments)
        except _RawFilesMissing as elsewhere:
            absent.append((wanted, elsewhere))
            base, missing = wanted, elsewhere
    for where, error in absent:
        if error.partial or (where == base and error.folder.is_dir()
                             and any(error.folder.iterdir())):
            fail("root", f"{error.raw} without {error.names()}", "all raw files of "
                 f"{source.name!r}, or no such folder", f"add them, or move {error.folder} away "
                 "to have all downloaded")
    _fetch(cls, source, base, missing, arguments)
    try:
        return _open(cls, source, base, arguments)
    except _RawFilesMissing as error:
        fail("name", f"{source.name!r}, whose download lacks {error.names()}",
             f"a complete {error.raw}", "the address may hold another version by now")


def _open(cls: type[Any], source: Source, base: Path, arguments: dict[str, Any]) -> Any:
    """The data set below ``base``, or below a copy where its processed files cannot be written."""
    try:
        return _construct(cls, source, base, arguments)
    except _CannotProcess as error:
        return _construct(cls, source, copy_of(base, error.folder), arguments)


def _construct(cls: type[Any], source: Source, base: Path, arguments: dict[str, Any]) -> Any:
    """The class's own construction, which says what is missing instead of downloading it."""

    class Local(cls):
        def _download(self) -> None:
            if not self.force_reload and _all_exist(self.processed_paths):
                return
            missing = [path for path in self.raw_paths if not os.path.exists(path)]
            if missing:
                folder = Path(self.root if source.is_ogb else self.raw_dir)
                raise _RawFilesMissing(folder, Path(self.raw_dir), missing,
                                       partial=len(missing) < len(self.raw_paths))

        def _process(self) -> None:
            if self.force_reload or not _all_exist(self.processed_paths):
                if not is_writable(Path(self.processed_dir)):
                    raise _CannotProcess(Path(self.root if source.is_ogb else self.raw_dir))
                logger.info("processing %s", self.raw_dir)
            try:
                super()._process()
            except GraphError:
                raise
            except Exception as error:  # a damaged file raises anything
                raise GraphError(
                    f"argument 'root': got files in {self.raw_dir} that {cls.__name__} cannot "
                    f"process ({type(error).__name__}: {error}), expected those it downloads "
                    "(compare them with the original, or move the folder away)") from error

    Local.__name__ = cls.__name__
    try:
        dataset = Local(root=str(base), **arguments)
    except (GraphError, _RawFilesMissing, _CannotProcess):
        raise
    except Exception as error:  # the class could not take its processed files apart
        raise GraphError(
            f"argument 'root': got processed files of {source.name!r} below {base} that "
            f"{cls.__name__} cannot use ({type(error).__name__}: {error}), expected what this "
            "version writes (move the 'processed' folder away, and it is made anew)") from error
    dataset.__class__ = cls
    return dataset


def _all_exist(paths: list[str]) -> bool:
    return all(os.path.exists(path) for path in paths)


def _fetch(cls: type[Any], source: Source, base: Path, missing: _RawFilesMissing,
           arguments: dict[str, Any]) -> None:
    """Downloads into a folder of its own and moves it into place only when it is whole."""

    class Remote(cls):
        def _process(self) -> None:
            raise _Downloaded(self.root if source.is_ogb else self.raw_dir)

    base.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".download-", dir=base))
    try:
        Remote(root=str(staging), **arguments)
    except _Downloaded:
        target = missing.folder
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            if target.is_dir():  # empty, as was checked
                target.rmdir()
            os.rename(staging / target.relative_to(base), target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise
    except GraphError:
        raise
    except Exception as error:  # no network, no such page, no zip archive, ...
        expected = (f"the unpacked archive as {missing.folder}" if source.is_ogb else
                    f"{missing.names()} in {missing.folder}")
        fail("name", f"{source.name!r}, which is not below 'root' and was not downloaded ({error})",
             expected, "put them there by hand, or pass the root where they are")
    finally:
        shutil.rmtree(staging, ignore_errors=True)

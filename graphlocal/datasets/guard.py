"""While PyG's and OGB's classes run: no pickle is executed, nobody is asked anything, nothing is
printed, and every download is ours."""

from __future__ import annotations

import builtins
import collections
import io
import logging
import os
import pickle
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from tqdm import tqdm

from ..graph.checks import GraphError, fail
from . import download as downloads

logger = logging.getLogger(__name__)

#: The classes are guarded by replacing functions they call, so they run one at a time.
_LOCK = threading.RLock()
#: Set in the thread that holds the lock; the replaced functions behave as ever in all others.
_HERE = threading.local()


def safe_globals() -> list[Any]:
    """What a data set's file may name beside tensors: PyG's containers and plain numpy arrays.

    No dtype of Python objects is among them, so an array can hold numbers and nothing else.
    """
    from torch_geometric.data import Data, HeteroData
    from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
    from torch_geometric.data.storage import (
        BaseStorage,
        EdgeStorage,
        GlobalStorage,
        NodeStorage,
    )

    multiarray = getattr(np, "_core", None) or np.core
    rebuild = [(getattr(multiarray.multiarray, name), f"numpy.{core}.multiarray.{name}")
               for name in ("_reconstruct", "scalar") for core in ("core", "_core")]
    kinds = "Bool Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float16 Float32 Float64 Str"
    dtypes = [getattr(np.dtypes, f"{kind}DType") for kind in kinds.split()]
    return [Data, HeteroData, DataEdgeAttr, DataTensorAttr, BaseStorage, GlobalStorage,
            NodeStorage, EdgeStorage, np.ndarray, np.dtype, *rebuild, *dtypes]


@contextmanager
def guarded(modules: tuple[ModuleType, ...] = (),
            download: downloads.Download = "auto") -> Iterator[None]:
    """Runs foreign loading code with its dangerous calls replaced, in this thread only.

    ``torch.load`` reads weights only, ``numpy.load`` no pickle, Planetoid's raw pickles are
    rebuilt from a short list of types; what is saved appears whole or not at all. In ``modules``,
    the downloads become ours, prompts are answered with no, and printing becomes logging.
    """
    from torch_geometric.data import dataset
    from torch_geometric.io import fs, planetoid

    with _LOCK, ExitStack() as stack:
        def replace(owner: Any, name: str, new: Callable[..., Any]) -> None:
            stack.enter_context(patch.object(owner, name, _only_here(new, getattr(owner, name))))

        save = partial(_save, torch.save)
        replace(torch, "load", partial(_load, torch.load))
        replace(torch, "save", save)
        replace(fs, "torch_save", save)
        replace(fs, "cp", partial(_cp, fs.cp, download))
        replace(np, "load", partial(_load_arrays, np.load))
        stack.enter_context(patch.object(planetoid, "pickle", SimpleNamespace(load=_unpickle)))
        shadows = {
            "download_url": lambda url, folder, *_, **__: downloads.fetch_into(
                url, folder, download),
            "decide_download": lambda url: True,  # a large one is refused when it is opened
            "extract_gz": downloads.extract_gz,
            "extract_zip": downloads.extract_zip,
            "tqdm": partial(tqdm, disable=None),  # no bar where stderr is no terminal
        }
        for module in (dataset, *modules):
            for name, new in shadows.items():
                if hasattr(module, name):
                    replace(module, name, new)
            for name, new in (("input", _decline), ("print", _log)):
                if not hasattr(module, name):  # a name of the module hides the builtin one
                    stack.enter_context(patch.object(
                        module, name, _only_here(new, getattr(builtins, name)), create=True))
        before = getattr(_HERE, "active", False)
        _HERE.active = True
        try:
            yield
        finally:
            _HERE.active = before


def _only_here(new: Callable[..., Any], old: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return (new if getattr(_HERE, "active", False) else old)(*args, **kwargs)

    return call


def _load(original: Callable[..., Any], f: Any, map_location: Any = None, *_: Any,
          **__: Any) -> Any:
    try:
        known = torch.serialization.get_safe_globals()
        # Leaving the context forgets what it names, even what PyG had registered before.
        new = [entry for entry in safe_globals() if entry not in known]
        with torch.serialization.safe_globals(new):
            return original(f, map_location, weights_only=True)
    except FileNotFoundError:
        raise
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        path = os.fspath(getattr(f, "path", None) or getattr(f, "name", None) or f)
        reason = str(error).replace("\n", " ")
        start = reason.find("Unsupported")  # torch's advice to trust the file comes before it
        raise GraphError(
            f"argument 'root': got the file {path}, which cannot be read without running code it "
            f"may hold, or is damaged ({reason[max(start, 0):][:160]}), expected tensors and plain "
            "arrays (it was not run; another version may have written it: move it away, and it is "
            "made anew from the raw files)") from error


def _save(original: Callable[..., Any], obj: Any, f: Any, *args: Any, **kwargs: Any) -> None:
    if not isinstance(f, (str, os.PathLike)):
        return original(obj, f, *args, **kwargs)
    part = f"{os.fspath(f)}.part{os.getpid()}"
    try:
        original(obj, part, *args, **kwargs)
        os.replace(part, f)
    finally:
        if os.path.exists(part):
            os.unlink(part)


def _cp(original: Callable[..., Any], download: downloads.Download, path1: str, path2: str,
        extract: bool = False, *args: Any, **kwargs: Any) -> None:
    if urllib.parse.urlsplit(path1).scheme in ("http", "https"):
        downloads.copy_from_url(path1, path2, extract, download)
    else:
        original(path1, path2, extract, *args, **kwargs)


def _load_arrays(original: Callable[..., Any], file: Any, mmap_mode: Any = None,
                 allow_pickle: bool = False, **kwargs: Any) -> Any:
    return original(file, mmap_mode, allow_pickle=False, **kwargs)


class _PlainUnpickler(pickle.Unpickler):
    """Reads the raw Planetoid files: sparse matrices, arrays, and a dict of lists."""

    def find_class(self, module: str, name: str) -> Any:
        from scipy.sparse import csr_matrix

        multiarray = getattr(np, "_core", None) or np.core
        known = {
            "numpy.core.multiarray._reconstruct": multiarray.multiarray._reconstruct,
            "numpy._core.multiarray._reconstruct": multiarray.multiarray._reconstruct,
            "numpy.ndarray": np.ndarray,
            "numpy.dtype": np.dtype,
            "scipy.sparse.csr.csr_matrix": csr_matrix,
            "scipy.sparse._csr.csr_matrix": csr_matrix,
            "collections.defaultdict": collections.defaultdict,
            "__builtin__.list": list,
            "builtins.list": list,
        }
        if f"{module}.{name}" not in known:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return known[f"{module}.{name}"]


def _unpickle(file: Any, encoding: str = "latin1") -> Any:
    try:
        return _PlainUnpickler(io.BytesIO(file.read()), encoding=encoding).load()
    except Exception as error:  # a damaged pickle raises anything
        path = getattr(file, "path", None) or getattr(file, "name", "a raw file")
        fail("root", f"the raw file {path}, which is damaged or holds more than arrays "
             f"({type(error).__name__}: {error})", "a file of the Planetoid collection",
             "it was not run; fetch it again")


def _decline(question: object = "") -> str:
    logger.warning("answered no, for nobody is asked: %s", str(question).strip())
    return "n"


def _log(*words: object, **_: Any) -> None:
    logger.debug(" ".join(map(str, words)))

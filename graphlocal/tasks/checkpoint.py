"""Training states on disk: tensors, numbers and a JSON config, never a pickled object."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..graph.checks import GraphTypeError, fail
from ..graph.output import replacing

_FORMAT = "graphlocal checkpoint 1"


def checksum(x: Any) -> int | None:
    """Tells other values of a dense tensor from these; ``None`` of anything else.

    Example:
        >>> checksum(torch.zeros(2)) == checksum(torch.ones(2)), checksum(None)
        (False, None)
    """
    if not isinstance(x, torch.Tensor) or x.layout is not torch.strided:
        return None
    return zlib.crc32(x.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())


def to_json(config: Mapping[str, Any]) -> str:
    """The config as JSON with sorted keys, so that equal configs are equal texts.

    Raises:
        GraphError: If some value is not JSON.

    Example:
        >>> to_json({"lr": 0.01, "epochs": 200})
        '{"epochs": 200, "lr": 0.01}'
    """
    try:
        return json.dumps(config, sort_keys=True)
    except (TypeError, ValueError) as error:
        fail("config", f"a value that is not JSON ({error})", "text, numbers, lists and dicts",
             kind=GraphTypeError)


def save_checkpoint(
    path: str | os.PathLike[str], state: Mapping[str, Any], config: Mapping[str, Any]
) -> None:
    """Writes a state so that the file holds either the old state or the new one, never half.

    Args:
        path: The file; its folder is made.
        state: ``state_dict``s, tensors, numbers, text, lists and dicts of them.
        config: What the state belongs to, kept as JSON and compared by :func:`load_checkpoint`.

    Raises:
        GraphError: If the config is not JSON.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "run.pt"
        >>> save_checkpoint(path, {"epoch": 3}, {"lr": 0.01})
        >>> load_checkpoint(path, {"lr": 0.01})
        {'epoch': 3}
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"format": _FORMAT, "config": to_json(config), "state": dict(state)}
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())


def load_checkpoint(
    path: str | os.PathLike[str], config: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Reads a state on the CPU with ``weights_only=True``: a foreign file can run no code.

    Args:
        path: A file :func:`save_checkpoint` wrote.
        config: What the state must belong to; ``None`` takes any.

    Raises:
        GraphError: If there is no such file, it is no checkpoint, or its config differs.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "run.pt"
        >>> save_checkpoint(path, {"weight": torch.ones(2)}, {})
        >>> load_checkpoint(path)["weight"]
        tensor([1., 1.])
    """
    path = Path(path)
    if not path.is_file():
        fail("checkpoint", f"{path}, which is no file", "a file save_checkpoint wrote")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # torch lets through whatever a damaged file makes it trip over
        fail("checkpoint", f"{path}, which torch.load(weights_only=True) refuses "
             f"({type(error).__name__})", "a file save_checkpoint wrote",
             "remove it to start anew")
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        fail("checkpoint", f"{path}, some other file", "a file save_checkpoint wrote",
             "remove it to start anew")
    if config is not None:
        saved, wanted = json.loads(content["config"]), json.loads(to_json(config))
        differ = sorted(key for key in saved.keys() | wanted.keys()
                        if saved.get(key) != wanted.get(key))
        if differ:
            fail("checkpoint", f"{path} of a run with other settings ("
                 + ", ".join(f"{key}: {saved.get(key)} there, {wanted.get(key)} here"
                             for key in differ) + ")",
                 "the settings it was written with", "remove it to start anew")
    return content["state"]

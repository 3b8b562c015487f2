"""Several processes that train one model together, as ``torchrun`` starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist

from ..graph.checks import check_choice
from ..ops import num_processes, process_rank


@contextmanager
def joined_processes(backend: str | None = None) -> Iterator[torch.device]:
    """Joins the processes that ``torchrun`` started; does nothing where it started none.

    Inside, :func:`tasks.node.fit <graphlocal.tasks.node.fit>` with a ``batch_size`` shares out
    batches and averages gradients, and only the first process writes files.

    Args:
        backend: ``"gloo"`` or ``"nccl"``; ``None`` takes nccl where there is a GPU for every
            process of this machine. (default: ``None``)

    Yields:
        The device of this process.

    Raises:
        GraphError: If the backend is none of these.

    Example:
        >>> with joined_processes("gloo") as device:
        ...     print(device)
        cpu
    """
    check_choice(backend, "backend", (None, "gloo", "nccl"))
    here, count = int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    on_gpu = backend != "gloo" and torch.cuda.is_available() and torch.cuda.device_count() >= count
    device = torch.device("cuda", here) if on_gpu else torch.device("cpu")
    if "WORLD_SIZE" not in os.environ or dist.is_initialized():
        yield device
        return
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group(backend or ("nccl" if on_gpu else "gloo"))
    try:
        yield device
        dist.barrier()  # the first one may still be writing
    finally:
        dist.destroy_process_group()


@contextmanager
def first_process_first() -> Iterator[None]:
    """Has the first process alone do what is inside, and the others after it.

    For a data set that is downloaded and processed by whoever wants it first: two processes at
    once would write over each other's files.

    Example:
        >>> with first_process_first():
        ...     print("loaded")
        loaded
    """
    if process_rank() > 0:
        dist.barrier()
    yield
    if num_processes() > 1 and process_rank() == 0:
        dist.barrier()

"""Seeds and random states of Python, numpy and torch."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

from ..graph.checks import check_count


def set_seed(seed: int) -> None:
    """Seeds Python, numpy and torch (every device), so that a run on the CPU repeats bit for bit.

    Args:
        seed: At least 0 and below 2^32, the range numpy takes.

    Raises:
        GraphError: If the seed is no integer of that range.

    Example:
        >>> set_seed(7)
        >>> first = torch.rand(2)
        >>> set_seed(7)
        >>> torch.equal(first, torch.rand(2))
        True
    """
    seed = check_count(seed, "seed", most=2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (the global generator is what other libraries draw from)
    torch.manual_seed(seed)


def random_state() -> dict[str, Any]:
    """State of every generator :func:`set_seed` seeds, in types ``weights_only`` loading reads.

    Example:
        >>> state = random_state()
        >>> first = torch.rand(2)
        >>> restore_random_state(state)
        >>> torch.equal(first, torch.rand(2))
        True
    """
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {
        "python": [version, list(words), gauss],
        "numpy": [str(name), torch.from_numpy(np.asarray(keys, np.int64)), int(position),
                  int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Puts every generator back to what :func:`random_state` returned.

    Args:
        state: What :func:`random_state` returned, from this process or an earlier one.

    Example:
        >>> restore_random_state(random_state())
    """
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state(  # noqa: NPY002
        (name, keys.numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all(state["cuda"])

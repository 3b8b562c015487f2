from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from graphlocal import GraphError
from graphlocal.tasks import (
    load_checkpoint,
    random_state,
    restore_random_state,
    save_checkpoint,
    set_seed,
)


def draw() -> tuple[float, ...]:
    return (random.random(), random.gauss(0, 1), float(np.random.rand()),  # noqa: NPY002
            float(np.random.randn()), float(torch.rand(())), float(torch.randn(())))  # noqa: NPY002


def test_a_seed_repeats_every_generator() -> None:
    set_seed(3)
    first = draw()
    set_seed(3)
    assert draw() == first
    set_seed(4)
    assert all(a != b for a, b in zip(first, draw(), strict=True))


def test_the_state_survives_a_file(tmp_path) -> None:
    set_seed(5)
    draw()  # leaves half a pair of normal numbers in Python's and numpy's generators
    save_checkpoint(tmp_path / "state.pt", random_state(), {})
    expected = [draw() for _ in range(3)]
    set_seed(0)
    restore_random_state(load_checkpoint(tmp_path / "state.pt"))
    assert [draw() for _ in range(3)] == expected


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, "7", None])
def test_bad_seeds(seed) -> None:
    with pytest.raises(GraphError, match="argument 'seed'"):
        set_seed(seed)

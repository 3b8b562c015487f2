from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator

import pytest
import torch


@pytest.fixture
def script(request, monkeypatch) -> Iterator[Callable[..., None]]:
    """Calls the example whose path is the SCRIPT of the module as its command line would."""
    path = request.module.SCRIPT
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1)  # the graphs are tiny
    monkeypatch.syspath_prepend(str(path.parent))

    def call(*arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", [str(path), *arguments])
        runpy.run_path(str(path), run_name="__main__")

    yield call
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision(precision)

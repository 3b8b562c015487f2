"""Memory that nobody has written yet reads as NaN, so a slot a kernel forgets shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from graphlocal.ops import buffers


@pytest.fixture(autouse=True)
def poisoned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_empty, numpy_empty = torch.empty, np.empty

    def poisoned_tensor(*args: Any, **kwargs: Any) -> torch.Tensor:
        out = torch_empty(*args, **kwargs)
        if type(out) is torch.Tensor and out.device.type == "cpu":
            out.fill_(float("nan") if out.is_floating_point() else 111)
        return out

    def poisoned_array(*args: Any, **kwargs: Any) -> np.ndarray:
        out = numpy_empty(*args, **kwargs)
        if out.dtype.kind == "f":
            out.fill(np.nan)
        elif out.dtype.kind == "i":
            out.fill(111)
        return out

    monkeypatch.setattr(torch, "empty", poisoned_tensor)
    monkeypatch.setattr(np, "empty", poisoned_array)
    buffers.release()
    monkeypatch.setattr(buffers, "KEPT", 0)  # what was used before holds numbers, not NaN


@pytest.fixture(autouse=True)
def no_forced_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPHLOCAL_BACKEND", raising=False)

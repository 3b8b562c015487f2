"""The zoo as tensors, and the backends that can be tried here."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from graphlocal.ops.dispatch import probe_scatter
from tests.zoo import ZOO

REDUCES = ("sum", "mean", "max", "min")

each_reduce = pytest.mark.parametrize("reduce", REDUCES)
each_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["f32", "f64"])
_with_scatter = pytest.mark.skipif(probe_scatter()[0] is None, reason=probe_scatter()[1])
each_backend = pytest.mark.parametrize(
    "backend", ["cpu", "reference", pytest.param("scatter", marks=_with_scatter)])
#: Without what scatter has no kernel for: its extremes are the reference's.
each_backend_and_reduce = pytest.mark.parametrize(("backend", "reduce"), [
    *((backend, reduce) for backend in ("cpu", "reference") for reduce in REDUCES),
    *(pytest.param("scatter", reduce, marks=_with_scatter) for reduce in ("sum", "mean"))])


def zoo(name: str) -> tuple[Tensor, int]:
    edge_index, num_nodes = ZOO[name]
    return torch.from_numpy(edge_index.copy()), num_nodes


def close(a: Tensor, b: Tensor) -> None:
    """Equal up to rounding, NaN and inf in the same places."""
    torch.testing.assert_close(
        a, b, equal_nan=True, rtol=1e-5 if a.dtype is torch.float32 else 1e-10,
        atol=1e-5 if a.dtype is torch.float32 else 1e-12)


def draw(*shape: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=dtype, generator=generator)

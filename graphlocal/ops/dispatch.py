"""Which backend an op takes here, and why."""

from __future__ import annotations

import functools
import importlib.util
import os
from dataclasses import dataclass
from typing import Any

import torch

from ..graph import checks
from .mode import is_transformed

VARIABLE = "GRAPHLOCAL_BACKEND"
BACKENDS = ("cpu", "scatter", "gpu", "reference")
#: Ops with a fast version: op -> reductions.
OPS: dict[str, tuple[str, ...]] = {
    "spmm": ("sum", "mean", "max", "min"),
    "segment_reduce": ("sum", "mean", "max", "min"),
    "segment_softmax": ("softmax",),
    "common_neighbors": ("list",),
    "overlap_sum": ("sum",),
    "neighbor_attention": ("softmax",),
    "additive_attention": ("gat", "gatv2"),
    "selective_scan": ("scan",),
    "causal_conv": ("convolution",),
    "vector_quantize": ("nearest",),
}
_SCATTER_REDUCES = ("sum", "mean")
_FLOATS = (torch.float32, torch.float64)
_INDICES = (torch.int32, torch.int64)
#: Ops on the nodes of a graph alone, whose dtype is that of its indices.
_OF_INDICES = ("common_neighbors",)
#: Ops that compute in float32 what comes in fewer bits.
_ROUNDED = ("selective_scan", "causal_conv")
_WITHOUT_SCATTER = ("additive_attention", "causal_conv", "common_neighbors",
                    "neighbor_attention", "overlap_sum", "selective_scan", "vector_quantize")
#: Ops whose fast version is made of torch's own.
_PRODUCTS = ("vector_quantize",)
#: Ops that compute half precision in float32 and round what comes out.
_WIDENED = ("additive_attention", "neighbor_attention")
#: Ops with kernels for CUDA devices.
_ON_GPU = ("neighbor_attention", "selective_scan")
_INSTALL_TRITON = "triton is not installed: pip install 'graphlocal[gpu]'"
_REASONS = {
    "cpu": "numba kernels",
    "scatter": "torch-scatter's kernels",
    "gpu": "triton kernels",
}
_RESERVES = {"neighbor_attention": "; with dropout or edge features the reference"}


# A compiler may take the answer for a constant: it depends on the call and the environment alone.
@torch._dynamo.assume_constant_result
def choose(op: str, device: str, dtype: torch.dtype, reduce: str) -> str:
    """Name of the backend for a call: the reference where only it is differentiable, under
    ``torch.func`` and in forward mode.

    Raises:
        GraphError: If ``GRAPHLOCAL_BACKEND`` names no backend, or one that is not installed.

    Example:
        >>> choose("spmm", "cpu", torch.bfloat16, "sum")
        'reference'
    """
    name = _decide(op, device, dtype, reduce, os.environ.get(VARIABLE, ""))[0]
    return "reference" if is_transformed() else name


@functools.lru_cache(maxsize=512)
def _decide(
    op: str, device: str, dtype: torch.dtype, reduce: str, forced: str
) -> tuple[str, str]:
    """Backend and reason."""
    name = forced.strip().lower()
    if name:
        if name not in BACKENDS:
            checks.fail(VARIABLE, repr(forced), "one of " + ", ".join(sorted(BACKENDS)),
                        "unset the environment variable to take the fastest")
        if name == "scatter" and probe_scatter()[0] is None:
            checks.fail(VARIABLE, "'scatter'", "an installed backend", probe_scatter()[1])
        if name == "gpu" and not _has_triton():
            checks.fail(VARIABLE, "'gpu'", "an installed backend", _INSTALL_TRITON)
        refusal = _refusal(name, op, device, dtype, reduce)
        if refusal:
            return "reference", f"{VARIABLE}={name}, but {refusal}"
        return name, f"{VARIABLE}={name}"
    refusals = []
    others = ("gpu",) if op in _ON_GPU else ("scatter",)
    for name in ("cpu",) if device == "cpu" else ("cpu", *others):
        refusal = _refusal(name, op, device, dtype, reduce)
        if not refusal:
            if op in _PRODUCTS:
                return name, "products of matrices, a block at a time"
            reserve = _RESERVES.get(op, "") if name == "gpu" else ""
            return name, _REASONS[name] + reserve
        refusals.append(refusal)
    return "reference", "; ".join(refusals)


def _gpu_refusal(op: str, device: str, dtype: torch.dtype) -> str | None:
    if op not in _ON_GPU:
        return "gpu knows no such op"
    if device != "cuda":
        return f"gpu takes no tensors on {device}"
    if dtype == torch.float64 or not dtype.is_floating_point:
        return "gpu takes float32 and less only"
    return None if _has_triton() else _INSTALL_TRITON


@functools.cache
def _has_triton() -> bool:
    return importlib.util.find_spec("triton") is not None


def _refusal(
    backend: str, op: str, device: str, dtype: torch.dtype, reduce: str
) -> str | None:
    """Why a backend does not take a call; ``None`` where it does."""
    if backend == "reference":
        return None
    if backend == "scatter" and op in _WITHOUT_SCATTER:
        return "scatter knows no such op"
    if backend == "gpu":
        return _gpu_refusal(op, device, dtype)
    if op in _OF_INDICES:
        if dtype not in _INDICES:
            return f"{backend} takes int32 and int64 only"
    elif op in _ROUNDED:
        if dtype == torch.float64 or not dtype.is_floating_point:
            return f"{backend} takes float32 and less only"
    elif dtype not in _FLOATS and op not in _WIDENED:
        return f"{backend} takes float32 and float64 only"
    if backend == "cpu":
        return None if device == "cpu" else f"cpu takes no tensors on {device}"
    module, why = probe_scatter()
    if module is None:
        return why
    if reduce not in _SCATTER_REDUCES:
        return "scatter's maximum loses NaN and -inf"
    if device == "cuda" and module.torch.ops.torch_scatter.cuda_version() == -1:
        return "torch-scatter was built without CUDA"
    return None if device in ("cpu", "cuda") else f"scatter takes no tensors on {device}"


@functools.cache
def probe_scatter() -> tuple[Any, str]:
    """torch-scatter where it is installed and works, else ``None``, and why.

    Example:
        >>> module, why = probe_scatter()
        >>> (module is None) == bool(why)
        True
    """
    how = "install it with: pip install --no-build-isolation 'graphlocal[scatter]'"
    try:
        import torch_scatter

        value = torch_scatter.segment_csr(
            torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0, 2, 2, 3]), reduce="sum")
        if value.tolist() != [3.0, 0.0, 4.0]:
            return None, "torch-scatter computes wrong sums; " + how
    # A build for another torch fails with OSError, an emptied package with AttributeError.
    except Exception as error:
        return None, f"torch-scatter cannot be used ({type(error).__name__}); {how}"
    return torch_scatter, ""


@dataclass(frozen=True)
class Choice:
    """What one op takes for one kind of tensor.

    Example:
        >>> Choice("spmm", "sum", "cpu", "float32", "cpu", "numba kernels").backend
        'cpu'
    """

    op: str
    reduce: str
    device: str
    dtype: str
    backend: str
    reason: str


class Explanation(tuple[Choice, ...]):
    """Choices, which print as a table.

    Example:
        >>> str(Explanation([Choice("spmm", "sum", "cpu", "float32", "cpu", "numba kernels")]))
        'spmm  sum  cpu  float32  cpu  numba kernels'
    """

    __slots__ = ()

    def __str__(self) -> str:
        rows = [(c.op, c.reduce, c.device, c.dtype, c.backend, c.reason) for c in self]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in rows)


def explain() -> Explanation:
    """Which backend every op takes here, for which tensors, and why.

    Returns:
        Rows ``(op, reduce, device, dtype, backend, reason)``; ``print`` shows them as a table.

    Raises:
        GraphError: If ``GRAPHLOCAL_BACKEND`` names no backend, or one that is not installed.

    Example:
        >>> {choice.op for choice in explain()} >= {"spmm", "segment_softmax"}
        True
    """
    forced = os.environ.get(VARIABLE, "")
    devices = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    rows = []
    for op, reduces in OPS.items():
        for device in devices:
            for dtype in _INDICES if op in _OF_INDICES else (*_FLOATS, torch.bfloat16):
                by_answer: dict[tuple[str, str], list[str]] = {}
                for reduce in reduces:
                    answer = _decide(op, device, dtype, reduce, forced)
                    by_answer.setdefault(answer, []).append(reduce)
                rows += [Choice(op, "/".join(same), device, str(dtype).removeprefix("torch."), *a)
                         for a, same in by_answer.items()]
    return Explanation(rows)

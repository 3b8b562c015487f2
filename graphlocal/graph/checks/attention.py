"""Queries, keys and values of attention over edges."""

from __future__ import annotations

import math
from typing import Any

from ..errors import GraphTypeError, fail


def check_head_rows(x: Any, argument: str) -> None:
    """A dense tensor of floating-point numbers with a row per node, heads and channels."""
    if not hasattr(x, "dim") or not hasattr(x, "is_floating_point"):
        fail(argument, type(x).__name__, "a tensor of shape (N, H, D)", kind=GraphTypeError)
    if x.dim() != 3:
        fail(argument, f"shape {tuple(x.shape)}", "shape (N, H, D)",
             "split channels into heads with .view(N, H, D)")
    if str(x.layout) != "torch.strided":
        fail(argument, f"layout {x.layout}", "a dense tensor", "convert it with .to_dense()",
             kind=GraphTypeError)
    if not x.is_floating_point():
        fail(argument, f"dtype {str(x.dtype).removeprefix('torch.')}", "a floating-point dtype",
             "convert with .float()", kind=GraphTypeError)


def check_attention_operands(q: Any, k: Any, v: Any) -> None:
    """Queries, keys and values on one device whose heads, channels and rows go together."""
    for x, argument in ((q, "q"), (k, "k"), (v, "v")):
        check_head_rows(x, argument)
        if x.device != q.device:
            fail(argument, f"a tensor on {x.device}", f"one on {q.device}, as 'q'",
                 "move one of them with .to(device)")
    for x, argument in ((k, "k"), (v, "v")):
        if x.shape[1] != q.shape[1]:
            fail(argument, f"{x.shape[1]} heads", f"{q.shape[1]}, as 'q'")
    if k.shape[2] != q.shape[2]:
        fail("k", f"{k.shape[2]} channels per head", f"{q.shape[2]}, as 'q'")
    if v.shape[0] != k.shape[0]:
        fail("v", f"{v.shape[0]} rows", f"{k.shape[0]}, as 'k': one per source node")


def check_edge_heads(x: Any, argument: str, *shapes: tuple[int, ...], device: Any) -> None:
    """A dense tensor of floating-point numbers per edge, of one of the shapes."""
    if not hasattr(x, "is_floating_point"):
        fail(argument, type(x).__name__, "a tensor or None", kind=GraphTypeError)
    if tuple(x.shape) not in shapes:
        fail(argument, f"shape {tuple(x.shape)}", "shape " + " or ".join(map(str, shapes)),
             "it has a row per edge, in the order of edge_index")
    if not x.is_floating_point() or str(x.layout) != "torch.strided":
        fail(argument, f"{str(x.dtype).removeprefix('torch.')}, layout {x.layout}",
             "a dense tensor of floating-point numbers", kind=GraphTypeError)
    if x.device != device:
        fail(argument, f"a tensor on {x.device}", f"one on {device}, as 'q'",
             "move one of them with .to(device)")


def check_scale(scale: Any, argument: str, channels: int) -> float:
    """A finite number; ``None`` is one over the root of the channels."""
    if scale is None:
        return 1.0 / math.sqrt(channels) if channels else 1.0
    if isinstance(scale, bool) or not isinstance(scale, (int, float)):
        fail(argument, repr(scale), "a number or None", kind=GraphTypeError)
    if not math.isfinite(scale):
        fail(argument, str(scale), "a finite number")
    return float(scale)

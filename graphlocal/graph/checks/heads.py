"""Tensors of attention: a row per node or edge, then heads, then channels."""

from __future__ import annotations

from typing import Any

from ..errors import GraphTypeError, fail


def check_tensor(value: Any, argument: str, shape: tuple[int | str, ...]) -> Any:
    """A dense floating-point tensor of torch; sizes that are free are given by their names."""
    wanted = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    if not hasattr(value, "is_floating_point"):
        fail(argument, type(value).__name__, f"a tensor of shape {wanted}", kind=GraphTypeError)
    if not value.is_floating_point():
        fail(argument, f"dtype {str(value.dtype).removeprefix('torch.')}",
             "a floating-point dtype", f"convert it with {argument}.float()", kind=GraphTypeError)
    if str(value.layout) != "torch.strided":
        fail(argument, f"layout {value.layout}", "a dense tensor", "convert it with .to_dense()",
             kind=GraphTypeError)
    fits = len(value.shape) == len(shape) and all(
        isinstance(want, str) or size == want
        for size, want in zip(value.shape, shape, strict=True))
    if not fits:
        fail(argument, f"shape {tuple(value.shape)}", f"shape {wanted}")
    return value

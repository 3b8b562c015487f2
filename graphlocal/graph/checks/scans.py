"""Arguments of the scans over sequences: shapes, dtypes and borders, each named."""

from __future__ import annotations

from typing import Any

from ..errors import GraphTypeError, fail
from .arrays import check_integer_dtype


def check_float_tensors(tensors: dict[str, Any], optional: tuple[str, ...] = ()) -> None:
    """Dense floating-point tensors on one device, of which some may be ``None``."""
    first = next(iter(tensors))
    for name, value in tensors.items():
        if value is None and name in optional:
            continue
        if not (hasattr(value, "layout") and hasattr(value, "is_floating_point")):
            got = "None" if value is None else type(value).__name__
            fail(name, got, "a tensor", kind=GraphTypeError)
        if value.is_nested:
            fail(name, "a nested tensor", "a dense tensor",
                 "put its rows one after another and pass their borders as 'ptr'",
                 kind=GraphTypeError)
        if "strided" not in str(value.layout):
            fail(name, f"layout {value.layout}", "a dense tensor",
                 "convert it with .to_dense()", kind=GraphTypeError)
        if not value.is_floating_point():
            fail(name, f"dtype {str(value.dtype).removeprefix('torch.')}",
                 "a floating-point dtype", "convert with .float()", kind=GraphTypeError)
        if value.device != tensors[first].device:
            fail(name, f"a tensor on {value.device}",
                 f"one on {tensors[first].device}, as '{first}'",
                 "move one of them with .to(device)")


def check_sequence_rows(x: Any, channels: int, argument: str = "x") -> None:
    """Floating-point rows of so many channels: a batch ``[B, L, C]`` or packed ``[T, C]``."""
    check_float_tensors({argument: x})
    if x.ndim not in (2, 3) or x.shape[-1] != channels:
        fail(argument, f"shape {tuple(x.shape)}",
             f"a batch (B, L, {channels}) or packed rows (T, {channels})")


def check_direction(reverse: Any, argument: str, channels: int) -> tuple[bool, bool]:
    """Whether the first and the second half of the channels of ``argument`` run backwards."""
    if not isinstance(reverse, bool) and (not isinstance(reverse, str) or reverse != "both"):
        fail("reverse", repr(reverse), "False, True or 'both'", kind=GraphTypeError)
    if reverse == "both" and channels % 2:
        fail("reverse", f"'both', and '{argument}' of {channels} channels",
             "an even number of channels",
             "the first half runs forwards and the second half backwards")
    return reverse is True, reverse is not False


def check_shape(value: Any, argument: str, *expected: tuple[tuple[int, ...], str]) -> None:
    """The shape is one of the expected ones, each given with the words that describe it."""
    if value is not None and all(tuple(value.shape) != shape for shape, _ in expected):
        fail(argument, f"shape {tuple(value.shape)}",
             " or ".join(f"{shape} ({words})" for shape, words in expected))


def check_sequences(x: Any, argument: str, ptr: Any, axes: int) -> None:
    """Rows of sequences: a batch of equal lengths, or packed ones with the borders ``ptr``.

    ``axes`` counts the axes of one row: a batch has two more, packed sequences one.
    """
    row = ", ".join(("D",) if axes == 1 else ("H", "P"))
    if x.ndim not in (axes + 1, axes + 2):
        fail(argument, f"shape {tuple(x.shape)}",
             f"a batch (B, L, {row}) or packed rows (T, {row})")
    if 0 in x.shape[-axes:]:
        fail(argument, f"shape {tuple(x.shape)}", "rows that are not empty")
    if ptr is None:
        return
    if x.ndim == axes + 2:
        fail("ptr", f"borders, and '{argument}' of shape {tuple(x.shape)}",
             f"packed sequences (T, {row})", "leave 'ptr' out, or flatten the first two axes")
    if not hasattr(ptr, "layout"):
        fail("ptr", type(ptr).__name__, "a tensor of borders", "pass torch.tensor(ptr)",
             kind=GraphTypeError)
    if ptr.ndim != 1 or ptr.shape[0] == 0:
        fail("ptr", f"shape {tuple(ptr.shape)}", "shape (S + 1,), the borders of S sequences")
    check_integer_dtype(ptr.dtype, "ptr")
    if ptr.device != x.device:
        fail("ptr", f"a tensor on {ptr.device}", f"one on {x.device}, as '{argument}'",
             "move one of them with .to(device)")

"""Features of nodes as layers take them, and how heads share them."""

from __future__ import annotations

from typing import Any

from ..errors import GraphTypeError, fail


def check_features(x: Any, channels: int | None, argument: str = "x", rows: str = "N") -> Any:
    """A floating-point matrix ``[N, channels]`` of torch, looking at neither values nor device;
    ``rows`` is what the number of its rows is called."""
    if not hasattr(x, "is_floating_point"):
        fail(argument, type(x).__name__, f"a tensor of shape ({rows}, C)", kind=GraphTypeError)
    if not x.is_floating_point():
        fail(argument, f"dtype {str(x.dtype).removeprefix('torch.')}", "a floating-point dtype",
             f"convert it with {argument}.float()", kind=GraphTypeError)
    if x.dim() != 2 or (channels is not None and x.shape[1] != channels):
        width = "C" if channels is None else channels
        fail(argument, f"shape {tuple(x.shape)}", f"shape ({rows}, {width})")
    return x


def check_finite_rows(values: Any, argument: str, remedy: str | None = None) -> None:
    """No NaN and no infinity in a matrix of torch."""
    # A sum is finite only if all of its numbers are, and costs no mask; it may also overflow.
    if bool(values.sum().isfinite()) or bool(values.isfinite().all()):
        return
    row = int((~values.isfinite()).any(dim=1).nonzero()[0])
    fail(argument, f"NaN or infinite values, the first in row {row}", "finite numbers", remedy)


def check_heads(channels: int, heads: int, argument: str = "heads",
                channels_argument: str = "channels") -> int:
    """Channels of one head, all heads having the same number."""
    if channels % heads:
        fail(argument, str(heads), f"a divisor of {channels_argument}={channels}",
             "every head takes an equal share of the channels")
    return channels // heads


def check_edge_features(edge_attr: Any, num_edges: int, channels: int | None,
                        argument: str = "edge_attr", width: str = "edge_dim") -> None:
    """Features ``[E, channels]`` where a layer has a map for them, and ``None`` where not."""
    if channels is None:
        if edge_attr is not None:
            fail(argument, "features", f"None, because the layer was made with {width}=None",
                 f"pass {width} to the layer")
        return
    if edge_attr is None:
        fail(argument, "None", f"a tensor of shape ({num_edges}, {channels}), because the layer "
             f"was made with {width}={channels}")
    check_features(edge_attr, channels, argument, "E")
    if edge_attr.shape[0] != num_edges:
        fail(argument, f"{edge_attr.shape[0]} rows", f"{num_edges}, one per edge")

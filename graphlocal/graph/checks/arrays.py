"""Arrays and tensors, as numpy sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GraphTypeError, fail


def to_numpy(value: Any, argument: str) -> NDArray[Any]:
    """Array of a tensor, a numpy array or nested sequences; shares memory where it can."""
    # A tensor, or PyG's EdgeIndex, without importing torch; streams can be detached as well.
    if hasattr(value, "detach") and hasattr(value, "layout"):
        value = value.detach()
        if getattr(value, "is_sparse", False) or "sparse" in str(getattr(value, "layout", "")):
            fail(argument, "a sparse tensor", "a dense one", "use CSRGraph.from_scipy or "
                 "pass its coordinate indices", kind=GraphTypeError)
        if hasattr(value, "as_tensor"):
            value = value.as_tensor()
        if str(value.dtype) in ("torch.bfloat16", "torch.float8_e4m3fn", "torch.float8_e5m2"):
            value = value.float()  # numpy has none of these, float32 holds them all
        try:
            return np.asarray(value.cpu().numpy())
        except (RuntimeError, TypeError) as error:
            fail(argument, f"a {value.dtype} tensor on {value.device} ({error})",
                 "a tensor with values that numpy knows", kind=GraphTypeError)
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        fail(argument, f"{type(value).__name__} ({error})", "a tensor or an array",
             kind=GraphTypeError)


def check_integers(array: NDArray[Any], argument: str) -> NDArray[np.int64]:
    """The array as int64; refuses floats, booleans, objects and unsigned values past int64."""
    if array.size == 0 and array.dtype.kind == "f":
        return array.astype(np.int64)  # np.array([]) is float by default: nothing is lost
    if array.dtype.kind not in "iu":
        fail(argument, f"dtype {array.dtype}", "an integer dtype",
             "node indices are integers: convert with .astype(int) or .long()",
             kind=GraphTypeError)
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        fail(argument, f"value {array.max()}", f"at most {np.iinfo(np.int64).max}",
             "relabel the ids")
    return np.ascontiguousarray(array, dtype=np.int64)


def check_integer_dtype(dtype: Any, argument: str) -> None:
    """A signed integer dtype of torch or numpy (or uint8), by its name."""
    name = str(dtype).removeprefix("torch.")
    if name not in ("int64", "int32", "int16", "int8", "uint8"):
        fail(argument, f"dtype {name}", "an integer dtype",
             "node indices are integers: convert with .long()", kind=GraphTypeError)


def check_index_range(index: NDArray[np.int64], argument: str, num_nodes: int) -> None:
    """Every index lies in ``[0, num_nodes)``."""
    if index.size == 0:
        return
    check_bounds(int(index.min()), int(index.max()), argument, num_nodes, "num_nodes")


def check_bounds(low: int, high: int, argument: str, limit: int, count: str) -> None:
    """Smallest and largest index lie in ``[0, limit)``; ``count`` is what the limit counts."""
    if low < 0:
        fail(argument, f"index {low}", f"0 <= index < {count}={limit}",
             "relabel the nodes to 0, 1, 2, ...")
    if high >= limit:
        fail(argument, f"index {high}", f"0 <= index < {count}={limit}",
             f"pass {count}={high + 1} or relabel the nodes")


def check_nonnegative(array: NDArray[Any], argument: str) -> None:
    """Every value is finite and none is below zero."""
    if not np.isfinite(array).all():
        fail(argument, "NaN or infinite values", "finite numbers")
    if array.size and array.min() < 0:
        fail(argument, f"value {array.min()}", "numbers of at least 0")


def check_operand(x: Any, argument: str, rows: int) -> NDArray[Any]:
    """A vector ``[rows]`` or matrix ``[rows, F]`` of finite numbers, as int64 or float64."""
    array = to_numpy(x, argument)
    if array.dtype.kind not in "fiub":
        fail(argument, f"dtype {array.dtype}", "real numbers", kind=GraphTypeError)
    if array.ndim not in (1, 2) or array.shape[0] != rows:
        fail(argument, f"shape {tuple(array.shape)}", f"shape ({rows},) or ({rows}, F)")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        fail(argument, "NaN or infinite values", "finite numbers",
             "products are differences of sums, in which they would spread")
    kind = np.float64 if array.dtype.kind == "f" else np.int64
    return np.ascontiguousarray(array, dtype=kind)

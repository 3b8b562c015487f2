"""Checks of sequences of tokens."""

from __future__ import annotations

from typing import Any

from ..errors import GraphTypeError, fail


def check_tokens(hops: Any, tokens: Any, channels: int) -> None:
    """Sequences ``hops [B, K, T, F]``, or rows ``hops [U, T, F]`` that ``tokens [B, K]`` index.

    Example:
        >>> import torch
        >>> check_tokens(torch.ones(4, 5, 3, 8), None, 8)
    """
    if not hasattr(hops, "is_floating_point") or not hops.is_floating_point():
        got = str(getattr(hops, "dtype", type(hops).__name__))
        fail("hops", got, "a floating-point tensor", kind=GraphTypeError)
    expected = ("(B, K, T, F)" if tokens is None else "(U, T, F) with tokens (B, K)")
    if hops.dim() != (4 if tokens is None else 3) or hops.shape[-1] != channels:
        fail("hops", f"shape {tuple(hops.shape)}", f"shape {expected} with F = {channels}")
    if tokens is None:
        if hops.shape[1] == 0 or hops.shape[2] == 0:
            fail("hops", f"shape {tuple(hops.shape)}", "at least the node's own token")
        return
    if not hasattr(tokens, "is_floating_point"):
        fail("tokens", type(tokens).__name__, "a tensor of shape (B, K)", kind=GraphTypeError)
    if tokens.is_floating_point() or tokens.dim() != 2 or tokens.shape[1] == 0:
        fail("tokens", f"{tokens.dtype} of shape {tuple(tokens.shape)}",
             "integers of shape (B, K), a node's own row first")
    if tokens.numel() and not 0 <= int(tokens.min()) <= int(tokens.max()) < hops.shape[0]:
        fail("tokens", f"rows {int(tokens.min())} to {int(tokens.max())}",
             f"rows of hops, 0 to {hops.shape[0] - 1}")

"""The short convolution in front of a selective scan, channel by channel."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ...graph import checks
from ..dispatch import choose
from . import binding, reference


def causal_conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    reverse: bool | Literal["both"] = False,
    ptr: Tensor | None = None,
    silu: bool = False,
) -> Tensor:
    r"""Depthwise convolution that sees the present and the past of a sequence, nothing else.

    .. math::
        y_t = b + \sum_{k=0}^{w-1} W_{w-1-k} \odot x_{t-k}

    where :math:`x_{t-k}` is 0 before the sequence begins. The weight is that of
    :class:`torch.nn.Conv1d` with as many groups as channels, without its middle axis.

    Args:
        x: Rows of sequences, channels last.
        weight: One kernel per channel; its last entry meets the present.
        bias: Added to the result. (default: ``None``)
        reverse: Whether it sees the future instead of the past; ``"both"`` for the second half of
            the channels only. (default: ``False``)
        ptr: Borders of packed sequences, from 0 to the number of rows. (default: ``None``)
        silu: Whether the result passes through a SiLU. (default: ``False``)

    Shapes:
        - **x, output:** :math:`(B, L, D)`, or packed :math:`(T, D)`
        - **weight:** :math:`(D, w)`
        - **bias:** :math:`(D)`
        - **ptr:** :math:`(S + 1)`; without it packed rows are one sequence

    Raises:
        GraphError: If a shape, a dtype or a device is wrong, or ``ptr`` does not cut the rows
            into sequences.

    Example:
        >>> x = torch.arange(1.0, 5.0).unsqueeze(-1)
        >>> causal_conv(x, torch.tensor([[10.0, 1.0]]), ptr=torch.tensor([0, 2, 4])).tolist()
        [[1.0], [12.0], [3.0], [34.0]]
    """
    checks.check_float_tensors({"x": x, "weight": weight, "bias": bias}, ("bias",))
    checks.check_sequences(x, "x", ptr, 1)
    channels, count, length = x.shape[-1], x.shape[0] if x.dim() == 3 else 1, x.shape[-2]
    if weight.dim() != 2 or weight.shape[0] != channels or weight.shape[1] == 0:
        checks.fail("weight", f"shape {tuple(weight.shape)}", f"shape ({channels}, w), w >= 1, one "
                    "kernel for each channel of 'x'")
    directions = checks.check_direction(reverse, "x", channels)
    silu = checks.check_flag(silu, "silu")
    checks.check_shape(bias, "bias", ((channels,), "one per channel"))
    if ptr is None:
        ptr = torch.arange(count + 1, device=x.device) * length
    double = any(t is not None and t.dtype == torch.float64 for t in (x, weight, bias))
    dtype = torch.float64 if double else torch.float32
    arguments = (x.reshape(-1, channels).to(dtype), weight.to(dtype),
                 None if bias is None else bias.to(dtype), ptr.long())
    backend = choose("causal_conv", x.device.type, dtype, "convolution")
    if backend == "reference" and not torch.compiler.is_compiling():
        checks.check_ptr(ptr, arguments[0].shape[0])
        y = reference.causal_conv(*arguments, directions, silu)
    else:
        y = binding.conv(*arguments, *directions, silu, backend)
    return y.reshape(x.shape).to(x.dtype)

"""The recurrence of Mamba: a linear state per channel whose decay depends on the input."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from ...graph import checks
from ..dispatch import choose
from . import binding, reference

Reverse = bool | Literal["both"]


def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    z: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = False,
    reverse: Reverse = False,
    ptr: Tensor | None = None,
    initial_state: Tensor | None = None,
    return_last_state: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    r"""Selective state space of `"Mamba: Linear-Time Sequence Modeling with Selective State
    Spaces" <https://arxiv.org/abs/2312.00752>`_ along every sequence.

    .. math::
        h_t &= \exp(\Delta_t A) \odot h_{t-1} + \Delta_t u_t B_t \\
        y_t &= \left( C_t^{\top} h_t + D u_t \right) \odot \mathrm{SiLU}(z_t)

    with :math:`\Delta_t` = ``delta`` plus ``delta_bias``, through a softplus where
    ``delta_softplus`` says so. Every channel has its own ``N`` states. Packed sequences start from
    a state of their own each: nothing crosses a border and there is no padding. Results do not
    depend on the number of threads. A ``delta`` below 0 is taken as it stands: its states grow.

    States are float32, whatever the dtype of the inputs, or float64 where one of them is. On a CUDA
    device float32 states are scanned by Triton kernels, which cut long sequences into pieces that
    run side by side; without Triton, and in float64, by torch, step by step.

    Args:
        u: Input.
        delta: Step sizes.
        A: Decay rates, below 0 for states that fade.
        B: What enters the states: per step, per step for groups of channels of equal size, or
            constant.
        C: What is read from the states; like ``B``, in a form of its own.
        D: Share of the input in the output. (default: ``None``)
        z: Gate. (default: ``None``)
        delta_bias: Added to ``delta``. (default: ``None``)
        delta_softplus: Whether step sizes pass through a softplus. (default: ``False``)
        reverse: Whether sequences are scanned from their ends; ``"both"`` scans the first half of
            the channels forwards and the second half backwards. (default: ``False``)
        ptr: Borders of packed sequences, from 0 to the number of rows; a sequence may be empty.
            (default: ``None``)
        initial_state: States before the first step of each sequence. (default: ``None``)
        return_last_state: Whether the states after the last step come out too; those of
            backward scans are the ones at the first row. (default: ``False``)

    Returns:
        The output in the dtype of ``u``, or a pair of it and the last states.

    Shapes:
        - **u, delta, z, output:** :math:`(B, L, D)`, or packed :math:`(T, D)`
        - **A:** :math:`(D, N)`
        - **B, C:** :math:`(B, L, N)` or packed :math:`(T, N)`; grouped :math:`(B, L, G, N)` or
          :math:`(T, G, N)`; constant :math:`(D, N)`
        - **D, delta_bias:** :math:`(D)`
        - **ptr:** :math:`(S + 1)`; without it packed rows are one sequence
        - **initial_state, last state:** :math:`(S, D, N)`, :math:`S` being the batch size for
          unpacked input

    Raises:
        GraphError: If a shape, a dtype or a device is wrong, ``ptr`` does not cut the rows into
            sequences, or a packed ``B`` or ``C`` could be per step as well as constant.

    Example:
        >>> u = torch.tensor([[1.0], [1.0], [1.0], [1.0]])
        >>> one, decay = torch.ones(4, 1, 1), torch.tensor([[0.5]]).log()
        >>> selective_scan(u, u, decay, one, one).flatten().tolist()
        [1.0, 1.5, 1.75, 1.875]
        >>> selective_scan(u, u, decay, one, one, ptr=torch.tensor([0, 2, 4])).flatten().tolist()
        [1.0, 1.5, 1.0, 1.5]
    """
    count, length, channels = _check(u, delta, A, B, C, D, z, delta_bias, ptr, initial_state)
    directions = checks.check_direction(reverse, "u", channels)
    delta_softplus = checks.check_flag(delta_softplus, "delta_softplus")
    if ptr is None:
        ptr = torch.arange(count + 1, device=u.device) * length
    given = (u, delta, A, B, C, D, z, delta_bias, initial_state)
    double = any(value is not None and value.dtype == torch.float64 for value in given)
    dtype = torch.float64 if double else torch.float32

    groups = math.lcm(*(value.shape[-2] for value in (B, C) if value.dim() == u.dim() + 1))

    def rows(value: Tensor | None) -> Tensor | None:
        return None if value is None else value.reshape(-1, channels).to(dtype)

    def coefficients(value: Tensor) -> Tensor:
        if value.shape == A.shape:
            return value.to(dtype)
        per_step = value if value.dim() == u.dim() + 1 else value.unsqueeze(-2)
        per_step = per_step.reshape(-1, *per_step.shape[-2:]).to(dtype)
        if per_step.shape[1] == groups:  # repeating once is a copy, and its gradient is slow
            return per_step
        return per_step.repeat_interleave(groups // per_step.shape[1], dim=1)

    def plain(value: Tensor | None) -> Tensor | None:
        return None if value is None else value.to(dtype)

    tensors = (rows(u), rows(delta), A.to(dtype), coefficients(B), coefficients(C), plain(D),
               rows(z), plain(delta_bias), ptr.long(), plain(initial_state))
    backend = choose("selective_scan", u.device.type, dtype, "scan")
    if backend == "reference" and not torch.compiler.is_compiling():
        checks.check_ptr(ptr, tensors[0].shape[0], rows="u")
        y, last = reference.selective_scan(*tensors, delta_softplus, directions)
    else:
        # Kept for the gradient alone: a few states, from which it computes the others again.
        keep = torch.is_grad_enabled() and any(
            t is not None and t.requires_grad for t in tensors)
        y, last, _ = binding.scan(*tensors, delta_softplus, *directions, return_last_state, keep,
                                  backend)
    y = y.reshape(u.shape).to(u.dtype)
    return (y, last) if return_last_state else y


def _check(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
    z: Tensor | None, delta_bias: Tensor | None, ptr: Tensor | None,
    initial_state: Tensor | None,
) -> tuple[int, int, int]:
    """Number of sequences, length of each (of unpacked ones), channels."""
    checks.check_float_tensors({
        "u": u, "delta": delta, "A": A, "B": B, "C": C, "D": D, "z": z, "delta_bias": delta_bias,
        "initial_state": initial_state}, ("D", "z", "delta_bias", "initial_state"))
    checks.check_sequences(u, "u", ptr, 1)
    channels = u.shape[-1]
    for name, value in (("delta", delta), ("z", z)):
        checks.check_shape(value, name, (tuple(u.shape), "that of 'u'"))
    if A.dim() != 2 or A.shape[0] != channels or A.shape[1] == 0:
        checks.fail("A", f"shape {tuple(A.shape)}", f"shape ({channels}, N), N >= 1, one row for "
                    "each channel of 'u'")
    states = A.shape[1]
    for name, value in (("B", B), ("C", C)):
        steps = tuple(u.shape[:-1])
        grouped = value.dim() == u.dim() + 1
        checks.check_shape(
            value, name, ((*steps, states), "per step"),
            ((*steps, value.shape[-2] if grouped else 1, states), "per step and group"),
            ((channels, states), "constant"))
        if u.dim() == 2 and value.dim() == 2 and channels == steps[0]:
            checks.fail(name, f"shape {tuple(value.shape)}", "a shape that is either per step or "
                        "constant: there are as many rows as channels",
                        "per step, pass it as (T, 1, N); constant, pass 'u' as (1, T, D)")
        if grouped and (value.shape[-2] == 0 or channels % value.shape[-2]):
            checks.fail(name, f"{value.shape[-2]} groups", f"a number that divides the {channels} "
                        "channels of 'u'")
    for name, value in (("D", D), ("delta_bias", delta_bias)):
        checks.check_shape(value, name, ((channels,), "one per channel"))
    batched = u.dim() == 3
    count = u.shape[0] if batched else 1 if ptr is None else ptr.shape[0] - 1
    checks.check_shape(initial_state, "initial_state",
                       ((count, channels, states), "one of every sequence"))
    return count, u.shape[-2], channels

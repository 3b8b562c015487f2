"""Selective scan as its definition reads: one step after the other, sequences side by side."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor
from torch.nn import functional


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
    z: Tensor | None, delta_bias: Tensor | None, ptr: Tensor, initial_state: Tensor | None,
    softplus: bool, reverse: tuple[bool, bool],
) -> tuple[Tensor, Tensor]:
    """Output ``[T, D]`` and last states ``[S, D, N]`` of packed sequences.

    ``reverse`` is the direction of the first and of the second half of the channels; ``B`` and
    ``C`` are ``[D, N]`` or ``[T, G, N]``.

    Example:
        >>> one = torch.ones(3, 1)
        >>> y, last = selective_scan(one, one, torch.zeros(1, 1), torch.ones(1, 1),
        ...                          torch.ones(1, 1), None, None, None, torch.tensor([0, 3]),
        ...                          None, False, (False, False))
        >>> y.flatten().tolist(), last.item()
        ([1.0, 2.0, 3.0], 3.0)
    """
    if delta_bias is not None:
        delta = delta + delta_bias
    if softplus:
        delta = functional.softplus(delta)
    channels, states = A.shape
    if initial_state is None:
        initial_state = u.new_zeros(ptr.shape[0] - 1, channels, states)
    if reverse[0] == reverse[1]:
        pieces = [(slice(0, channels), reverse[0])]
    else:
        half = channels // 2
        pieces = [(slice(0, half), reverse[0]), (slice(half, channels), reverse[1])]
    found = [
        _scan(u[:, part], delta[:, part], A[part], _coefficients(B, channels)[..., part, :],
              _coefficients(C, channels)[..., part, :], ptr, initial_state[:, part], backwards)
        for part, backwards in pieces
    ]
    y = torch.cat([out for out, _ in found], dim=1)
    if D is not None:
        y = y + D * u
    if z is not None:
        y = y * functional.silu(z)
    return y, torch.cat([last for _, last in found], dim=1)


def _coefficients(value: Tensor, channels: int) -> Tensor:
    """``B`` or ``C`` of every channel: ``[D, N]`` or ``[T, D, N]``."""
    if value.dim() == 2:
        return value
    if value.shape[1] == 1:  # a view: it may well be larger than all that was given
        return value.expand(-1, channels, -1)
    return value.repeat_interleave(channels // value.shape[1], dim=1)


def _scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, ptr: Tensor, state: Tensor,
    backwards: bool,
) -> tuple[Tensor, Tensor]:
    """Takes step ``i`` of every sequence longer than ``i`` at once, the longest ones first."""
    borders = ptr.tolist()
    lengths = [stop - start for start, stop in itertools.pairwise(borders)]
    order = sorted(range(len(lengths)), key=lambda s: -lengths[s])
    first = [borders[s + 1] - 1 if backwards else borders[s] for s in order]
    if len(set(lengths)) == 1:
        return _scan_equal(u, delta, A, B, C, state, lengths[0], backwards)
    state, ended, rows, out = state[order], [], [], []
    running = len(order)
    for step in range(max(lengths, default=0)):
        while lengths[order[running - 1]] <= step:
            running -= 1
        if running < state.shape[0]:
            ended.append(state[running:])
            state = state[:running]
        row = torch.tensor([f - step if backwards else f + step for f in first[:running]],
                           device=u.device)
        b, c = (x if x.dim() == 2 else x[row] for x in (B, C))
        y, state = _step(u[row], delta[row], A, b, c, state)
        rows.append(row)
        out.append(y)
    if not rows:
        return u.clone(), state  # of no rows, with a gradient
    states = torch.cat([state, *reversed(ended)])
    back = torch.tensor(order, device=u.device).argsort()
    return torch.cat(out)[torch.cat(rows).argsort()], states[back]


def _scan_equal(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, state: Tensor, length: int,
    backwards: bool,
) -> tuple[Tensor, Tensor]:
    """Sequences of one length are a batch, whose steps are views."""
    if length == 0:
        return u.clone(), state
    count = state.shape[0]
    # Indexing a tensor step by step would add a gradient of its full size in every step.
    u_t, delta_t = (x.unflatten(0, (count, length)).unbind(1) for x in (u, delta))
    b_t, c_t = ((x,) * length if x.dim() == 2 else x.unflatten(0, (count, length)).unbind(1)
                for x in (B, C))
    out: list[Tensor | None] = [None] * length
    for t in reversed(range(length)) if backwards else range(length):
        out[t], state = _step(u_t[t], delta_t[t], A, b_t[t], c_t[t], state)
    return torch.stack(out, dim=1).flatten(0, 1), state


def _step(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """One step of the recurrence for ``[S]`` sequences: output ``[S, D]``, state ``[S, D, N]``."""
    decay = torch.exp(delta.unsqueeze(-1) * A)
    state = decay * state + (delta * u).unsqueeze(-1) * B
    return (state * C).sum(-1), state

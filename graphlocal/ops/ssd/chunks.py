"""Chunks of a scan as matrix products, and the recurrence from chunk to chunk."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: ``exp(-800)`` is 0 in every dtype.
_MOST_DECAY = 800.0


def scan_chunks(
    x: Tensor, a: Tensor, B: Tensor, C: Tensor, ptr: Tensor | None, segment: Tensor | None,
    initial_state: Tensor | None, size: int, want_last: bool,
) -> tuple[Tensor, Tensor | None]:
    """Output and last states of ``h = exp(a) h + x B^T``, ``y = h C``.

    A batch has ``x [B, L, H, P]``, ``a [B, L, H]``, ``B``, ``C [B, L, G, N]``. Packed sequences
    lack the first axis; ``segment [T]`` is the number of the sequence of each row.

    Example:
        >>> one = torch.ones(1, 3, 1, 1)
        >>> y, last = scan_chunks(one, torch.zeros(1, 3, 1), one, one, None, None, None, 2, True)
        >>> y.flatten().tolist(), last.item()
        ([1.0, 2.0, 3.0], 3.0)
    """
    # No float tells more decay from none left, and sums of larger numbers would lose the others.
    a = a.clamp(min=-_MOST_DECAY)
    if ptr is None:
        return _scan(x, a, B, C, None, initial_state, size, want_last)
    packed = [value.unsqueeze(0) for value in (x, a, B, C)]
    y, _ = _scan(*packed, segment, None, size, False)
    y, last = y.squeeze(0), None
    if want_last:
        last = _states_at_ends(x, a, B, ptr)
    if initial_state is not None:
        y, last = _add_initial(y, last, a, C, ptr, initial_state)
    return y, last


def _scan(
    x: Tensor, a: Tensor, B: Tensor, C: Tensor, segment: Tensor | None, state: Tensor | None,
    size: int, want_last: bool,
) -> tuple[Tensor, Tensor | None]:
    batch, length, heads, channels = x.shape
    groups, states = B.shape[-2:]
    if state is None:
        state = x.new_zeros(batch, heads, channels, states)
    if length == 0:
        return x, state
    size = min(size, length)
    chunks = -(-length // size)
    beyond = chunks * size - length
    if beyond:  # rows that neither decay nor add anything
        x, B, C = (functional.pad(value, (0, 0, 0, 0, 0, beyond)) for value in (x, B, C))
        a = functional.pad(a, (0, 0, 0, beyond))
        if segment is not None:
            segment = torch.cat([segment, segment[-1:].expand(beyond)])
    per_group = heads // groups
    x = x.reshape(batch, chunks, size, groups, per_group, channels).permute(0, 1, 3, 4, 2, 5)
    B, C = (value.reshape(batch, chunks, size, groups, states).transpose(2, 3) for value in (B, C))
    # Differences of long sums would lose what float32 cannot hold.
    total = a.double().reshape(batch, chunks, size, groups, per_group).cumsum(2)
    total = total.permute(0, 1, 3, 4, 2)  # [b, c, G, H / G, Q]
    between = total.unsqueeze(-1) - total.unsqueeze(-2)
    seen = torch.ones(size, size, dtype=torch.bool, device=x.device).tril()
    if segment is not None:
        rows = segment.reshape(chunks, size)
        seen = seen & (rows.unsqueeze(-1) == rows.unsqueeze(-2))
        seen = seen[:, None, None]
    weight = _where(between.to(x.dtype), seen).exp()
    scores = (C @ B.transpose(-1, -2)).unsqueeze(3)  # [b, c, G, 1, Q, Q]
    y = (scores * weight) @ x
    to_end = total[..., -1:] - total
    from_start, whole = total, total[..., -1]
    if segment is not None:
        last_row = rows[:, -1]
        before = functional.pad(last_row[:-1], (1, 0), value=-1)
        to_end = _where(to_end, (rows == last_row[:, None])[:, None, None])
        from_start = _where(from_start, (rows == before[:, None])[:, None, None])
        whole = _where(whole, (last_row == before)[:, None, None])
    to_end, from_start, whole = (value.exp().to(x.dtype) for value in (to_end, from_start, whole))
    added = (x * to_end.unsqueeze(-1)).transpose(-1, -2) @ B.unsqueeze(3)  # [b, c, G, H/G, P, N]
    state = state.unflatten(1, (groups, per_group))
    entering = []
    for grown, kept in zip(added.unbind(1), whole.unbind(1), strict=True):
        entering.append(state)
        state = kept[..., None, None] * state + grown
    entered = torch.stack(entering, dim=1)
    y = y + from_start.unsqueeze(-1) * (C.unsqueeze(3) @ entered.transpose(-1, -2))
    y = y.permute(0, 1, 4, 2, 3, 5).reshape(batch, chunks * size, heads, channels)[:, :length]
    return y, state.flatten(1, 2) if want_last else None


def _where(exponent: Tensor, seen: Tensor) -> Tensor:
    """Exponents of 0 where nothing is seen: masked before they could overflow."""
    return exponent.masked_fill(~seen, -torch.inf)


def _states_at_ends(x: Tensor, a: Tensor, B: Tensor, ptr: Tensor) -> Tensor:
    """States after the last row of each sequence, ``[S, H, P, N]``, by a product for each."""
    per_group, lengths, states = x.shape[1] // B.shape[1], ptr.diff().tolist(), []
    for own_x, own_a, own_b in zip(x.split(lengths), a.double().split(lengths), B.split(lengths),
                                   strict=True):
        later = own_a.flip(0).cumsum(0).flip(0) - own_a
        weighted = own_x * later.exp().to(x.dtype).unsqueeze(-1)
        states.append(torch.einsum("thp,thn->hpn", weighted,
                                   own_b.repeat_interleave(per_group, dim=1)))
    return torch.stack(states) if states else x.new_zeros(0, *x.shape[1:], B.shape[-1])


def _add_initial(
    y: Tensor, last: Tensor | None, a: Tensor, C: Tensor, ptr: Tensor, initial_state: Tensor
) -> tuple[Tensor, Tensor | None]:
    """What remains of the states before each sequence."""
    per_group = y.shape[1] // C.shape[1]
    parts, ends = [y.new_zeros(0, *y.shape[1:])], []
    lengths = ptr.diff().tolist()
    for own_a, own_c, state in zip(a.double().split(lengths), C.split(lengths), initial_state,
                                   strict=True):
        decay = own_a.cumsum(0).exp().to(y.dtype)  # [l, H]
        read = torch.einsum("thn,hpn->thp", own_c.repeat_interleave(per_group, dim=1), state)
        parts.append(decay.unsqueeze(-1) * read)
        ends.append(own_a.sum(0).exp().to(y.dtype)[:, None, None] * state)
    y = y + torch.cat(parts)
    return y, last if last is None or not ends else last + torch.stack(ends)

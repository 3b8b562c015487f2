"""Selective scan of packed sequences: a program per block of channels and range of pieces.

A piece is a sequence, or ``SEGMENT`` steps of a longer one. Pieces of a long sequence run side by
side: what each does to a state of 0 is found first, then states are carried from border to border
between them, then every piece starts from the state at its border. Step ``t`` of a sequence counts
from where its scan starts, which is its last row if it runs backwards.

A program holds states ``[WIDTH, STATES]`` of some channels in registers. The forward pass keeps
the states before steps ``STRIDE, 2 STRIDE, ...`` of every sequence, ``kept [T // STRIDE, D, N]``,
and the backward pass finds the others again, ``STRIDE`` at a time. What is kept before step ``t``
of a sequence whose first row is ``p`` has number ``(p + t) // STRIDE - 1``: no two want the same
place. States at borders, ``[T // SEGMENT, D, N]``, are numbered likewise. Sums over channels and
over sequences are written by part and added afterwards: nothing is added atomically and results do
not depend on what runs first.

Importing this module imports triton: it is imported where it is used.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

#: Steps between two states that are kept for the gradient.
STRIDE = 16
#: Steps of a long sequence that one program takes, a multiple of ``STRIDE``.
SEGMENT = 256
#: Most channels and, unless one channel has more, states of a program.
WIDTH, TILE = 32, 2048
#: Programs that keep a large device busy.
PROGRAMS = 2048
#: Numbers that differ from batch to batch: no kernel is compiled anew for one of them.
VARYING = ("pieces", "rows")
LOG2_E, LOG_2 = tl.constexpr(1.4426950408889634), tl.constexpr(0.6931471805599453)


@triton.jit
def _softplus(x):
    """``log(1 + exp(x))``; the logarithm as a series, which is exact near 1 as well."""
    e = tl.exp(-tl.abs(x))
    s = e / (2.0 + e)
    q = s * s
    series = 1 / 11 + q * (1 / 13 + q * (1 / 15))
    series = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * series))))
    return tl.maximum(x, 0.0) + 2.0 * s * series


@triton.jit
def mask_if(condition, mask):
    """``mask`` if a scalar condition holds. Triton's interpreter cannot spread one to a mask."""
    return mask & (tl.zeros(mask.shape, tl.int32) < tl.where(condition, 1, 0))


@triton.jit
def find_block(channels, states, groups, span, first, second, WIDTH: tl.constexpr,
               STATES: tl.constexpr):
    """Of this program: its range and the number of ranges, its channels and which of them are any,
    places in ``[D, N]`` and which of them are any, its group and part of that, its direction."""
    per_span = tl.cdiv(span, WIDTH)
    blocks = channels // span * per_span
    block = tl.program_id(0) % blocks
    base = block // per_span * span
    channel = base + block % per_span * WIDTH + tl.arange(0, WIDTH)
    inside = channel < base + span
    n = tl.arange(0, STATES)
    lane = channel[:, None] * states + n[None, :]
    both = inside[:, None] & (n < states)[None, :]
    per_group = blocks // groups
    sign = tl.where(2 * base < channels, first, second)
    return (tl.program_id(0) // blocks, tl.num_programs(0) // blocks, channel, inside, lane, both,
            block // per_group, block % per_group, sign)


@triton.jit
def find_piece(ptr, sequence, begins, piece, sign, SEGMENT: tl.constexpr):
    """Sequence of a piece, its first row, the row of its step 0, first and last step, length."""
    s, begin = tl.load(sequence + piece), tl.load(begins + piece)
    start = tl.load(ptr + s)
    length = tl.load(ptr + s + 1) - start
    origin = tl.where(sign > 0, start, start + length - 1)
    return s, start, origin, begin, tl.minimum(begin + SEGMENT, length), length


@triton.jit
def load_row(x, row, stride, channel, inside):
    return tl.load(x + row * stride + channel, mask=inside, other=0.0)


@triton.jit
def load_step(delta, bias, row, stride, channel, inside):
    """Step sizes before the softplus."""
    raw = load_row(delta, row, stride, channel, inside)
    if bias is not None:
        raw += tl.load(bias + channel, mask=inside, other=0.0)
    return raw


@triton.jit
def step_size(raw, inside, SOFTPLUS: tl.constexpr):
    """Step sizes, 0 where there is no channel."""
    if SOFTPLUS:
        raw = _softplus(raw)
    return tl.where(inside, raw, 0.0)


@triton.jit
def load_coefficient(x, row, group, groups, states, lane, both, FIXED: tl.constexpr,
                     STATES: tl.constexpr):
    """``B`` or ``C`` of a step, for every channel or for all of them."""
    if FIXED:
        return tl.load(x + lane, mask=both, other=0.0)
    else:
        n = tl.arange(0, STATES)
        place = (row * groups + group) * states + n
        return tl.load(x + place, mask=n < states, other=0.0)[None, :]


@triton.jit
def load_states(x, place, plane, lane, mask):
    """States of a place, 0 where nothing was given or ``mask`` is not set."""
    if x is None:
        return tl.zeros(lane.shape, tl.float32)
    else:
        return tl.load(x + place * plane + lane, mask=mask, other=0.0)


@triton.jit
def read_output(state, c, x, D, channel, inside):
    """What is read from the states, before the gate."""
    out = tl.sum(state * c, axis=1)
    if D is not None:
        out += tl.load(D + channel, mask=inside, other=0.0) * x
    return out


@triton.jit(do_not_specialize=VARYING)
def _forward(
    u, u_row, delta, delta_row, A, B, C, D, z, z_row, bias, ptr, initial, sequence, begins, pieces,
    channels, states, groups, span, first, second, y, last, kept, border, total,
    SOFTPLUS: tl.constexpr, B_FIXED: tl.constexpr, C_FIXED: tl.constexpr, STRIDE: tl.constexpr,
    SEGMENT: tl.constexpr, WIDTH: tl.constexpr, STATES: tl.constexpr,
):
    """Output, last and kept states; without ``y`` what pieces before borders do to the states."""
    at, ranges, channel, inside, lane, both, group, _part, sign = find_block(
        channels, states, groups, span, first, second, WIDTH, STATES)
    plane = channels * states
    rates = tl.load(A + lane, mask=both, other=0.0) * LOG2_E
    for piece in range(at, pieces, ranges):
        s, start, origin, begin, end, length = find_piece(
            ptr, sequence, begins, piece, sign, SEGMENT)
        state = load_states(initial, s, plane, lane, mask_if(begin == 0, both))
        passed = tl.zeros((WIDTH,), tl.float32)
        stop = end
        if y is None:
            stop = tl.where(end < length, end, begin)
        else:
            state += load_states(border, (start + begin) // SEGMENT - 1, plane, lane,
                             mask_if(begin > 0, both))
        for t in range(begin, stop, STRIDE):
            if kept is not None:
                place = (start + t) // STRIDE - 1
                tl.store(kept + place * plane + lane, state, mask=mask_if(t > 0, both))
            for step in range(t, tl.minimum(t + STRIDE, stop)):
                row = origin + sign * step
                d = step_size(load_step(delta, bias, row, delta_row, channel, inside), inside,
                               SOFTPLUS)
                x = load_row(u, row, u_row, channel, inside)
                b = load_coefficient(B, row, group, groups, states, lane, both, B_FIXED, STATES)
                state = tl.exp2(d[:, None] * rates) * state + (d * x)[:, None] * b
                if y is None:
                    passed += d
                else:
                    c = load_coefficient(C, row, group, groups, states, lane, both, C_FIXED, STATES)
                    out = read_output(state, c, x, D, channel, inside)
                    if z is not None:
                        gate = load_row(z, row, z_row, channel, inside)
                        out = out * gate * tl.sigmoid(gate)
                    tl.store(y + row * channels + channel, out, mask=inside)
        if y is None:
            place = (start + end) // SEGMENT - 1
            tl.store(border + place * plane + lane, state, mask=mask_if(end < length, both))
            tl.store(total + place * channels + channel, passed, mask=mask_if(end < length, inside))
        elif last is not None:
            tl.store(last + s * plane + lane, state, mask=mask_if(end == length, both))


@triton.jit
def carry_on(
    A, ptr, border, total, channels, states, groups, span, BACKWARD: tl.constexpr,
    SEGMENT: tl.constexpr, WIDTH: tl.constexpr, STATES: tl.constexpr,
):
    """States at the borders of a sequence, each from that at the border before."""
    s, _ranges, channel, inside, lane, both, _group, _part, _sign = find_block(
        channels, states, groups, span, 1, 1, WIDTH, STATES)
    rates = tl.load(A + lane, mask=both, other=0.0) * LOG2_E
    start = tl.load(ptr + s)
    borders = (tl.load(ptr + s + 1) - start - 1) // SEGMENT
    state = tl.zeros(lane.shape, tl.float32)
    for k in range(borders):
        step = (borders - k if BACKWARD else k + 1) * SEGMENT
        place = (start + step) // SEGMENT - 1
        passed = load_row(total, place, channels, channel, inside)
        # No state stays none, whatever it would grow by.
        state = tl.where(state == 0.0, 0.0, tl.exp2(passed[:, None] * rates) * state)
        here = border + place * channels * states + lane
        state += tl.load(here, mask=both, other=0.0)
        tl.store(here, state, mask=both)


def _rows(x: Tensor | None) -> tuple[Tensor | None, int]:
    """Rows whose channels lie side by side, and the distance from one row to the next."""
    if x is None:
        return None, 0
    x = x if x.stride(1) == 1 else x.contiguous()
    return x, x.stride(0)


def _pieces(ptr: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """The sequence of every piece, and the step it begins with."""
    sequence = torch.arange(ptr.shape[0] - 1, device=ptr.device)
    if rows <= SEGMENT:
        return sequence, torch.zeros_like(sequence)
    count = ((ptr.diff() + SEGMENT - 1) // SEGMENT).clamp(min=1)
    sequence = sequence.repeat_interleave(count)
    place = torch.arange(sequence.shape[0], device=ptr.device)
    return sequence, (place - (count.cumsum(0) - count)[sequence]) * SEGMENT


class Launch:
    """What the kernels have in common, and how many programs of them there are."""

    def __init__(
        self, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
        z: Tensor | None, bias: Tensor | None, ptr: Tensor, initial: Tensor | None,
        softplus: bool, reverse: tuple[bool, bool],
    ) -> None:
        self.rows, (channels, states) = u.shape[0], A.shape
        groups = next((value.shape[1] for value in (B, C) if value.dim() == 3), 1)
        of_group = channels // groups
        span = of_group if reverse[0] == reverse[1] else math.gcd(of_group, channels // 2)
        padded = triton.next_power_of_2(states)
        width = min(triton.next_power_of_2(span), WIDTH, max(1, TILE // padded))
        blocks = channels // span * triton.cdiv(span, width)
        self.parts = blocks // groups
        self.sequences = ptr.shape[0] - 1
        sequence, begins = _pieces(ptr, self.rows)
        self.pieces = sequence.shape[0]
        self.is_cut = self.pieces > self.sequences
        self.ranges = min(self.pieces, triton.cdiv(PROGRAMS, blocks))
        self.grid, self.carry_grid = (self.ranges * blocks,), (self.sequences * blocks,)
        self.u, self.shape = u, (channels, states)
        (u, u_row), (delta, delta_row), (z, z_row) = _rows(u), _rows(delta), _rows(z)
        first, second = (-1 if backwards else 1 for backwards in reverse)
        A, B, C, D, bias, ptr, initial = (
            None if x is None else x.contiguous() for x in (A, B, C, D, bias, ptr, initial))
        self.given = {
            "u": u, "u_row": u_row, "delta": delta, "delta_row": delta_row, "A": A, "B": B, "C": C,
            "D": D, "z": z, "z_row": z_row, "bias": bias, "ptr": ptr, "initial": initial,
            "sequence": sequence, "begins": begins, "pieces": self.pieces, "channels": channels,
            "states": states, "groups": groups, "span": span, "first": first, "second": second,
            "SOFTPLUS": softplus, "B_FIXED": B.dim() == 2, "C_FIXED": C.dim() == 2,
            "STRIDE": STRIDE, "SEGMENT": SEGMENT, "WIDTH": width, "STATES": padded,
            "num_warps": min(16, max(1, width * padded // 512))}

    def run(self, kernel: Any, grid: tuple[int], **own: Any) -> None:
        known = {name: value for name, value in self.given.items()
                 if name in kernel.arg_names or name == "num_warps"}
        if grid[0]:
            with torch.cuda.device_of(self.u):  # a launch goes to the current device
                kernel[grid](**{**known, **own})

    def borders(self) -> dict[str, Tensor | None]:
        """For the states at the borders between pieces, and the sums of steps between borders."""
        if not self.is_cut:
            return {"border": None, "total": None}
        places = self.rows // SEGMENT
        return {"border": self.u.new_empty(places, *self.shape),
                "total": self.u.new_empty(places, self.shape[0])}


def kept_size(rows: int, channels: int, states: int) -> tuple[int, int, int]:
    """Shape of the states kept for the gradient."""
    return rows // STRIDE, channels, states


def scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
    z: Tensor | None, delta_bias: Tensor | None, ptr: Tensor, initial_state: Tensor | None,
    softplus: bool, reverse: tuple[bool, bool], last: bool, keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Output ``[T, D]``, last states ``[S, D, N]``, states kept for the gradient; the last two
    empty unless asked for."""
    launch = Launch(u, delta, A, B, C, D, z, delta_bias, ptr, initial_state, softplus, reverse)
    y = u.new_empty(u.shape)
    end = u.new_empty((launch.sequences, *launch.shape) if last else 0)
    kept = u.new_empty(kept_size(u.shape[0], *launch.shape) if keep else 0)
    borders = launch.borders()
    if launch.is_cut:
        launch.run(_forward, launch.grid, y=None, last=None, kept=None, **borders)
        launch.run(carry_on, launch.carry_grid, **borders, BACKWARD=False)
    launch.run(_forward, launch.grid, y=y, last=end if last else None,
               kept=kept if keep else None, **borders)
    return y, end, kept

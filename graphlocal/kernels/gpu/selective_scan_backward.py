"""Gradients of the selective scan: what :mod:`.selective_scan` says of pieces and states holds.

The gradient of the states at the border before a piece is found for all pieces side by side,
carried from border to border backwards, and then every piece starts from that after its last step.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from .selective_scan import (
    LOG2_E,
    LOG_2,
    VARYING,
    Launch,
    carry_on,
    find_block,
    find_piece,
    load_coefficient,
    load_row,
    load_states,
    load_step,
    mask_if,
    read_output,
    step_size,
)


@triton.jit(do_not_specialize=VARYING)
def _adjoint(
    delta, delta_row, A, C, z, z_row, bias, ptr, grad, grad_last, sequence, begins, pieces,
    channels, states, groups, span, first, second, border, total, SOFTPLUS: tl.constexpr,
    C_FIXED: tl.constexpr, SEGMENT: tl.constexpr, WIDTH: tl.constexpr, STATES: tl.constexpr,
):
    """Gradient of the states at the border before a piece, from the outputs of that piece."""
    at, ranges, channel, inside, lane, both, group, _part, sign = find_block(
        channels, states, groups, span, first, second, WIDTH, STATES)
    plane = channels * states
    rates = tl.load(A + lane, mask=both, other=0.0) * LOG2_E
    for piece in range(at, pieces, ranges):
        s, start, origin, begin, end, length = find_piece(
            ptr, sequence, begins, piece, sign, SEGMENT)
        carry = load_states(grad_last, s, plane, lane, mask_if(end == length, both))
        passed = tl.zeros((WIDTH,), tl.float32)
        for k in range(tl.where(begin > 0, end - begin, 0)):
            row = origin + sign * (end - 1 - k)
            d = step_size(load_step(delta, bias, row, delta_row, channel, inside), inside,
                           SOFTPLUS)
            dy = load_row(grad, row, channels, channel, inside)
            if z is not None:
                gate = load_row(z, row, z_row, channel, inside)
                dy = dy * gate * tl.sigmoid(gate)
            c = load_coefficient(C, row, group, groups, states, lane, both, C_FIXED, STATES)
            carry = tl.exp2(d[:, None] * rates) * (carry + dy[:, None] * c)
            passed += d
        place = (start + begin) // SEGMENT - 1
        tl.store(border + place * plane + lane, carry, mask=mask_if(begin > 0, both))
        tl.store(total + place * channels + channel, passed, mask=mask_if(begin > 0, inside))


@triton.jit(do_not_specialize=VARYING)
def _backward(
    u, u_row, delta, delta_row, A, B, C, D, z, z_row, bias, ptr, initial, sequence, begins, pieces,
    channels, states, groups, span, first, second, rows, kept, history, grad, grad_last, border,
    to_u, to_delta, to_A, to_B, to_C, to_D, to_z, to_bias, to_initial,
    SOFTPLUS: tl.constexpr, B_FIXED: tl.constexpr, C_FIXED: tl.constexpr, STRIDE: tl.constexpr,
    SEGMENT: tl.constexpr, WIDTH: tl.constexpr, STATES: tl.constexpr,
):
    """All gradients; ``history [programs, STRIDE, WIDTH, STATES]`` is for states found again."""
    at, ranges, channel, inside, lane, both, group, part, sign = find_block(
        channels, states, groups, span, first, second, WIDTH, STATES)
    plane, n = channels * states, tl.arange(0, STATES)
    rates = tl.load(A + lane, mask=both, other=0.0) * LOG2_E
    history += tl.program_id(0).to(tl.int64) * STRIDE * WIDTH * STATES
    own = tl.arange(0, WIDTH)[:, None] * STATES + n[None, :]
    sum_A, sum_B = tl.zeros(lane.shape, tl.float32), tl.zeros(lane.shape, tl.float32)
    sum_C = tl.zeros(lane.shape, tl.float32)
    sum_D, sum_bias = tl.zeros((WIDTH,), tl.float32), tl.zeros((WIDTH,), tl.float32)
    for piece in range(at, pieces, ranges):
        s, start, origin, begin, end, length = find_piece(
            ptr, sequence, begins, piece, sign, SEGMENT)
        carry = load_states(grad_last, s, plane, lane, mask_if(end == length, both))
        carry += load_states(border, (start + end) // SEGMENT - 1, plane, lane,
                         mask_if(end < length, both))
        chunks = tl.cdiv(end - begin, STRIDE)
        for k in range(chunks):
            t = begin + (chunks - 1 - k) * STRIDE
            count = tl.minimum(end - t, STRIDE)
            state = load_states(initial, s, plane, lane, mask_if(t == 0, both))
            state += load_states(kept, (start + t) // STRIDE - 1, plane, lane, mask_if(t > 0, both))
            for j in range(count):
                tl.store(history + j * WIDTH * STATES + own, state)
                row = origin + sign * (t + j)
                d = step_size(load_step(delta, bias, row, delta_row, channel, inside), inside,
                               SOFTPLUS)
                x = load_row(u, row, u_row, channel, inside)
                b = load_coefficient(B, row, group, groups, states, lane, both, B_FIXED, STATES)
                state = tl.exp2(d[:, None] * rates) * state + (d * x)[:, None] * b
            tl.debug_barrier()  # another thread may read what one has written
            for i in range(count):
                j = count - 1 - i
                row = origin + sign * (t + j)
                place = row * channels + channel
                before = tl.load(history + j * WIDTH * STATES + own)
                raw = load_step(delta, bias, row, delta_row, channel, inside)
                d = step_size(raw, inside, SOFTPLUS)
                x = load_row(u, row, u_row, channel, inside)
                dy = load_row(grad, row, channels, channel, inside)
                b = load_coefficient(B, row, group, groups, states, lane, both, B_FIXED, STATES)
                c = load_coefficient(C, row, group, groups, states, lane, both, C_FIXED, STATES)
                if z is not None:
                    gate = load_row(z, row, z_row, channel, inside)
                    share = tl.sigmoid(gate)
                    out = read_output(state, c, x, D, channel, inside)
                    out *= dy * share * (1.0 + gate * (1.0 - share))
                    tl.store(to_z + place, out, mask=inside)
                    dy = dy * gate * share
                g = carry + dy[:, None] * c
                carry = tl.exp2(d[:, None] * rates) * g
                faded = carry * before
                sum_A += faded * d[:, None]
                to_x = tl.sum(g * b, axis=1)
                to_d = tl.sum(faded * rates, axis=1) * LOG_2 + x * to_x
                if SOFTPLUS:
                    to_d *= tl.sigmoid(raw)
                tl.store(to_delta + place, to_d, mask=inside)
                sum_bias += to_d
                to_x *= d
                if D is not None:
                    to_x += dy * tl.load(D + channel, mask=inside, other=0.0)
                    sum_D += dy * x
                tl.store(to_u + place, to_x, mask=inside)
                to_b, to_c = g * (d * x)[:, None], state * dy[:, None]
                in_part = ((part.to(tl.int64) * rows + row) * groups + group) * states + n
                if B_FIXED:
                    sum_B += to_b
                else:
                    tl.store(to_B + in_part, tl.sum(to_b, axis=0), mask=n < states)
                if C_FIXED:
                    sum_C += to_c
                else:
                    tl.store(to_C + in_part, tl.sum(to_c, axis=0), mask=n < states)
                state = before
            tl.debug_barrier()  # all is read before it is written over
        if initial is not None:
            tl.store(to_initial + s * plane + lane, carry, mask=mask_if(begin == 0, both))
    at = at.to(tl.int64)
    tl.store(to_A + at * plane + lane, sum_A, mask=both)
    if B_FIXED:
        tl.store(to_B + at * plane + lane, sum_B, mask=both)
    if C_FIXED:
        tl.store(to_C + at * plane + lane, sum_C, mask=both)
    if D is not None:
        tl.store(to_D + at * channels + channel, sum_D, mask=inside)
    if bias is not None:
        tl.store(to_bias + at * channels + channel, sum_bias, mask=inside)


def scan_backward(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor | None,
    z: Tensor | None, delta_bias: Tensor | None, ptr: Tensor, initial_state: Tensor | None,
    kept: Tensor, grad: Tensor, grad_state: Tensor | None, softplus: bool,
    reverse: tuple[bool, bool],
) -> tuple[Tensor | None, ...]:
    """Gradients of the first ten inputs of :func:`scan`, ``None`` for what was not given."""
    launch = Launch(u, delta, A, B, C, D, z, delta_bias, ptr, initial_state, softplus, reverse)
    given, shape = launch.given, launch.shape
    kept, grad = kept.contiguous(), grad.contiguous()
    grad_state = None if grad_state is None else grad_state.contiguous()
    borders = launch.borders()
    if launch.is_cut:
        launch.run(_adjoint, launch.grid, grad=grad, grad_last=grad_state, **borders)
        launch.run(carry_on, launch.carry_grid, **borders, BACKWARD=True)

    def part(value: Tensor | None, *size: int) -> Tensor | None:
        return None if value is None else u.new_empty(size)

    steps = (launch.parts, launch.rows, given["groups"], shape[1])
    sums = {
        "to_A": part(A, launch.ranges, *shape),
        "to_B": part(B, *((launch.ranges, *shape) if given["B_FIXED"] else steps)),
        "to_C": part(C, *((launch.ranges, *shape) if given["C_FIXED"] else steps)),
        "to_D": part(D, launch.ranges, shape[0]),
        "to_bias": part(delta_bias, launch.ranges, shape[0])}
    own = {"to_u": u.new_empty(u.shape), "to_delta": u.new_empty(u.shape),
           "history": u.new_empty(
               launch.grid[0], given["STRIDE"], given["WIDTH"], given["STATES"]),
           "to_z": part(z, *u.shape), "to_initial": part(initial_state, launch.sequences, *shape)}
    launch.run(_backward, launch.grid, rows=launch.rows, kept=kept, grad=grad,
               grad_last=grad_state, border=borders["border"], **sums, **own)
    total = {name: None if x is None else x.sum(0) for name, x in sums.items()}
    return (own["to_u"], own["to_delta"], *(total[name] for name in ("to_A", "to_B", "to_C",
            "to_D")), own["to_z"], total["to_bias"], None, own["to_initial"])

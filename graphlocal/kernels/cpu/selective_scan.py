"""Selective scan of packed sequences, sixteen channels at a time, forwards and for its gradient.

What both kernels take (floats are float32, arrays flat and contiguous unless said otherwise):

- ``tasks [J, 4]``: blocks ``[first, end)`` and sequences ``[first, end)`` of each row of work;
- ``blocks [K, 5]``: first channel, number of channels (at most 16), group of ``B`` and ``C``,
  whether it runs backwards, place of its sums in those of ``B`` and ``C``;
- ``ptr [S + 1]``: borders of the sequences;
- ``u``, ``delta``, ``z``: rows of channels, each with the distance from row to row; an empty ``z``
  is none;
- ``rates [K, N, 16]``: ``A`` over log 2, so that decays are powers of two;
- ``B``, ``C``: per step ``[T, G, N]`` as flat arrays, or constant ``[K, N, 16]`` as flat arrays in
  a tuple, which is how the compiler tells them apart;
- ``skip``, ``bias [K, 16]``: ``D`` and what is added to the step sizes;
- ``initial [S, K, N, 16]``: states at the start, or empty;
- ``kept [K, T // STRIDE, N, 16]``: states before steps ``STRIDE, 2 STRIDE, ...`` of a sequence. The
  first of those of a sequence that starts at row ``p`` has number ``p // STRIDE``: two sequences
  cannot want the same place, and nobody needs to count.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import overload

from .lanes import (
    WIDTH,
    exp2,
    fill,
    load,
    load_some,
    sigmoid,
    softplus,
    spread,
    store,
    store_some,
    sum_rows,
)
from .parallel import jit
from .prefetch import prefetch

#: Steps between two states that are kept for the gradient.
STRIDE = 16
#: Most steps of the last chunk of a sequence: a few more in it cost less than a chunk of their own.
LONGEST = 24
_zero, _one, _log_2 = np.float32(0.0), np.float32(1.0), np.float32(0.6931471805599453)


def _coefficient(value, at_step, at_block):
    """A coefficient of sixteen channels: one number for all where it changes from step to step."""


@overload(_coefficient, inline="always")
def _overload_coefficient(value, at_step, at_block):
    if isinstance(value, types.BaseTuple):
        return lambda value, at_step, at_block: load(value[0], at_block)
    return lambda value, at_step, at_block: spread(value, at_step)


def _is_constant(value):
    """Whether a coefficient is the same in every step."""


@overload(_is_constant, inline="always")
def _overload_is_constant(value):
    constant = isinstance(value, types.BaseTuple)
    return (lambda value: True) if constant else (lambda value: False)


@jit
def _start(state, to, size, initial, at):
    """States before the first step."""
    zero = fill(_zero)
    for i in range(0, size, WIDTH):
        store(state, to + i, load(initial, at + i) if len(initial) else zero)


@jit
def _copy(source, at, target, to, size):
    for i in range(0, size, WIDTH):
        store(target, to + i, load(source, at + i))


@jit
def _request(array, row, width, channel):
    """Asks for a piece of a row that the next chunk needs: pieces of rows follow no pattern that
    the processor would notice. The pieces of one row are asked for one after the other."""
    at = row * width + channel
    if 0 <= at < len(array):
        prefetch(array, at)


@jit
def _count_chunks(length):
    """Chunks, all of ``STRIDE`` steps but the last, which has ``LONGEST`` at most."""
    return max(min(length, 1), (length + 2 * STRIDE - LONGEST - 1) // STRIDE)


@jit
def _step_on(ptr, s):
    """How far on the next sequence has the chunk that is met first, if each is passed from its last
    row to its first: from the chunk that is met last."""
    if s + 2 >= len(ptr):
        return STRIDE
    chunks = _count_chunks(ptr[s + 2] - ptr[s + 1])
    return max(STRIDE, ptr[s + 1] - ptr[s] + max(chunks - 1, 0) * STRIDE)


@jit
def scan_forward(
    start, stop, tasks, blocks, ptr, u, u_row, delta, delta_row, z, z_row, rates, states, groups,
    B, C, skip, bias, softly, initial, y, y_row, last, kept, state,
):
    """Writes the output ``y``, the ``last`` states unless that is empty, and ``kept`` likewise.

    Scratch: ``state [N, 16]`` of each block of a task. A task takes few steps through all its
    blocks before the next few: channels lie side by side in memory.
    """
    size = states * WIDTH
    places = ptr[-1] // STRIDE
    for task in range(start, stop):
        b0, b1 = tasks[task, 0], tasks[task, 1]
        for s in range(tasks[task, 2], tasks[task, 3]):
            first, length = ptr[s], ptr[s + 1] - ptr[s]
            for block in range(b0, b1):
                _start(state, (block - b0) * size, size, initial, (s * len(blocks) + block) * size)
            chunks = _count_chunks(length)
            for chunk in range(chunks):
                begin = chunk * STRIDE
                end = length if chunk == chunks - 1 else begin + STRIDE
                piece, ahead = b0, begin
                back = -STRIDE if chunk < chunks - 1 else _step_on(ptr, s)
                for block in range(b0, b1):
                    own = (block - b0) * size
                    if len(kept) and begin:
                        place = (first + begin) // STRIDE - 1
                        _copy(state, own, kept, (block * places + place) * size, size)
                    channel, count, group, backwards = (
                        blocks[block, 0], blocks[block, 1], blocks[block, 2], blocks[block, 3])
                    shift, through = load(bias, block * WIDTH), load(skip, block * WIDTH)
                    for i in range(begin, end):
                        row = first + length - 1 - i if backwards else first + i
                        there = first + length - 1 - ahead + back if blocks[piece, 3] else (
                            first + ahead + STRIDE)
                        _request(delta, there, delta_row, blocks[piece, 0])
                        _request(u, there, u_row, blocks[piece, 0])
                        _request(z, there, z_row, blocks[piece, 0])
                        _request(y, there, y_row, blocks[piece, 0])
                        piece += 1
                        if piece == b1:
                            piece, ahead = b0, ahead + 1
                        d = load_some(delta, row * delta_row + channel, count) + shift
                        if softly:
                            d = softplus(d)
                        x = load_some(u, row * u_row + channel, count)
                        out, x = through * x, d * x
                        at = (row * groups + group) * states
                        for n in range(states):
                            here = n * WIDTH
                            decay = exp2(d * load(rates, block * size + here))
                            b = _coefficient(B, at + n, block * size + here)
                            c = _coefficient(C, at + n, block * size + here)
                            h = decay * load(state, own + here) + x * b
                            store(state, own + here, h)
                            out = out + h * c
                        if len(z):
                            gate = load_some(z, row * z_row + channel, count)
                            out = out * gate * sigmoid(gate)
                        store_some(y, row * y_row + channel, out, count)
            if len(last):
                for block in range(b0, b1):
                    _copy(state, (block - b0) * size, last, (s * len(blocks) + block) * size, size)
    return 0


@jit
def scan_backward(
    start, stop, tasks, blocks, ptr, u, u_row, delta, delta_row, z, z_row, rates, states, groups,
    B, C, skip, bias, softly, initial, kept, grad, grad_row, grad_last,
    to_u, to_delta, to_z, out_row, to_B, to_C, sums, fixed, to_initial, ranges,
    history, decays, steps, carry, rows,
):
    """Writes the gradients, from that of the output ``grad`` and of the last states ``grad_last``.

    ``to_B``, ``to_C`` ``[P, T, G, N]`` hold a sum for every place of ``blocks``, ``sums``
    ``[K, R, N + 2, 16]`` those of ``A``, ``skip`` and ``bias`` for every block and range of
    sequences (``ranges`` of them), ``fixed [K, R, 2, N, 16]`` those of constant ``B`` and ``C``.
    Both must be 0 at first. Scratch: ``decays [LONGEST, N, 16]``, ``steps [2, LONGEST, 16]``,
    ``carry [N, 16]`` of each block of a task; ``history [LONGEST + 1, N, 16]`` and
    ``rows [N, 16]``, which may be read, not used, fifteen rows beyond their ends.
    """
    size = states * WIDTH
    places = ptr[-1] // STRIDE
    plane = ptr[-1] * groups * states
    natural, one = fill(_log_2), fill(_one)
    for task in range(start, stop):
        b0, b1 = tasks[task, 0], tasks[task, 1]
        for s in range(tasks[task, 2], tasks[task, 3]):
            first, length = ptr[s], ptr[s + 1] - ptr[s]
            for block in range(b0, b1):
                _start(carry, (block - b0) * size, size, grad_last,
                       (s * len(blocks) + block) * size)
            chunks = _count_chunks(length)
            for chunk in range(chunks - 1, -1, -1):
                begin = chunk * STRIDE
                end = length if chunk == chunks - 1 else begin + STRIDE
                piece, ahead = b0, begin
                back = -STRIDE if chunk else _step_on(ptr, s)
                for block in range(b0, b1):
                    mine = (block - b0) * size
                    channel, count, group, backwards, part = (
                        blocks[block, 0], blocks[block, 1], blocks[block, 2], blocks[block, 3],
                        blocks[block, 4])
                    fresh = block == b0 or blocks[block - 1, 2] != group
                    shift, through = load(bias, block * WIDTH), load(skip, block * WIDTH)
                    own = (block * ranges + task % ranges) * (size + 2 * WIDTH)
                    own_fixed = (block * ranges + task % ranges) * 2 * size
                    if begin:
                        place = (first + begin) // STRIDE - 1
                        _copy(kept, (block * places + place) * size, history, 0, size)
                    else:
                        _start(history, 0, size, initial, (s * len(blocks) + block) * size)
                    for i in range(begin, end):  # the states again
                        row = first + length - 1 - i if backwards else first + i
                        there = first + length - 1 - ahead + STRIDE if blocks[piece, 3] else (
                            first + ahead + back)
                        _request(delta, there, delta_row, blocks[piece, 0])
                        _request(u, there, u_row, blocks[piece, 0])
                        _request(z, there, z_row, blocks[piece, 0])
                        _request(grad, there, grad_row, blocks[piece, 0])
                        _request(to_u, there, out_row, blocks[piece, 0])
                        _request(to_delta, there, out_row, blocks[piece, 0])
                        _request(to_z, there, out_row, blocks[piece, 0])
                        piece += 1
                        if piece == b1:
                            piece, ahead = b0, ahead + 1
                        now = (i - begin) * size
                        d = load_some(delta, row * delta_row + channel, count) + shift
                        if softly:
                            d = softplus(d)
                        store(steps, (i - begin) * WIDTH, d)
                        x = load_some(u, row * u_row + channel, count)
                        out, x = through * x, d * x
                        at = (row * groups + group) * states
                        for n in range(states):
                            here = n * WIDTH
                            decay = exp2(d * load(rates, block * size + here))
                            store(decays, now + here, decay)
                            b = _coefficient(B, at + n, block * size + here)
                            h = decay * load(history, now + here) + x * b
                            store(history, now + size + here, h)
                            if len(z):
                                out = out + h * _coefficient(C, at + n, block * size + here)
                        if len(z):
                            store(steps, (LONGEST + i - begin) * WIDTH, out)
                    sum_skip, sum_bias = fill(_zero), fill(_zero)  # of few, then of those sums
                    for i in range(end - 1, begin - 1, -1):
                        row = first + length - 1 - i if backwards else first + i
                        now = (i - begin) * size
                        d = load(steps, (i - begin) * WIDTH)
                        x = load_some(u, row * u_row + channel, count)
                        dy = load_some(grad, row * grad_row + channel, count)
                        if len(z):
                            gate = load_some(z, row * z_row + channel, count)
                            share = sigmoid(gate)
                            slope = share * (one + gate * (one - share))
                            out = load(steps, (LONGEST + i - begin) * WIDTH)
                            store_some(to_z, row * out_row + channel, dy * out * slope, count)
                            dy = dy * gate * share
                        entered = d * x
                        to_rate, to_entered = fill(_zero), fill(_zero)
                        at = (row * groups + group) * states
                        for n in range(states):
                            here = n * WIDTH
                            b = _coefficient(B, at + n, block * size + here)
                            c = _coefficient(C, at + n, block * size + here)
                            g = load(carry, mine + here) + dy * c
                            faded = g * load(decays, now + here)
                            store(carry, mine + here, faded)
                            faded = faded * load(history, now + here)
                            store(sums, own + here, load(sums, own + here) + faded * d)
                            to_rate = to_rate + faded * load(rates, block * size + here)
                            to_entered = to_entered + g * b
                            if _is_constant(B):
                                to = own_fixed + here
                                store(fixed, to, load(fixed, to) + g * entered)
                            else:
                                store(rows, here, g)
                            if _is_constant(C):
                                to = own_fixed + size + here
                                h = load(history, now + size + here)
                                store(fixed, to, load(fixed, to) + dy * h)
                        to_d = to_rate * natural + x * to_entered
                        if softly:
                            raw = load_some(delta, row * delta_row + channel, count) + shift
                            to_d = to_d * sigmoid(raw)
                        store_some(to_delta, row * out_row + channel, to_d, count)
                        store_some(to_u, row * out_row + channel, d * to_entered + dy * through,
                                   count)
                        sum_bias = sum_bias + to_d
                        sum_skip = sum_skip + dy * x
                        if not _is_constant(B):
                            _add_rows(rows, 0, entered, states, to_B, part * plane + at, fresh)
                        if not _is_constant(C):
                            _add_rows(history, now + size, dy, states, to_C, part * plane + at,
                                      fresh)
                    own += size
                    store(sums, own, load(sums, own) + sum_skip)
                    store(sums, own + WIDTH, load(sums, own + WIDTH) + sum_bias)
            if len(to_initial):
                for block in range(b0, b1):
                    _copy(carry, (block - b0) * size, to_initial,
                          (s * len(blocks) + block) * size, size)
    return 0


@jit
def _add_rows(rows, at, factor, states, target, to, fresh):
    """Adds the sum of each row over its lanes, times ``factor``, to ``target``, or writes it where
    it is the first."""
    for n in range(0, states, WIDTH):
        count = min(WIDTH, states - n)
        total = sum_rows(rows, at + n * WIDTH, factor)
        if not fresh:
            total = total + load_some(target, to + n, count)
        store_some(target, to + n, total, count)

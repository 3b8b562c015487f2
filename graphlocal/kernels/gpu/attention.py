"""Attention of every node over its in-edges: a program per row and head.

Rows of queries, keys and values are contiguous, ``[rows, heads, width]`` in float32. A program
takes the edges of its row in blocks and keeps the largest score, the sum of exponentials and the
weighted sum of values as it goes. Every output is written by one program, so nothing is added
atomically and results do not depend on what runs first.

``base`` is what the backward passes find the weights again from: the largest score of every row and
one over its sum of exponentials, both 0 where no score is above ``-inf``.

Importing this module imports triton: it is imported where it is used.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

#: Edges of a row that are taken at a time.
EDGES = 32


@triton.jit
def _rows(x, row, heads, head, width, channel, mask):
    """Of some rows the channels of a head, ``[edges, channels]``."""
    place = (row.to(tl.int64)[:, None] * heads + head) * width + channel[None, :]
    return tl.load(x + place, mask=mask[:, None] & (channel < width)[None, :], other=0.0)


@triton.jit
def _forward(
    rowptr, col, perm, q, k, v, bias, out, base, scale, heads, width, value_width,
    HAS_BIAS: tl.constexpr, EDGES: tl.constexpr, WIDTH: tl.constexpr, VALUES: tl.constexpr,
):
    i, h = tl.program_id(0).to(tl.int64), tl.program_id(1)
    begin, end = tl.load(rowptr + i), tl.load(rowptr + i + 1)
    channel, value_channel = tl.arange(0, WIDTH), tl.arange(0, VALUES)
    here = i * heads + h
    query = tl.load(q + here * width + channel, mask=channel < width, other=0.0) * scale
    peak = tl.full((), float("-inf"), tl.float32)
    total = tl.zeros((), tl.float32)
    found = tl.zeros((VALUES,), tl.float32)
    for first in range(begin, end, EDGES):
        slot = first + tl.arange(0, EDGES)
        mask = slot < end
        source = tl.load(col + slot, mask=mask, other=0)
        score = tl.sum(_rows(k, source, heads, h, width, channel, mask) * query[None, :], axis=1)
        if HAS_BIAS:
            edge = tl.load(perm + slot, mask=mask, other=0).to(tl.int64)
            score += tl.load(bias + edge * heads + h, mask=mask, other=0.0)
        score = tl.where(mask, score, float("-inf"))
        # NaN is no maximum and joins through the exponentials.
        top = tl.maximum(peak, tl.max(score, axis=0))
        shift = tl.where(top == float("-inf"), 0.0, top)
        fade = tl.exp(peak - shift)
        weight = tl.exp(score - shift)
        total = total * fade + tl.sum(weight, axis=0)
        value = _rows(v, source, heads, h, value_width, value_channel, mask)
        found = found * fade + tl.sum(weight[:, None] * value, axis=0)
        peak = top
    empty = total == 0.0
    inverse = tl.where(empty, 0.0, 1.0 / tl.where(empty, 1.0, total))
    tl.store(base + 2 * i * heads + h, tl.where(empty, 0.0, peak))
    tl.store(base + (2 * i + 1) * heads + h, inverse)
    tl.store(out + here * value_width + value_channel, found * inverse,
             mask=value_channel < value_width)


@triton.jit
def _backward_rows(
    rowptr, col, perm, q, k, v, bias, out, base, grad, grad_q, grad_bias, scale, heads, width,
    value_width, HAS_BIAS: tl.constexpr, NEEDS_BIAS: tl.constexpr, EDGES: tl.constexpr,
    WIDTH: tl.constexpr, VALUES: tl.constexpr,
):
    i, h = tl.program_id(0).to(tl.int64), tl.program_id(1)
    begin, end = tl.load(rowptr + i), tl.load(rowptr + i + 1)
    channel, value_channel = tl.arange(0, WIDTH), tl.arange(0, VALUES)
    here = i * heads + h
    query = tl.load(q + here * width + channel, mask=channel < width, other=0.0) * scale
    place = here * value_width + value_channel
    upper = tl.load(grad + place, mask=value_channel < value_width, other=0.0)
    own = tl.load(out + place, mask=value_channel < value_width, other=0.0)
    inner = tl.sum(upper * own, axis=0)
    peak, inverse = tl.load(base + 2 * i * heads + h), tl.load(base + (2 * i + 1) * heads + h)
    found = tl.zeros((WIDTH,), tl.float32)
    for first in range(begin, end, EDGES):
        slot = first + tl.arange(0, EDGES)
        mask = slot < end
        source = tl.load(col + slot, mask=mask, other=0)
        edge = tl.load(perm + slot, mask=mask, other=0).to(tl.int64)
        key = _rows(k, source, heads, h, width, channel, mask)
        score = tl.sum(key * query[None, :], axis=1)
        if HAS_BIAS:
            score += tl.load(bias + edge * heads + h, mask=mask, other=0.0)
        value = _rows(v, source, heads, h, value_width, value_channel, mask)
        weight = tl.exp(score - peak) * inverse
        change = weight * (tl.sum(value * upper[None, :], axis=1) - inner)
        change = tl.where(mask, change, 0.0)
        if NEEDS_BIAS:
            tl.store(grad_bias + edge * heads + h, change, mask=mask)
        found += tl.sum(change[:, None] * key, axis=0)
    tl.store(grad_q + here * width + channel, found * scale, mask=channel < width)


@triton.jit
def _backward_columns(
    t_rowptr, t_col, t_perm, q, k, v, bias, inner, base, grad, grad_k, grad_v, scale, heads, width,
    value_width, HAS_BIAS: tl.constexpr, EDGES: tl.constexpr, WIDTH: tl.constexpr,
    VALUES: tl.constexpr,
):
    j, h = tl.program_id(0).to(tl.int64), tl.program_id(1)
    begin, end = tl.load(t_rowptr + j), tl.load(t_rowptr + j + 1)
    channel, value_channel = tl.arange(0, WIDTH), tl.arange(0, VALUES)
    here = j * heads + h
    key = tl.load(k + here * width + channel, mask=channel < width, other=0.0) * scale
    place = here * value_width + value_channel
    value = tl.load(v + place, mask=value_channel < value_width, other=0.0)
    to_key, to_value = tl.zeros((WIDTH,), tl.float32), tl.zeros((VALUES,), tl.float32)
    for first in range(begin, end, EDGES):
        slot = first + tl.arange(0, EDGES)
        mask = slot < end
        target = tl.load(t_col + slot, mask=mask, other=0)
        query = _rows(q, target, heads, h, width, channel, mask)
        upper = _rows(grad, target, heads, h, value_width, value_channel, mask)
        score = tl.sum(query * key[None, :], axis=1)
        if HAS_BIAS:
            edge = tl.load(t_perm + slot, mask=mask, other=0).to(tl.int64)
            score += tl.load(bias + edge * heads + h, mask=mask, other=0.0)
        there = target.to(tl.int64) * heads + h
        row = base + 2 * target.to(tl.int64) * heads + h
        weight = tl.exp(score - tl.load(row, mask=mask, other=0.0))
        weight = tl.where(mask, weight * tl.load(row + heads, mask=mask, other=0.0), 0.0)
        change = tl.sum(upper * value[None, :], axis=1)
        change = weight * (change - tl.load(inner + there, mask=mask, other=0.0))
        to_key += tl.sum(change[:, None] * query, axis=0)
        to_value += tl.sum(weight[:, None] * upper, axis=0)
    tl.store(grad_k + here * width + channel, to_key * scale, mask=channel < width)
    tl.store(grad_v + place, to_value, mask=value_channel < value_width)


def _blocks(width: int, value_width: int) -> dict[str, int]:
    """Channels of a block are a power of two, and a block of rows stays within registers."""
    sizes = {"WIDTH": triton.next_power_of_2(max(1, width)),
             "VALUES": triton.next_power_of_2(max(1, value_width))}
    return {**sizes, "EDGES": max(4, min(EDGES, 4096 // max(sizes.values())))}


def attend(
    rowptr: Tensor, col: Tensor, perm: Tensor, q: Tensor, k: Tensor, v: Tensor,
    bias: Tensor | None, scale: float,
) -> tuple[Tensor, Tensor]:
    """Attention ``[num_dst, H, Dv]``, and the largest score and one over the sum of exponentials
    of every row ``[num_dst, 2, H]``."""
    num_dst, heads, width = q.shape
    q, k, v = q.contiguous(), k.contiguous(), v.contiguous()
    out, base = q.new_empty(num_dst, heads, v.shape[2]), q.new_empty(num_dst, 2, heads)
    if base.numel():
        with torch.cuda.device_of(q):  # a launch goes to the current device
            _forward[(num_dst, heads)](
                rowptr, col, perm, q, k, v, q if bias is None else bias.contiguous(), out, base,
                scale, heads, width, v.shape[2], HAS_BIAS=bias is not None,
                **_blocks(width, v.shape[2]))
    return out, base


def attend_backward(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, out: Tensor, base: Tensor, grad: Tensor,
    scale: float, needs_sources: bool, needs_bias: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of queries, keys, values and the bias ``[E, H]``; tensors of no size for keys and
    values, and for the bias, where nobody needs them."""
    num_dst, heads, width = q.shape
    q, k, v, out, base, grad = (x.contiguous() for x in (q, k, v, out, base, grad))
    has_bias = bias is not None
    bias = bias.contiguous() if has_bias else q
    grad_q = torch.empty_like(q)
    grad_k, grad_v = (torch.empty_like(x) if needs_sources else x.new_empty(0) for x in (k, v))
    grad_bias = q.new_empty((col.shape[0], heads) if needs_bias else 0)
    blocks = {"HAS_BIAS": has_bias, **_blocks(width, v.shape[2])}
    shape = (heads, width, v.shape[2])
    with torch.cuda.device_of(q):
        if num_dst and heads:
            _backward_rows[(num_dst, heads)](
                rowptr, col, perm, q, k, v, bias, out, base, grad, grad_q,
                grad_bias if needs_bias else q, scale, *shape, NEEDS_BIAS=needs_bias, **blocks)
        if needs_sources and k.shape[0] and heads:
            inner = (grad * out).sum(-1)  # [num_dst, H]
            _backward_columns[(k.shape[0], heads)](
                t_rowptr, t_col, t_perm, q, k, v, bias, inner, base, grad, grad_k, grad_v, scale,
                *shape, **blocks)
    return grad_q, grad_k, grad_v, grad_bias

"""Sums over the channels of a head of a leaky ReLU of rows that are added up, in vectors.

As in :mod:`head_sums`: a head is too short for what a compiler makes of a loop. Those with a leaky
ReLU come for two rows and for three, the third being that of an edge. Arrays that are written
overlap none that is read.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .head_sums import (
    _FUSED,
    _INT,
    _NARROW,
    _WIDE,
    _each_run,
    _load,
    _pointer,
    _size,
    _sum_lanes,
)


def _spread(builder: Any, value: Any, lanes: int) -> Any:
    """One number in every lane."""
    if lanes == 1:
        return value
    empty = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(empty, value, _INT(0))
    everywhere = ir.Constant(ir.VectorType(_INT, lanes), [0] * lanes)
    return builder.shuffle_vector(first, empty, everywhere)


def _constant(kind: Any, lanes: int, value: float) -> Any:
    return ir.Constant(kind, [value] * lanes if lanes > 1 else value)


def _pointers(context: Any, builder: Any, signature: Any, args: Any, first: int) -> list[Any]:
    """Addresses of the arrays and positions that stand from ``first`` on, before the count."""
    return [_pointer(context, builder, signature.args[k], args[k], args[k + 1])
            for k in range(first, len(args) - 1, 2)]


def _sum_of_rows(builder: Any, rows: list[Any], offset: Any, lanes: int, slope: Any) -> Any:
    """``z``, the rows' sum, and what a leaky ReLU multiplies it by."""
    z, _ = _load(builder, rows[0], offset, lanes)
    for row in rows[1:]:
        z = builder.fadd(z, _load(builder, row, offset, lanes)[0], flags=_FUSED)
    positive = builder.fcmp_ordered(">", z, _constant(z.type, lanes, 0.0))
    return z, builder.select(positive, _constant(z.type, lanes, 1.0),
                             _spread(builder, slope, lanes))


def _add_to(builder: Any, pointer: Any, offset: Any, lanes: int, value: Any) -> None:
    total, at = _load(builder, pointer, offset, lanes)
    builder.store(builder.fadd(total, value, flags=_FUSED), at, align=_size(pointer.type.pointee))


def _add_scaled(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    into, row = _pointers(context, builder, signature, args, 1)

    def body(offset: Any, lanes: int) -> None:
        value, _ = _load(builder, row, offset, lanes)
        product = builder.fmul(_spread(builder, args[0], lanes), value, flags=_FUSED)
        _add_to(builder, into, offset, lanes, product)

    _each_run(builder, args[-1], body)
    return context.get_dummy_value()


def _leaky_dot(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    weights, *rows = _pointers(context, builder, signature, args, 1)
    real, sums = args[0].type, {}
    for lanes in (_WIDE, _NARROW, 1):
        kind = ir.VectorType(real, lanes) if lanes > 1 else real
        sums[lanes] = cgutils.alloca_once(builder, kind)
        builder.store(_constant(kind, lanes, 0.0), sums[lanes])

    def body(offset: Any, lanes: int) -> None:
        z, leak = _sum_of_rows(builder, rows, offset, lanes, args[0])
        weight, _ = _load(builder, weights, offset, lanes)
        product = builder.fmul(weight, builder.fmul(z, leak, flags=_FUSED), flags=_FUSED)
        total = builder.load(sums[lanes])
        builder.store(builder.fadd(total, product, flags=_FUSED), sums[lanes])

    _each_run(builder, args[-1], body)
    parts = [_sum_lanes(builder, builder.load(at), lanes) for lanes, at in sums.items()]
    return builder.fadd(builder.fadd(parts[0], parts[1]), parts[2])


def _leaky_spread(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    into, weights, *rows = _pointers(context, builder, signature, args, 2)

    def body(offset: Any, lanes: int) -> None:
        z, leak = _sum_of_rows(builder, rows, offset, lanes, args[0])
        change = builder.fmul(_spread(builder, args[1], lanes), leak, flags=_FUSED)
        _add_to(builder, into, offset, lanes, change)
        _add_to(builder, weights, offset, lanes, builder.fmul(change, z, flags=_FUSED))

    _each_run(builder, args[-1], body)
    return context.get_dummy_value()


def _leaky_add(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    into, *rows = _pointers(context, builder, signature, args, 2)

    def body(offset: Any, lanes: int) -> None:
        _, leak = _sum_of_rows(builder, rows, offset, lanes, args[0])
        change = builder.fmul(_spread(builder, args[1], lanes), leak, flags=_FUSED)
        _add_to(builder, into, offset, lanes, change)

    _each_run(builder, args[-1], body)
    return context.get_dummy_value()


_place = types.uintp


@intrinsic
def add_scaled(typing_context, factor, into, o, x, a, count):
    """``into[o + f] += factor * x[a + f]`` for ``f < count``."""
    return types.void(into.dtype, into, _place, x, _place, _place), _add_scaled


@intrinsic
def leaky_dot(typing_context, slope, att, p, x, a, y, b, count):
    """``sum(att[p + f] * leaky(x[a + f] + y[b + f]))`` over ``f < count``."""
    number = att.dtype
    return number(number, att, _place, x, _place, y, _place, _place), _leaky_dot


@intrinsic
def leaky_dot_edge(typing_context, slope, att, p, x, a, y, b, u, c, count):
    """:func:`leaky_dot` with a third row ``u[c + f]``."""
    number = att.dtype
    return number(number, att, _place, x, _place, y, _place, u, _place, _place), _leaky_dot


@intrinsic
def leaky_spread(typing_context, slope, change, into, o, att_sum, p, x, a, y, b, count):
    """What a change of :func:`leaky_dot` means, but for ``att``: ``into[o + f]`` gets the change
    of the rows' sum added, over ``att``, and ``att_sum[p + f]`` that of the weights."""
    number = into.dtype
    return types.void(number, number, into, _place, att_sum, _place, x, _place, y, _place,
                      _place), _leaky_spread


@intrinsic
def leaky_spread_edge(typing_context, slope, change, into, o, att_sum, p, x, a, y, b, u, c, count):
    """:func:`leaky_spread` with a third row ``u[c + f]``."""
    number = into.dtype
    return types.void(number, number, into, _place, att_sum, _place, x, _place, y, _place, u,
                      _place, _place), _leaky_spread


@intrinsic
def leaky_add(typing_context, slope, change, into, o, x, a, y, b, count):
    """The first half of :func:`leaky_spread`."""
    number = into.dtype
    return types.void(number, number, into, _place, x, _place, y, _place, _place), _leaky_add


@intrinsic
def leaky_add_edge(typing_context, slope, change, into, o, x, a, y, b, u, c, count):
    """:func:`leaky_add` with a third row ``u[c + f]``."""
    number = into.dtype
    return types.void(number, number, into, _place, x, _place, y, _place, u, _place,
                      _place), _leaky_add

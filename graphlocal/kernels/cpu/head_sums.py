"""Dot products and weighted sums over the channels of a head, several numbers at a time.

A loop over the channels of one head is short and its length unknown to the compiler: what the
compiler makes of it is meant for long ones, and most of a head is left to its scalar remainder.
These are written in vectors of sixteen, then one of eight, then single numbers; a processor with
narrower registers takes several for one. The order of summation depends on the length alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_WIDE, _NARROW = 16, 8
#: A product and a sum may be rounded once instead of twice.
_FUSED = ("contract",)
_INT = ir.IntType(32)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, position: Any) -> Any:
    view = context.make_array(kind)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, kind, view, [position], wraparound=False)


def _size(number: ir.Type) -> int:
    return 4 if number == ir.FloatType() else 8


def _load(builder: Any, pointer: Any, offset: Any, lanes: int) -> tuple[Any, Any]:
    """The numbers from ``pointer[offset]`` on, and their address."""
    number = pointer.type.pointee
    at = builder.gep(pointer, [offset])
    if lanes > 1:
        at = builder.bitcast(at, ir.VectorType(number, lanes).as_pointer())
    return builder.load(at, align=_size(number)), at


def _each_run(builder: Any, count: Any, body: Callable[[Any, int], None]) -> None:
    """``body(offset, lanes)`` for runs that cover ``count`` numbers."""
    index = count.type
    wide = builder.udiv(count, index(_WIDE))
    with cgutils.for_range(builder, wide, intp=index) as loop:
        body(builder.mul(loop.index, index(_WIDE)), _WIDE)
    done = builder.mul(wide, index(_WIDE))
    with builder.if_then(builder.icmp_unsigned(">=", builder.sub(count, done), index(_NARROW))):
        body(done, _NARROW)
    done = builder.and_(count, index(-_NARROW))
    with cgutils.for_range(builder, builder.sub(count, done), intp=index) as loop:
        body(builder.add(done, loop.index), 1)


def _sum_lanes(builder: Any, value: Any, lanes: int) -> Any:
    """Sum of the lanes of a vector, by halves."""
    if lanes == 1:
        return value
    while lanes > 1:
        lanes //= 2
        none = ir.Constant(value.type, ir.Undefined)
        halves = (ir.Constant(ir.VectorType(_INT, lanes), list(range(first, first + lanes)))
                  for first in (0, lanes))
        low, high = (builder.shuffle_vector(value, none, half) for half in halves)
        value = builder.fadd(low, high)
    return builder.extract_element(value, _INT(0))


@intrinsic
def dot(typing_context, x, i, y, j, count):
    """``sum(x[i + f] * y[j + f])`` over ``f < count``."""
    number = x.dtype

    def generate(context, builder, signature, args):
        left = _pointer(context, builder, signature.args[0], args[0], args[1])
        right = _pointer(context, builder, signature.args[2], args[2], args[3])
        real, sums = context.get_value_type(number), {}
        for lanes in (_WIDE, _NARROW, 1):
            kind = ir.VectorType(real, lanes) if lanes > 1 else real
            sums[lanes] = cgutils.alloca_once(builder, kind)
            builder.store(ir.Constant(kind, [0.0] * lanes if lanes > 1 else 0.0), sums[lanes])

        def body(offset, lanes):
            (a, _), (b, _) = (_load(builder, p, offset, lanes) for p in (left, right))
            product = builder.fmul(a, b, flags=_FUSED)
            total = builder.load(sums[lanes])
            builder.store(builder.fadd(total, product, flags=_FUSED), sums[lanes])

        _each_run(builder, args[4], body)
        parts = [_sum_lanes(builder, builder.load(at), lanes) for lanes, at in sums.items()]
        return builder.fadd(builder.fadd(parts[0], parts[1]), parts[2])

    return number(x, types.uintp, y, types.uintp, types.uintp), generate


@intrinsic
def add_scaled(typing_context, out, o, factor, x, i, count):
    """``out[o + f] += factor * x[i + f]`` for ``f < count``; the two do not overlap."""
    number = x.dtype

    def generate(context, builder, signature, args):
        to = _pointer(context, builder, signature.args[0], args[0], args[1])
        source = _pointer(context, builder, signature.args[3], args[3], args[4])

        def body(offset, lanes):
            value, _ = _load(builder, source, offset, lanes)
            total, at = _load(builder, to, offset, lanes)
            factor = args[2]
            if lanes > 1:
                empty = ir.Constant(value.type, ir.Undefined)
                first = builder.insert_element(empty, factor, _INT(0))
                everywhere = ir.Constant(ir.VectorType(_INT, lanes), [0] * lanes)
                factor = builder.shuffle_vector(first, empty, everywhere)
            product = builder.fmul(factor, value, flags=_FUSED)
            builder.store(builder.fadd(total, product, flags=_FUSED), at,
                          align=_size(context.get_value_type(number)))

        _each_run(builder, args[5], body)
        return context.get_dummy_value()

    return types.void(out, types.uintp, number, x, types.uintp, types.uintp), generate

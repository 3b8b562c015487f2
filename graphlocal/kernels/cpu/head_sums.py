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

from .exponential import emit_exponential

#: Numbers in a whole vector.
LANES = 16
_WIDE, _NARROW = LANES, 8
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


def _each_run(
    builder: Any, count: Any, body: Callable[[Any, int], None], widest: int = _WIDE
) -> None:
    """``body(offset, lanes)`` for runs that cover ``count`` numbers."""
    index = count.type
    done = index(0)
    while widest > _NARROW:
        runs = builder.udiv(builder.sub(count, done), index(widest))
        with cgutils.for_range(builder, runs, intp=index) as loop:
            body(builder.add(done, builder.mul(loop.index, index(widest))), widest)
        done = builder.and_(count, index(-widest))
        widest //= 2
    with builder.if_then(builder.icmp_unsigned(">=", builder.sub(count, done), index(_NARROW))):
        body(done, _NARROW)
    done = builder.and_(count, index(-_NARROW))
    with cgutils.for_range(builder, builder.sub(count, done), intp=index) as loop:
        body(builder.add(done, loop.index), 1)


def _by_halves(builder: Any, value: Any, lanes: int, join: Callable[..., Any]) -> Any:
    """All lanes of a vector joined to one number."""
    if lanes == 1:
        return value
    while lanes > 1:
        lanes //= 2
        none = ir.Constant(value.type, ir.Undefined)
        halves = (ir.Constant(ir.VectorType(_INT, lanes), list(range(first, first + lanes)))
                  for first in (0, lanes))
        low, high = (builder.shuffle_vector(value, none, half) for half in halves)
        value = join(builder, high, low)
    return builder.extract_element(value, _INT(0))


def _sum_lanes(builder: Any, value: Any, lanes: int) -> Any:
    return _by_halves(builder, value, lanes, lambda builder, a, b: builder.fadd(a, b))


def _larger(builder: Any, a: Any, b: Any) -> Any:
    """``b`` where ``a`` is NaN."""
    return builder.select(builder.fcmp_ordered(">", a, b), a, b)


def _vector(real: ir.Type, lanes: int) -> ir.Type:
    return ir.VectorType(real, lanes) if lanes > 1 else real


def _splat(builder: Any, value: Any, lanes: int) -> Any:
    if lanes == 1:
        return value
    empty = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(empty, value, _INT(0))
    everywhere = ir.Constant(ir.VectorType(_INT, lanes), [0] * lanes)
    return builder.shuffle_vector(first, empty, everywhere)


def _shuffled(builder: Any, a: Any, b: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(_INT, len(lanes)), lanes))


def _widened(builder: Any, value: Any, lanes: int) -> Any:
    """A value of some lanes in the first of a whole vector, zeros in the others."""
    if lanes == 1:
        zeros = ir.Constant(ir.VectorType(value.type, _WIDE), [0.0] * _WIDE)
        return builder.insert_element(zeros, value, _INT(0))
    zeros = ir.Constant(value.type, [0.0] * lanes)
    return _shuffled(builder, value, zeros, [min(lane, lanes) for lane in range(_WIDE)])


def _products(builder: Any, left: Any, rights: list[Any], count: Any) -> list[Any]:
    """Vectors whose lanes add up to the inner products of ``left`` with each of ``rights``."""
    kind = ir.VectorType(left.type.pointee, _WIDE)
    sums = [cgutils.alloca_once(builder, kind) for _ in rights]
    for at in sums:
        builder.store(ir.Constant(kind, [0.0] * _WIDE), at)

    def body(offset: Any, lanes: int) -> None:
        a, _ = _load(builder, left, offset, lanes)
        a = _widened(builder, a, lanes)
        for at, right in zip(sums, rights, strict=True):
            b, _ = _load(builder, right, offset, lanes)
            product = builder.fmul(a, _widened(builder, b, lanes), flags=_FUSED)
            builder.store(builder.fadd(builder.load(at), product, flags=_FUSED), at)

    _each_run(builder, count, body)
    return [builder.load(at) for at in sums]


def _sum_of_products(builder: Any, left: Any, right: Any, count: Any) -> Any:
    return _sum_lanes(builder, _products(builder, left, [right], count)[0], _WIDE)


def _folded(builder: Any, vectors: list[Any], part: int) -> Any:
    """Of every ``part`` lanes of one or two vectors, one half added to the other."""
    lanes = range(len(vectors) * vectors[0].type.count)
    low = [lane for lane in lanes if lane % part < part // 2]
    high = [lane for lane in lanes if lane % part >= part // 2]
    return builder.fadd(*(_shuffled(builder, vectors[0], vectors[-1], half)
                          for half in (high, low)))


def _sum_four(builder: Any, vectors: list[Any]) -> Any:
    """The sums over the lanes of four whole vectors, side by side."""
    pairs = [_folded(builder, pair, _WIDE) for pair in (vectors[:2], vectors[2:])]
    total = _folded(builder, pairs, _WIDE // 2)
    for part in (_WIDE // 4, _WIDE // 8):
        total = _folded(builder, [total], part)
    return total


def _row(builder: Any, rows: Any, number: Any, stride: Any) -> Any:
    """Where the row ``rows[number]`` starts."""
    row = builder.load(builder.gep(rows, [number]))
    if row.type != stride.type:
        row = builder.zext(row, stride.type)
    return builder.mul(row, stride)


@intrinsic
def dot(typing_context, x, i, y, j, count):
    """``sum(x[i + f] * y[j + f])`` over ``f < count``."""

    def generate(context, builder, signature, args):
        left, right = (_pointer(context, builder, signature.args[k], args[k], args[k + 1])
                       for k in (0, 2))
        return _sum_of_products(builder, left, right, args[4])

    return x.dtype(x, types.uintp, y, types.uintp, types.uintp), generate


@intrinsic
def add_scaled(typing_context, out, o, factor, x, i, count):
    """``out[o + f] += factor * x[i + f]`` for ``f < count``; the two do not overlap."""

    def generate(context, builder, signature, args):
        to = _pointer(context, builder, signature.args[0], args[0], args[1])
        source = _pointer(context, builder, signature.args[3], args[3], args[4])

        def body(offset, lanes):
            value, _ = _load(builder, source, offset, lanes)
            total, at = _load(builder, to, offset, lanes)
            product = builder.fmul(_splat(builder, args[2], lanes), value, flags=_FUSED)
            builder.store(builder.fadd(total, product, flags=_FUSED), at,
                          align=_size(to.type.pointee))

        _each_run(builder, args[5], body)
        return context.get_dummy_value()

    return types.void(out, types.uintp, x.dtype, x, types.uintp, types.uintp), generate


@intrinsic
def put_dots(typing_context, out, o, kept, scale, x, i, y, rows, slot, stride, part, edges, count):
    """``out[o + e] = kept * out[o + e] + scale * sum(x[i + f] * y[rows[slot + e] * stride + part +
    f])`` over ``f < count``, for ``e < edges``, at least one. ``kept`` is a truth value.

    Four edges at a time, whose lanes are added up together. There is room for the last four.
    """

    def generate(context, builder, signature, args):
        to, left = (_pointer(context, builder, signature.args[k], args[k], args[k + 1])
                    for k in (0, 4))
        right = _pointer(context, builder, signature.args[6], args[6], args[10])
        rows = _pointer(context, builder, signature.args[7], args[7], args[8])
        edges, index = args[11], args[11].type
        last = builder.sub(edges, index(1))
        fours = builder.udiv(builder.add(edges, index(3)), index(4))
        with cgutils.for_range(builder, fours, intp=index) as loop:
            first = builder.mul(loop.index, index(4))
            four, there = [builder.add(first, index(e)) for e in range(4)], []
            for edge in four:  # the last one again where there are no more
                edge = builder.select(builder.icmp_unsigned("<", edge, last), edge, last)
                there.append(builder.gep(right, [_row(builder, rows, edge, args[9])]))
            found = _sum_four(builder, _products(builder, left, there, args[12]))
            found = builder.fmul(found, _splat(builder, args[3], 4))
            before, at = _load(builder, to, first, 4)
            zeros = ir.Constant(before.type, [0.0] * 4)
            found = builder.fadd(builder.select(args[2], before, zeros), found)
            inside = ir.Constant(ir.VectorType(ir.IntType(1), 4), ir.Undefined)
            for e, edge in enumerate(four):
                inside = builder.insert_element(
                    inside, builder.icmp_unsigned("<", edge, edges), _INT(e))
            builder.store(builder.select(inside, found, before), at,
                          align=_size(to.type.pointee))
        return context.get_dummy_value()

    index = types.uintp
    known = (out, index, types.boolean, x.dtype, x, index, y, rows)
    return types.void(*known, *(index,) * 5), generate


@intrinsic
def add_weighted(typing_context, out, o, weight, w, x, rows, slot, stride, part, edges, count):
    """``out[o + f] += sum(weight[w + e] * x[rows[slot + e] * stride + part + f])`` over
    ``e < edges``, for ``f < count``.

    A vector of ``out`` stays in its register while all edges are added, one after the other.
    """

    def generate(context, builder, signature, args):
        to, factors = (_pointer(context, builder, signature.args[k], args[k], args[k + 1])
                       for k in (0, 2))
        source = _pointer(context, builder, signature.args[4], args[4], args[8])
        rows = _pointer(context, builder, signature.args[5], args[5], args[6])
        real = to.type.pointee
        sums = {lanes: cgutils.alloca_once(builder, _vector(real, lanes))
                for lanes in (2 * _WIDE, _WIDE, _NARROW, 1)}

        def body(offset, lanes):
            total, at = _load(builder, to, offset, lanes)
            builder.store(total, sums[lanes])
            shifted = builder.gep(source, [offset])
            with cgutils.for_range(builder, args[9], intp=args[9].type) as loop:
                value, _ = _load(builder, shifted, _row(builder, rows, loop.index, args[7]), lanes)
                factor = builder.load(builder.gep(factors, [loop.index]))
                product = builder.fmul(_splat(builder, factor, lanes), value, flags=_FUSED)
                total = builder.fadd(builder.load(sums[lanes]), product, flags=_FUSED)
                builder.store(total, sums[lanes])
            builder.store(builder.load(sums[lanes]), at, align=_size(real))

        _each_run(builder, args[10], body, 2 * _WIDE)
        return context.get_dummy_value()

    index = types.uintp
    return types.void(out, index, weight, index, x, rows, *(index,) * 5), generate


@intrinsic
def largest(typing_context, x, i, vectors, least):
    """The largest of ``least`` and the numbers of some whole vectors from ``x[i]`` on; NaN is
    passed over."""

    def generate(context, builder, signature, args):
        first = _pointer(context, builder, signature.args[0], args[0], args[1])
        at = cgutils.alloca_once(builder, _vector(first.type.pointee, _WIDE))
        builder.store(_splat(builder, args[3], _WIDE), at)
        with cgutils.for_range(builder, args[2], intp=args[2].type) as loop:
            value, _ = _load(builder, first, builder.mul(loop.index, args[2].type(_WIDE)), _WIDE)
            builder.store(_larger(builder, value, builder.load(at)), at)
        return _by_halves(builder, builder.load(at), _WIDE, _larger)

    return x.dtype(x, types.uintp, types.uintp, x.dtype), generate


@intrinsic
def exponentials(typing_context, x, i, vectors, shift):
    """``exp(x - shift)`` in place of some whole vectors from ``x[i]`` on, and their sum."""

    def generate(context, builder, signature, args):
        first = _pointer(context, builder, signature.args[0], args[0], args[1])
        kind = _vector(first.type.pointee, _WIDE)
        at = cgutils.alloca_once(builder, kind)
        builder.store(ir.Constant(kind, [0.0] * _WIDE), at)
        shift = _splat(builder, args[3], _WIDE)
        with cgutils.for_range(builder, args[2], intp=args[2].type) as loop:
            value, here = _load(builder, first, builder.mul(loop.index, args[2].type(_WIDE)), _WIDE)
            value = emit_exponential(builder, builder.fsub(value, shift), x.dtype)
            builder.store(value, here, align=_size(first.type.pointee))
            builder.store(builder.fadd(builder.load(at), value), at)
        return _sum_lanes(builder, builder.load(at), _WIDE)

    return x.dtype(x, types.uintp, types.uintp, x.dtype), generate


@intrinsic
def fill(typing_context, x, i, vectors, value):
    """Writes ``value`` to some whole vectors from ``x[i]`` on."""

    def generate(context, builder, signature, args):
        first = _pointer(context, builder, signature.args[0], args[0], args[1])
        value = _splat(builder, args[3], _WIDE)
        with cgutils.for_range(builder, args[2], intp=args[2].type) as loop:
            _, at = _load(builder, first, builder.mul(loop.index, args[2].type(_WIDE)), _WIDE)
            builder.store(value, at, align=_size(first.type.pointee))
        return context.get_dummy_value()

    return types.void(x, types.uintp, types.uintp, x.dtype), generate


@intrinsic
def multiply_above(typing_context, x, i, y, level, vectors):
    """``x[i + f] = y[i + f] * (x[i + f] - level)`` for some whole vectors."""

    def generate(context, builder, signature, args):
        to = _pointer(context, builder, signature.args[0], args[0], args[1])
        other = _pointer(context, builder, signature.args[2], args[2], args[1])
        level = _splat(builder, args[3], _WIDE)
        with cgutils.for_range(builder, args[4], intp=args[4].type) as loop:
            offset = builder.mul(loop.index, args[4].type(_WIDE))
            (value, at), (weight, _) = (_load(builder, p, offset, _WIDE) for p in (to, other))
            value = builder.fmul(weight, builder.fsub(value, level))
            builder.store(value, at, align=_size(to.type.pointee))
        return context.get_dummy_value()

    return types.void(x, types.uintp, x, x.dtype, types.uintp), generate


@intrinsic
def multiply(typing_context, out, o, factor, count):
    """``out[o + f] *= factor`` for ``f < count``."""

    def generate(context, builder, signature, args):
        to = _pointer(context, builder, signature.args[0], args[0], args[1])

        def body(offset, lanes):
            value, at = _load(builder, to, offset, lanes)
            builder.store(builder.fmul(value, _splat(builder, args[2], lanes)), at,
                          align=_size(to.type.pointee))

        _each_run(builder, args[3], body)
        return context.get_dummy_value()

    return types.void(out, types.uintp, out.dtype, types.uintp), generate

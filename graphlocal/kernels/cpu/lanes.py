"""Sixteen float32 side by side, for kernels whose inner loop no compiler vectorises by itself.

A :data:`lanes` value is one LLVM vector: a register of AVX-512, and whatever several registers of
another processor are needed. It lives in variables of kernels only; memory is read and written by
:func:`load` and :func:`store`. Sums and products may be contracted to one rounding.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

from .parallel import jit

#: Numbers in a value.
WIDTH = 16
_FLOAT, _INT = ir.FloatType(), ir.IntType(32)
_FLOATS, _INTS = ir.VectorType(_FLOAT, WIDTH), ir.VectorType(_INT, WIDTH)


class _Lanes(types.Type):
    def __init__(self) -> None:
        super().__init__(name="float32x16")


lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _FLOATS)


def _constant(value: float | int, kind: ir.VectorType = _FLOATS) -> ir.Constant:
    return ir.Constant(kind, [ir.Constant(kind.element, value)] * WIDTH)


def _splat(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    kind = ir.VectorType(value.type, WIDTH)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(_INT, 0))
    zeros = ir.Constant(_INTS, [ir.Constant(_INT, 0)] * WIDTH)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), zeros)


def _pointer(context: Any, builder: ir.IRBuilder, kind: Any, array: Any, index: Any) -> ir.Value:
    """Address of an item, without the detour of negative indices."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [index])


def _vector_pointer(builder: ir.IRBuilder, pointer: ir.Value) -> ir.Value:
    return builder.bitcast(pointer, _FLOATS.as_pointer())


def _is_floats(kind: Any) -> bool:
    return isinstance(kind, types.Array) and kind.ndim == 1 and kind.dtype == types.float32


@intrinsic
def load(typing_context, array, index):
    """The 16 numbers of a one-dimensional contiguous array from ``index`` on."""
    if not _is_floats(array) or not isinstance(index, types.Integer):
        return None

    def generate(context, builder, signature, args):
        pointer = _pointer(context, builder, array, *args)
        return builder.load(_vector_pointer(builder, pointer), align=4)

    return lanes(array, index), generate


@intrinsic
def store(typing_context, array, index, value):
    """Writes 16 numbers of a one-dimensional contiguous array from ``index`` on."""
    if not _is_floats(array) or value != lanes:
        return None

    def generate(context, builder, signature, args):
        pointer = _pointer(context, builder, array, *args[:2])
        builder.store(args[2], _vector_pointer(builder, pointer), align=4)
        return context.get_dummy_value()

    return types.void(array, index, value), generate


def _mask(builder: ir.IRBuilder, count: ir.Value) -> ir.Value:
    wanted = builder.trunc(count, _INT) if count.type.width > 32 else count
    places = ir.Constant(_INTS, [ir.Constant(_INT, i) for i in range(WIDTH)])
    return builder.icmp_signed("<", places, _splat(builder, wanted))


@intrinsic
def load_some(typing_context, array, index, count):
    """The first ``count`` numbers from ``index`` on, and zeros; what lies beyond is not touched."""
    if not _is_floats(array) or not isinstance(count, types.Integer):
        return None

    def generate(context, builder, signature, args):
        pointer = _vector_pointer(builder, _pointer(context, builder, array, *args[:2]))
        kind = ir.FunctionType(_FLOATS, [pointer.type, _INT, ir.VectorType(ir.IntType(1), WIDTH),
                                         _FLOATS])
        function = cgutils.get_or_insert_function(
            builder.module, kind, "llvm.masked.load.v16f32.p0")
        return builder.call(function, [pointer, ir.Constant(_INT, 4), _mask(builder, args[2]),
                                       _constant(0.0)])

    return lanes(array, index, count), generate


@intrinsic
def store_some(typing_context, array, index, value, count):
    """Writes the first ``count`` numbers from ``index`` on, and nothing beyond."""
    if not _is_floats(array) or value != lanes:
        return None

    def generate(context, builder, signature, args):
        pointer = _vector_pointer(builder, _pointer(context, builder, array, *args[:2]))
        kind = ir.FunctionType(ir.VoidType(), [_FLOATS, pointer.type, _INT,
                                               ir.VectorType(ir.IntType(1), WIDTH)])
        function = cgutils.get_or_insert_function(
            builder.module, kind, "llvm.masked.store.v16f32.p0")
        builder.call(function, [args[2], pointer, ir.Constant(_INT, 4), _mask(builder, args[3])])
        return context.get_dummy_value()

    return types.void(array, index, value, count), generate


@intrinsic
def spread(typing_context, array, index):
    """One number of an array in every lane."""
    if not _is_floats(array):
        return None

    def generate(context, builder, signature, args):
        return _splat(builder, builder.load(_pointer(context, builder, array, *args), align=4))

    return lanes(array, index), generate


@intrinsic
def fill(typing_context, value):
    """One number in every lane."""
    if value != types.float32:
        return None
    return lanes(value), lambda context, builder, signature, args: _splat(builder, args[0])


def _binary(name: str) -> Callable[..., Any]:
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> ir.Value:
        return getattr(builder, name)(*args, flags=("contract",))

    def typed(typing_context, a, b):
        return (lanes(a, b), generate) if a == lanes and b == lanes else None

    return intrinsic(typed)


_add, _subtract, _multiply, _divide = (_binary(name) for name in ("fadd", "fsub", "fmul", "fdiv"))


def _are_lanes(*kinds: Any) -> bool:
    return all(kind == lanes for kind in kinds)


@overload(operator.add)
def _overload_add(a, b):
    return (lambda a, b: _add(a, b)) if _are_lanes(a, b) else None


@overload(operator.sub)
def _overload_sub(a, b):
    return (lambda a, b: _subtract(a, b)) if _are_lanes(a, b) else None


@overload(operator.mul)
def _overload_mul(a, b):
    return (lambda a, b: _multiply(a, b)) if _are_lanes(a, b) else None


@overload(operator.truediv)
def _overload_div(a, b):
    return (lambda a, b: _divide(a, b)) if _are_lanes(a, b) else None


#: Polynomial of 2^x on [-1/2, 1/2] whose largest relative error is 2e-9, the least there is with
#: the first coefficient held at 1, so that what hardly decays keeps all its digits.
_EXP2 = (1.0, 0.6931472028546566, 0.24022647913113088, 0.055503324728429754,
         0.009618437422613323, 0.0013398873678577526, 0.00015353344265226464)
#: At this size the last bit of a float32 counts one: a sum with it is rounded to a whole number,
#: and its low bits are that number plus 127, the exponent of a power of two.
_SHIFT = 1.5 * 2.0**23 + 127


def _can_scale(context: Any) -> bool:
    """Whether the processor rounds and multiplies by powers of two in an instruction each."""
    features = context.codegen().magic_tuple()[2]
    return "+avx512f" in features.split(",")


def _polynomial(builder: ir.IRBuilder, rest: ir.Value) -> ir.Value:
    result = _constant(_EXP2[-1])
    for coefficient in reversed(_EXP2[:-1]):
        product = builder.fmul(result, rest, flags=("contract",))
        result = builder.fadd(product, _constant(coefficient), flags=("contract",))
    return result


def _exp2_scaled(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    every, current = ir.Constant(ir.IntType(16), -1), ir.Constant(_INT, 4)

    def call(name: str, *args: ir.Value) -> ir.Value:
        kind = ir.FunctionType(_FLOATS, [arg.type for arg in args])
        return builder.call(cgutils.get_or_insert_function(
            builder.module, kind, f"llvm.x86.avx512.mask.{name}.ps.512"), args)

    nearest = ir.Constant(_INT, 8)  # to whole numbers, without a word about what was lost
    whole = call("rndscale", value, nearest, value, every, current)
    result = _polynomial(builder, builder.fsub(value, whole))
    return call("scalef", result, whole, value, every, current)


def _exp2_plain(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    for compare, limit in (("<", -127.0), (">", 128.0)):  # false for NaN, which stays
        bound = _constant(limit)
        value = builder.select(builder.fcmp_ordered(compare, value, bound), bound, value)
    shifted = builder.fadd(value, _constant(_SHIFT))
    rest = builder.fsub(value, builder.fsub(shifted, _constant(_SHIFT)))
    power = builder.shl(builder.bitcast(shifted, _INTS), _constant(23, _INTS))
    return builder.fmul(_polynomial(builder, rest), builder.bitcast(power, _FLOATS))


@intrinsic
def exp2(typing_context, x):
    """Powers of two, NaN for NaN. Without AVX-512 0 below 2^-126.5 and ``inf`` from 2^127.5 on."""
    if x != lanes:
        return None

    def generate(context, builder, signature, args):
        return (_exp2_scaled if _can_scale(context) else _exp2_plain)(builder, args[0])

    return lanes(x), generate


@intrinsic
def choose_positive(typing_context, x, a, b):
    """``a`` where ``x >= 0``, else ``b``."""
    if not _are_lanes(x, a, b):
        return None

    def generate(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered(">=", args[0], _constant(0.0)), *args[1:])

    return lanes(x, a, b), generate


def _halving() -> tuple[list[int], list[tuple[list[int], list[int]]]]:
    """How 16 vectors are added up to one: the order they enter, and two shuffles per round."""
    rounds = []
    owners = [[number] * WIDTH for number in range(WIDTH)]  # of which vector a lane is a part
    for width in (8, 4, 2, 1):
        picks = [block + i + other * WIDTH for block in range(0, WIDTH, 2 * width)
                 for other in (0, 1) for i in range(width)]
        rounds.append((picks, [pick + width for pick in picks]))
        half = len(owners) // 2
        owners = [[(owners[k] + owners[k + half])[pick] for pick in picks] for k in range(half)]
    return owners[0], rounds


_OWNERS, _ROUNDS = _halving()


@intrinsic
def sum_rows(typing_context, array, index, factor):
    """Sums of the 16 rows of 16 numbers that start at ``index``, lane by lane times ``factor``;
    the sum of a row is in its lane."""
    if not _is_floats(array) or factor != lanes:
        return None

    def generate(context, builder, signature, args):
        base = _pointer(context, builder, array, *args[:2])
        place = {owner: lane for lane, owner in enumerate(_OWNERS)}
        rows = [builder.load(_vector_pointer(builder, builder.gep(
            base, [ir.Constant(ir.IntType(64), WIDTH * place[number])])), align=4)
            for number in range(WIDTH)]
        rows = [builder.fmul(row, args[2]) for row in rows]
        for picks in _ROUNDS:
            low, high = (ir.Constant(_INTS, [ir.Constant(_INT, pick) for pick in side])
                         for side in picks)
            half = len(rows) // 2
            rows = [builder.fadd(builder.shuffle_vector(rows[k], rows[k + half], low),
                                 builder.shuffle_vector(rows[k], rows[k + half], high))
                    for k in range(half)]
        return rows[0]

    return lanes(array, index, factor), generate


_one, _two, _log2_e = np.float32(1.0), np.float32(2.0), np.float32(1.4426950408889634)
_odd = tuple(np.float32(1 / k) for k in (3, 5, 7, 9, 11, 13, 15))


@jit
def sigmoid(x):
    """``1 / (1 + exp(-x))`` of every lane."""
    e = exp2(x * fill(-_log2_e))
    return fill(_one) / (fill(_one) + e)


@jit
def softplus(x):
    """``log(1 + exp(x))`` of every lane, with all digits where it is next to 0."""
    zero = fill(np.float32(0.0))
    e = exp2(choose_positive(x, zero - x, x) * fill(_log2_e))
    # log(1 + e) = 2 artanh(e / (2 + e)), an argument of at most a third: seven terms are enough.
    s = e / (fill(_two) + e)
    square = s * s
    tail = fill(_odd[6])
    tail = tail * square + fill(_odd[5])
    tail = tail * square + fill(_odd[4])
    tail = tail * square + fill(_odd[3])
    tail = tail * square + fill(_odd[2])
    tail = tail * square + fill(_odd[1])
    tail = tail * square + fill(_odd[0])
    positive = choose_positive(x, x, choose_positive(zero - x, zero, x))  # NaN stays
    return positive + fill(_two) * (s + s * square * tail)

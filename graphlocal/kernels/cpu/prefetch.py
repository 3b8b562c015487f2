"""Asks the processor for memory it will need soon."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

#: Bytes that one request brings, on nearly every processor.
LINE = 64


def _address(context: Any, builder: Any, kind: Any, array: Any, position: Any) -> Any:
    view = context.make_array(kind)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, kind, view, [position], wraparound=False)


def _ask(builder: Any, pointer: Any) -> None:
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    hint = builder.module.declare_intrinsic(
        "llvm.prefetch", (byte,), ir.FunctionType(ir.VoidType(), [byte] + [number] * 3))
    # For reading, to stay in all caches, data rather than instructions.
    flags = [ir.Constant(number, value) for value in (0, 3, 1)]
    builder.call(hint, [pointer, *flags])


@intrinsic
def prefetch(typing_context, array, position):
    """Requests the line that holds ``array[position]``: a hint, which changes no result.

    Rows picked by an index follow no pattern the processor could foresee; asking for them a few
    edges ahead halves the time of a pass over a graph larger than its caches.
    """

    def generate(context, builder, signature, args):
        pointer = _address(context, builder, signature.args[0], *args)
        _ask(builder, builder.bitcast(pointer, ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.void(array, types.uintp), generate


@intrinsic
def prefetch_row(typing_context, array, position, count):
    """Requests every line that holds some of ``array[position : position + count]``.

    A row that starts inside a line ends in one more than it is long.
    """

    def generate(context, builder, signature, args):
        pointer = _address(context, builder, signature.args[0], *args[:2])
        word, size = args[2].type, context.get_abi_sizeof(pointer.type.pointee)
        first = builder.ptrtoint(pointer, word)
        stop = builder.add(first, builder.mul(args[2], word(size)))
        line = builder.and_(first, word(-LINE))
        lines = builder.udiv(builder.add(builder.sub(stop, line), word(LINE - 1)), word(LINE))
        with cgutils.for_range(builder, lines, intp=word) as loop:
            at = builder.add(line, builder.mul(loop.index, word(LINE)))
            _ask(builder, builder.inttoptr(at, ir.IntType(8).as_pointer()))
        return context.get_dummy_value()

    return types.void(array, types.uintp, types.uintp), generate

"""Asks the processor for memory it will need soon."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

#: Bytes that one request brings, on nearly every processor.
LINE = 64


@intrinsic
def prefetch(typing_context, array, position):
    """Requests the line that holds ``array[position]``: a hint, which changes no result.

    Rows picked by an index follow no pattern the processor could foresee; asking for them a few
    edges ahead halves the time of a pass over a graph larger than its caches.
    """

    def generate(context, builder, signature, args):
        view = context.make_array(signature.args[0])(context, builder, args[0])
        pointer = cgutils.get_item_pointer(
            context, builder, signature.args[0], view, [args[1]], wraparound=False)
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        hint = builder.module.declare_intrinsic(
            "llvm.prefetch", (byte,), ir.FunctionType(ir.VoidType(), [byte] + [number] * 3))
        # For reading, to stay in all caches, data rather than instructions.
        flags = [ir.Constant(number, value) for value in (0, 3, 1)]
        builder.call(hint, [builder.bitcast(pointer, byte), *flags])
        return context.get_dummy_value()

    return types.void(array, types.uintp), generate

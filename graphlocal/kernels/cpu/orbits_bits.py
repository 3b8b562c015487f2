"""The two machine instructions on words of 64 bits that numba does not offer by name."""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic


@intrinsic
def count_bits(typingctx, word):
    """Number of set bits of an int64."""
    def generate(context, builder, signature, args):
        return builder.ctpop(args[0])

    return types.int64(types.int64), generate


@intrinsic
def lowest_bit(typingctx, word):
    """Place of the lowest set bit of an int64 that is not 0."""
    def generate(context, builder, signature, args):
        return builder.cttz(args[0], context.get_constant(types.boolean, True))

    return types.int64(types.int64), generate

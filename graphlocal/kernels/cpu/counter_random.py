"""Random numbers that are computed from what they are for, not from what was drawn before.

A key names a draw: a seed, an epoch and a purpose. With a node it gives the node a stream of
numbers of its own, the same whoever asks for it, in whatever order and on however many threads.
The streams are those of SplitMix64: a counter that steps by an odd constant, mixed.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .parallel import jit

_STEP = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = (1 << 64) - 1
# Of one type with the states: numba makes a float of a sum of signed and unsigned integers.
STEP = np.uint64(_STEP)
_MIX_FIRST, _MIX_SECOND = np.uint64(_FIRST), np.uint64(_SECOND)
_S27, _S30, _S31, _S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
_ONE, _ZERO = np.uint64(1), np.uint64(0)
_UNIT = 2.0**-53


def draw_key(seed: int, epoch: int, purpose: int) -> np.uint64:
    """Key of a draw; keys that differ in any of the three have unrelated streams.

    Args:
        seed: Any integer; 64 bits of it count.
        epoch: The pass it is for.
        purpose: Tells the draws of one pass apart.

    Example:
        >>> bool(draw_key(0, 0, 0) == draw_key(0, 1, 0))
        False
    """
    key = 0
    for number in (seed, epoch, purpose):
        key = _mix_integer((key ^ _mix_integer(number + _STEP)) + _STEP)
    return np.uint64(key)


def _mix_integer(x: int) -> int:
    """:func:`mix` of a Python integer."""
    x &= _MASK
    x = ((x ^ (x >> 30)) * _FIRST) & _MASK
    x = ((x ^ (x >> 27)) * _SECOND) & _MASK
    return x ^ (x >> 31)


@jit
def mix(x):
    """A bijection of 64-bit numbers whose output bits look like coin tosses."""
    x = (x ^ (x >> _S30)) * _MIX_FIRST
    x = (x ^ (x >> _S27)) * _MIX_SECOND
    return x ^ (x >> _S31)


@jit
def stream(key, number):
    """Where the stream of a node, or of anything that has a number, starts."""
    return mix(key + np.uint64(number) * STEP)


@intrinsic
def _high_product(typing_context, left, right):
    """Upper 64 bits of the product of two numbers of 64: one instruction."""

    def generate(context, builder, signature, args):
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), generate


@jit
def draw_below(state, bound):
    """Uniform integer of ``[0, bound)`` and the state after it; ``bound`` is at least 1.

    The upper half of a product of 128 bits. Its lower half tells the few numbers that would favour
    some results, which are drawn again.
    """
    limit = np.uint64(bound)
    state += STEP
    bits = mix(state)
    low = bits * limit
    if low < limit:
        refused = (_ZERO - limit) % limit
        while low < refused:
            state += STEP
            bits = mix(state)
            low = bits * limit
    return np.int64(_high_product(bits, limit)), state


@jit
def draw_unit(state):
    """Uniform number of ``(0, 1]`` in steps of ``2^-53``, and the state after it."""
    state += STEP
    return np.float64((mix(state) >> _S11) + _ONE) * _UNIT, state

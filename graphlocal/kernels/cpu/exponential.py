"""An exponential that loops over arrays can be vectorised with.

Numba turns ``np.exp`` into a call of the mathematical library, one number at a time. This one is
arithmetic alone: ``exp(x) = 2^k exp(r)`` with the whole number ``k`` nearest to ``x / log 2``, the
remainder taken from ``x`` in two parts so that nothing is lost, and a polynomial for ``exp(r)``
through the Chebyshev nodes of the interval that ``r`` lies in.
"""

from __future__ import annotations

import struct
from functools import partial

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from .parallel import jit

# By type: bits, bits of the mantissa, bias of the exponent, code of struct for as many bits.
_LAYOUT = {types.float32: (32, 23, 127, "<f", "<i"), types.float64: (64, 52, 1023, "<d", "<q")}


def exponential(x):
    """``exp(x)`` of a float32 or float64, inside kernels; less than an ulp and a half off.

    0 for ``-inf`` and below what is representable, ``inf`` above it, NaN for NaN. Subnormal
    results are rounded once.

    Example:
        >>> @jit
        ... def decay(x):
        ...     for i in range(len(x)):
        ...         x[i] = exponential(x[i])
        >>> x = np.array([0.0, 1.0, -np.inf])
        >>> decay(x)
        >>> x.round(6).tolist()
        [1.0, 2.718282, 0.0]
    """
    return np.exp(x)


@intrinsic
def _times_power(typing_context, p, shifted):
    """``p * 2^k``, where ``shifted`` is ``k`` added to 1.5 times the power of two at which the
    last bit of a float counts one: in its bits ``k`` can be read off.

    It multiplies twice, by powers that are representable where their product might not be.
    """
    if p not in _LAYOUT or shifted != p:
        return None
    bits, mantissa, bias, code, integer = _LAYOUT[p]
    origin, = struct.unpack(integer, struct.pack(code, 1.5 * 2.0**mantissa))

    def generate(context, builder, signature, args):
        whole = ir.IntType(bits)
        product, shifted = args
        k = builder.sub(builder.bitcast(shifted, whole), ir.Constant(whole, origin))
        half = builder.ashr(k, ir.Constant(whole, 1))
        for part in (half, builder.sub(k, half)):
            power = builder.shl(builder.add(part, ir.Constant(whole, bias)),
                                ir.Constant(whole, mantissa))
            product = builder.fmul(product, builder.bitcast(power, product.type))
        return product

    return p(p, p), generate


# Contraction alone: a product and a sum may be rounded once instead of twice. Whatever flags the
# kernel around it has, these functions keep their own, or the shift below would be optimised away.
_contracting = partial(jit, fastmath={"contract"})

_one = np.float32(1.0)
_inverse = np.float32(1.4426950408889634)
_shift = np.float32(1.5 * 2**23)  # a sum with it is rounded to a whole number
# log 2 in two parts; the first has so few bits that its products with k are exact.
_high, _low = np.float32(0.693359375), np.float32(-2.1219444005469057e-4)
# Beyond these it is 0 and inf; in between, k stays in range.
_least, _most = np.float32(-104.0), np.float32(89.0)
_c2, _c3, _c4, _c5, _c6 = (np.float32(c) for c in (
    0.5, 0.1666657685, 0.04166655444, 0.008363202972, 0.001392621347))


@_contracting
def _exponential32(x):
    # Comparisons that are false for NaN let it through.
    x = _least if x < _least else x
    x = _most if x > _most else x
    shifted = x * _inverse + _shift
    k = shifted - _shift
    r = (x - k * _high) - k * _low
    p = (((_c6 * r + _c5) * r + _c4) * r + _c3) * r + _c2
    return _times_power((p * r) * r + r + _one, shifted)


@_contracting
def _exponential64(x):
    x = -746.0 if x < -746.0 else x
    x = 710.0 if x > 710.0 else x
    shifted = x * 1.4426950408889634 + 6755399441055744.0
    k = shifted - 6755399441055744.0
    r = (x - k * 0.693145751953125) - k * 1.4286068203094172e-6
    p = 2.091471734171637595e-9 * r + 2.510525953844849342e-8
    p = (p * r + 2.755727357010213967e-7) * r + 2.755725529796964439e-6
    p = (p * r + 2.480158732560532278e-5) * r + 1.984126987490125923e-4
    p = (p * r + 1.3888888888883731826e-3) * r + 8.333333333326112053e-3
    p = (p * r + 4.166666666666666977e-2) * r + 0.1666666666666667101
    return _times_power(((p * r + 0.5) * r) * r + r + 1.0, shifted)


@overload(exponential)
def _exponential(x):
    if x == types.float32:
        return lambda x: _exponential32(x)
    if x == types.float64:
        return lambda x: _exponential64(x)
    return None

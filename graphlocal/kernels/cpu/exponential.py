"""An exponential that is arithmetic alone, for one number and for many side by side.

Numba turns ``np.exp`` into a call of the mathematical library, one number at a time. Here it is
``exp(x) = 2^k exp(r)`` with the whole number ``k`` nearest to ``x / log 2``, the remainder taken
from ``x`` in two parts so that nothing is lost, and a polynomial for ``exp(r)`` through the
Chebyshev nodes of the interval that ``r`` lies in. Less than an ulp and a half off; 0 for ``-inf``
and below what is representable, ``inf`` above it, NaN for NaN; subnormal results are rounded once.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@dataclass(frozen=True)
class _Format:
    """What the numbers of one type are made of, and what suits them."""

    bits: int
    mantissa: int
    bias: int
    codes: tuple[str, str]
    #: Beyond these it is 0 and inf; in between, k stays in range.
    least: float
    most: float
    #: log 2 in two parts; the first has so few bits that its products with k are exact.
    high: float
    low: float
    #: Of ``exp(r) = 1 + r + r^2 p(r)``, the highest first.
    polynomial: tuple[float, ...]


_FORMATS = {
    types.float32: _Format(
        32, 23, 127, ("<f", "<i"), -104.0, 89.0, 0.693359375, -2.1219444005469057e-4,
        (0.001392621347, 0.008363202972, 0.04166655444, 0.1666657685, 0.5)),
    types.float64: _Format(
        64, 52, 1023, ("<d", "<q"), -746.0, 710.0, 0.693145751953125, 1.4286068203094172e-6,
        (2.091471734171637595e-9, 2.510525953844849342e-8, 2.755727357010213967e-7,
         2.755725529796964439e-6, 2.480158732560532278e-5, 1.984126987490125923e-4,
         1.3888888888883731826e-3, 8.333333333326112053e-3, 4.166666666666666977e-2,
         0.1666666666666667101, 0.5)),
}
# Contraction alone: a product and a sum may be rounded once instead of twice.
_FUSED = ("contract",)


def emit_exponential(builder: Any, x: Any, number: types.Type) -> Any:
    """Instructions for the exponential of an LLVM value, a number of a type or a vector of them."""
    form = _FORMATS[number]
    lanes = getattr(x.type, "count", 0)
    whole = ir.VectorType(ir.IntType(form.bits), lanes) if lanes else ir.IntType(form.bits)

    def constant(value: float | int, kind: Any = x.type) -> Any:
        if number == types.float32 and kind is x.type:  # written as the double nearest to it
            value, = struct.unpack("<f", struct.pack("<f", value))
        return ir.Constant(kind, [value] * lanes if lanes else value)

    def times_plus(a: Any, b: Any, c: Any) -> Any:
        return builder.fadd(builder.fmul(a, b, flags=_FUSED), c, flags=_FUSED)

    # Comparisons that are false for NaN let it through.
    for relation, bound in (("<", form.least), (">", form.most)):
        outside = builder.fcmp_ordered(relation, x, constant(bound))
        x = builder.select(outside, constant(bound), x)
    # A sum with this is rounded to a whole number, which can be read off its last bits.
    shift = 1.5 * 2.0**form.mantissa
    origin, = struct.unpack(form.codes[1], struct.pack(form.codes[0], shift))
    shifted = times_plus(x, constant(1.4426950408889634), constant(shift))
    k = builder.fsub(shifted, constant(shift))
    r = times_plus(k, constant(-form.low), times_plus(k, constant(-form.high), x))
    p = constant(form.polynomial[0])
    for coefficient in form.polynomial[1:]:
        p = times_plus(p, r, constant(coefficient))
    p = builder.fadd(times_plus(builder.fmul(p, r), r, r), constant(1.0))
    # Times 2^k, by two powers that are representable where their product might not be.
    k = builder.sub(builder.bitcast(shifted, whole), constant(origin, whole))
    half = builder.ashr(k, constant(1, whole))
    for part in (half, builder.sub(k, half)):
        power = builder.shl(builder.add(part, constant(form.bias, whole)),
                            constant(form.mantissa, whole))
        p = builder.fmul(p, builder.bitcast(power, x.type))
    return p


@intrinsic
def exponential(typing_context, x):
    """``exp(x)`` of a float32 or float64, inside kernels.

    A loop over an array can be vectorised with it, but one of few steps, known in advance, is
    unrolled instead: :func:`graphlocal.kernels.cpu.head_sums.exponentials` is for those.
    """
    if x not in _FORMATS:
        return None

    def generate(context, builder, signature, args):
        return emit_exponential(builder, args[0], x)

    return x(x), generate

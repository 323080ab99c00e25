"""NumPy's elementwise functions that the Array API lacks, and comparisons of whole arrays."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ... import functions as kt
from ...backends import _registry
from ...core.array import GradArray
from ...core.shown import shown
from ...errors import DTypeError, ShapeError
from ._arguments import (
    array,
    arrays,
    floating,
    index_array,
    is_complex,
    is_floating,
    no_out,
    promoted,
    refuse,
)
from ._table import implements, implements_ufunc


def _real(name: str, x: GradArray) -> GradArray:
    if is_complex(x):
        raise DTypeError(
            f"numpy.{name} of dtype {x.dtype}, shape {tuple(x.shape)}: it takes real numbers only: "
            "pass x.real, x.imag or abs(x)"
        )
    return floating(x)


def real_pair(name: str, x1: Any, x2: Any) -> tuple[GradArray, GradArray]:
    """The two as real floating arrays of one dtype; `DTypeError` for complex ones."""
    a, b = promoted(name, [x1, x2])
    return _real(name, a), _real(name, b)


# -- exponentials, roots and angles ------------------------------------------------------------


@implements_ufunc("exp2")
def exp2(x: Any, /) -> GradArray:
    """2ˣ. ∂ = y·log 2."""
    x = array(x)
    return kt.exp(x * math.log(2)) if is_complex(x) else kt.special.exp2(x)


@implements_ufunc("cbrt")
def cbrt(x: Any, /) -> GradArray:
    """The real cube root. ∂ = 1/(3y²), infinite at 0."""
    return kt.special.cbrt(x)


@implements_ufunc("logaddexp2")
def logaddexp2(x1: Any, x2: Any, /) -> GradArray:
    """log₂(2^x1 + 2^x2), without overflow; the gradient at equal infinities is ½, ½."""
    a, b = real_pair("logaddexp2", x1, x2)
    # The weights come from differences of inputs: a product with log 2 is rounded. The shift adds
    # nothing to the derivative.
    shift = kt.maximum(a.detach(), b.detach())
    shift = kt.where(kt.isfinite(shift), shift, 0.0)
    y = kt.logaddexp((a - shift) * math.log(2), (b - shift) * math.log(2))
    return shift + y / math.log(2)


@implements_ufunc("deg2rad", "radians")
def deg2rad(x: Any, /) -> GradArray:
    """x·π/180."""
    return _real("deg2rad", array(x)) * (math.pi / 180)


@implements_ufunc("rad2deg", "degrees")
def rad2deg(x: Any, /) -> GradArray:
    """x·180/π."""
    return _real("rad2deg", array(x)) * (180 / math.pi)


@implements_ufunc("fabs")
def fabs(x: Any, /) -> GradArray:
    """The absolute value of a real number, always floating; its gradient at 0 is 0."""
    return kt.abs(_real("fabs", array(x)))


@implements_ufunc("float_power")
def float_power(x1: Any, x2: Any, /) -> GradArray:
    """x1 to the power x2, in float64 or complex128; derivatives as those of `keratorch.pow`."""
    a, b = arrays(x1, x2)
    dtype = kt.complex128 if is_complex(a) or is_complex(b) else kt.float64
    return kt.pow(kt.astype(a, dtype, copy=False), kt.astype(b, dtype, copy=False))


# -- quotients and remainders ------------------------------------------------------------------


@implements_ufunc("fmod")
def fmod(x1: Any, x2: Any, /) -> GradArray:
    """The remainder with the sign of x1: ∂ = 1 in x1, −trunc(x1/x2) in x2."""
    a, b = promoted("fmod", [x1, x2])
    if is_complex(a):
        raise DTypeError(
            f"numpy.fmod of dtype {a.dtype}, shape {tuple(a.shape)}: it takes real numbers only: "
            "pass x.real, x.imag or abs(x)"
        )
    size = kt.abs(b)
    return kt.where(a < 0, -kt.remainder(-a, size), kt.remainder(a, size))


@implements_ufunc("divmod")
def divmod(x1: Any, x2: Any, /) -> tuple[GradArray, GradArray]:
    """``(x1 // x2, x1 % x2)``; the quotient has derivative 0."""
    return kt.floor_divide(x1, x2), kt.remainder(x1, x2)


@implements_ufunc("modf")
def modf(x: Any, /) -> tuple[GradArray, GradArray]:
    """The fraction, with derivative 1, and the integer, with derivative 0; both have x's sign."""
    x = _real("modf", array(x))
    whole = kt.trunc(x)
    return kt.where(kt.isinf(x), 0.0, x) - kt.where(kt.isinf(x), 0.0, whole), whole


#: The bits of a dtype -> a bound on the distance between its largest and smallest exponents.
_EXPONENTS = {16: 40, 32: 280, 64: 2100}


def _scaled(x: GradArray, exponent: GradArray) -> GradArray:
    """x·2^exponent, in three steps, so that no factor overflows."""
    limit = _EXPONENTS[kt.finfo(x.dtype).bits]
    exponent = kt.clip(exponent, -limit, limit)
    first = kt.floor_divide(exponent, 3)
    last = exponent - 2 * first
    step, rest = (2.0 ** kt.astype(n, x.dtype) for n in (first, last))
    return x * step * step * rest


@implements_ufunc("ldexp")
def ldexp(x1: Any, x2: Any, /) -> GradArray:
    """x1·2^x2 for integers x2. ∂ = 2^x2 in x1."""
    if isinstance(x2, int):
        x2 = index_array(np.asarray(x2), array(x1))
    a, n = arrays(x1, x2)
    if is_floating(n):
        raise DTypeError(
            f"numpy.ldexp: x2 of dtype {n.dtype} must be integers: "
            "convert it with astype, or write x1 * 2.0**x2"
        )
    return _scaled(_real("ldexp", a), n)


@implements_ufunc("frexp")
def frexp(x: Any, /) -> tuple[GradArray, GradArray]:
    """m and n with x = m·2ⁿ and ½ ≤ |m| < 1; ∂m = 2⁻ⁿ, and n is a constant."""
    x = _real("frexp", array(x))
    size = kt.abs(x.detach())
    plain = kt.isfinite(size) & (size > 0)
    n = kt.floor(kt.log2(kt.where(plain, size, 0.5))) + 1
    size = kt.where(plain, size, 0.5)
    # The logarithm is rounded, so near a power of 2 the exponent may be wrong by 1.
    part = _scaled(size, -n)
    n = n + kt.where(part >= 1, 1.0, 0.0) - kt.where(part < 0.5, 1.0, 0.0)
    return _scaled(x, -n), kt.astype(n, kt.int32)


# -- the larger and the smaller; steps ---------------------------------------------------------


@implements_ufunc("fmax")
def fmax(x1: Any, x2: Any, /) -> GradArray:
    """The larger of two numbers; the number if the other is NaN. The gradient at a tie is ½, ½."""
    return _without_nan("fmax", kt.maximum, x1, x2)


@implements_ufunc("fmin")
def fmin(x1: Any, x2: Any, /) -> GradArray:
    """The smaller of two numbers; the number if the other is NaN. The gradient at a tie is ½, ½."""
    return _without_nan("fmin", kt.minimum, x1, x2)


def _without_nan(name: str, choose: Any, x1: Any, x2: Any) -> GradArray:
    a, b = promoted(name, [x1, x2])
    if not is_floating(a):
        return choose(a, b)
    return choose(kt.where(kt.isnan(a), b, a), kt.where(kt.isnan(b), a, b))


@implements_ufunc("heaviside")
def heaviside(x1: Any, x2: Any, /) -> GradArray:
    """0 for x1 < 0, x2 for x1 = 0, 1 for x1 > 0. ∂ = 0 in x1; in x2, 1 where x1 = 0, else 0."""
    a, b = real_pair("heaviside", x1, x2)
    a = a.detach()
    step = kt.where(kt.isnan(a), a, kt.astype(a > 0, a.dtype))
    return kt.where(a == 0, b, step)


@implements_ufunc("rint", constant=True)
def rint(x: Any, /) -> GradArray:
    """The nearest integer, the even one at a tie; the derivative is 0."""
    return kt.round(floating(array(x)))


@implements_ufunc("spacing", constant=True)
def spacing(x: Any, /) -> GradArray:
    """The distance to the next number of the dtype away from 0; the derivative is 0."""
    x = _real("spacing", array(x)).detach()
    away = kt.where(x < 0, -math.inf, kt.full_like(x, math.inf))
    return kt.nextafter(x, away) - x


def _integers(name: str, *values: Any) -> GradArray:
    """Call the library's own function of integers; the result is a constant."""
    xs = arrays(*values)
    backend = _registry.of(xs[0]._array)
    function = getattr(backend.xp, name, None)
    if any([is_floating(x) for x in xs]):
        raise DTypeError(
            f"numpy.{name} of dtype {xs[0].dtype}: it takes integers only: convert with astype"
        )
    if function is None:
        raise refuse(name, f"{backend.name} arrays", "move them with x.to_device('cpu')")
    return kt.asarray(backend.as_array(function(*(x._array for x in xs))))


@implements_ufunc("gcd", constant=True)
def gcd(x1: Any, x2: Any, /) -> GradArray:
    """The greatest common divisor of integers: a constant."""
    return _integers("gcd", x1, x2)


@implements_ufunc("lcm", constant=True)
def lcm(x1: Any, x2: Any, /) -> GradArray:
    """The least common multiple of integers: a constant."""
    return _integers("lcm", x1, x2)


@implements_ufunc("bitwise_count", constant=True)
def bitwise_count(x: Any, /) -> GradArray:
    """How many bits of |x| are 1: a constant."""
    return _integers("bitwise_count", x)


# -- rounding ----------------------------------------------------------------------------------


@implements("round", "around", constant=True)
def round(a: Any, decimals: int = 0, out: Any = None) -> GradArray:
    """The nearest number of `decimals` decimals, the even one at a tie; the derivative is 0."""
    no_out("round", out)
    if not hasattr(decimals, "__index__"):
        raise DTypeError(f"numpy.round: decimals is {shown(decimals)}: it must be an integer")
    x = array(a).detach()
    if decimals == 0 or (decimals > 0 and not is_floating(x)):
        return kt.round(x) if is_floating(x) else kt.copy(x)
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return kt.round(x * scale) / scale
    rounded = kt.round(floating(x) / scale) * scale
    return kt.astype(rounded, x.dtype, copy=False)


@implements("fix", constant=True)
def fix(x: Any, out: Any = None) -> GradArray:
    """The integer part; the derivative is 0."""
    no_out("fix", out)
    return kt.trunc(array(x))


# -- what kind of number -----------------------------------------------------------------------


@implements("isneginf", constant=True)
def isneginf(x: Any, out: Any = None) -> GradArray:
    """Whether an element is −∞."""
    no_out("isneginf", out)
    return _real("isneginf", array(x)) == -math.inf


@implements("isposinf", constant=True)
def isposinf(x: Any, out: Any = None) -> GradArray:
    """Whether an element is +∞."""
    no_out("isposinf", out)
    return _real("isposinf", array(x)) == math.inf


@implements("iscomplex", constant=True)
def iscomplex(x: Any) -> GradArray:
    """Whether the imaginary part is not 0."""
    x = array(x).detach()
    return kt.imag(x) != 0 if is_complex(x) else kt.zeros_like(x, dtype=kt.bool)


@implements("isreal", constant=True)
def isreal(x: Any) -> GradArray:
    """Whether the imaginary part is 0."""
    x = array(x).detach()
    return kt.imag(x) == 0 if is_complex(x) else kt.ones_like(x, dtype=kt.bool)


@implements("isclose", constant=True)
def isclose(
    a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False
) -> GradArray:
    """Whether |a − b| ≤ atol + rtol·|b|, or the two are equal."""
    x, y = (floating(v.detach()) for v in arrays(a, b))
    finite = kt.isfinite(y)
    known = kt.where(finite, y, 0.0)
    close = ((kt.abs(x - known) <= atol + rtol * kt.abs(known)) & finite) | (x == y)
    return close | (kt.isnan(x) & kt.isnan(y)) if equal_nan else close


@implements("allclose", constant=True)
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are `isclose`: a Python bool; waits for the device."""
    return builtins.bool(kt.all(isclose(a, b, rtol, atol, equal_nan)))


@implements("array_equal", constant=True)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether shapes and elements are equal: a Python bool; waits for the device."""
    x, y = arrays(a1, a2)
    if x.shape != y.shape:
        return False
    same = x == y
    if equal_nan and is_floating(x) and is_floating(y):
        same = same | (kt.isnan(x) & kt.isnan(y))
    return builtins.bool(kt.all(same))


@implements("array_equiv", constant=True)
def array_equiv(a1: Any, a2: Any) -> bool:
    """Whether the elements are equal after broadcasting: a Python bool; waits for the device."""
    x, y = arrays(a1, a2)
    try:
        return builtins.bool(kt.all(x == y))
    except ShapeError:
        return False


@implements("nan_to_num")
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> GradArray:
    """`x` with numbers in place of NaN and the infinities.

    By default NaN becomes 0, and ±∞ the largest and smallest finite number. Replaced elements have
    gradient 0.
    """
    if not copy:
        raise refuse("nan_to_num", "copy=False", "use the result of copy=True")
    x = array(x)
    if not is_floating(x):
        return kt.copy(x)
    if is_complex(x):
        parts = [nan_to_num(p, True, nan, posinf, neginf) for p in (kt.real(x), kt.imag(x))]
        return parts[0] + 1j * parts[1]
    limits = kt.finfo(x.dtype)
    posinf = float(limits.max) if posinf is None else posinf
    neginf = float(limits.min) if neginf is None else neginf
    y = kt.where(kt.isnan(x), _of_dtype(nan, x), x)
    y = kt.where(x == math.inf, _of_dtype(posinf, x), y)
    return kt.where(x == -math.inf, _of_dtype(neginf, x), y)


def _of_dtype(value: Any, like: GradArray) -> Any:
    """A fill value in the dtype of `like`."""
    if isinstance(value, (builtins.bool, int, float)):
        return float(value)
    return kt.astype(array(value, like), like.dtype, copy=False)


# -- functions -----------------------------------------------------------------------------------


@implements("sinc")
def sinc(x: Any) -> GradArray:
    """sin(πx)/(πx), 1 at 0."""
    x = array(x)
    if not is_complex(x):
        return kt.special.sinc(x)
    y = math.pi * x
    near = kt.abs(x.detach()) < 0.3
    far = kt.where(near, 1.0, y)
    return kt.where(near, _sinc_near_0(kt.where(near, y, 0.0)), kt.sin(far) / far)


def _sinc_near_0(y: GradArray) -> GradArray:
    """sin(y)/y for |y| < 1, by its series: also at 0 it has all derivatives."""
    square, total = y * y, kt.ones_like(y)
    for k in range(10, 0, -1):
        total = 1 - square / (2 * k * (2 * k + 1)) * total
    return total


@implements("i0")
def i0(x: Any) -> GradArray:
    """The modified Bessel function I₀. ∂ = I₁(x)."""
    x = floating(array(x))
    return kt.astype(kt.special.i0(x), x.dtype, copy=False)


@implements("angle")
def angle(z: Any, deg: bool = False) -> GradArray:
    """The angle of a complex number in (−π, π], in degrees if `deg`; the gradient at 0 is 0."""
    z = array(z)
    if is_complex(z):
        y = kt.atan2(kt.imag(z), kt.real(z))
    else:
        z = floating(z)
        y = kt.atan2(kt.zeros_like(z), z)
    return y * (180 / math.pi) if deg else y

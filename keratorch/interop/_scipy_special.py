"""SciPy's special functions that keratorch builds from its own: ``scipy.special.boxcox(x, lam)``.

With ``SCIPY_ARRAY_API=1``, SciPy asks ``xp.special`` for a function before it goes by way of NumPy.
This module has SciPy's names and argument order, and none of the functions of `keratorch.special`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import special
from ..core.array import GradArray
from ..core.convert import as_operand
from ..ops.arithmetic import pow as power
from ..ops.constants import floor
from ..ops.exponential import exp, expm1, log, log1p
from ..ops.placing import astype
from ..ops.selection import abs as absolute
from ..ops.selection import where
from ..ops.trigonometric import cos, sin, tan

_DEGREE = math.pi / 180


def boxcox(x: Any, lmbda: Any) -> GradArray:
    """(xˡ − 1)/l, and log x where l = 0."""
    return _over_lambda(log(x), lmbda)


def boxcox1p(x: Any, lmbda: Any) -> GradArray:
    """((1 + x)ˡ − 1)/l, and log(1 + x) where l = 0."""
    return _over_lambda(log1p(x), lmbda)


def _over_lambda(logarithm: GradArray, lmbda: Any) -> GradArray:
    """(e^(l·z) − 1)/l; where |l·z| < 1e-5, its series z + l·z²/2 + l²·z³/6."""
    lmbda = as_operand(lmbda, like=logarithm)
    t = lmbda * logarithm
    near = absolute(t) < 1e-5
    far = expm1(where(near, 1.0, t)) / where(near, 1.0, lmbda)
    return where(near, logarithm * (1.0 + t / 2.0 + t * t / 6.0), far)


def inv_boxcox(y: Any, lmbda: Any) -> GradArray:
    """The x with ``boxcox(x, lmbda) == y``."""
    return exp(_log_of_inverse(y, lmbda))


def inv_boxcox1p(y: Any, lmbda: Any) -> GradArray:
    """The x with ``boxcox1p(x, lmbda) == y``."""
    return expm1(_log_of_inverse(y, lmbda))


def _log_of_inverse(y: Any, lmbda: Any) -> GradArray:
    """log(1 + l·y)/l; where |l·y| < 1e-5, its series y − l·y²/2 + l²·y³/3."""
    y, lmbda = _two(y, lmbda)
    t = lmbda * y
    near = absolute(t) < 1e-5
    far = log1p(where(near, 1.0, t)) / where(near, 1.0, lmbda)
    return where(near, y * (1.0 - t / 2.0 + t * t / 3.0), far)


def _two(a: Any, b: Any) -> tuple[GradArray, GradArray]:
    like = a if isinstance(a, GradArray) else as_operand(b)
    return as_operand(a, like=like), as_operand(b, like=like)


def cosdg(x: Any) -> GradArray:
    """The cosine of an angle in degrees."""
    return cos(x * _DEGREE)


def sindg(x: Any) -> GradArray:
    """The sine of an angle in degrees."""
    return sin(x * _DEGREE)


def tandg(x: Any) -> GradArray:
    """The tangent of an angle in degrees."""
    return tan(x * _DEGREE)


def cotdg(x: Any) -> GradArray:
    """The cotangent of an angle in degrees."""
    return 1.0 / tan(x * _DEGREE)


def radian(d: Any, m: Any, s: Any) -> GradArray:
    """Degrees, minutes and seconds in radians."""
    return (d + m / 60.0 + s / 3600.0) * _DEGREE


def cosm1(x: Any) -> GradArray:
    """cos x − 1, as −2·sin²(x/2)."""
    half = sin(x / 2.0)
    return -2.0 * half * half


def exp10(x: Any) -> GradArray:
    """10ˣ."""
    return power(10.0, x)


def huber(delta: Any, r: Any) -> GradArray:
    """r²/2 where |r| <= delta, else delta·(|r| − delta/2); inf for a negative delta."""
    delta, r = _two(delta, r)
    size = absolute(r)
    value = where(size <= delta, r * r / 2.0, delta * (size - delta / 2.0))
    return where(delta < 0.0, math.inf, value)


def pseudo_huber(delta: Any, r: Any) -> GradArray:
    """delta²·(√(1 + (r/delta)²) − 1); 0 where delta or r is 0, inf for a negative delta."""
    delta, r = _two(delta, r)
    none = delta == 0.0
    ratio = r / where(none, 1.0, delta)
    square = ratio * ratio
    value = delta * delta * square / (power(1.0 + square, 0.5) + 1.0)
    return where(delta < 0.0, math.inf, where(none, 0.0, value))


def fdtr(dfn: Any, dfd: Any, x: Any) -> GradArray:
    """The distribution function of F: I_z(dfn/2, dfd/2) with z = dfn·x/(dfd + dfn·x)."""
    return special.betainc(dfn / 2.0, dfd / 2.0, dfn * x / (dfd + dfn * x))


def fdtrc(dfn: Any, dfd: Any, x: Any) -> GradArray:
    """1 − ``fdtr(dfn, dfd, x)``."""
    return special.betainc(dfd / 2.0, dfn / 2.0, dfd / (dfd + dfn * x))


def gdtr(a: Any, b: Any, x: Any) -> GradArray:
    """The distribution function of the gamma distribution of rate a and shape b: P(b, a·x)."""
    return special.gammainc(b, a * x)


def gdtrc(a: Any, b: Any, x: Any) -> GradArray:
    """1 − ``gdtr(a, b, x)``."""
    return special.gammaincc(b, a * x)


def pdtr(k: Any, m: Any) -> GradArray:
    """The distribution function of Poisson's distribution of mean m: Q(⌊k⌋ + 1, m); ∂ = 0 in k."""
    return special.gammaincc(_following(k, m), m)


def pdtrc(k: Any, m: Any) -> GradArray:
    """1 − ``pdtr(k, m)``."""
    return special.gammainc(_following(k, m), m)


def _following(k: Any, m: Any) -> GradArray:
    """⌊k⌋ + 1, in the dtype of m."""
    k, m = _two(k, m)
    return astype(floor(k), m.dtype) + 1.0


#: SciPy's name -> the function.
FUNCTIONS: dict[str, Callable[..., GradArray]] = {
    f.__name__: f
    for f in (
        *(boxcox, boxcox1p, inv_boxcox, inv_boxcox1p, cosdg, sindg, tandg, cotdg, radian, cosm1),
        *(exp10, huber, pseudo_huber, fdtr, fdtrc, gdtr, gdtrc, pdtr, pdtrc),
    )
}
FUNCTIONS["psi"] = special.digamma

__all__ = ["FUNCTIONS"]

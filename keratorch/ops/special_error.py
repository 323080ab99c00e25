"""The error function, the normal distribution, and their inverses; Dawson's function."""

from __future__ import annotations

import math
from typing import Any

from ..backends._special import composed, general
from ..core.array import GradArray
from ._elementwise import ElementwiseGrad
from ._nary import polynomial, special

_SLOPE = 2 / math.sqrt(math.pi)
_DENSITY = 1 / math.sqrt(2 * math.pi)


class ErfGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (_SLOPE * xp.exp(-(x * x)),)


class ErfcGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-_SLOPE * xp.exp(-(x * x)),)


class ErfinvGrad(ElementwiseGrad):
    """Infinite at ±1."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / _SLOPE * xp.exp(y * y),)


class ErfcinvGrad(ElementwiseGrad):
    """Infinite at 0 and 2."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-1 / _SLOPE * xp.exp(y * y),)


class NdtrGrad(ElementwiseGrad):
    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (_DENSITY * xp.exp(-0.5 * (x * x)),)


class NdtriGrad(ElementwiseGrad):
    """Infinite at 0 and 1."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / _DENSITY * xp.exp(0.5 * (y * y)),)


class LogNdtrGrad(ElementwiseGrad):
    """φ(x)/Φ(x); below −20, where the exponents cancel, the asymptotic −x·(1 + 1/x² − …)."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        far = x < -20
        t = 1 / xp.where(far, x, -20.0)
        s = t * t
        # 1/(1 − s + 3s² − 15s³ + …), the reciprocal of the Mills ratio's series, times −x.
        series = 1 + s * (1 + s * (-2 + s * (10 + s * (-74 + s * (706 - 8162 * s)))))
        near = _DENSITY * xp.exp(xp.where(far, 0.0, -0.5 * (x * x) - y))
        return (xp.where(far, -xp.where(far, x, -20.0) * series, near),)


#: Dawson's function: 1 − 2xF(x) = −r·Σ aₖ rᵏ with r = 1/(2x²) is its slope for |x| > 8.
_DAWSN_SLOPE = [float(math.prod(range(1, 2 * k + 2, 2))) for k in range(19)]


class DawsnGrad(ElementwiseGrad):
    """1 − 2xy; beyond ±8, where that cancels, its asymptotic series: no ∞·0 in any order."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        far = xp.abs(x) > 8
        t = 1 / xp.where(far, x, 8.0)
        r = 0.5 * (t * t)
        near = 1 - 2 * (xp.where(far, 0.0, x) * y)
        return (xp.where(far, -r * polynomial(_DAWSN_SLOPE, r), near),)


@general("dawsn", slower=True)
def _dawsn(xp: Any, x: Any) -> Any:
    """x/(1 + e₁) with eₖ = s(1 + eₖ₊₁)/(2k + 1 + eₖ₊₁) and s = 2x²: no term is subtracted.

    That is the continued fraction of J. H. McCabe, Math. Comp. 28 (1974) 811–816, with its
    subtractions done by hand. It is begun at the fixed point of step 48. For |x| ≥ 1 everything is
    divided by s, so that nothing overflows.
    """
    steps = 47
    small = xp.abs(x) < 1
    inside = xp.where(small, x, 0.0)
    t = 1 / xp.where(small, 1.0, x)
    one = xp.where(small, 1.0, 0.5 * (t * t))
    s = xp.where(small, 2 * (inside * inside), 1.0)
    h = s - (2 * steps + 1) * one
    e = 0.5 * (h + xp.sqrt(h * h + 4 * (s * one)))
    for k in range(steps, 0, -1):
        e = s * (one + e) / ((2 * k + 1) * one + e)
    return xp.where(small, x, 0.5 * t) / (one + e)


def erf(x: Any, /) -> GradArray:
    """The error function, elementwise. ∂ = 2/√π·e^(−x²)."""
    return special(ErfGrad, "erf", x)


def erfc(x: Any, /) -> GradArray:
    """1 − erf(x), elementwise, accurate for large x. ∂ = −2/√π·e^(−x²)."""
    return special(ErfcGrad, "erfc", x)


def erfinv(x: Any, /) -> GradArray:
    """The inverse of `erf`, elementwise. ∂ = √π/2·e^(y²), infinite at ±1."""
    return special(ErfinvGrad, "erfinv", x)


@composed("erfcinv", "ndtri")
def _erfcinv(xp: Any, ndtri: Any, x: Any) -> Any:
    """−Φ⁻¹(x/2)/√2."""
    return -ndtri(x / 2) / math.sqrt(2)


def erfcinv(x: Any, /) -> GradArray:
    """The inverse of `erfc`, elementwise. ∂ = −√π/2·e^(y²), infinite at 0 and 2."""
    return special(ErfcinvGrad, "erfcinv", x)


def ndtr(x: Any, /) -> GradArray:
    """The normal distribution function Φ(x), elementwise. ∂ = e^(−x²/2)/√(2π)."""
    return special(NdtrGrad, "ndtr", x)


def ndtri(x: Any, /) -> GradArray:
    """The inverse of `ndtr`, elementwise. ∂ = √(2π)·e^(y²/2), infinite at 0 and 1."""
    return special(NdtriGrad, "ndtri", x)


def log_ndtr(x: Any, /) -> GradArray:
    """log Φ(x), elementwise, accurate for x → −∞. ∂ = φ(x)/Φ(x)."""
    return special(LogNdtrGrad, "log_ndtr", x)


def dawsn(x: Any, /) -> GradArray:
    """Dawson's function F(x) = e^(−x²)·∫₀ˣ e^(t²) dt, elementwise. ∂ = 1 − 2xy.

    x : real, of any shape; integers become floating. The result has its shape and dtype. F is odd,
    0 at ±∞, and 1/(2x) + 1/(4x³) + … for large x. Complex numbers raise `DTypeError`.

    The values are SciPy's or JAX's. Other libraries have no such function: there they come from
    McCabe's continued fraction, with relative errors below 5e-16 in float64 and 3e-7 in float32.
    """
    return special(DawsnGrad, "dawsn", x)

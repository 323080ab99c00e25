"""The error function, the normal distribution, and their inverses; Dawson's function."""

from __future__ import annotations

import math
from typing import Any

from ..backends._special import composed, general
from ..core.array import GradArray
from ..typing import ArrayLike
from ._elementwise import ElementwiseGrad
from ._nary import polynomial, special

_SLOPE = 2 / math.sqrt(math.pi)
_DENSITY = 1 / math.sqrt(2 * math.pi)


#: Below −this, and above it, φ/Φ comes from its continued fraction.
_TAIL = 2.5


def _hazard(xp: Any, t: Any) -> Any:
    """φ(t)/Φ(−t) = t + 1/(t + 2/(t + 3/(t + …))) for t ≥ 2.5: Laplace's continued fraction.

    All terms are positive, so that nothing cancels in any order: e^(−t²/2 − log Φ) loses t² units.
    """
    steps = 56
    tail = 0.5 * (xp.sqrt(t * t + 4.0 * (steps + 1)) - t)  # the fixed point
    for k in range(steps, 0, -1):
        tail = k / (t + tail)
    return t + tail


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
        # e^(y²) loses y² units. Near 0, e^(−y²) is √π/2·x·φ/Φ of −√2·y.
        far = (y > _TAIL) & (x > 0)
        of_tail = _hazard(xp, math.sqrt(2) * xp.where(far, y, _TAIL)) * xp.where(far, x, 1.0)
        near = -1 / _SLOPE * xp.exp(xp.where(far, 0.0, y * y))
        return (xp.where(far, -1 / math.sqrt(2) / of_tail, near),)


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
        # e^(y²/2) loses y²/2 units. Near 0, φ(y) is x·φ(y)/Φ(y).
        far = (y < -_TAIL) & (x > 0)
        of_tail = _hazard(xp, xp.where(far, -y, _TAIL)) * xp.where(far, x, 1.0)
        near = 1 / _DENSITY * xp.exp(xp.where(far, 0.0, 0.5 * (y * y)))
        return (xp.where(far, 1 / of_tail, near),)


class LogNdtrGrad(ElementwiseGrad):
    """φ(x)/Φ(x); below −2.5 by its continued fraction."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        far = x < -_TAIL
        near = _DENSITY * xp.exp(xp.where(far, 0.0, -0.5 * (x * x) - y))
        return (xp.where(far, _hazard(xp, xp.where(far, -x, _TAIL)), near),)


#: Dawson's function: 1 − 2xF(x) = −r·Σ aₖ rᵏ with r = 1/(2x²) is its slope for |x| > 8.
_DAWSN_SLOPE = [float(math.prod(range(1, 2 * k + 2, 2))) for k in range(19)]


#: The distance of the nodes in `_dawsn_slope` is twice this.
_STEP = 0.24


def _dawsn_slope(xp: Any, x: Any) -> Any:
    """1 − 2xF(x) for 1 ≤ x ≤ 8, where that loses 2x² units, and x⁴ in the next order.

    F(x) = 1/(2x) + π^(−½)·x⁻²·Σ u²e^(−u²)/n over all odd n, with u = x − nh: the first term of the
    asymptotic series, and the rest of F as a sum like Rybicki's. This is its derivative. Its error
    is about e^(−(π/2h)²), below 1e-16.

    The sum for F itself is in G. B. Rybicki, Computers in Physics 3 (1989) 85–87.
    """
    t = 1 / x
    total: Any = 0.0
    for n in range(1, 62, 2):
        for m in (n, -n) if n < 26 else (n,):
            u = x - m * _STEP
            total = total + (2 / math.sqrt(math.pi) / m) * (
                u * (1 - u * (u + t)) * xp.exp(-(u * u))
            )
    return t * t * (total - 0.5)


class DawsnGrad(ElementwiseGrad):
    """1 − 2xy for |x| < 1; the sum of Rybicki's up to 8; beyond, the asymptotic series."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        size = xp.abs(x)
        near, far = size < 1, size > 8
        t = 1 / xp.where(far, x, 8.0)
        r = 0.5 * (t * t)
        middle = _dawsn_slope(xp, xp.where(near | far, 1.0, size))
        direct = 1 - 2 * (xp.where(near, x, 0.0) * y)
        slope = xp.where(near, direct, middle)
        return (xp.where(far, -r * polynomial(_DAWSN_SLOPE, r), slope),)


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


def erf(x: ArrayLike, /) -> GradArray:
    """The error function, elementwise. ∂ = 2/√π·e^(−x²)."""
    return special(ErfGrad, "erf", x)


def erfc(x: ArrayLike, /) -> GradArray:
    """1 − erf(x), elementwise, accurate for large x. ∂ = −2/√π·e^(−x²)."""
    return special(ErfcGrad, "erfc", x)


def erfinv(x: ArrayLike, /) -> GradArray:
    """The inverse of `erf`, elementwise. ∂ = √π/2·e^(y²), infinite at ±1."""
    return special(ErfinvGrad, "erfinv", x)


@composed("erfcinv", "ndtri")
def _erfcinv(xp: Any, ndtri: Any, x: Any) -> Any:
    """−Φ⁻¹(x/2)/√2."""
    return -ndtri(x / 2) / math.sqrt(2)


def erfcinv(x: ArrayLike, /) -> GradArray:
    """The inverse of `erfc`, elementwise. ∂ = −√π/2·e^(y²), infinite at 0 and 2."""
    return special(ErfcinvGrad, "erfcinv", x)


@composed("ndtr", "erfc")
def _ndtr(xp: Any, erfc: Any, x: Any) -> Any:
    """erfc(−x/√2)/2."""
    return 0.5 * erfc(-math.sqrt(0.5) * x)


def ndtr(x: ArrayLike, /) -> GradArray:
    """The normal distribution function Φ(x), elementwise. ∂ = e^(−x²/2)/√(2π)."""
    return special(NdtrGrad, "ndtr", x)


def ndtri(x: ArrayLike, /) -> GradArray:
    """The inverse of `ndtr`, elementwise. ∂ = √(2π)·e^(y²/2), infinite at 0 and 1."""
    return special(NdtriGrad, "ndtri", x)


def log_ndtr(x: ArrayLike, /) -> GradArray:
    """log Φ(x), elementwise, accurate for x → −∞. ∂ = φ(x)/Φ(x)."""
    return special(LogNdtrGrad, "log_ndtr", x)


def dawsn(x: ArrayLike, /) -> GradArray:
    """Dawson's function F(x) = e^(−x²)·∫₀ˣ e^(t²) dt, elementwise. ∂ = 1 − 2xy.

    x : real, of any shape; integers become floating. The result has its shape and dtype. F is odd,
    0 at ±∞, and 1/(2x) + 1/(4x³) + … for large x. Complex numbers raise `DTypeError`.

    The values are SciPy's or JAX's. Other libraries have no such function: there they come from
    McCabe's continued fraction, with relative errors below 5e-16 in float64 and 3e-7 in float32.
    """
    return special(DawsnGrad, "dawsn", x)

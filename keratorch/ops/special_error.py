"""The error function, the normal distribution, and their inverses."""

from __future__ import annotations

import math
from typing import Any

from ..core.array import GradArray
from ._elementwise import ElementwiseGrad
from ._nary import special

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
    intricate = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / _SLOPE * xp.exp(y * y),)


class ErfcinvGrad(ElementwiseGrad):
    """Infinite at 0 and 2."""

    __slots__ = ()
    unbounded = True
    intricate = True

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
    intricate = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / _DENSITY * xp.exp(0.5 * (y * y)),)


class LogNdtrGrad(ElementwiseGrad):
    """φ(x)/Φ(x); below −20, where the exponents cancel, the asymptotic −x·(1 + 1/x² − …)."""

    __slots__ = ()
    unbounded = True
    intricate = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        far = x < -20
        t = 1 / xp.where(far, x, -20.0)
        s = t * t
        # 1/(1 − s + 3s² − 15s³ + …), the reciprocal of the Mills ratio's series, times −x.
        series = 1 + s * (1 + s * (-2 + s * (10 + s * (-74 + s * (706 - 8162 * s)))))
        near = _DENSITY * xp.exp(xp.where(far, 0.0, -0.5 * (x * x) - y))
        return (xp.where(far, -xp.where(far, x, -20.0) * series, near),)


def erf(x: Any, /) -> GradArray:
    """The error function, elementwise. ∂ = 2/√π·e^(−x²)."""
    return special(ErfGrad, "erf", x)


def erfc(x: Any, /) -> GradArray:
    """1 − erf(x), elementwise, accurate for large x. ∂ = −2/√π·e^(−x²)."""
    return special(ErfcGrad, "erfc", x)


def erfinv(x: Any, /) -> GradArray:
    """The inverse of `erf`, elementwise. ∂ = √π/2·e^(y²), infinite at ±1."""
    return special(ErfinvGrad, "erfinv", x)


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

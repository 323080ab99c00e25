"""Special functions of exponentials and logarithms, composed of plain Array API functions."""

from __future__ import annotations

import math
from typing import Any

from ..backends._special import general
from ..core.array import GradArray
from ..typing import ArrayLike
from ._elementwise import ElementwiseGrad
from ._nary import polynomial, special


class SoftplusGrad(ElementwiseGrad):
    """σ(x), from the input: the second derivative needs e^(−x), which the output does not have."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.special.expit(x),)


class LogExpitGrad(ElementwiseGrad):
    """σ(−x), from the input."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.special.expit(-x),)


class LogitGrad(ElementwiseGrad):
    """Infinite at 0 and 1."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / (x * (1 - x)),)


class XLogYGrad(ElementwiseGrad):
    """log y and x/y; where x = 0 and y ≤ 0, the function and its partial in y are 0."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return xp.log(x2), x1 / xp.where((x1 == 0) & (x2 <= 0), 1.0, x2)

    @staticmethod
    def kinks(xp: Any, i: int, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        flat = (x1 == 0) & (x2 <= 0)
        return (None, flat) if i == 0 else (flat, flat)


class XLog1PYGrad(ElementwiseGrad):
    """log(1 + y) and x/(1 + y); where x = 0 and y ≤ −1, the function and its partial in y are 0."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        return xp.log1p(x2), x1 / (1 + xp.where((x1 == 0) & (x2 <= -1), 0.0, x2))

    @staticmethod
    def kinks(xp: Any, i: int, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        flat = (x1 == 0) & (x2 <= -1)
        return (None, flat) if i == 0 else (flat, flat)


class EntrGrad(ElementwiseGrad):
    """Infinite at 0."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (-xp.log(x) - 1,)


def log_ratio(xp: Any, x: Any, y: Any) -> Any:
    """log(x/y) for positive numbers, also where the quotient over- or underflows."""
    quotient = x / y
    fits = (quotient > 1e-30) & (quotient < 1e30)
    far = xp.log(xp.where(fits, 1.0, x)) - xp.log(xp.where(fits, 1.0, y))
    return xp.where(fits, xp.log(xp.where(fits, quotient, 1.0)), far)


class RelEntrGrad(ElementwiseGrad):
    """The partial in x is −∞ where only x is 0. Both partials are 0 at (0, 0)."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        origin = (x1 == 0) & (x2 == 0)
        quotient = x1 / xp.where(origin, 1.0, x2)
        logarithm = log_ratio(xp, xp.where(origin, 1.0, x1), xp.where(origin, 1.0, x2))
        return xp.where(origin, 0.0, logarithm + 1), -quotient

    @staticmethod
    def kinks(xp: Any, i: int, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        origin = (x1 == 0) & (x2 == 0)
        return origin, origin


class KLDivGrad(ElementwiseGrad):
    """The partial in x is −∞ where only x is 0. The partials are 0 and 1 at (0, 0)."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        origin = (x1 == 0) & (x2 == 0)
        quotient = x1 / xp.where(origin, 1.0, x2)
        logarithm = log_ratio(xp, xp.where(origin, 1.0, x1), xp.where(origin, 1.0, x2))
        return logarithm, 1 - quotient

    @staticmethod
    def kinks(xp: Any, i: int, x1: Any, x2: Any, y: Any) -> tuple[Any, ...]:
        origin = (x1 == 0) & (x2 == 0)
        return origin, origin


class Exp2Grad(ElementwiseGrad):
    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (y * math.log(2),)


class CbrtGrad(ElementwiseGrad):
    """1/(3y²), infinite at 0."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (1 / (3 * y) / y,)


#: sinc′(x) = x·Σ aₖ x²ᵏ.
_SINC_SLOPE = [
    (-1) ** k * 2 * k * math.pi ** (2 * k) / math.factorial(2 * k + 1) for k in range(1, 11)
]


def turned(xp: Any, x: Any) -> Any:
    """x − 2n with the whole number n that is nearest to x/2: π times it is the angle of πx.

    It is exact. The product πx is rounded, to an angle that is a wrong one for large x.
    """
    return x - 2 * xp.floor(0.5 * x + 0.5)


class SincGrad(ElementwiseGrad):
    """(cos πx − y)/x; by its series where |x| < 0.3, so the second derivative at 0 is −π²/3."""

    __slots__ = ()

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        square = x * x
        near = square < 0.09
        far = (xp.cos(math.pi * turned(xp, x)) - y) / xp.where(near, 1.0, x)
        return (xp.where(near, x * polynomial(_SINC_SLOPE, xp.where(near, square, 0.0)), far),)


@general("softplus")
def _softplus(xp: Any, x: Any) -> Any:
    """log(1 + eˣ) = max(x, 0) + log(1 + e^(−|x|))."""
    return xp.maximum(x, xp.zeros_like(x)) + xp.log1p(xp.exp(-xp.abs(x)))


def softplus(x: ArrayLike, /) -> GradArray:
    """log(1 + eˣ), elementwise, stable for every x. ∂ = σ(x)."""
    return special(SoftplusGrad, "softplus", x)


@general("log_expit")
def _log_expit(xp: Any, x: Any) -> Any:
    """−log(1 + e⁻ˣ)."""
    return -_softplus(xp, -x)


def log_expit(x: ArrayLike, /) -> GradArray:
    """log(1/(1 + e⁻ˣ)), elementwise, stable for every x. ∂ = σ(−x)."""
    return special(LogExpitGrad, "log_expit", x)


@general("logit")
def _logit(xp: Any, x: Any) -> Any:
    """log x − log(1 − x); near ½, where that cancels, 2·artanh(2x − 1)."""
    near = (x > 0.3) & (x < 0.65)
    middle = 2 * xp.atanh(2 * xp.where(near, x, 0.5) - 1)
    return xp.where(near, middle, xp.log(x) - xp.log1p(-x))


def logit(x: ArrayLike, /) -> GradArray:
    """log(x/(1 − x)), elementwise: the inverse of `expit`. ∂ = 1/(x(1 − x))."""
    return special(LogitGrad, "logit", x)


@general("xlogy")
def _xlogy(xp: Any, x: Any, y: Any) -> Any:
    """x·log y, 0 where x = 0 and y is not NaN."""
    return x * xp.log(xp.where((x == 0) & (y == y), 1.0, y))


def xlogy(x: ArrayLike, y: Any, /) -> GradArray:
    """x·log y, elementwise, 0 where x = 0 and y is not NaN. ∂ = log y, x/y; −∞, 0 at (0, 0)."""
    return special(XLogYGrad, "xlogy", x, y)


@general("xlog1py")
def _xlog1py(xp: Any, x: Any, y: Any) -> Any:
    """x·log(1 + y), 0 where x = 0 and y is not NaN."""
    return x * xp.log1p(xp.where((x == 0) & (y == y), 0.0, y))


def xlog1py(x: ArrayLike, y: Any, /) -> GradArray:
    """x·log(1 + y), elementwise, 0 where x = 0 and y is not NaN. ∂ = log(1 + y), x/(1 + y)."""
    return special(XLog1PYGrad, "xlog1py", x, y)


@general("entr")
def _entr(xp: Any, x: Any) -> Any:
    """−x·log x for x > 0, 0 at 0, −∞ for x < 0."""
    inside = xp.where(x <= 0, 1.0, x)
    return xp.where(x < 0, -math.inf, -x * xp.log(inside))


def entr(x: ArrayLike, /) -> GradArray:
    """−x·log x, elementwise: 0 at 0, −∞ for x < 0. ∂ = −log x − 1, +∞ at 0."""
    return special(EntrGrad, "entr", x)


@general("rel_entr")
def _rel_entr(xp: Any, x: Any, y: Any) -> Any:
    """x·log(x/y) for x, y > 0, 0 where x = 0 and y ≥ 0, +∞ elsewhere."""
    inside = (x > 0) & (y > 0)
    known = (x == x) & (y == y)
    logarithm = log_ratio(xp, xp.where(inside | ~known, x, 1.0), xp.where(inside | ~known, y, 1.0))
    outside = known & ~inside & ~((x == 0) & (y >= 0))
    return xp.where(outside, math.inf, x * logarithm)


def rel_entr(x: ArrayLike, y: Any, /) -> GradArray:
    """x·log(x/y), elementwise: 0 where x = 0 and y ≥ 0, +∞ where x or y is negative.

    ∂ = log(x/y) + 1, −x/y; 0, 0 at (0, 0).
    """
    return special(RelEntrGrad, "rel_entr", x, y)


#: (1 + d)·log(1 + d) − d = d²·Σ aₖ dᵏ.
_KL_NEAR = [(-1) ** k / ((k + 1) * (k + 2)) for k in range(18)]


@general("kl_div")
def _kl_div(xp: Any, x: Any, y: Any) -> Any:
    """x·log(x/y) − x + y; by its series where x is near y; +∞ outside of the domain."""
    entropy = _rel_entr(xp, x, y)
    infinite = entropy == math.inf
    near = (x > 0.9 * y) & (x < 1.1 * y)
    d = xp.where(near, x - y, 0.0) / xp.where(near, y, 1.0)
    close = d * xp.where(near, x - y, 0.0) * polynomial(_KL_NEAR, d)
    far = xp.where(infinite, entropy, entropy - xp.where(infinite, 0.0, x) + y)
    return xp.where(near, close, far)


def kl_div(x: ArrayLike, y: Any, /) -> GradArray:
    """x·log(x/y) − x + y, elementwise, +∞ where x or y is negative. ∂ = log(x/y), 1 − x/y."""
    return special(KLDivGrad, "kl_div", x, y)


@general("exp2")
def _exp2(xp: Any, x: Any) -> Any:
    """2ˣ."""
    return 2.0**x


def exp2(x: ArrayLike, /) -> GradArray:
    """2ˣ, elementwise. ∂ = y·log 2."""
    return special(Exp2Grad, "exp2", x)


@general("cbrt")
def _cbrt(xp: Any, x: Any) -> Any:
    """The real cube root, polished by one step of Newton's."""
    y = xp.sign(x) * xp.abs(x) ** (1 / 3)
    usable = (y != 0) & xp.isfinite(y)
    safe = xp.where(usable, y, 1.0)
    return xp.where(usable, y - (y - xp.where(usable, x, 1.0) / (safe * safe)) / 3, y)


def cbrt(x: ArrayLike, /) -> GradArray:
    """The real cube root, elementwise. ∂ = 1/(3y²), infinite at 0."""
    return special(CbrtGrad, "cbrt", x)


@general("sinc")
def _sinc(xp: Any, x: Any) -> Any:
    """sin(πx)/(πx), 1 at 0."""
    rest = turned(xp, x)
    angle = math.pi * xp.where(rest == 0, 1.0, rest)
    return xp.where(x == 0, 1.0, xp.sin(angle) / angle * (rest / xp.where(x == 0, 1.0, x)))


def sinc(x: ArrayLike, /) -> GradArray:
    """sin(πx)/(πx), elementwise, 1 at 0. ∂ = (cos πx − y)/x, 0 at 0."""
    return special(SincGrad, "sinc", x)

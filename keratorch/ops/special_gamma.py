"""The gamma function and its family; the orders of the incomplete ones are constants."""

from __future__ import annotations

import math
from typing import Any

from ..backends._special import composed
from ..core.array import GradArray
from ..core.shown import shown
from ..errors import DTypeError
from ..typing import ArrayLike
from ._elementwise import ElementwiseGrad
from ._nary import polynomial, special
from .special_exponential import turned


class GammaGrad(ElementwiseGrad):
    """y·ψ(x)."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (y * xp.special.digamma(x),)


class GammalnGrad(ElementwiseGrad):
    """ψ(x)."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.special.digamma(x),)


class DigammaGrad(ElementwiseGrad):
    """ψ′(x); π²/sin²(πx) − ψ′(1 − x) where x < 0, since JAX's ζ is wrong there."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        left = x < 0
        slope = xp.special.polygamma(1, xp.where(left, 1 - x, x))
        cosecant = math.pi / xp.sin(math.pi * turned(xp, xp.where(left, x, 0.5)))
        return (xp.where(left, cosecant * cosecant - slope, slope),)


class PolygammaGrad(ElementwiseGrad):
    """ψ⁽ⁿ⁺¹⁾(x); the order n is a constant."""

    __slots__ = ()
    unbounded = True
    constants = ("n",)

    @staticmethod
    def partials(xp: Any, n: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return 0, xp.special.polygamma(n + 1, x)


#: The coefficients of x⁻², x⁻⁴, … in log x − 1/(2x) − ψ(x), B₂ₖ/(2k).
_PSI = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12]
#: The series serves from here on.
_FAR = 8


def psi_step(xp: Any, a: Any, b: Any) -> Any:
    """ψ(a + b) − ψ(a) for positive a and b, whose digits do not cancel.

    ψ(x) = ψ(x + 8) − Σ 1/(x + k), and ψ(x) = log x − 1/(2x) − Σ cₖ x⁻²ᵏ (Abramowitz and Stegun,
    6.3.6 and 6.3.18). So each term is a difference of its own, which is written without one.
    """
    inside = (a > 0) & (b > 0)
    x, h = xp.where(inside, a, 1.0), xp.where(inside, b, 1.0)
    total: Any = 0.0
    for k in range(_FAR):
        total = total + 1 / ((x + k) * (1 + (x + k) / h))
    x = x + _FAR
    u, v = 1 / x, 1 / (x + h)
    gap = u / (1 + x / h)  # u − v
    # u²ᵏ − v²ᵏ = (u² − v²)(u²ᵏ⁻² + … + v²ᵏ⁻²), by a recurrence.
    square, other = u * u, v * v
    factor, power, series = 1.0, 1.0, 0.0
    for c in _PSI:
        series = series + c * factor
        power = power * other
        factor = factor * square + power
    series = series * gap * (u + v)
    near = total + xp.log1p(h / x) + gap / 2 + series
    digamma = xp.special.digamma
    far = digamma(xp.where(inside, 1.0, a + b)) - digamma(xp.where(inside, 1.0, a))
    return xp.where(inside, near, far)


class BetaGrad(ElementwiseGrad):
    """y·(ψ(a) − ψ(a + b)), and the same with b for a."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, a: Any, b: Any, y: Any) -> tuple[Any, ...]:
        return -y * psi_step(xp, a, b), -y * psi_step(xp, b, a)


class BetalnGrad(ElementwiseGrad):
    """ψ(a) − ψ(a + b), and the same with b for a."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, a: Any, b: Any, y: Any) -> tuple[Any, ...]:
        return -psi_step(xp, a, b), -psi_step(xp, b, a)


#: log Γ(a) − (a − ½)·log a + a − log √(2π) = Σ cₖ a^(−2k−1), asymptotically (DLMF 5.11.1).
_STIRLING = [
    *(1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400),
]
#: From this order on, Stirling's series has all digits.
_LARGE = 10.0


def gamma_density(xp: Any, a: Any, x: Any) -> Any:
    """x^(a−1)·e^(−x)/Γ(a).

    For a > 1 that is (b·e^(1−b))ᵃ/x·aᵃe^(−a)/Γ(a) with b = x/a: no factor over- or underflows
    alone. About b = 1 the power is e^(−a(m − log(1 + m))) with m = b − 1. A logarithm of the whole
    density would lose as many units as it is large.
    """
    above = a > 1
    small_a = xp.where(above, 1.0, a)
    direct = x ** (small_a - 1) * (xp.exp(-x) / xp.special.gamma(small_a))
    a = xp.where(above, a, 2.0)
    positive = above & (x > 0)
    x = xp.where(positive, x, a)
    m = (x - a) / a
    central = (m > -0.5) & (m < 1.0)
    m = xp.where(central, m, 0.0)
    peak = xp.exp(-a * (m - xp.log1p(m))) / xp.where(central, x, 1.0)
    b = xp.where(central, 1.0, x / a)
    fall = xp.exp(1 - b)
    by_x = xp.where(central, peak, (b * fall) ** (a - 1) * fall / a)
    return xp.where(above, xp.where(positive, _size_of_peak(xp, a) * by_x, 0.0), direct)


def _size_of_peak(xp: Any, a: Any) -> Any:
    """aᵃe^(−a)/Γ(a) for a > 1; √(a/2π) divided by e to Stirling's series for large a."""
    large = a > _LARGE
    small_a, large_a = xp.where(large, 1.0, a), xp.where(large, a, _LARGE)
    series = polynomial(_STIRLING, 1 / (large_a * large_a)) / large_a
    asymptotic = xp.sqrt(large_a / (2 * math.pi)) * xp.exp(-series)
    direct = small_a**small_a * xp.exp(-small_a) / xp.special.gamma(small_a)
    return xp.where(large, asymptotic, direct)


class GammaIncGrad(ElementwiseGrad):
    """x^(a−1)·e^(−x)/Γ(a); a is a constant."""

    __slots__ = ()
    unbounded = True
    constants = ("a",)

    @staticmethod
    def partials(xp: Any, a: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return 0, gamma_density(xp, a, x)


class GammaIncCGrad(ElementwiseGrad):
    """−x^(a−1)·e^(−x)/Γ(a); a is a constant."""

    __slots__ = ()
    unbounded = True
    constants = ("a",)

    @staticmethod
    def partials(xp: Any, a: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return 0, -gamma_density(xp, a, x)


class BetaIncGrad(ElementwiseGrad):
    """x^(a−1)·(1 − x)^(b−1)/B(a, b); a and b are constants."""

    __slots__ = ()
    unbounded = True
    constants = ("a", "b")

    @staticmethod
    def partials(xp: Any, a: Any, b: Any, x: Any, y: Any) -> tuple[Any, ...]:
        # Logarithms lose as many units as they are large: they serve where a factor over- or
        # underflows. (1 − x)^(b−1) is exact for x ≥ ½ alone.
        half = x > 0.5
        rest = xp.where(
            half,
            xp.where(half, 1 - x, 1.0) ** (b - 1),
            xp.exp(xp.special.xlog1py(b - 1, -xp.where(half, 0.0, x))),
        )
        power = x ** (a - 1)
        scale = xp.special.beta(a, b)
        product = power * rest / scale
        powers = xp.special.xlogy(a - 1, x) + xp.special.xlog1py(b - 1, -x)
        # B(a, b) is 0 where both a and b are large: their logarithms lose no more than the powers.
        known = (scale != 0) & xp.isfinite(scale)
        gammas = xp.special.gammaln(a) + xp.special.gammaln(b) - xp.special.gammaln(a + b)
        logarithm = xp.where(known, xp.log(xp.where(known, scale, 1.0)), gammas)
        logarithmic = xp.exp(powers - logarithm)
        fine = (power != 0) & (rest != 0) & (scale != 0) & xp.isfinite(product)
        return 0, 0, xp.where(fine, product, xp.where(logarithmic == 0, 0.0, logarithmic))


class ZetaGrad(ElementwiseGrad):
    """−x·ζ(x + 1, q) in q; x is a constant."""

    __slots__ = ()
    unbounded = True
    constants = ("x",)

    @staticmethod
    def partials(xp: Any, x: Any, q: Any, y: Any) -> tuple[Any, ...]:
        return 0, -x * xp.special.zeta(x + 1, q)


@composed("gamma", "gammaln")
def _gamma(xp: Any, gammaln: Any, x: Any) -> Any:
    """e^(log|Γ(x)|) with the sign of Γ: minus where ⌊x⌋ is negative and odd; NaN at −1, −2, …"""
    floor = xp.floor(x)
    odd = (x < 0) & (floor % 2 == 1)
    size = xp.exp(gammaln(x))
    pole = (x < 0) & (floor == x)
    return xp.where(pole, math.nan, xp.where(odd, -size, size))


def gamma(x: ArrayLike, /) -> GradArray:
    """The gamma function, elementwise. ∂ = y·ψ(x)."""
    return special(GammaGrad, "gamma", x)


def gammaln(x: ArrayLike, /) -> GradArray:
    """log|Γ(x)|, elementwise. ∂ = ψ(x)."""
    return special(GammalnGrad, "gammaln", x)


def digamma(x: ArrayLike, /) -> GradArray:
    """ψ(x) = Γ′(x)/Γ(x), elementwise. ∂ = ψ′(x)."""
    return special(DigammaGrad, "digamma", x)


@composed("polygamma", "digamma", "gammaln", "zeta")
def _polygamma(xp: Any, digamma: Any, gammaln: Any, zeta: Any, n: Any, x: Any) -> Any:
    """(−1)ⁿ⁺¹·n!·ζ(n + 1, x), and ψ(x) where n = 0."""
    size = xp.exp(gammaln(n + 1)) * zeta(xp.where(n == 0, 2.0, n + 1), x)
    return xp.where(n == 0, digamma(x), xp.where(n % 2 == 1, size, -size))


def polygamma(n: Any, x: ArrayLike, /) -> GradArray:
    """The n-th derivative of ψ, elementwise. ∂ = ψ⁽ⁿ⁺¹⁾(x) in x; n is a constant, an integer ≥ 0.

    Raises `NotDifferentiableError` if n is tracked, `DTypeError` if n is another number.
    """
    if isinstance(n, (int, float)) and (n < 0 or n != int(n)):
        raise DTypeError(
            f"polygamma(n, x): n is {shown(n)}, the order of the derivative of digamma: it must "
            "be an "
            "integer of 0 or more; the order comes first, and the array second"
        )
    return special(PolygammaGrad, "polygamma", n, x)


@composed("beta", "gammaln")
def _beta(xp: Any, gammaln: Any, a: Any, b: Any) -> Any:
    """Γ(a)Γ(b)/Γ(a + b), by logarithms."""
    sign = 1.0
    for x, odd in ((a, -1.0), (b, -1.0), (a + b, -1.0)):
        sign = sign * xp.where((x < 0) & (xp.floor(x) % 2 == 1), odd, xp.ones_like(x))
    return sign * xp.exp(_betaln(xp, gammaln, a, b))


def beta(a: Any, b: Any, /) -> GradArray:
    """Γ(a)Γ(b)/Γ(a + b), elementwise. ∂ = y·(ψ(a) − ψ(a + b)), y·(ψ(b) − ψ(a + b))."""
    return special(BetaGrad, "beta", a, b)


@composed("betaln", "gammaln")
def _betaln(xp: Any, gammaln: Any, a: Any, b: Any) -> Any:
    """log|Γ(a)| + log|Γ(b)| − log|Γ(a + b)|; by Stirling's series where a or b is large."""
    large, small = xp.where(a > b, a, b), xp.where(a > b, b, a)
    far = (large > 10) & (small > 0)
    x, h = xp.where(far, large, 10.0), xp.where(far, small, 1.0)
    y = x + h
    step = h - h * xp.log(y) - (x - 0.5) * xp.log1p(h / x) + stirling(x) - stirling(y)
    return xp.where(far, gammaln(h) + step, gammaln(a) + gammaln(b) - gammaln(a + b))


def stirling(x: Any) -> Any:
    """log Γ(x) − (x − ½)·log x + x − ½·log 2π, for large x."""
    u = 1 / x
    return u * polynomial([1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360], u * u)


def betaln(a: Any, b: Any, /) -> GradArray:
    """log|B(a, b)|, elementwise. ∂ = ψ(a) − ψ(a + b), ψ(b) − ψ(a + b)."""
    return special(BetalnGrad, "betaln", a, b)


def gammainc(a: Any, x: ArrayLike, /) -> GradArray:
    """The regularized lower incomplete gamma function P(a, x), elementwise.

    ∂ = x^(a−1)·e^(−x)/Γ(a) in x; a is a constant. Raises `NotDifferentiableError` if a is tracked.
    """
    return special(GammaIncGrad, "gammainc", a, x)


def gammaincc(a: Any, x: ArrayLike, /) -> GradArray:
    """The regularized upper incomplete gamma function 1 − P(a, x), elementwise.

    ∂ = −x^(a−1)·e^(−x)/Γ(a) in x; a is a constant. Raises `NotDifferentiableError` if a is tracked.
    """
    return special(GammaIncCGrad, "gammaincc", a, x)


def betainc(a: Any, b: Any, x: ArrayLike, /) -> GradArray:
    """The regularized incomplete beta function, elementwise.

    ∂ = x^(a−1)·(1 − x)^(b−1)/B(a, b) in x; a and b are constants. Raises
    `NotDifferentiableError` if one of them is tracked.
    """
    return special(BetaIncGrad, "betainc", a, b, x)


def zeta(x: ArrayLike, q: Any = 1, /) -> GradArray:
    """ζ(x, q) = Σ (k + q)^(−x) over k ≥ 0, elementwise; Riemann's zeta function where q = 1.

    ∂ = −x·ζ(x + 1, q) in q; x is a constant. Raises `NotDifferentiableError` if x is tracked.
    """
    return special(ZetaGrad, "zeta", x, q)

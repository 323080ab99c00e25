"""The gamma function and its family; the orders of the incomplete ones are constants."""

from __future__ import annotations

import math
from typing import Any

from ..backends._special import composed
from ..core.array import GradArray
from ..core.shown import shown
from ..errors import DTypeError
from ._elementwise import ElementwiseGrad
from ._nary import special


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
    """ψ′(x)."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return (xp.special.polygamma(1, x),)


class PolygammaGrad(ElementwiseGrad):
    """ψ⁽ⁿ⁺¹⁾(x); the order n is a constant."""

    __slots__ = ()
    unbounded = True
    constants = ("n",)

    @staticmethod
    def partials(xp: Any, n: Any, x: Any, y: Any) -> tuple[Any, ...]:
        return 0, xp.special.polygamma(n + 1, x)


class BetaGrad(ElementwiseGrad):
    """y·(ψ(a) − ψ(a + b)), and the same with b for a."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, a: Any, b: Any, y: Any) -> tuple[Any, ...]:
        digamma = xp.special.digamma
        of_sum = digamma(a + b)
        return y * (digamma(a) - of_sum), y * (digamma(b) - of_sum)


class BetalnGrad(ElementwiseGrad):
    """ψ(a) − ψ(a + b), and the same with b for a."""

    __slots__ = ()
    unbounded = True

    @staticmethod
    def partials(xp: Any, a: Any, b: Any, y: Any) -> tuple[Any, ...]:
        digamma = xp.special.digamma
        of_sum = digamma(a + b)
        return digamma(a) - of_sum, digamma(b) - of_sum


def gamma_density(xp: Any, a: Any, x: Any) -> Any:
    """x^(a−1)·e^(−x)/Γ(a)."""
    return xp.exp(xp.special.xlogy(a - 1, x) - x - xp.special.gammaln(a))


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
        powers = xp.special.xlogy(a - 1, x) + xp.special.xlog1py(b - 1, -x)
        return 0, 0, xp.exp(powers - xp.special.betaln(a, b))


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


def gamma(x: Any, /) -> GradArray:
    """The gamma function, elementwise. ∂ = y·ψ(x)."""
    return special(GammaGrad, "gamma", x)


def gammaln(x: Any, /) -> GradArray:
    """log|Γ(x)|, elementwise. ∂ = ψ(x)."""
    return special(GammalnGrad, "gammaln", x)


def digamma(x: Any, /) -> GradArray:
    """ψ(x) = Γ′(x)/Γ(x), elementwise. ∂ = ψ′(x)."""
    return special(DigammaGrad, "digamma", x)


@composed("polygamma", "digamma", "gammaln", "zeta")
def _polygamma(xp: Any, digamma: Any, gammaln: Any, zeta: Any, n: Any, x: Any) -> Any:
    """(−1)ⁿ⁺¹·n!·ζ(n + 1, x), and ψ(x) where n = 0."""
    size = xp.exp(gammaln(n + 1)) * zeta(xp.where(n == 0, 2.0, n + 1), x)
    return xp.where(n == 0, digamma(x), xp.where(n % 2 == 1, size, -size))


def polygamma(n: Any, x: Any, /) -> GradArray:
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
    """log|Γ(a)| + log|Γ(b)| − log|Γ(a + b)|."""
    return gammaln(a) + gammaln(b) - gammaln(a + b)


def betaln(a: Any, b: Any, /) -> GradArray:
    """log|B(a, b)|, elementwise. ∂ = ψ(a) − ψ(a + b), ψ(b) − ψ(a + b)."""
    return special(BetalnGrad, "betaln", a, b)


def gammainc(a: Any, x: Any, /) -> GradArray:
    """The regularized lower incomplete gamma function P(a, x), elementwise.

    ∂ = x^(a−1)·e^(−x)/Γ(a) in x; a is a constant. Raises `NotDifferentiableError` if a is tracked.
    """
    return special(GammaIncGrad, "gammainc", a, x)


def gammaincc(a: Any, x: Any, /) -> GradArray:
    """The regularized upper incomplete gamma function 1 − P(a, x), elementwise.

    ∂ = −x^(a−1)·e^(−x)/Γ(a) in x; a is a constant. Raises `NotDifferentiableError` if a is tracked.
    """
    return special(GammaIncCGrad, "gammaincc", a, x)


def betainc(a: Any, b: Any, x: Any, /) -> GradArray:
    """The regularized incomplete beta function, elementwise.

    ∂ = x^(a−1)·(1 − x)^(b−1)/B(a, b) in x; a and b are constants. Raises
    `NotDifferentiableError` if one of them is tracked.
    """
    return special(BetaIncGrad, "betainc", a, b, x)


def zeta(x: Any, q: Any = 1, /) -> GradArray:
    """ζ(x, q) = Σ (k + q)^(−x) over k ≥ 0, elementwise; Riemann's zeta function where q = 1.

    ∂ = −x·ζ(x + 1, q) in q; x is a constant. Raises `NotDifferentiableError` if x is tracked.
    """
    return special(ZetaGrad, "zeta", x, q)
